//go:build !linux

package shm

import (
	"context"
	"errors"

	"github.com/bellpull/bellpull/transport"
)

func unsupported(op string, a transport.Addr) error {
	return &transport.Error{Op: op, Addr: a.String(), Err: errors.ErrUnsupported, Advice: "shared memory works on Linux only so far; use local:"}
}

// Dial answers [errors.ErrUnsupported] on this system.
func (t *Transport) Dial(_ context.Context, a transport.Addr) (transport.Conn, error) {
	return nil, unsupported("dial", a)
}

// Listen answers [errors.ErrUnsupported] on this system.
func (t *Transport) Listen(_ context.Context, a transport.Addr) (transport.Listener, error) {
	return nil, unsupported("listen", a)
}
