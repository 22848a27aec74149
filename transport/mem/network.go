package mem

import (
	"context"
	"strconv"
	"sync"

	"github.com/bellpull/bellpull/transport"
)

// scheme is the only one this package serves.
const scheme = "mem"

// A Network is a table of names inside this process and the [transport.Transport] that resolves them. Networks are
// apart from each other: a name of one is unknown to the next. The zero Network is ready to use with the defaults.
// A Network must not be copied after first use. It holds nothing that must be closed; its listeners do.
type Network struct {
	cfg config

	mu        sync.Mutex
	listeners map[string]*Listener
	dialled   uint64 // numbers the dialling ends, for their addresses
}

var _ transport.Transport = (*Network)(nil)

// New gives a Network without names. It does not block.
func New(opts ...Option) *Network {
	return &Network{cfg: newConfig(opts)}
}

// Schemes gives "mem".
func (n *Network) Schemes() []string { return []string{scheme} }

// Listen claims the name a.Rest in this Network until the Listener is closed. It does not block. The result is a
// [*Listener].
//
// Errors are [*transport.Error]: [transport.ErrInUse] when a Listener has the name, [transport.ErrAddress] for
// another scheme or an empty name, and the error of ctx when that is done already.
func (n *Network) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	if err := check(ctx, "listen", a); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[a.Rest] != nil {
		return nil, &transport.Error{Op: "listen", Addr: a.String(), Kind: transport.ErrInUse,
			Advice: "close the listener that has the name, or choose another"}
	}
	if n.listeners == nil {
		n.listeners = make(map[string]*Listener)
	}
	l := newListener(n, a)
	n.listeners[a.Rest] = l
	return l, nil
}

// Dial connects to the Listener of the name a.Rest. It blocks while that one's backlog is full, until there is room,
// the Listener is closed, or ctx is done; it does not wait for Accept. The result is a [*Conn].
//
// Errors are [*transport.Error]: [transport.ErrNoServer] when nobody has the name, [transport.ErrAddress] for another
// scheme or an empty name, and the error of ctx.
func (n *Network) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	if err := check(ctx, "dial", a); err != nil {
		return nil, err
	}
	n.mu.Lock()
	l := n.listeners[a.Rest]
	n.dialled++
	from := transport.Addr{Scheme: scheme, Rest: a.Rest + "#" + strconv.FormatUint(n.dialled, 10)}
	n.mu.Unlock()
	if l == nil {
		return nil, noServer(a)
	}
	near, far := newPair(n.cfg.withDefaults().buffer, from, a)
	if err := l.offer(ctx, far); err != nil {
		near.Close()
		far.Close()
		return nil, err
	}
	return near, nil
}

// forget gives the name of l back. A successor of the same name stays.
func (n *Network) forget(l *Listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[l.addr.Rest] == l {
		delete(n.listeners, l.addr.Rest)
	}
}

func check(ctx context.Context, op string, a transport.Addr) error {
	switch {
	case a.Scheme != scheme:
		return &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Advice: "this transport serves mem:NAME"}
	case a.Rest == "":
		return &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Advice: "put a name behind mem:"}
	case ctx.Err() != nil:
		return &transport.Error{Op: op, Addr: a.String(), Err: ctx.Err()}
	}
	return nil
}

func noServer(a transport.Addr) error {
	return &transport.Error{Op: "dial", Addr: a.String(), Kind: transport.ErrNoServer,
		Advice: "listen on the name first, with the same Network; mem: does not leave the process"}
}
