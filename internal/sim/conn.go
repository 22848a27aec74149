package sim

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// A pair is a connection: its two ends and its two directions.
type pair struct {
	net       *Net
	near, far *conn
}

func (p *pair) note(who, what string, at int64) { p.net.note(who, what, at) }
func (p *pair) calm() bool                      { return p.net.calm.Load() != nil }

// cut ends both directions where they are.
func (p *pair) cut(reset bool) {
	p.near.out.breakOff(reset)
	p.far.out.breakOff(reset)
}

// conn is one end of a connection.
type conn struct {
	*pair
	host          *Host // whose process it belongs to; nil at the far end until it is offered
	raw           *mem.Conn
	in, out       *way
	local, remote transport.Addr

	// mu guards closed, and keeps the read deadline from being moved after it.
	mu     sync.Mutex
	closed bool
}

var (
	_ transport.Conn      = (*conn)(nil)
	_ transport.TryWriter = (*conn)(nil)
	_ transport.Ender     = (*conn)(nil)
)

func newPair(n *Net, name string, local, remote transport.Addr, c Course, d Dice) *pair {
	p := &pair{net: n}
	a, b := mem.Pipe(mem.Buffer(n.buffer))
	out, in := newWay(p, name+">", c.Out, d.Of(1)), newWay(p, name+"<", c.In, d.Of(2))
	p.near = &conn{pair: p, raw: a, in: in, out: out, local: local, remote: remote}
	p.far = &conn{pair: p, raw: b, in: out, out: in, local: remote, remote: local}
	out.from, in.from = p.near, p.far
	return p
}

func (c *conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *conn) Read(p []byte) (int, error) {
	if c.isClosed() {
		return 0, c.opError("read", net.ErrClosed)
	}
	n, err := c.raw.Read(p)
	switch {
	case n > 0:
		c.in.resume()
	case err == nil:
	case c.isClosed():
		err = c.opError("read", net.ErrClosed)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = c.opError("read", os.ErrDeadlineExceeded)
	case err == io.EOF:
		c.in.mu.Lock()
		if c.in.reset {
			err = c.opError("read", syscall.ECONNRESET)
		}
		c.in.mu.Unlock()
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

func (c *conn) TryWrite(p []byte) (int, error) {
	n, err := c.out.tryWrite(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// Close ends both directions. What was written is still on its way; what comes from the other end is lost.
func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.opError("close", net.ErrClosed)
	}
	c.closed = true
	c.raw.SetReadDeadline(time.Unix(1, 0)) // the pipe stays open until the last byte has arrived
	c.mu.Unlock()
	c.in.abandon()
	c.out.end(net.ErrClosed)
	if c.host != nil {
		c.host.forget(c)
	}
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	return c.raw.SetReadDeadline(t)
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	if c.isClosed() {
		return c.opError("set", net.ErrClosed)
	}
	c.out.setWriteBy(t)
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// Ended says that the end of what the other end wrote has arrived, and HungUp that it was closed, or the connection cut.
func (c *conn) Ended() bool  { return c.isClosed() || c.raw.Ended() }
func (c *conn) HungUp() bool { return c.isClosed() || c.raw.HungUp() }

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) Identity() transport.Identity {
	id := c.raw.Identity()
	id.Remote = c.remote.String()
	return id
}

// Traits are those of the pipe, but that one direction cannot be ended alone.
func (c *conn) Traits() transport.Traits {
	t := c.raw.Traits()
	t.HalfClose = false
	return t
}

func (c *conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "mem", Source: c.local, Addr: c.remote, Err: err}
}
