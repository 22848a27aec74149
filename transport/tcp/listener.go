package tcp

import (
	"net"

	"github.com/bellpull/bellpull/transport"
)

// A Listener accepts plain TCP connections. It comes from [Transport.Listen]; the zero Listener is not usable.
type Listener struct {
	tcp  *net.TCPListener
	addr transport.Addr
}

var _ transport.Listener = (*Listener)(nil)

// Accept gives the next connection, a [*Conn]. It blocks until there is one or the Listener is closed, which is
// [net.ErrClosed] in a [*net.OpError]. Other errors pass, such as having no descriptor left: wait and call again.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptConn is Accept with the richer type.
func (l *Listener) AcceptConn() (transport.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	c, err := l.tcp.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return newConn(c)
}

// Close gives the port back and wakes blocked Accepts. Accepted connections live on. A second Close is
// [net.ErrClosed].
func (l *Listener) Close() error { return l.tcp.Close() }

// Addr gives the [transport.Addr] listened on, with the real port.
func (l *Listener) Addr() net.Addr { return l.addr }

// Traits says what accepted connections promise.
func (l *Listener) Traits() transport.Traits { return traits(plain) }
