//go:build linux || darwin

package unixsock

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// exhausted is a socket whose Accept fails at once for want of descriptors, until it is closed.
type exhausted struct {
	calls  atomic.Int64
	closed chan struct{}
}

func (e *exhausted) AcceptUnix() (*net.UnixConn, error) {
	select {
	case <-e.closed:
		return nil, net.ErrClosed
	default:
		e.calls.Add(1)
		return nil, &net.OpError{Op: "accept", Net: "unix", Err: syscall.EMFILE}
	}
}

func (e *exhausted) Close() error {
	close(e.closed)
	return nil
}

// TestAcceptBacksOff: a system that is out of descriptors is asked again with growing pauses, not in a loop, and
// Accept waits instead of failing.
func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &exhausted{closed: make(chan struct{})}
		l := newListener(Transport{}, transport.Addr{Scheme: "unix", Rest: "/x"}, &socket{acceptor: e})
		failed := make(chan error, 1)
		go func() {
			_, err := l.Accept()
			failed <- err
		}()
		time.Sleep(time.Minute) // of the bubble: no time passes outside
		// 5 ms, 10 ms … 640 ms take 1.3 s; after that it is once a second.
		if n := e.calls.Load(); n < 30 || n > 80 {
			t.Errorf("%d attempts in a minute, want about 67", n)
		}
		if len(failed) != 0 {
			t.Errorf("Accept failed: %v", <-failed)
		}
		l.Close()
		if err := <-failed; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
	})
}

// TestSpentClients: of the clients that hung up before they were accepted, those who sent something are given.
func TestSpentClients(t *testing.T) {
	at := "unix:" + filepath.Join(shortDir(t), "s")
	l := listen(t, at)
	for range 3 {
		dial(t, at).Close()
	}
	said := dial(t, at)
	said.Write([]byte("x"))
	said.Close()
	mute := dial(t, at) // says nothing and listens
	mute.CloseWrite()

	a := accept(t, l)
	if got, err := io.ReadAll(a); string(got) != "x" || err != nil {
		t.Errorf("the first client said %q, %v; want x", got, err)
	}
	b := accept(t, l)
	if _, err := b.Write([]byte("y")); err != nil {
		t.Error(err)
	}
	b.Close()
	if got, err := io.ReadAll(mute); string(got) != "y" || err != nil {
		t.Errorf("the one-way client read %q, %v; want y", got, err)
	}
}
