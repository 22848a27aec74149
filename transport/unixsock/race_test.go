//go:build linux || darwin

package unixsock

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// TestBindRace: of several listeners that start at once, with a dead one's remains in the way, exactly one wins, and
// the others name its process.
func TestBindRace(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for _, scheme := range []string{"local", "unix"} {
		t.Run(scheme, func(t *testing.T) {
			dir, dirs := homes(t)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			at, path := "local:r", filepath.Join(dir, "r.sock")
			if scheme == "unix" {
				path = filepath.Join(dir, "s")
				at = "unix:" + path
			}
			for i := range rounds {
				if i%2 == 1 {
					stale(t, path)
					// A pid that nobody has, as a killed server would have left it.
					os.WriteFile(filepath.Join(dir, "r.lock"), []byte("999999999\n"), 0o600)
				}
				race(t, at, dirs)
			}
		})
	}
}

func race(t *testing.T, at string, dirs Option) {
	t.Helper()
	const n = 4
	ls, errs := make([]*Listener, n), make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			ls[i], errs[i] = Listen(t.Context(), at, dirs)
		})
	}
	close(begin)
	wg.Wait()
	winners := 0
	for i := range n {
		if errs[i] == nil {
			winners++
			talks(t, ls[i], at, dirs)
			defer ls[i].Close()
			continue
		}
		wantError(t, errs[i], transport.ErrInUse)
		wantOwner(t, errs[i], os.Getpid())
	}
	if winners != 1 {
		t.Fatalf("%d winners, want 1: %v", winners, errs)
	}
}

// TestBindRaceProcesses is the same with processes: the losers name the winner's pid, not their own.
func TestBindRaceProcesses(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	for _, scheme := range []string{"local", "unix"} {
		t.Run(scheme, func(t *testing.T) {
			fdtest.Same(t)
			dir, _ := homes(t)
			at := "local:r"
			if scheme == "unix" {
				at = "unix:" + shortDir(t) + "/s"
			}
			for range rounds {
				var cs []*child
				for range 3 {
					cs = append(cs, spawn(t, "listen", nil, at, dir))
				}
				winner, told := 0, map[int]string{}
				for _, c := range cs {
					said := c.line()
					if said != "listening" {
						told[c.Process.Pid] = said
						continue
					}
					if winner != 0 {
						t.Fatalf("processes %d and %d both listen", winner, c.Process.Pid)
					}
					winner = c.Process.Pid
				}
				if winner == 0 {
					t.Fatalf("nobody won: %v", told)
				}
				for pid, said := range told {
					if !strings.HasPrefix(said, "failed in-use "+strconv.Itoa(winner)+" ") {
						t.Errorf("process %d says %q, want in-use and the winner's pid %d", pid, said, winner)
					}
				}
				for _, c := range cs {
					c.kill()
				}
			}
		})
	}
}

// TestTakeover: what a killed server leaves, the next one takes over.
func TestTakeover(t *testing.T) {
	dir, dirs := homes(t)
	for _, at := range []string{"local:k", "unix:" + shortDir(t) + "/s"} {
		t.Run(at[:5], func(t *testing.T) {
			fdtest.Same(t)
			c := spawn(t, "listen", nil, at, dir)
			if got := c.line(); got != "listening" {
				t.Fatal(got)
			}
			_, err := Listen(t.Context(), at, dirs)
			wantError(t, err, transport.ErrInUse)
			wantOwner(t, err, c.Process.Pid)
			if id := dial(t, at, dirs).Identity(); id.PID != c.Process.Pid || !id.SameUser {
				t.Errorf("the server is %+v, want process %d of our user", id, c.Process.Pid)
			}
			c.kill()
			_, err = Dial(t.Context(), at, dirs)
			wantError(t, err, transport.ErrNoServer)
			l := listen(t, at, dirs)
			if _, err := os.Lstat(l.Path()); err != nil {
				t.Error(err)
			}
			talks(t, l, at, dirs)
		})
	}
}

// TestLockWithoutFile: a lock file that a cleaner took away does not let a second server in while the first lives.
func TestLockWithoutFile(t *testing.T) {
	dir, dirs := homes(t)
	l := listen(t, "local:r", dirs)
	if err := os.Remove(filepath.Join(dir, "r.lock")); err != nil {
		t.Fatal(err)
	}
	second, err := Listen(t.Context(), "local:r", dirs)
	if err == nil {
		second.Close()
	}
	wantError(t, err, transport.ErrInUse)
	talks(t, l, "local:r", dirs)
}

// TestLockReplaced: a lock on a file that is no longer at the path is no lock.
func TestLockReplaced(t *testing.T) {
	path := filepath.Join(shortDir(t), "l")
	a, err := takeLock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.release()
	if _, err := takeLock(t.Context(), path); !isOwner(err) {
		t.Fatalf("a second lock: %v, want an OwnerError", err)
	}
	os.Remove(path)
	if a.held() {
		t.Error("the lock is held without a file")
	}
	b, err := takeLock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.release()
	a.release()
	if !b.held() {
		t.Error("releasing the old lock removed the new one's file")
	}
}

// TestLockOpenedBefore: between opening the file and locking it the holder may have gone and removed it.
func TestLockOpenedBefore(t *testing.T) {
	path := filepath.Join(shortDir(t), "l")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	if l, _, err := lockOpened(f, path); err != errReplaced {
		t.Errorf("locked %v, %v; want errReplaced", l, err)
	}
}

// TestListenLocksDirectory: while Listen finds out whether a socket is dead, others are kept from doing the same.
func TestListenLocksDirectory(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "s")
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	eventually(t, "the directory is locked during Listen", func() bool {
		stale(t, path)
		done := make(chan *Listener)
		go func() {
			l, _ := Listen(t.Context(), "unix:"+path)
			done <- l
		}()
		locked := false
		for {
			err := flock(d, unix.LOCK_EX|unix.LOCK_NB)
			locked = locked || err == unix.EWOULDBLOCK
			flock(d, unix.LOCK_UN)
			select {
			case l := <-done:
				if l == nil {
					t.Fatal("Listen failed")
				}
				l.Close()
				return locked
			case <-time.After(time.Millisecond):
			}
		}
	})
}

// TestLoserWaitsForPid: between taking the lock and writing the pid the file holds nothing, or the pid of a dead
// process. A loser that comes then waits for the right one.
func TestLoserWaitsForPid(t *testing.T) {
	path := filepath.Join(shortDir(t), "l")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := flock(f, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		f.Truncate(0)
		if i%2 == 1 {
			f.WriteAt([]byte("999999999\n"), 0)
		}
		begun, lost := make(chan bool), make(chan error)
		go func() {
			close(begun)
			_, err := takeLock(t.Context(), path)
			lost <- err
		}()
		<-begun
		runtime.Gosched()
		(&lockFile{f, path}).sign()
		wantOwner(t, <-lost, os.Getpid())
	}
}

// TestLockDirExcludes: one at a time is inside.
func TestLockDirExcludes(t *testing.T) {
	dir := shortDir(t)
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				unlock := lockDir(t.Context(), dir)
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d are inside", n)
				}
				runtime.Gosched()
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
}

func isOwner(err error) bool {
	_, ok := errors.AsType[*transport.OwnerError](err)
	return ok
}
