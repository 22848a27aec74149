package transporttest

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// fakeNetwork is a mem.Network with a place to break every operation. Hooks that are nil leave it honest.
type fakeNetwork struct {
	*mem.Network
	released <-chan struct{} // closed when the case is over; whatever blocks for ever waits for it
	life     context.Context // done at the same time
	end      context.CancelFunc
	blocked  sync.WaitGroup

	conn     func(*fakeConn)                // breaks a connection, each end
	as       func(*fakeConn) transport.Conn // hides methods of a connection
	listener func(*fakeListener)            // breaks a listener
	dial     func(context.Context, transport.Addr) (transport.Conn, error)
	listen   func(context.Context, transport.Addr) (transport.Listener, error)
}

func newFakeNetwork() *fakeNetwork {
	n := &fakeNetwork{Network: mem.New(mem.Backlog(fakeBacklog))}
	n.life, n.end = context.WithCancel(context.Background())
	n.released = n.life.Done()
	return n
}

const fakeBacklog = 5

// setup gives the fake as a Maker does.
func (n *fakeNetwork) setup(TB) Setup {
	names := 0
	return Setup{
		Transport: n,
		Addr: func() transport.Addr {
			names++
			return transport.Addr{Scheme: "mem", Rest: strconv.Itoa(names)}
		},
		Stale:   func(transport.Addr) error { return nil },
		Backlog: fakeBacklog,
	}
}

// block is what a fake does that should not.
func (n *fakeNetwork) block() { <-n.released }

// leak starts a goroutine that outlives what started it.
func (n *fakeNetwork) leak() { n.blocked.Go(n.block) }

// release ends what block and leak began.
func (n *fakeNetwork) release() {
	n.end()
	n.blocked.Wait()
}

func (n *fakeNetwork) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	if n.dial != nil {
		return n.dial(ctx, a)
	}
	return n.honestDial(ctx, a)
}

func (n *fakeNetwork) honestDial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := n.Network.Dial(ctx, a)
	if err != nil {
		return nil, err
	}
	return n.wrap(c, true), nil
}

func (n *fakeNetwork) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	if n.listen != nil {
		return n.listen(ctx, a)
	}
	return n.honestListen(ctx, a)
}

func (n *fakeNetwork) honestListen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := n.Network.Listen(ctx, a)
	if err != nil {
		return nil, err
	}
	f := &fakeListener{Listener: l.(*mem.Listener), network: n}
	if n.listener != nil {
		n.listener(f)
	}
	return f, nil
}

func (n *fakeNetwork) wrap(c transport.Conn, dialled bool) transport.Conn {
	f := &fakeConn{Conn: c.(*mem.Conn), network: n, dialled: dialled}
	if n.conn != nil {
		n.conn(f)
	}
	if n.as != nil {
		return n.as(f)
	}
	return f
}

// fakeListener is a mem.Listener with hooks.
type fakeListener struct {
	*mem.Listener
	network *fakeNetwork

	accept func() (net.Conn, error)
	close  func() error
	addr   func() net.Addr
	traits func() transport.Traits
}

func (l *fakeListener) Accept() (net.Conn, error) {
	if l.accept != nil {
		return l.accept()
	}
	return l.honestAccept()
}

func (l *fakeListener) AcceptConn() (transport.Conn, error) {
	if l.accept == nil {
		return l.honestAccept()
	}
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c.(transport.Conn), nil
}

func (l *fakeListener) honestAccept() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err != nil {
		return nil, err
	}
	return l.network.wrap(c, false), nil
}

func (l *fakeListener) Close() error             { return or(l.close, l.Listener.Close)() }
func (l *fakeListener) Addr() net.Addr           { return or(l.addr, l.Listener.Addr)() }
func (l *fakeListener) Traits() transport.Traits { return or(l.traits, l.Listener.Traits)() }

// fakeConn is a mem.Conn with hooks.
type fakeConn struct {
	*mem.Conn
	network *fakeNetwork
	dialled bool // this is the dialler's end

	read, write, try      func([]byte) (int, error)
	close, closeWrite     func() error
	ended, hungUp         func() bool
	both, readBy, writeBy func(time.Time) error
	local                 func() net.Addr
	identity              func() transport.Identity
	traits                func() transport.Traits
}

func (c *fakeConn) Read(p []byte) (int, error)        { return or(c.read, c.Conn.Read)(p) }
func (c *fakeConn) Write(p []byte) (int, error)       { return or(c.write, c.Conn.Write)(p) }
func (c *fakeConn) TryWrite(p []byte) (int, error)    { return or(c.try, c.Conn.TryWrite)(p) }
func (c *fakeConn) Close() error                      { return or(c.close, c.Conn.Close)() }
func (c *fakeConn) CloseWrite() error                 { return or(c.closeWrite, c.Conn.CloseWrite)() }
func (c *fakeConn) Ended() bool                       { return or(c.ended, c.Conn.Ended)() }
func (c *fakeConn) HungUp() bool                      { return or(c.hungUp, c.Conn.HungUp)() }
func (c *fakeConn) SetDeadline(t time.Time) error     { return or(c.both, c.Conn.SetDeadline)(t) }
func (c *fakeConn) SetReadDeadline(t time.Time) error { return or(c.readBy, c.Conn.SetReadDeadline)(t) }
func (c *fakeConn) SetWriteDeadline(t time.Time) error {
	return or(c.writeBy, c.Conn.SetWriteDeadline)(t)
}
func (c *fakeConn) LocalAddr() net.Addr          { return or(c.local, c.Conn.LocalAddr)() }
func (c *fakeConn) Identity() transport.Identity { return or(c.identity, c.Conn.Identity)() }
func (c *fakeConn) Traits() transport.Traits     { return or(c.traits, c.Conn.Traits)() }

// or gives the hook if there is one.
func or[F interface {
	~func() error | ~func() bool | ~func() net.Addr | ~func() transport.Identity | ~func() transport.Traits |
		~func([]byte) (int, error) | ~func(time.Time) error
}](hook, honest F) F {
	if hook != nil {
		return hook
	}
	return honest
}
