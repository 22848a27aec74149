//go:build !linux

package shmport

import (
	"context"
	"errors"

	"github.com/bellpull/bellpull/transport"
)

// Transport answers errors.ErrUnsupported on this system.
type Transport struct{}

// Schemes gives "shm".
func (Transport) Schemes() []string { return []string{"shm"} }

func unsupported(op string, a transport.Addr) error {
	return &transport.Error{Op: op, Addr: a.String(), Err: errors.ErrUnsupported, Advice: "shared memory works on Linux only so far; use local:"}
}

// Dial answers errors.ErrUnsupported.
func (Transport) Dial(_ context.Context, a transport.Addr) (transport.Conn, error) {
	return nil, unsupported("dial", a)
}

// Listen answers errors.ErrUnsupported.
func (Transport) Listen(_ context.Context, a transport.Addr) (transport.Listener, error) {
	return nil, unsupported("listen", a)
}
