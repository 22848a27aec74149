//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

const (
	// A server that has bound its socket and does not listen yet refuses like a dead one, so the dead are asked
	// more than once.
	probeTries = 4
	probePause = 10 * time.Millisecond
)

// probe connects to the socket at path to see whether somebody serves it. It gives
//
//   - nil when the socket is dead or gone: nobody listens and nobody ever will;
//   - a [*transport.OwnerError] when a live process does;
//   - another error when it cannot be told, which must be taken for alive.
func probe(ctx context.Context, path string) error {
	// Probes stay unnamed. A name would let our listeners tell them from clients, but not every server can take a
	// client that has one.
	var d net.Dialer
	for try := 1; ; try++ {
		c, err := d.DialContext(ctx, "unix", path)
		switch {
		case err == nil:
			defer c.Close()
			return ownerBehind(c.(*net.UnixConn))
		case errors.Is(err, syscall.ENOENT):
			return nil
		case errors.Is(err, syscall.EAGAIN): // the accept queue is full, so there is one
			return &transport.OwnerError{}
		case !errors.Is(err, syscall.ECONNREFUSED):
			return err
		case try == probeTries:
			return nil
		}
		select {
		case <-time.After(probePause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ownerBehind says who serves the other end of c.
func ownerBehind(c *net.UnixConn) *transport.OwnerError {
	owner := &transport.OwnerError{}
	if raw, err := c.SyscallConn(); err == nil {
		if pid, uid, _, err := peerOf(raw); err == nil {
			owner.PID, owner.UID, owner.HasUser = pid, uid, true
		}
	}
	return owner
}
