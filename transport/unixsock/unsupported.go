//go:build !linux && !darwin

package unixsock

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/bellpull/bellpull/transport"
)

const noSockets = "Unix sockets are served on Linux and macOS; here use npipe: or tcp:"

func (Transport) dial(_ context.Context, a transport.Addr) (*Conn, error) {
	return nil, fail("dial", a, nil, errors.ErrUnsupported, noSockets)
}

func (Transport) listen(_ context.Context, a transport.Addr) (*Listener, error) {
	return nil, fail("listen", a, nil, errors.ErrUnsupported, noSockets)
}

// Inherited gives [errors.ErrUnsupported]: nobody hands sockets over on this system.
func Inherited(...ListenOption) ([]*Listener, error) {
	return nil, &transport.Error{Op: "inherit", Err: errors.ErrUnsupported, Advice: noSockets}
}

func peerOf(syscall.RawConn) (pid, uid, gid int, err error) {
	return 0, 0, 0, errors.ErrUnsupported
}

func (c *Conn) writeOnce(uintptr) bool {
	c.tryErr = errors.ErrUnsupported
	return true
}

// A Listener accepts connections. None can be made on this system.
type Listener struct{ addr transport.Addr }

var _ transport.Listener = (*Listener)(nil)

// Accept gives [errors.ErrUnsupported].
func (l *Listener) Accept() (net.Conn, error) { return l.AcceptConn() }

// AcceptConn gives [errors.ErrUnsupported].
func (l *Listener) AcceptConn() (transport.Conn, error) {
	return nil, fail("accept", l.addr, nil, errors.ErrUnsupported, noSockets)
}

// Close does nothing.
func (l *Listener) Close() error { return nil }

// Addr gives the address.
func (l *Listener) Addr() net.Addr { return l.addr }

// Path gives the path.
func (l *Listener) Path() string { return l.addr.Rest }

// Name gives "".
func (l *Listener) Name() string { return "" }

// Traits promises what a Listener would elsewhere.
func (l *Listener) Traits() transport.Traits { return traitsOf(l.addr.Scheme) }
