//go:build linux

package shm

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// A Conn is one connection. As a [net.Conn] it is a stream of bytes; an engine drives it as a Port.
type Conn struct {
	life      *unixsock.Conn
	own, peer *segment
	addr      transport.Addr
	spin      bool
	reserve   func() error // of own
	onShort   func(error)

	once sync.Once
	p    *port // of Read and Write, or of an engine

	rmu    sync.Mutex
	rest   []byte // of a piece that did not fit into what it was read into
	readBy atomic.Int64

	wmu     sync.Mutex
	writeBy atomic.Int64
}

var (
	_ transport.Conn   = (*Conn)(nil)
	_ transport.Porter = (*Conn)(nil)
)

// Port drives the connection by frames; see [transport.NewPort].
func (c *Conn) Port(split transport.Split, cfg transport.PortConfig) transport.Port {
	c.once.Do(func() { c.p = newPort(c, split, cfg) })
	return c.p
}

func (c *Conn) port() *port {
	c.once.Do(func() {
		c.p = newPort(c, nil, transport.PortConfig{})
		c.p.warm = warmAfter // who writes bytes writes many
	})
	return c.p
}

// short tells the owner that there was no memory.
func (c *Conn) short(err error) {
	if c.onShort != nil {
		c.onShort(err)
	}
}

// Identity says who is at the other end, as the socket beside the memory tells it. It does not block.
func (c *Conn) Identity() transport.Identity {
	id := c.life.Identity()
	id.Remote = c.addr.String()
	return id
}

// Traits says what this connection promises. It does not block.
func (c *Conn) Traits() transport.Traits { return traits(c.life.Traits()) }

func traits(t transport.Traits) transport.Traits {
	t.Scheme, t.HalfClose = "shm", false
	return t
}

// LocalAddr and RemoteAddr give the connection's address.
func (c *Conn) LocalAddr() net.Addr  { return c.addr }
func (c *Conn) RemoteAddr() net.Addr { return c.addr }

// Close hangs up and lets the memory go. What was written before is still read by the other side.
func (c *Conn) Close() error {
	p := c.port()
	if p.closed.Load() {
		return c.opError("close", net.ErrClosed)
	}
	return p.Close()
}

func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "shm", Addr: c.addr, Err: err}
}

// Read reads what has arrived, at least one byte. It blocks until there is some, the other end has hung up ([io.EOF]),
// the deadline has come or the connection is closed.
func (c *Conn) Read(b []byte) (int, error) {
	p := c.port()
	c.rmu.Lock()
	defer c.rmu.Unlock()
	for {
		if p.closed.Load() {
			return 0, c.opError("read", net.ErrClosed)
		}
		if expired(&c.readBy) {
			return 0, c.opError("read", os.ErrDeadlineExceeded)
		}
		if len(c.rest) > 0 || len(b) == 0 {
			n := copy(b, c.rest)
			c.rest = c.rest[n:]
			return n, nil
		}
		n, rest, err := p.readInto(b)
		if err != nil {
			return 0, c.opError("read", err)
		}
		if c.rest = rest; n > 0 {
			return n, nil
		}
		switch err := p.Wait(c.readBy.Load()); {
		case err == io.EOF:
			return 0, io.EOF
		case err != nil:
			return 0, c.opError("read", c.reason(err))
		}
	}
}

// pieceSize is how much of a long Write goes at a time, so that the other side reads the first part while the next is
// written.
const pieceSize = 64 << 10

// Write writes all of b. It blocks for room, until the deadline has come or the connection is closed.
func (c *Conn) Write(b []byte) (n int, err error) {
	p := c.port()
	c.wmu.Lock()
	defer c.wmu.Unlock()
	for n < len(b) {
		if expired(&c.writeBy) {
			return n, c.opError("write", os.ErrDeadlineExceeded)
		}
		part := b[n:min(len(b), n+pieceSize)]
		room, err := p.Reserve(len(part))
		switch {
		case err == nil:
			p.Commit(copy(room, part))
			n += len(part)
		case !errors.Is(err, transport.ErrFull):
			return n, c.opError("write", c.reason(err))
		}
		rest, err := p.Flush()
		if err == nil && rest {
			err = p.drain(&c.writeBy)
		}
		if err != nil {
			return n, c.opError("write", c.reason(err))
		}
	}
	return n, nil
}

// reason gives why an operation failed: on a connection that is closed here, that.
func (c *Conn) reason(err error) error {
	if c.p.closed.Load() {
		return net.ErrClosed
	}
	return err
}

func expired(by *atomic.Int64) bool { t := by.Load(); return t != 0 && transport.Now() >= t }

// SetDeadline, SetReadDeadline and SetWriteDeadline are those of [net.Conn].
func (c *Conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline bounds reading, that which is under way too.
func (c *Conn) SetReadDeadline(t time.Time) error {
	p := c.port()
	if p.closed.Load() {
		return c.opError("set", net.ErrClosed)
	}
	c.readBy.Store(onClock(t))
	p.Wake()
	return nil
}

// SetWriteDeadline bounds writing.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.port().closed.Load() {
		return c.opError("set", net.ErrClosed)
	}
	c.writeBy.Store(onClock(t))
	return nil
}

// onClock gives a time on the clock of [transport.Now], 0 for none.
func onClock(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if at := transport.Now() + int64(time.Until(t)); at != 0 {
		return at
	}
	return 1
}
