package transporttest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/bellpull/bellpull/transport"
)

// onListener breaks every listener.
func onListener(f func(*fakeListener)) func(*fakeNetwork) {
	return func(n *fakeNetwork) { n.listener = f }
}

// onListen breaks the error of Listen.
func onListen(f func(n *fakeNetwork, l transport.Listener, err error) (transport.Listener, error)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.listen = func(ctx context.Context, a transport.Addr) (transport.Listener, error) {
			l, err := n.honestListen(ctx, a)
			return f(n, l, err)
		}
	}
}

// onAddr breaks what a listener says of its address.
func onAddr(addr net.Addr) func(*fakeNetwork) {
	return onListener(func(l *fakeListener) { l.addr = func() net.Addr { return addr } })
}

// idleClose is a Close that closes nothing while the case lasts.
func idleClose(l *fakeListener) func() error {
	return func() error {
		select {
		case <-l.network.released:
			return l.Listener.Close()
		default:
			return nil
		}
	}
}

var listenFaults = []fault{
	{in: "ListenerAddress", name: "is of another type", want: "want a transport.Addr", spoil: onAddr(&net.TCPAddr{})},
	{in: "ListenerAddress", name: "is not canonical", want: "is parsed to",
		spoil: onAddr(transport.Addr{Scheme: "MEM", Rest: "1"})},
	{in: "ListenerAddress", name: "leads nowhere", want: "no server",
		spoil: onAddr(transport.Addr{Scheme: "mem", Rest: "nowhere"})},
	{in: "ListenerAddress", name: "promises what its connections do not", want: "the listener promises",
		spoil: onListener(func(l *fakeListener) {
			l.traits = func() transport.Traits { return transport.Traits{Scheme: "mem", Encrypted: true} }
		})},
	{in: "AcceptGivesConns", name: "gives plain connections", want: "no transport.Conn",
		spoil: onListener(func(l *fakeListener) {
			l.accept = func() (net.Conn, error) {
				c, err := l.honestAccept()
				if err != nil {
					return nil, err
				}
				return struct{ net.Conn }{c}, nil
			}
		})},
	{in: "AcceptEndsWithClose", name: "closes nothing", want: blocks,
		spoil: onListener(func(l *fakeListener) { l.close = idleClose(l) })},
	{in: "AcceptEndsWithClose", name: "has another error", want: "want use of closed",
		spoil: onListener(func(l *fakeListener) {
			l.accept = func() (net.Conn, error) {
				c, err := l.honestAccept()
				if err != nil {
					return nil, io.EOF
				}
				return c, nil
			}
		})},
	{in: "AcceptEndsWithClose", name: "has another error for closing again", want: "want net.ErrClosed or nothing",
		spoil: onListener(func(l *fakeListener) {
			l.close = func() error {
				if err := l.Listener.Close(); err != nil {
					return syscall.EBADF
				}
				return nil
			}
		})},
	{in: "AcceptedOutlive", name: "takes its connections along", want: "Write",
		spoil: onListener(func(l *fakeListener) {
			var mu sync.Mutex
			var conns []net.Conn
			l.accept = func() (net.Conn, error) {
				c, err := l.honestAccept()
				if err != nil {
					return nil, err
				}
				mu.Lock()
				defer mu.Unlock()
				conns = append(conns, c)
				return c, nil
			}
			l.close = func() error {
				mu.Lock()
				defer mu.Unlock()
				for _, c := range conns {
					c.Close()
				}
				return l.Listener.Close()
			}
		})},
	{in: "ListenAgain", name: "keeps the address", want: "Listen again",
		spoil: onListener(func(l *fakeListener) { l.close = idleClose(l) })},
	{in: "InUse", name: "lets two have one address", want: "got the error <nil>", spoil: func(n *fakeNetwork) {
		n.listen = func(ctx context.Context, a transport.Addr) (transport.Listener, error) {
			l, err := n.honestListen(ctx, a)
			if err != nil {
				return n.honestListen(ctx, transport.Addr{Scheme: "mem", Rest: "elsewhere"})
			}
			return l, nil
		}
	}},
	{in: "InUse", name: "has another error", want: "want address in use",
		spoil: onListen(func(_ *fakeNetwork, l transport.Listener, err error) (transport.Listener, error) {
			if err != nil {
				return nil, syscall.EADDRINUSE
			}
			return l, nil
		})},
	{in: "InUse", name: "gives the kind bare", want: "want a *transport.Error",
		spoil: onListen(func(_ *fakeNetwork, l transport.Listener, err error) (transport.Listener, error) {
			if err != nil {
				return nil, transport.ErrInUse
			}
			return l, nil
		})},
	{in: "InUse", name: "gives no advice", want: "gives no advice",
		spoil: onListen(func(_ *fakeNetwork, l transport.Listener, err error) (transport.Listener, error) {
			if err != nil {
				return nil, &transport.Error{Op: "listen", Addr: "mem:1", Kind: transport.ErrInUse}
			}
			return l, nil
		})},
	{in: "InUse", name: "harms the one that is there", want: "no server", spoil: func(n *fakeNetwork) {
		var first transport.Listener
		n.listen = func(ctx context.Context, a transport.Addr) (transport.Listener, error) {
			l, err := n.honestListen(ctx, a)
			if err != nil {
				first.Close()
			} else {
				first = l
			}
			return l, err
		}
	}},
	{in: "Stale", name: "takes it for alive", want: "Listen at a stale endpoint",
		spoil: onListen(func(_ *fakeNetwork, l transport.Listener, err error) (transport.Listener, error) {
			l.Close()
			return nil, &transport.Error{Op: "listen", Addr: "mem:1", Kind: transport.ErrInUse}
		})},
	{in: "Diallers200", name: "drops one", want: "dialler ", spoil: onListener(func(l *fakeListener) {
		var count atomic.Int32
		l.accept = func() (net.Conn, error) {
			c, err := l.honestAccept()
			if err != nil {
				return nil, err
			}
			if count.Add(1) == 100 {
				c.Close()
			}
			return c, nil
		}
	})},
	{in: "ForeignScheme", name: "listens anywhere", want: "Listen with a foreign scheme",
		spoil: onListen(func(n *fakeNetwork, l transport.Listener, err error) (transport.Listener, error) {
			if errors.Is(err, transport.ErrAddress) {
				return n.honestListen(context.Background(), transport.Addr{Scheme: "mem", Rest: "any"})
			}
			return l, err
		})},
	{in: "ListenerLeavesNothing", name: "leaks a goroutine", want: "goroutines were left",
		spoil: onListener(func(l *fakeListener) {
			l.close = func() error {
				l.network.leak()
				return l.Listener.Close()
			}
		})},
}
