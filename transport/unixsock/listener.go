//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// A Listener accepts connections at one endpoint. It is made by [Listen] and [Inherited]; the zero Listener is not
// useful. It owns a goroutine for each listening socket (one, and one more for each time the file was stolen, at most
// [maxSockets]) and one that watches the file. Any number of goroutines may call its methods.
//
// An accepted connection belongs to the caller and outlives the Listener.
type Listener struct {
	addr transport.Addr
	name string // of an adopted socket
	cfg  Transport
	end  *endpoint // nil for adopted sockets

	ctx    context.Context // done when Close has begun
	cancel context.CancelFunc
	once   sync.Once
	err    error // of Close, written inside once

	conns     chan *Conn
	accepters sync.WaitGroup
	watchDone chan struct{} // closed when the watcher is gone
	reporting chan struct{} // holds a token while the watcher is inside OnStolen

	mu    sync.Mutex
	socks []*socket // the last one is at the path; the others serve who had found them in time
}

// maxSockets bounds the listening sockets of a Listener. When its file is stolen more often than that, the oldest
// sockets, which nobody can reach any more, are closed.
const maxSockets = 8

var _ transport.Listener = (*Listener)(nil)

// start claims the endpoint and serves it.
func start(ctx context.Context, e *endpoint) (*Listener, error) {
	s, err := e.claim(ctx)
	if err != nil {
		e.drop()
		return nil, err
	}
	l := newListener(e.cfg, e.addr, s)
	l.end = e
	if !e.abstract() {
		l.watchDone = make(chan struct{})
		go l.watch()
	}
	return l, nil
}

// newListener serves s without watching anything.
func newListener(cfg Transport, a transport.Addr, s *socket) *Listener {
	l := &Listener{addr: a, cfg: cfg, conns: make(chan *Conn), reporting: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.add(s)
	return l
}

// add begins to accept from s.
func (l *Listener) add(s *socket) {
	l.mu.Lock()
	l.socks = append(l.socks, s)
	var old *socket
	if len(l.socks) > maxSockets {
		old, l.socks = l.socks[0], l.socks[1:]
	}
	l.mu.Unlock()
	if old != nil {
		old.Close()
	}
	l.accepters.Go(func() { l.accept(s) })
}

const (
	firstBackoff = 5 * time.Millisecond
	lastBackoff  = time.Second
)

// accept takes connections from s and offers them to AcceptConn until s is closed. What the system cannot give now,
// such as a descriptor (EMFILE), it asks for again with growing pauses.
func (l *Listener) accept(s *socket) {
	pause := firstBackoff
	for {
		u, err := s.AcceptUnix()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select {
			case <-time.After(pause):
			case <-l.ctx.Done():
				return
			}
			pause = min(2*pause, lastBackoff)
			continue
		}
		pause = firstBackoff
		c := l.admit(u)
		if c == nil {
			u.Close()
			continue
		}
		select {
		case l.conns <- c:
		case <-l.ctx.Done():
			c.Close()
			return
		}
	}
}

// admit gives the connection of a client who may connect, else nil.
func (l *Listener) admit(u *net.UnixConn) *Conn {
	me := os.Geteuid()
	c, err := wrap(u, l.addr, func(uid int) bool { return uid == me })
	if err != nil {
		return nil
	}
	switch {
	case l.cfg.SameUserOnly && !c.id.SameUser:
		return nil
	case l.addr.Scheme == "local" && !c.id.SameUser && !(c.id.HasUser && c.id.UID == 0):
		return nil // root can do anything to us anyway
	}
	return c
}

// Accept is [Listener.AcceptConn] as [net.Listener] has it. The connection is a [*Conn].
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.next()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptConn waits for a client and gives its connection, a [*Conn], which the caller owns. Close unblocks it with
// [net.ErrClosed] in a [*net.OpError]; there is no other error: while the system is out of descriptors or memory it
// waits. Clients that have hung up by now and never sent anything are left out, such as those who only looked whether
// somebody listens.
func (l *Listener) AcceptConn() (transport.Conn, error) {
	c, err := l.next()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *Listener) next() (*Conn, error) {
	for l.ctx.Err() == nil {
		select {
		case c := <-l.conns:
			if !c.spent() {
				return c, nil
			}
			c.Close()
		case <-l.ctx.Done():
		}
	}
	return nil, &net.OpError{Op: "accept", Net: "unix", Addr: l.Addr(), Err: net.ErrClosed}
}

// Close stops listening. It unblocks Accept, removes the socket file if it is still the Listener's own, and returns
// when the Listener's goroutines are gone, save that it does not wait for a running [Transport.OnStolen], so that
// this may call Close. Accepted connections live on; clients that nobody has accepted are hung up on. Closing again
// does nothing and gives the same error.
func (l *Listener) Close() error {
	l.once.Do(func() { l.err = l.close() })
	return l.err
}

func (l *Listener) close() error {
	l.cancel()
	if l.watchDone != nil {
		select {
		case <-l.watchDone:
		case <-l.reporting: // it ends when the callback returns, without touching anything
		}
	}
	l.mu.Lock()
	socks := l.socks
	l.mu.Unlock()
	var err error
	if l.end != nil {
		// The file goes before its socket: only an open socket keeps the inode number ours.
		if l.owner(l.end.path) != nil {
			if uerr := unix.Unlink(l.end.path); uerr != nil && uerr != unix.ENOENT {
				err = fail("close", l.addr, nil, &os.PathError{Op: "unlink", Path: l.end.path, Err: uerr}, "remove the socket file by hand")
			}
		}
	}
	for _, s := range socks {
		s.Close()
	}
	l.accepters.Wait()
	if l.end != nil {
		l.end.drop()
	}
	return err
}

// owner gives the socket whose file is at path, nil if it is none of ours.
func (l *Listener) owner(path string) *socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.socks {
		if s.owns(path) {
			return s
		}
	}
	return nil
}

// Addr gives the address to dial, a [transport.Addr] such as local:editor.
func (l *Listener) Addr() net.Addr { return l.addr }

// Path gives where the socket is: the path of its file, or "@name". It is what other programs connect to.
func (l *Listener) Path() string {
	if l.end != nil {
		return l.end.path
	}
	return l.addr.Rest
}

// Name gives the name that systemd has for an adopted socket (FileDescriptorName=), else "".
func (l *Listener) Name() string { return l.name }

// Traits says what accepted connections promise. SameUser is set for private endpoints and with
// [Transport.SameUserOnly]; root's connections to a private endpoint are the exception and say so themselves.
func (l *Listener) Traits() transport.Traits {
	t := traitsOf(l.addr.Scheme)
	t.SameUser = l.cfg.SameUserOnly || l.addr.Scheme == "local"
	return t
}
