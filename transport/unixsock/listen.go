//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"io/fs"

	"github.com/bellpull/bellpull/transport"
)

func (t Transport) listen(ctx context.Context, a transport.Addr) (*Listener, error) {
	if t.Backlog < 0 {
		return nil, fail("listen", a, nil, errors.New("Transport.Backlog is negative"), "0 means DefaultBacklog")
	}
	switch a.Scheme {
	case "local":
		return t.listenPrivate(ctx, a)
	case "unix":
		if err := checkPath("listen", a); err != nil {
			return nil, err
		}
		return start(ctx, &endpoint{cfg: t, addr: a, path: a.Rest})
	}
	return nil, badScheme("listen", a)
}

// listenPrivate claims a in the first directory that can be used, unless the name is served from another.
func (t Transport) listenPrivate(ctx context.Context, a transport.Addr) (*Listener, error) {
	if err := checkName("listen", a); err != nil {
		return nil, err
	}
	tried := &triedError{}
	for i, p := range t.places() {
		skip, err := p.usable()
		if skip {
			tried.add(p.dir, err)
			continue
		}
		if err != nil {
			return nil, fail("listen", a, transport.ErrNotTrusted, err, "%s", dirAdvice(p.dir))
		}
		sock, lock, err := privateFiles("listen", a, p.dir)
		if err != nil {
			return nil, err
		}
		l, err := start(ctx, &endpoint{cfg: t, addr: a, path: sock, home: p, lockPath: lock})
		if err != nil {
			return nil, err
		}
		if err := t.servedElsewhere(ctx, a, i); err != nil {
			l.Close()
			return nil, err
		}
		return l, nil
	}
	return nil, fail("listen", a, nil, tried, "no directory for private endpoints can be made; see the causes")
}

// servedElsewhere looks for a live server of the name in the other places: one that started before /run/user/UID was
// there, for instance. Clients would find whichever comes first.
func (t Transport) servedElsewhere(ctx context.Context, a transport.Addr, mine int) error {
	for i, p := range t.places() {
		if i == mine || checkDir(p.dir) != nil {
			continue
		}
		sock, _, err := privateFiles("listen", a, p.dir)
		if err != nil {
			continue
		}
		err = probe(ctx, sock)
		if owner, ok := errors.AsType[*transport.OwnerError](err); ok {
			return fail("listen", a, transport.ErrInUse, owner, "a server of this name listens at %s; stop it first", show(sock))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fail("listen", a, nil, err, "cannot tell whether a server of this name listens at %s", show(sock))
		}
	}
	return nil
}
