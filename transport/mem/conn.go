package mem

import (
	"cmp"
	"io"
	"net"
	"os"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A Conn is one end of a connection inside this process. It comes from [Pipe], [Network.Dial] or a [Listener]; the
// zero Conn is not usable. Any number of goroutines may call its methods at once, and the bytes of one Write are
// never mixed with those of another.
//
// Errors other than [io.EOF] are [*net.OpError]: [net.ErrClosed] after Close, [os.ErrDeadlineExceeded] after a
// deadline, and [syscall.EPIPE] for writing what nobody can read.
type Conn struct {
	in, out       *half
	local, remote transport.Addr
}

var (
	_ transport.Conn      = (*Conn)(nil)
	_ transport.TryWriter = (*Conn)(nil)
	_ transport.Ender     = (*Conn)(nil)
)

// Pipe gives two connected ends. It does not block. Both ends go by the address "mem:pipe". Closing both gives back
// everything; an end that is forgotten is collected like any other value.
func Pipe(opts ...Option) (*Conn, *Conn) {
	a := transport.Addr{Scheme: scheme, Rest: "pipe"}
	return newPair(newConfig(opts).buffer, a, a)
}

func newPair(buffer int, a, b transport.Addr) (*Conn, *Conn) {
	ab, ba := newHalf(buffer), newHalf(buffer)
	return &Conn{in: ba, out: ab, local: a, remote: b}, &Conn{in: ab, out: ba, local: b, remote: a}
}

// Read takes up to len(p) bytes that have arrived. It blocks while there are none, until the read deadline or Close.
// [io.EOF]: the other end was closed, or has closed its writing side, and everything it wrote has been read.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

// Write writes all of p. It blocks while the buffer is full, until the other end reads or is closed, the write
// deadline, or Close; n then says how much was taken. It does not keep p.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// TryWrite writes as much of p as the buffer has room for and never blocks: 0 and nil say that it is full or that a
// Write is under way. It does not keep p. Errors are those of Write.
func (c *Conn) TryWrite(p []byte) (int, error) {
	n, err := c.out.tryWrite(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// CloseWrite ends the writing side: the other end reads what was written and then [io.EOF]. Reading goes on. It does
// not block and may be called again.
func (c *Conn) CloseWrite() error {
	if err := c.out.end(); err != nil {
		return c.opError("close", err)
	}
	return nil
}

// Close ends both directions and wakes whoever is blocked at either end. The other end reads what was written and
// then [io.EOF]; what it writes fails with [syscall.EPIPE]. Close does not block; a second Close is [net.ErrClosed].
func (c *Conn) Close() error {
	first := c.out.closeWriter()
	c.in.closeReader()
	if !first {
		return c.opError("close", net.ErrClosed)
	}
	return nil
}

// Ended says that the other end sends nothing more; see [transport.Ender].
func (c *Conn) Ended() bool {
	ended, noReader, _ := c.in.state()
	return ended || noReader
}

// HungUp says that the other end was closed; see [transport.Ender].
func (c *Conn) HungUp() bool {
	_, closed, theirs := c.in.state()
	_, noReader, _ := c.out.state()
	return closed || theirs && noReader
}

// LocalAddr gives the address of this end, a [transport.Addr].
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr gives the address of the other end, a [transport.Addr].
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; see [net.Conn].
func (c *Conn) SetDeadline(t time.Time) error {
	err := c.in.setReadBy(t)
	return c.setErr(cmp.Or(c.out.setWriteBy(t), err))
}

// SetReadDeadline bounds blocked and future Reads; the zero time means no bound. It does not block.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setErr(c.in.setReadBy(t)) }

// SetWriteDeadline bounds blocked and future Writes; the zero time means no bound. It does not block.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setErr(c.out.setWriteBy(t)) }

func (c *Conn) setErr(err error) error {
	if err != nil {
		return c.opError("set", net.ErrClosed)
	}
	return nil
}

// Identity says that the other end is this very process.
func (c *Conn) Identity() transport.Identity {
	id := transport.Identity{PID: os.Getpid(), SameUser: true, Remote: c.remote.String()}
	if uid := os.Geteuid(); uid >= 0 { // Windows has no numbers for users
		id.UID, id.GID, id.HasUser = uid, os.Getegid(), true
	}
	return id
}

// Traits says what every connection of this package promises.
func (c *Conn) Traits() transport.Traits { return traits() }

func traits() transport.Traits {
	return transport.Traits{Scheme: scheme, Local: true, SameUser: true, PeerIdentity: true, HalfClose: true}
}

func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: scheme, Source: c.local, Addr: c.remote, Err: err}
}
