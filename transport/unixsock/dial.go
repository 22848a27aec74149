//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

func (t Transport) dial(ctx context.Context, a transport.Addr) (*Conn, error) {
	switch a.Scheme {
	case "local":
		return t.dialPrivate(ctx, a)
	case "unix":
		if err := checkPath("dial", a); err != nil {
			return nil, err
		}
		return t.connect(ctx, a, a.Rest)
	}
	return nil, badScheme("dial", a)
}

// dialPrivate tries the directories of private endpoints in turn.
func (t Transport) dialPrivate(ctx context.Context, a transport.Addr) (*Conn, error) {
	if err := checkName("dial", a); err != nil {
		return nil, err
	}
	t.AnyServer = false
	tried := &triedError{}
	var kind error = transport.ErrNoServer
	advice := "start the server; it must run as the same user as this program"
	for _, p := range t.places() {
		path, _, err := privateFiles("dial", a, p.dir)
		if err != nil {
			return nil, err
		}
		// Nobody but us can have put a socket into a directory that is only ours. One that is not ours is worth
		// nothing, whatever lies in it.
		if err := checkDir(p.dir); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				kind, advice = transport.ErrNotTrusted, dirAdvice(p.dir)
			}
			tried.add(path, err)
			continue
		}
		c, err := t.connect(ctx, a, path)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, transport.ErrNoServer) {
			return nil, err
		}
		if te, ok := errors.AsType[*transport.Error](err); ok {
			err = te.Err
		}
		tried.add(path, err)
	}
	return nil, fail("dial", a, kind, tried, advice)
}

// connect dials the socket at path and checks who serves it.
func (t Transport) connect(ctx context.Context, a transport.Addr, path string) (*Conn, error) {
	u, err := connectRaw(ctx, path)
	if err != nil {
		return nil, dialError(ctx, a, path, err)
	}
	me := os.Geteuid()
	roots := !t.SameUserOnly && ownedByRoot(path)
	c, err := wrap(u, a, func(uid int) bool { return uid == me || uid == 0 && roots })
	if err != nil {
		u.Close()
		return nil, fail("dial", a, nil, err, "try again")
	}
	if !c.id.SameUser && (t.SameUserOnly || !t.AnyServer) {
		c.Close()
		advice := "the server runs as another user than this program (%d)"
		switch {
		case t.SameUserOnly:
			advice += ", and only this user's was asked for"
		case a.Scheme == "unix":
			advice += "; if that is meant, allow it with AnyServer"
		}
		return nil, fail("dial", a, transport.ErrNotTrusted,
			&transport.OwnerError{PID: c.id.PID, UID: c.id.UID, HasUser: c.id.HasUser}, advice, me)
	}
	return c, nil
}

const (
	firstRetry = time.Millisecond
	lastRetry  = 10 * time.Millisecond
)

// connectRaw connects, and waits while the server's accept queue is full: Linux then answers EAGAIN at once and tells
// nobody when there is room, so it asks again with growing pauses until ctx is done.
func connectRaw(ctx context.Context, path string) (*net.UnixConn, error) {
	var d net.Dialer
	var timer *time.Timer
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		c, err := d.DialContext(ctx, "unix", path)
		if err == nil {
			return c.(*net.UnixConn), nil
		}
		if !errors.Is(err, syscall.EAGAIN) {
			return nil, err
		}
		if timer == nil {
			timer = time.NewTimer(pause)
			defer timer.Stop()
		} else {
			timer.Reset(pause)
		}
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w while waiting for room in the queue of the server: %w", ctx.Err(), err)
		}
	}
}

// dialError finds the kind and the advice for a failed connect.
func dialError(ctx context.Context, a transport.Addr, path string, err error) error {
	switch {
	case ctx.Err() != nil:
		return fail("dial", a, nil, err, "the server is there but takes no more connections, or the caller gave up; allow more time")
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return fail("dial", a, transport.ErrNoServer, err, "start the server, or check the spelling of the path")
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTSOCK):
		if fi, serr := os.Stat(path); path[0] != '@' && serr == nil && fi.Mode().Type() != fs.ModeSocket {
			return fail("dial", a, transport.ErrNotSocket, err, "the path names a %s; check its spelling", fileType(fi))
		}
		return fail("dial", a, transport.ErrNoServer, err, "the process that listened here is gone; start it again")
	case errors.Is(err, fs.ErrPermission):
		return fail("dial", a, nil, err, "connecting takes write permission on the socket and search permission on its directories; "+
			"run as its user or have the server set a wider mode")
	case errors.Is(err, syscall.EPROTOTYPE):
		return fail("dial", a, transport.ErrAddress, err, "a datagram or packet socket lies there; this package speaks to stream sockets")
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fail("dial", a, nil, err, "too many open files: close some or raise the limit (ulimit -n)")
	}
	return fail("dial", a, nil, err, "see the cause")
}

// ownedByRoot says whether root owns the socket file itself. A symbolic link counts by its own owner, so that nobody
// can lead us to root's sockets by laying links.
func ownedByRoot(path string) bool {
	if path[0] == '@' {
		return false
	}
	fi, err := os.Lstat(path)
	return err == nil && ownerOf(fi) == 0
}

// triedError lists the places a dialler has tried, each with its failure.
type triedError struct {
	places []string
	errs   []error
}

func (e *triedError) add(place string, err error) {
	e.places = append(e.places, place)
	e.errs = append(e.errs, err)
}

func (e *triedError) Error() string {
	var b strings.Builder
	b.WriteString("tried ")
	for i, place := range e.places {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %v", show(place), e.errs[i])
	}
	return b.String()
}

func (e *triedError) Unwrap() []error { return e.errs }
