package unixsock

import (
	"net"
	"syscall"

	"github.com/bellpull/bellpull/transport"
)

// A Conn is one connection over a Unix socket. It is made by [Dial] and [Listener.AcceptConn]; the zero Conn is not
// useful. It has the methods of [*net.UnixConn], among them CloseRead and CloseWrite, SyscallConn, File, and
// ReadMsgUnix and WriteMsgUnix to pass descriptors. Its addresses are [*net.UnixAddr] values.
//
// Any number of goroutines may call its methods at once, but for TryWrite.
type Conn struct {
	*net.UnixConn

	id     transport.Identity
	scheme string
	raw    syscall.RawConn

	// TryWrite's arguments and results. They are fields, and attempt is made once, so that a call allocates
	// nothing; this is why only one goroutine at a time may be in TryWrite.
	attempt func(fd uintptr) bool
	try     []byte
	tried   int
	tryErr  error
}

var (
	_ transport.Conn      = (*Conn)(nil)
	_ transport.TryWriter = (*Conn)(nil)
	_ syscall.Conn        = (*Conn)(nil)
)

// wrap makes a Conn of u, which it then owns. mine says whether a user is this process's own, so far as trust goes.
// On an error u is still the caller's.
func wrap(u *net.UnixConn, a transport.Addr, mine func(uid int) bool) (*Conn, error) {
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	id := transport.Identity{Remote: a.String()}
	// An identity the system does not give stays unknown; whoever needs it refuses the connection.
	if pid, uid, gid, err := peerOf(raw); err == nil {
		id.PID, id.UID, id.GID, id.HasUser, id.SameUser = pid, uid, gid, true, mine(uid)
	}
	c := &Conn{UnixConn: u, id: id, scheme: a.Scheme, raw: raw}
	c.attempt = c.writeOnce
	return c, nil
}

// Identity says who is at the other end: for a client's connection who called listen on the socket, for a server's
// who connected. It does not block; the answer was taken when the connection was made.
func (c *Conn) Identity() transport.Identity { return c.id }

// Traits says what this connection promises. SameUser is what Identity says. It does not block.
func (c *Conn) Traits() transport.Traits {
	t := traitsOf(c.scheme)
	t.SameUser = c.id.SameUser
	t.PeerIdentity = c.id.HasUser
	return t
}

func traitsOf(scheme string) transport.Traits {
	return transport.Traits{Scheme: scheme, Local: true, PeerIdentity: true, HalfClose: true}
}

// TryWrite writes as much of p as the kernel takes at once and returns how much that was, 0 and no error when it
// takes nothing now. It never waits for room, keeps nothing of p and allocates nothing.
//
// At most one goroutine may be in TryWrite or Write at a time: a TryWrite beside a TryWrite mixes their bytes up, and
// one beside a Write that waits for room waits with it.
//
// Errors are those of Write: [net.ErrClosed] and [os.ErrDeadlineExceeded] inside a [*net.OpError].
func (c *Conn) TryWrite(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.try, c.tried, c.tryErr = p, 0, nil
	err := c.raw.Write(c.attempt)
	c.try = nil
	if err == nil && c.tryErr != nil {
		err = c.opError("write", c.tryErr)
	}
	return c.tried, err
}

// opError dresses a failed system call as package net does.
func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "unix", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
