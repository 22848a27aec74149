package mem

import (
	"context"
	"net"
	"sync"

	"github.com/bellpull/bellpull/transport"
)

// A Listener accepts the connections dialled to one name of a [Network]. It comes from [Network.Listen]; the zero
// Listener is not usable.
type Listener struct {
	network *Network
	addr    transport.Addr
	backlog chan *Conn
	done    chan struct{} // closed by Close
	once    sync.Once
}

var _ transport.Listener = (*Listener)(nil)

func newListener(n *Network, a transport.Addr) *Listener {
	return &Listener{network: n, addr: a, done: make(chan struct{}),
		backlog: make(chan *Conn, n.cfg.withDefaults().backlog)}
}

// Accept gives the next dialled connection, a [*Conn]. It blocks until there is one or the Listener is closed, which
// is [net.ErrClosed] in a [*net.OpError].
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptConn is Accept with the richer type.
func (l *Listener) AcceptConn() (transport.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	select {
	case <-l.done: // a closed Listener hands out nothing, even when something is left
		return nil, l.closed("accept")
	default:
	}
	select {
	case c := <-l.backlog:
		return c, nil
	case <-l.done:
		return nil, l.closed("accept")
	}
}

// offer puts c into the backlog and blocks while that is full.
func (l *Listener) offer(ctx context.Context, c *Conn) error {
	select {
	case l.backlog <- c:
	case <-l.done:
		return noServer(l.addr)
	case <-ctx.Done():
		return &transport.Error{Op: "dial", Addr: l.addr.String(), Err: ctx.Err(),
			Advice: "the listener's backlog is full; does it call Accept?"}
	}
	// Close may have emptied the backlog just before c came into it.
	select {
	case <-l.done:
		l.drain()
		return noServer(l.addr)
	default:
		return nil
	}
}

// Close gives the name back, wakes blocked Accepts and Dials, and closes the connections nobody has accepted.
// Accepted ones live on. It does not block; a second Close is [net.ErrClosed].
func (l *Listener) Close() error {
	err := l.closed("close")
	l.once.Do(func() {
		err = nil
		l.network.forget(l)
		close(l.done)
		l.drain()
	})
	return err
}

func (l *Listener) drain() {
	for {
		select {
		case c := <-l.backlog:
			c.Close()
		default:
			return
		}
	}
}

// Addr gives the claimed address, a [transport.Addr].
func (l *Listener) Addr() net.Addr { return l.addr }

// Traits says what accepted connections promise.
func (l *Listener) Traits() transport.Traits { return traits() }

func (l *Listener) closed(op string) error {
	return &net.OpError{Op: op, Net: scheme, Addr: l.addr, Err: net.ErrClosed}
}
