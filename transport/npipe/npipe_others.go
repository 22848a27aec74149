//go:build !linux && !darwin

package npipe

import (
	"context"
	"errors"
	"net"

	"github.com/bellpull/bellpull/transport"
)

func unsupported(op string, a transport.Addr) error {
	return &transport.Error{Op: op, Addr: a.String(), Err: errors.ErrUnsupported,
		Advice: "pipes are served on Linux and macOS; here use tcp:"}
}

func (Transport) dial(_ context.Context, a transport.Addr) (*Conn, error) {
	return nil, unsupported("dial", a)
}

func (Transport) listen(_ context.Context, a transport.Addr) (*Listener, error) {
	return nil, unsupported("listen", a)
}

// A Conn is one connection over a pipe. None can be made on this system.
type Conn struct{ net.Conn }

var _ transport.Conn = (*Conn)(nil)

// Identity knows nothing.
func (c *Conn) Identity() transport.Identity { return transport.Identity{} }

// Traits promises nothing.
func (c *Conn) Traits() transport.Traits { return transport.Traits{Scheme: "npipe"} }

// TryWrite gives [errors.ErrUnsupported].
func (c *Conn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }

// A Listener accepts the clients of one pipe. None can be made on this system.
type Listener struct{ at transport.Addr }

var _ transport.Listener = (*Listener)(nil)

// Accept gives [errors.ErrUnsupported].
func (l *Listener) Accept() (net.Conn, error) { return nil, unsupported("accept", l.at) }

// AcceptConn gives [errors.ErrUnsupported].
func (l *Listener) AcceptConn() (transport.Conn, error) { return nil, unsupported("accept", l.at) }

// Close does nothing.
func (l *Listener) Close() error { return nil }

// Addr gives the address.
func (l *Listener) Addr() net.Addr { return l.at }

// Path gives "".
func (l *Listener) Path() string { return "" }

// Traits promises nothing.
func (l *Listener) Traits() transport.Traits { return transport.Traits{Scheme: "npipe"} }
