package sim

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// listener accepts what is dialled to a name.
type listener struct {
	host    *Host
	addr    transport.Addr
	backlog chan *conn
	done    chan struct{}
	once    sync.Once
	closed  atomic.Bool // by its owner
}

func newListener(h *Host, a transport.Addr) *listener {
	return &listener{host: h, addr: a, backlog: make(chan *conn, mem.DefaultBacklog), done: make(chan struct{})}
}

// offer puts the far end of a connection into the backlog.
func (l *listener) offer(ctx context.Context, c *conn) error {
	if !l.host.adopt(c) {
		c.Close()
		return noServer(l.addr)
	}
	select {
	case l.backlog <- c:
	case <-l.done:
		c.Close()
		return noServer(l.addr)
	case <-ctx.Done():
		c.Close()
		return &transport.Error{Op: "dial", Addr: l.addr.String(), Err: ctx.Err()}
	}
	select { // Close may have emptied the backlog just before
	case <-l.done:
		l.drain()
		c.Close()
		return noServer(l.addr)
	default:
	}
	return nil
}

func (l *listener) drain() {
	for {
		select {
		case c := <-l.backlog:
			c.Close()
		default:
			return
		}
	}
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.AcceptConn()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *listener) AcceptConn() (transport.Conn, error) {
	select {
	case <-l.done:
		return nil, l.closedError("accept")
	default:
	}
	select {
	case c := <-l.backlog:
		return c, nil
	case <-l.done:
		return nil, l.closedError("accept")
	}
}

// Close gives the name back and hangs up on whoever waits to be accepted.
func (l *listener) Close() error {
	if l.closed.Swap(true) {
		return l.closedError("close")
	}
	l.stop()
	return nil
}

// stop is Close by the operating system.
func (l *listener) stop() {
	l.once.Do(func() {
		n := l.host.net
		n.mu.Lock()
		if n.names[l.addr.Rest] == l {
			delete(n.names, l.addr.Rest)
		}
		n.mu.Unlock()
		close(l.done)
		l.drain()
	})
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Traits() transport.Traits {
	return transport.Traits{Scheme: "mem", Local: true, SameUser: true, PeerIdentity: true}
}

func (l *listener) closedError(op string) error {
	return &net.OpError{Op: op, Net: "mem", Addr: l.addr, Err: net.ErrClosed}
}
