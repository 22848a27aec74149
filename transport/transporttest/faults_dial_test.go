package transporttest

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"

	"github.com/bellpull/bellpull/transport"
)

// onDial breaks Dial.
func onDial(f func(n *fakeNetwork, ctx context.Context, a transport.Addr) (transport.Conn, error)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.dial = func(ctx context.Context, a transport.Addr) (transport.Conn, error) { return f(n, ctx, a) }
	}
}

// mapDial gives another error for one of Dial.
func mapDial(from, to error) func(*fakeNetwork) {
	return onDial(func(n *fakeNetwork, ctx context.Context, a transport.Addr) (transport.Conn, error) {
		c, err := n.honestDial(ctx, a)
		if errors.Is(err, from) {
			return nil, to
		}
		return c, err
	})
}

var dialFaults = []fault{
	{in: "DialNobody", name: "has another error", want: "want no server",
		spoil: mapDial(transport.ErrNoServer, syscall.ECONNREFUSED)},
	{in: "DialNobody", name: "gives the kind bare", want: "want a *transport.Error",
		spoil: mapDial(transport.ErrNoServer, transport.ErrNoServer)},
	{in: "DialNobody", name: "does not say what was tried", want: "says not what was tried",
		spoil: mapDial(transport.ErrNoServer, &transport.Error{Kind: transport.ErrNoServer, Advice: "think"})},
	{in: "DialNobody", name: "waits for somebody", want: "Dial to nobody: " + blocks,
		spoil: onDial(func(n *fakeNetwork, ctx context.Context, a transport.Addr) (transport.Conn, error) {
			c, err := n.honestDial(ctx, a)
			if err != nil {
				n.block()
			}
			return c, err
		})},
	{in: "Stale", name: "has another error", want: "Dial to a stale endpoint",
		spoil: mapDial(transport.ErrNoServer, syscall.ECONNREFUSED)},
	{in: "DialContext", name: "does not look at the context", want: "got the error <nil>",
		spoil: onDial(func(n *fakeNetwork, _ context.Context, a transport.Addr) (transport.Conn, error) {
			return n.honestDial(context.Background(), a)
		})},
	{in: "DialContext", name: "has another error", want: "want context canceled",
		spoil: mapDial(context.Canceled,
			&transport.Error{Op: "dial", Addr: "mem:1", Kind: transport.ErrNoServer, Advice: "think"})},
	{in: "DialFull", name: "does not look at the context", want: "Dial whose context ends: " + blocks,
		spoil: onDial(func(n *fakeNetwork, _ context.Context, a transport.Addr) (transport.Conn, error) {
			return n.honestDial(n.life, a)
		})},
	{in: "DialFull", name: "has another error when the listener goes", want: "Dial whose listener is closed",
		spoil: mapDial(transport.ErrNoServer, context.Canceled)},
	{in: "Diallers200", name: "refuses when many come", want: "dialler ", spoil: func(n *fakeNetwork) {
		var count atomic.Int32
		n.dial = func(ctx context.Context, a transport.Addr) (transport.Conn, error) {
			if count.Add(1) > 150 {
				return nil, &transport.Error{Op: "dial", Addr: a.String(), Kind: transport.ErrNoServer}
			}
			return n.honestDial(ctx, a)
		}
	}},
	{in: "ForeignScheme", name: "dials anything", want: "Dial with a foreign scheme",
		spoil: mapDial(transport.ErrAddress, transport.ErrNoServer)},
}
