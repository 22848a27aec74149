//go:build linux || darwin

package unixsock

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// reports collects what OnStolen is told.
type reports chan error

func newReports() reports { return make(reports, 64) }

func (r reports) option() ListenOption { return WithOnStolen(func(err error) { r <- err }) }

// next waits for a report and checks its form.
func (r reports) next(t *testing.T, rebound bool) error {
	t.Helper()
	var err error
	eventually(t, "OnStolen is called", func() bool {
		select {
		case err = <-r:
			return true
		default:
			return false
		}
	})
	wantError(t, err, transport.ErrStolen)
	if cause, ok := errors.AsType[*StolenError](err); !ok || cause.Rebound != rebound {
		t.Fatalf("report %v, want Rebound %t", err, rebound)
	}
	return err
}

// TestStolen: a file that goes away under a live listener comes back, and the listener serves old and new clients.
func TestStolen(t *testing.T) {
	for _, scheme := range []string{"unix", "local"} {
		for name, steal := range map[string]func(t *testing.T, path string){
			"removed":           func(t *testing.T, path string) { os.Remove(path) },
			"moved away":        func(t *testing.T, path string) { os.Rename(path, path+"2") },
			"replaced, dead":    func(t *testing.T, path string) { os.Remove(path); stale(t, path) },
			"directory removed": func(t *testing.T, path string) { os.RemoveAll(filepath.Dir(path)) },
		} {
			t.Run(scheme+" "+name, func(t *testing.T) {
				dir := shortDir(t)
				private := filepath.Join(dir, "p")
				dirs := WithDirs(private)
				at := "local:s"
				if scheme == "unix" {
					if name == "directory removed" {
						t.Skip("we do not make directories we did not make")
					}
					at = "unix:" + dir + "/s"
				}
				r := newReports()
				l := listen(t, at, dirs, r.option())
				// This client found the first socket and is accepted after the theft.
				early := dial(t, at, dirs)
				steal(t, l.Path())
				r.next(t, true)
				a := accept(t, l)
				early.Close()
				if _, err := a.Read(make([]byte, 1)); err == nil {
					t.Error("the early client's connection is not its own")
				}
				talks(t, l, at, dirs)
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(l.Path()); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("after Close the file is still there: %v", err)
				}
				if left, _ := os.ReadDir(private); len(left) > 0 && name != "moved away" {
					t.Errorf("Close left %v", left)
				}
			})
		}
	}
}

// TestStolenByLive: the file of a live thief is left alone and taken back when the thief is done with it.
func TestStolenByLive(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	r := newReports()
	l := listen(t, "unix:"+path, r.option())
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	thief := foreign(t, path)
	asked := 0 // connections the thief saw; written before gone is closed
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			c, err := thief.Accept()
			if err != nil {
				return
			}
			asked++
			c.Close()
		}
	}()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	err = r.next(t, false)
	wantError(t, err, transport.ErrInUse)
	wantOwner(t, err, os.Getpid())
	if now, err := os.Lstat(path); err != nil || !os.SameFile(fi, now) {
		t.Fatalf("the live thief's file is gone or another: %v", err)
	}
	// The thief ends and leaves its file, as a killed process does.
	thief.Close()
	<-gone
	if asked == 0 || asked > 3 {
		t.Errorf("the thief was connected to %d times, want once or little more", asked)
	}
	r.next(t, true)
	talks(t, l, "unix:"+path)
	if len(r) != 0 {
		t.Errorf("one more report: %v", <-r)
	}
}

// TestStolenByChild: a thief that is killed is noticed by its pid.
func TestStolenByChild(t *testing.T) {
	fdtest.Same(t)
	path := filepath.Join(shortDir(t), "s")
	r := newReports()
	l := listen(t, "unix:"+path, r.option())
	os.Remove(path)
	c := spawn(t, "listen", nil, "unix:"+path)
	if got := c.line(); got != "listening" {
		t.Skipf("the listener was quicker than the thief: %s", got)
	}
	err := r.next(t, false)
	wantOwner(t, err, c.Process.Pid)
	c.kill()
	r.next(t, true)
	talks(t, l, "unix:"+path)
}

// TestStolenNotSocket: whatever else is laid there is reported once and left alone.
func TestStolenNotSocket(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	r := newReports()
	l := listen(t, "unix:"+path, r.option())
	put := path + "2"
	if err := os.WriteFile(put, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(put, path); err != nil {
		t.Fatal(err)
	}
	wantError(t, r.next(t, false), transport.ErrNotSocket)
	l.Close()
	if text, err := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if len(r) != 0 {
		t.Errorf("one more report: %v", <-r)
	}
}

// TestStolenCloseLeavesThief: Close does not remove the thief's file.
func TestStolenCloseLeavesThief(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	r := newReports()
	l := listen(t, "unix:"+path, r.option())
	os.Remove(path)
	foreign(t, path)
	r.next(t, false)
	l.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the thief cannot be reached after Close: %v", err)
	}
	c.Close()
}

