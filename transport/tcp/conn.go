package tcp

import (
	"net"

	"github.com/bellpull/bellpull/transport"
)

// A Conn is a plain TCP connection. It comes from [Transport.Dial] or a [Listener]; the zero Conn is not usable. Any
// number of goroutines may call its methods at once, but for TryWrite, which see. Nagle's algorithm is off.
//
// The methods of the embedded [*net.TCPConn] are part of it, CloseWrite among them. Closing a connection while
// unread bytes lie in its receive buffer resets it, and the other end may lose what it has not read yet.
type Conn struct {
	*net.TCPConn
	try tryWriter
}

var _ transport.Conn = (*Conn)(nil)

// newConn takes c over, and closes it when that fails.
func newConn(c *net.TCPConn) (*Conn, error) {
	wrapped := &Conn{TCPConn: c}
	if err := wrapped.try.init(c); err != nil {
		c.Close()
		return nil, err
	}
	return wrapped, nil
}

// Identity tells the remote address, and that is all there is to know. It does not block.
func (c *Conn) Identity() transport.Identity {
	return transport.Identity{Remote: plain + ":" + c.RemoteAddr().String()}
}

// Traits says that either direction can be ended on its own. It does not block.
func (c *Conn) Traits() transport.Traits { return traits(plain) }

func traits(scheme string) transport.Traits {
	return transport.Traits{Scheme: scheme, HalfClose: true, Encrypted: scheme == secure}
}
