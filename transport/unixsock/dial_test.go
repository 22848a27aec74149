//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// dialFunc gives a dialler as net/http and gRPC want it.
func dialFunc(at string, opts ...DialOption) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return Dial(ctx, at, opts...) }
}

// TestDialFails walks through what can be wrong at a path.
func TestDialFails(t *testing.T) {
	for name, tt := range map[string]struct {
		prep  func(t *testing.T, path string)
		path  string
		kinds []error
	}{
		"nothing":      {path: "s", kinds: []error{transport.ErrNoServer, fs.ErrNotExist}},
		"no directory": {path: "missing/s", kinds: []error{transport.ErrNoServer}},
		"in a file": {path: "f/s", prep: func(t *testing.T, p string) { os.WriteFile(filepath.Dir(p), nil, 0o600) },
			kinds: []error{transport.ErrNoServer}},
		"stale":        {path: "s", prep: stale, kinds: []error{transport.ErrNoServer, syscall.ECONNREFUSED}},
		"regular file": {path: "s", prep: func(t *testing.T, p string) { os.WriteFile(p, nil, 0o600) }, kinds: []error{transport.ErrNotSocket}},
		"too long":     {path: strings.Repeat("x", maxPath), kinds: []error{transport.ErrAddress}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), tt.path)
			if tt.prep != nil {
				tt.prep(t, path)
			}
			c, err := Dial(t.Context(), "unix:"+path)
			if c != nil {
				t.Error("got a connection")
			}
			wantError(t, err, tt.kinds...)
			if got, err := (Transport{}).Dial(t.Context(), addr(t, "unix:"+path)); got != nil || err == nil {
				t.Errorf("Transport.Dial: %v, %v; want a nil interface and an error", got, err)
			}
		})
	}
}

// fill fills the accept queue at path, which is short, with connections that nobody accepts.
func fill(t *testing.T, path string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a full queue refuses here")
	}
	for range 16 {
		c, err := net.Dial("unix", path) // makes one attempt
		if errors.Is(err, syscall.EAGAIN) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("a queue of 1 holds 16")
}

// TestBacklog: the queue is as short as asked for.
func TestBacklog(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	listen(t, "unix:"+path, WithBacklog(1))
	fill(t, path)
}

// TestDialFullQueue: a dialler waits for room and gives up with its context.
func TestDialFullQueue(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l := foreign(t, path)
	if err := setBacklog(l, 1); err != nil {
		t.Fatal(err)
	}
	fill(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := Dial(ctx, "unix:"+path)
	wantError(t, err, context.DeadlineExceeded)
	if errors.Is(err, transport.ErrNoServer) {
		t.Errorf("a busy server counts as none: %v", err)
	}
	// Alive, whatever a probe must think of the queue.
	_, err = Listen(t.Context(), "unix:"+path)
	wantError(t, err, transport.ErrInUse)

	waiting, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Dial(waiting, "unix:"+path)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// With room the next one gets in.
	go func() {
		c, err := Dial(t.Context(), "unix:"+path)
		if err == nil {
			c.Close()
		}
		done <- err
	}()
	for len(done) == 0 {
		l.SetDeadline(time.Now().Add(20 * time.Millisecond))
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}
	if err := <-done; err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestManyDiallers: 200 at once get through a queue of 1, each to a connection of its own.
func TestManyDiallers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a full queue refuses here")
	}
	_, dirs := homes(t)
	l := listen(t, "local:busy", dirs, WithBacklog(1))
	go echo(l)
	const n = 200
	errs := make(chan error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			c, err := Dial(t.Context(), "local:busy", dirs)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			out, in := []byte{byte(i)}, make([]byte, 1)
			c.Write(out)
			if _, err := c.Read(in); err != nil || in[0] != out[0] {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Errorf("one of %d: %v", n, err)
	}
}