// TestStolenNotByNobody: a listener that is left alone reports nothing, while another is robbed.
func TestStolenNotByNobody(t *testing.T) {
	dir := shortDir(t)
	quiet, robbed := newReports(), newReports()
	listen(t, "unix:"+dir+"/q", quiet.option())
	listen(t, "unix:"+dir+"/r", robbed.option())
	for range 3 {
		os.Remove(dir + "/r")
		robbed.next(t, true)
	}
	if len(quiet) != 0 {
		t.Errorf("a report for nothing: %v", <-quiet)
	}
}

// unwatched gives a listener whose file nobody looks after but the test.
func unwatched(t *testing.T, path string, r reports) *Listener {
	t.Helper()
	cfg := Transport{OnStolen: func(err error) { r <- err }}
	e := &endpoint{cfg: cfg, addr: addr(t, "unix:"+path), path: path}
	s, err := e.claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(cfg, e.addr, s)
	l.end = e
	t.Cleanup(func() { l.Close() })
	return l
}

// TestStolenOften: the number of sockets stays bounded.
func TestStolenOften(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l := unwatched(t, path, newReports())
	for range maxSockets + 2 {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got := l.look(nil); got != nil {
			t.Fatalf("not bound again: %+v", got)
		}
	}
	l.mu.Lock()
	n := len(l.socks)
	l.mu.Unlock()
	if n > maxSockets {
		t.Errorf("%d sockets, want at most %d", n, maxSockets)
	}
	talks(t, l, "unix:"+path)
}

// TestStolenLooks: a live thief is connected to once and not at every look, and each state is reported once.
func TestStolenLooks(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	r := newReports()
	l := unwatched(t, path, r)
	os.Remove(path)
	thief := foreign(t, path)
	var state *theft
	for range 5 {
		state = l.look(state)
	}
	if len(r) != 1 {
		t.Errorf("%d reports of one thief, want 1", len(r))
	}
	wantError(t, <-r, transport.ErrInUse)
	asked := 0
	thief.SetDeadline(time.Now().Add(50 * time.Millisecond))
	for {
		c, err := thief.Accept()
		if err != nil {
			break
		}
		asked++
		c.Close()
	}
	if asked != 1 {
		t.Errorf("the thief was connected to %d times, want once", asked)
	}

	// Something else in its place is another state.
	os.Remove(path)
	os.Mkdir(path, 0o700)
	for range 5 {
		state = l.look(state)
	}
	if len(r) != 1 {
		t.Errorf("%d reports of a directory, want 1", len(r))
	}
	wantError(t, <-r, transport.ErrNotSocket)
	os.Remove(path)
	if state = l.look(state); state != nil || len(r) != 1 {
		t.Errorf("the free path is not bound: %+v, %d reports", state, len(r))
	}
}

// TestStolenByTheDead: when the thief's process is gone nobody waits for the time to ask again.
func TestStolenByTheDead(t *testing.T) {
	fdtest.Same(t)
	path := filepath.Join(shortDir(t), "s")
	r := newReports()
	l := unwatched(t, path, r)
	os.Remove(path)
	c := spawn(t, "listen", nil, "unix:"+path)
	if got := c.line(); got != "listening" {
		t.Fatal(got)
	}
	state := l.look(nil)
	if state == nil || state.pid != c.Process.Pid {
		t.Fatalf("the theft is %+v, want by process %d", state, c.Process.Pid)
	}
	c.kill()
	state.askAt = time.Now().Add(time.Hour)
	if state = l.look(state); state != nil {
		t.Errorf("not bound again: %+v", state)
	}
}

// TestCloseInOnStolen: the callback may close the listener, and Close returns while the callback runs.
func TestCloseInOnStolen(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	closed := make(chan error, 1)
	ready := make(chan *Listener, 1)
	l := listen(t, "unix:"+path, WithOnStolen(func(error) { closed <- (<-ready).Close() }))
	ready <- l
	os.Remove(path)
	eventually(t, "Close returns", func() bool { return len(closed) > 0 })
	if err := <-closed; err != nil {
		t.Error(err)
	}
	<-l.watchDone
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close the file is still there: %v", err)
	}
}
