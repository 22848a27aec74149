package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A TLSListener accepts TCP connections with TLS and hands out those whose handshake succeeded. It comes from
// [Transport.Listen]; the zero TLSListener is not usable.
//
// Handshakes run beside each other, each with [Transport.HandshakeTimeout], so that a client that says nothing does
// not keep others waiting. They are not left to the first Read of whoever accepts: a read deadline that struck then
// would spoil the connection, and the timeout would be everybody's own business.
type TLSListener struct {
	inner    *Listener
	cfg      *tls.Config
	timeout  time.Duration
	onError  func(net.Addr, error)
	accepted chan accepted
	ctx      context.Context // done when the listener is closed
	cancel   context.CancelFunc
	work     sync.WaitGroup

	mu      sync.Mutex
	shaking []*shake // in order of arrival
}

// shake is a handshake under way.
type shake struct {
	conn *net.TCPConn
	out  bool // it had to make room for another
}

// accepted is a connection that is ready, or an error of the accept loop.
type accepted struct {
	conn *TLSConn
	err  error
}

var _ transport.Listener = (*TLSListener)(nil)

func newTLSListener(inner *Listener, t *Transport) *TLSListener {
	cfg := t.ServerTLS.Clone()
	cfg.SessionTicketsDisabled = true // see Transport.ServerTLS
	l := &TLSListener{inner: inner, cfg: cfg, timeout: t.HandshakeTimeout, onError: t.OnHandshakeError,
		accepted: make(chan accepted)}
	if l.timeout <= 0 {
		l.timeout = DefaultHandshakeTimeout
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.work.Go(l.serve)
	return l
}

// serve accepts and starts handshakes, MaxHandshakes at once. An error waits until somebody calls Accept, so the
// loop runs no faster than its caller chooses to retry.
func (l *TLSListener) serve() {
	slots := make(chan struct{}, MaxHandshakes)
	for {
		c, err := l.inner.tcp.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			l.give(accepted{err: err})
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			l.makeRoom()
			select {
			case slots <- struct{}{}:
			case <-l.ctx.Done():
				c.Close()
				return
			}
		}
		s := &shake{conn: c}
		l.mu.Lock()
		l.shaking = append(l.shaking, s)
		l.mu.Unlock()
		l.work.Go(func() {
			l.shake(s)
			<-slots
		})
	}
}

// makeRoom ends the oldest handshake: who says nothing must not keep out those who do. Connections that are ready and
// wait for Accept stay; when there are no others, the caller waits for one to be taken.
func (l *TLSListener) makeRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.shaking) == 0 {
		return
	}
	s := l.shaking[0]
	l.shaking = l.shaking[1:]
	s.out = true
	s.conn.Close()
}

// shaken says that a handshake is over, and whether it had to make room.
func (l *TLSListener) shaken(s *shake) (out bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.shaking, s); i >= 0 {
		l.shaking = slices.Delete(l.shaking, i, i+1)
	}
	return s.out
}

func (l *TLSListener) shake(s *shake) {
	ctx, cancel := context.WithTimeout(l.ctx, l.timeout)
	defer cancel()
	c := tls.Server(s.conn, l.cfg)
	err := c.HandshakeContext(ctx)
	if l.shaken(s) {
		err = &transport.LimitError{What: "handshakes", Size: MaxHandshakes + 1, Limit: MaxHandshakes}
	}
	if err != nil {
		s.conn.Close()
		if l.onError != nil && !errors.Is(err, context.Canceled) { // that is our Close
			l.onError(s.conn.RemoteAddr(), err)
		}
		return
	}
	if !l.give(accepted{conn: newTLSConn(c)}) {
		s.conn.Close()
	}
}

// give hands a to Accept. It is false when the listener was closed first.
func (l *TLSListener) give(a accepted) bool {
	select {
	case l.accepted <- a:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// Accept gives the next connection whose handshake succeeded, a [*TLSConn]. It blocks until there is one or the
// listener is closed, which is [net.ErrClosed] in a [*net.OpError].
func (l *TLSListener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptConn is Accept with the richer type.
func (l *TLSListener) AcceptConn() (transport.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *TLSListener) accept() (*TLSConn, error) {
	select {
	case a := <-l.accepted:
		return a.conn, a.err
	case <-l.ctx.Done():
		return nil, &net.OpError{Op: "accept", Net: secure, Addr: l.inner.addr, Err: net.ErrClosed}
	}
}

// Close gives the port back, wakes blocked Accepts, closes the connections that nobody has accepted yet, and waits
// for their goroutines. Accepted ones live on. A second Close is [net.ErrClosed].
func (l *TLSListener) Close() error {
	l.cancel()
	err := l.inner.Close()
	l.work.Wait()
	return err
}

// Addr gives the [transport.Addr] listened on, with the real port.
func (l *TLSListener) Addr() net.Addr { return l.inner.addr }

// Traits says what accepted connections promise.
func (l *TLSListener) Traits() transport.Traits { return traits(secure) }
