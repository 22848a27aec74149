//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bellpull/bellpull/transport"
)

// stale leaves a socket file at path that nobody serves.
func stale(t *testing.T, path string) {
	t.Helper()
	l := foreign(t, path)
	l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("no stale socket: %v", err)
	}
}

// foreign listens at path as a program would that knows nothing of us. Closing it leaves the file.
func foreign(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	t.Cleanup(func() { l.Close() })
	return l
}

// TestListenPath walks through what can lie at a path.
func TestListenPath(t *testing.T) {
	tests := map[string]struct {
		prep  func(t *testing.T, path string) // makes what lies there
		path  string                          // relative to the directory
		kinds []error                         // of Listen's error, none: it must listen
		pid   int                             // owner in the error
		stays bool                            // what lay there must be there afterwards
	}{
		"free":  {path: "s"},
		"stale": {path: "s", prep: stale},
		"live": {path: "s", prep: func(t *testing.T, p string) { foreign(t, p) },
			kinds: []error{transport.ErrInUse}, pid: os.Getpid(), stays: true},
		"ours, live": {path: "s", prep: func(t *testing.T, p string) { listen(t, "unix:"+p) },
			kinds: []error{transport.ErrInUse}, pid: os.Getpid(), stays: true},
		"regular file": {path: "s", prep: func(t *testing.T, p string) { os.WriteFile(p, nil, 0o600) },
			kinds: []error{transport.ErrNotSocket}, stays: true},
		"directory": {path: "s", prep: func(t *testing.T, p string) { os.Mkdir(p, 0o700) },
			kinds: []error{transport.ErrNotSocket}, stays: true},
		"dangling link": {path: "s", prep: func(t *testing.T, p string) { os.Symlink(p+"2", p) },
			kinds: []error{transport.ErrNotSocket}, stays: true},
		"link to a stale socket": {path: "s", prep: func(t *testing.T, p string) { stale(t, p+"2"); os.Symlink(p+"2", p) },
			kinds: []error{transport.ErrNotSocket}, stays: true},
		"FIFO": {path: "s", prep: func(t *testing.T, p string) { syscall.Mkfifo(p, 0o600) },
			kinds: []error{transport.ErrNotSocket}, stays: true},
		"datagram socket": {path: "s", prep: func(t *testing.T, p string) {
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: p})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}, kinds: []error{transport.ErrInUse}, stays: true},
		"no directory":            {path: "missing/s", kinds: []error{transport.ErrAddress, fs.ErrNotExist}},
		"a file as its directory": {path: "f/s", prep: func(t *testing.T, p string) { os.WriteFile(filepath.Dir(p), nil, 0o600) }, kinds: []error{transport.ErrAddress}},
		"too long":                {path: strings.Repeat("x", maxPath), kinds: []error{transport.ErrAddress}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), tt.path)
			if tt.prep != nil {
				tt.prep(t, path)
			}
			before, _ := os.Lstat(path)
			l, err := Listen(t.Context(), "unix:"+path)
			if len(tt.kinds) > 0 {
				wantError(t, err, tt.kinds...)
				if tt.pid != 0 {
					wantOwner(t, err, tt.pid)
				}
			} else if err != nil {
				t.Fatalf("Listen: %v", err)
			} else {
				talks(t, l, "unix:"+path)
				if err := l.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("after Close the file is still there: %v", err)
				}
			}
			if after, err := os.Lstat(path); tt.stays && (err != nil || !os.SameFile(before, after)) {
				t.Errorf("what lay at the path is gone or another: %v", err)
			}
		})
	}
}

