package sim_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A tape is a connection whose other end writes what was recorded and then is cut off. What is written to it is lost.
type tape struct {
	data   []byte
	reset  bool // after a pause; otherwise an end right behind the last byte
	over   atomic.Bool
	once   sync.Once
	closed chan struct{}
}

// settle is what a tape that is reset waits, so that what was read is worked on.
const settle = time.Millisecond

func newTape(data []byte, reset bool) *tape {
	return &tape{data: data, reset: reset, closed: make(chan struct{})}
}

func (c *tape) Read(p []byte) (int, error) {
	if n := copy(p, c.data); n > 0 {
		c.data = c.data[n:]
		return n, nil
	}
	if c.reset {
		t := time.NewTimer(settle)
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.closed:
		}
	}
	c.over.Store(true)
	select {
	case <-c.closed:
		return 0, c.opError("read", net.ErrClosed)
	default:
	}
	if c.reset {
		return 0, c.opError("read", syscall.ECONNRESET)
	}
	return 0, io.EOF
}

func (c *tape) Write(p []byte) (int, error) {
	if c.over.Load() {
		return 0, c.opError("write", syscall.EPIPE)
	}
	return len(p), nil
}

func (c *tape) TryWrite(p []byte) (int, error) { return c.Write(p) }

func (c *tape) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *tape) LocalAddr() net.Addr              { return at("here") }
func (c *tape) RemoteAddr() net.Addr             { return at("tape") }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }
func (c *tape) Identity() transport.Identity {
	return transport.Identity{SameUser: true, Remote: "mem:tape"}
}
func (c *tape) Traits() transport.Traits           { return transport.Traits{Scheme: "mem", SameUser: true} }
func (c *tape) opError(op string, err error) error { return &net.OpError{Op: op, Net: "mem", Err: err} }

// player is a listener and a transport that gives tapes, and otherwise the connections of a network.
type player struct {
	transport.Transport
	tapes  chan *tape
	closed chan struct{}
}

func newPlayer(net transport.Transport) *player {
	return &player{net, make(chan *tape, 1), make(chan struct{})}
}

func (p *player) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	select {
	case t := <-p.tapes:
		return t, nil
	default:
		return p.Transport.Dial(ctx, a)
	}
}

func (p *player) AcceptConn() (transport.Conn, error) {
	select {
	case t := <-p.tapes:
		return t, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *player) Accept() (net.Conn, error) { return p.AcceptConn() }
func (p *player) Close() error              { close(p.closed); return nil }
func (p *player) Addr() net.Addr            { return at("tape") }
func (p *player) Traits() transport.Traits  { return (*tape)(nil).Traits() }
