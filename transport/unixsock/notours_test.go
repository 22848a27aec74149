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

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// notOurs are what others may have laid at a path. Each is made at the path it is given, and is not to be removed.
var notOurs = map[string]func(t *testing.T, path string){
	"file": func(t *testing.T, path string) { write(t, path) },
	"empty directory": func(t *testing.T, path string) {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	},
	"FIFO": func(t *testing.T, path string) {
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	},
	"link to nothing": func(t *testing.T, path string) { link(t, path+"-nothing", path) },
	"link to a file": func(t *testing.T, path string) {
		write(t, path+"-file")
		link(t, path+"-file", path)
	},
	"link to a dead socket": func(t *testing.T, path string) {
		stale(t, path+"-dead")
		link(t, path+"-dead", path)
	},
	"link to a live socket": func(t *testing.T, path string) {
		serve(t, path+"-live")
		link(t, path+"-live", path)
	},
	"live socket": serve,
	"live socket that does not accept": func(t *testing.T, path string) {
		foreign(t, path)
	},
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// serve accepts at path as a program would that knows nothing of us.
func serve(t *testing.T, path string) {
	t.Helper()
	l := foreign(t, path)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-gone })
}

// TestWhatIsNotOursIsNeverRemoved: not when a listener starts, not when it finds its file replaced, not when it closes.
// A dead socket is no one's, and is replaced; see TestTakeover.
func TestWhatIsNotOursIsNeverRemoved(t *testing.T) {
	for _, scheme := range []string{"unix", "local"} {
		for what, lay := range notOurs {
			at := func(t *testing.T) (addr, path string, dirs Option) {
				dir, dirs := homes(t)
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				path = filepath.Join(dir, "s.sock")
				if scheme == "unix" {
					return "unix:" + path, path, dirs
				}
				return "local:s", path, dirs
			}
			t.Run(scheme+" "+what, func(t *testing.T) {
				t.Parallel()
				t.Run("at the start", func(t *testing.T) {
					addr, path, dirs := at(t)
					lay(t, path)
					there := lstat(t, path)
					l, err := Listen(t.Context(), addr, dirs)
					if err == nil {
						l.Close()
						t.Fatal("it listens")
					}
					if !errors.Is(err, transport.ErrNotSocket) && !errors.Is(err, transport.ErrInUse) {
						t.Error(err)
					}
					still(t, there, path)
					if _, err := os.Lstat(filepath.Join(filepath.Dir(path), "s.lock")); !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("the lock was left: %v", err)
					}
				})
				t.Run("at a theft", func(t *testing.T) {
					addr, path, dirs := at(t)
					r := newReports()
					l := listen(t, addr, dirs, r.option())
					theft := path + "2" // laid elsewhere and moved, so that the path is never free
					lay(t, theft)
					there := lstat(t, theft)
					replace(t, theft, path)
					r.next(t, false)
					still(t, there, path)
					if err := l.Close(); err != nil {
						t.Error(err)
					}
					still(t, there, path)
				})
				t.Run("at the end", func(t *testing.T) {
					addr, path, dirs := at(t)
					l := listen(t, addr, dirs)
					theft := path + "2"
					lay(t, theft)
					there := lstat(t, theft)
					replace(t, theft, path)
					if err := l.Close(); err != nil { // most likely before the watcher has seen anything
						t.Error(err)
					}
					still(t, there, path)
				})
			})
		}
	}
}

// replace moves a file to where another lies. A directory cannot be moved onto a file.
func replace(t *testing.T, from, to string) {
	t.Helper()
	err := os.Rename(from, to)
	if err != nil {
		err = errors.Join(os.Remove(to), os.Rename(from, to))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func lstat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi
}

// still checks that the file at path is the one it was.
func still(t *testing.T, was fs.FileInfo, path string) {
	t.Helper()
	now, err := os.Lstat(path)
	switch {
	case err != nil:
		t.Errorf("what was not ours is gone: %v", err)
	case !os.SameFile(was, now) || now.Mode() != was.Mode():
		t.Errorf("what was not ours is now a %s, mode %v; it was a %s, mode %v", fileType(now), now.Mode(), fileType(was), was.Mode())
	case now.Mode().IsRegular():
		if text, err := os.ReadFile(path); string(text) != "mine" {
			t.Errorf("the file holds %q, %v", text, err)
		}
	}
}

// TestWhatIsNoLockIsNotRemoved: where the lock of a private name belongs, something else may lie.
func TestWhatIsNoLockIsNotRemoved(t *testing.T) {
	for what, lay := range notOurs {
		if what == "file" {
			continue // that is what a killed server leaves
		}
		t.Run(what, func(t *testing.T) {
			dir, dirs := homes(t)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "s.lock")
			lay(t, path)
			there := lstat(t, path)
			l, err := Listen(t.Context(), "local:s", dirs)
			if err == nil {
				l.Close()
				t.Error("it listens")
			} else {
				wantError(t, err, transport.ErrNotSocket)
			}
			still(t, there, path)
		})
	}
}

// TestStolenIsBoundAgainWithinASecond: that is promised. Clients that are connected stay so meanwhile, and new ones
// reach the same listener.
func TestStolenIsBoundAgainWithinASecond(t *testing.T) {
	for _, scheme := range []string{"unix", "local"} {
		t.Run(scheme, func(t *testing.T) {
			fdtest.Same(t)
			dir, dirs := homes(t)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			at, path := "local:s", filepath.Join(dir, "s.sock")
			if scheme == "unix" {
				at = "unix:" + path
			}
			l := listen(t, at, dirs)
			echoing := make(chan struct{})
			go func() { echo(l); close(echoing) }()
			old := dial(t, at, dirs)
			rings := func(c net.Conn) {
				t.Helper()
				c.SetDeadline(time.Now().Add(patience))
				got := make([]byte, 4)
				if _, err := c.Write([]byte("ring")); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Read(got); err != nil || string(got) != "ring" {
					t.Fatalf("%q, %v", got, err)
				}
			}
			rings(old)
			least := time.Hour
			for try := 0; try < 4 && least > time.Second; try++ {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				from := time.Now()
				rings(old)
				eventually(t, "a new client gets in", func() bool {
					c, err := Dial(t.Context(), at, dirs)
					if err != nil {
						return false
					}
					least = min(least, time.Since(from))
					rings(c)
					return c.Close() == nil
				})
				rings(old)
			}
			if least > time.Second {
				t.Errorf("bound again after %v at best, promised within a second", least)
			}
			t.Logf("bound again after %v", least)
			old.Close()
			l.Close()
			<-echoing
		})
	}
}