// TestPathLimit: the longest path works, one more does not, and the error tells both numbers.
func TestPathLimit(t *testing.T) {
	dir := shortDir(t)
	path := dir + "/" + strings.Repeat("x", maxPath-len(dir)-1)
	l := listen(t, "unix:"+path)
	talks(t, l, "unix:"+path)
	for op, err := range map[string]error{
		"listen": errOf(Listen(t.Context(), "unix:"+path+"x")),
		"dial":   errOf(Dial(t.Context(), "unix:"+path+"x")),
	} {
		wantError(t, err, transport.ErrAddress)
		limit, ok := errors.AsType[*transport.LimitError](err)
		if !ok || limit.Size != maxPath+1 || limit.Limit != maxPath {
			t.Errorf("%s: %v, want a limit of %d and a size of %d", op, err, maxPath, maxPath+1)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

// TestUnlinkOnlyOurs: Close removes the file it made, and no other that lies there by then.
func TestUnlinkOnlyOurs(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l := listen(t, "unix:"+path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	stale(t, path)
	// The watcher would take the stale socket over; a Close before its next look must not remove it.
	l.Close()
	fi, err := os.Lstat(path)
	if err == nil && fi.Mode().Type() == fs.ModeSocket {
		return
	}
	t.Errorf("Close removed a file that was not the listener's: %v", err)
}

func TestCloseTwice(t *testing.T) {
	l := listen(t, "unix:"+filepath.Join(shortDir(t), "s"))
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v, want net.ErrClosed", err)
	}
	if _, err := l.AcceptConn(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("AcceptConn after Close: %v, want net.ErrClosed", err)
	}
}

// TestMode: the file has the asked mode whatever the umask takes away.
func TestMode(t *testing.T) {
	dir := shortDir(t)
	for _, mode := range []fs.FileMode{0o600, 0o660, 0o777} {
		path := filepath.Join(dir, mode.String())
		listen(t, "unix:"+path, WithMode(mode))
		if fi, err := os.Lstat(path); err != nil || fi.Mode().Perm() != mode {
			t.Errorf("mode %v, %v; want %v", fi.Mode().Perm(), err, mode)
		}
	}
}

// TestModeFollowsNoLink: whoever swaps the fresh socket for a link must not have the link's target changed.
func TestModeFollowsNoLink(t *testing.T) {
	dir := shortDir(t)
	target, link := filepath.Join(dir, "t"), filepath.Join(dir, "l")
	stale(t, target)
	if err := os.Chmod(target, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	chmodSocket(link, 0o777)
	if fi, err := os.Stat(target); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the target has mode %v, %v; want it left alone", fi.Mode().Perm(), err)
	}
}

func TestListenArguments(t *testing.T) {
	for name, tt := range map[string]struct {
		t    Transport
		a    transport.Addr
		kind error
	}{
		"relative path":    {a: transport.Addr{Scheme: "unix", Rest: "x/s"}, kind: transport.ErrAddress},
		"directory":        {a: transport.Addr{Scheme: "unix", Rest: "/tmp/"}, kind: transport.ErrAddress},
		"NUL":              {a: transport.Addr{Scheme: "unix", Rest: "/tmp/a\x00b"}, kind: transport.ErrAddress},
		"empty":            {a: transport.Addr{Scheme: "unix"}, kind: transport.ErrAddress},
		"empty name":       {a: transport.Addr{Scheme: "local"}, kind: transport.ErrAddress},
		"slash in a name":  {a: transport.Addr{Scheme: "local", Rest: "a/b"}, kind: transport.ErrAddress},
		"scheme":           {a: transport.Addr{Scheme: "tcp", Rest: "localhost:1"}, kind: transport.ErrAddress},
		"negative backlog": {a: transport.Addr{Scheme: "unix", Rest: "/tmp/s"}, t: Transport{Backlog: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := tt.t.Listen(t.Context(), tt.a)
			if l != nil {
				t.Error("got a Listener")
			}
			wantError(t, err)
			if tt.kind == nil {
				return
			}
			wantError(t, err, tt.kind)
			c, err := tt.t.Dial(t.Context(), tt.a)
			if c != nil {
				t.Error("got a Conn")
			}
			wantError(t, err, tt.kind)
		})
	}
}

// TestListenCancelled: a context that is over ends Listen before it touches anything that lives.
func TestListenCancelled(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	foreign(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Listen(ctx, "unix:"+path)
	wantError(t, err, context.Canceled)
}
