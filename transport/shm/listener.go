//go:build linux

package shm

import (
	"net"
	"sync"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// maxMeeting bounds the connections that have not told of their memory yet; the oldest makes room.
const maxMeeting = 512

// listener accepts sockets and meets their other ends beside each other, so that a silent one holds up nobody.
type listener struct {
	transport.Listener // of the sockets
	t                  *Transport
	addr               transport.Addr
	met                chan *Conn
	err                error         // of accepting; set before over is closed
	over               chan struct{} // nothing is accepted any more
	done               chan struct{} // closed
	once               sync.Once
	wg                 sync.WaitGroup

	mu      sync.Mutex
	meeting []*unixsock.Conn // oldest first
}

func newListener(t *Transport, sockets transport.Listener, a transport.Addr) *listener {
	l := &listener{Listener: sockets, t: t, addr: a, met: make(chan *Conn), over: make(chan struct{}), done: make(chan struct{})}
	l.wg.Go(l.accept)
	return l
}

// accept takes sockets until there are none any more.
func (l *listener) accept() {
	defer close(l.over)
	pause := 5 * time.Millisecond
	for {
		c, err := l.Listener.AcceptConn()
		if err != nil {
			select {
			case <-l.done:
				l.err = net.ErrClosed
				return
			case <-time.After(pause): // out of descriptors, perhaps
				pause = min(2*pause, time.Second)
				continue
			}
		}
		pause = 5 * time.Millisecond
		life := c.(*unixsock.Conn)
		l.mu.Lock()
		var oldest *unixsock.Conn
		if len(l.meeting) == maxMeeting {
			oldest = l.meeting[0]
			l.meeting = l.meeting[1:]
		}
		l.meeting = append(l.meeting, life)
		l.wg.Go(func() { l.meet(life) })
		l.mu.Unlock()
		if oldest != nil {
			oldest.Close()
		}
	}
}

func (l *listener) meet(life *unixsock.Conn) {
	c, err := l.t.meet(life, l.addr, time.Now().Add(greetIn))
	l.mu.Lock()
	for i, m := range l.meeting {
		if m == life {
			l.meeting = append(l.meeting[:i:i], l.meeting[i+1:]...)
			break
		}
	}
	l.mu.Unlock()
	if err != nil {
		return
	}
	select {
	case l.met <- c:
	case <-l.done:
		c.Close()
	}
}

func (l *listener) Accept() (net.Conn, error) { return l.AcceptConn() }

func (l *listener) AcceptConn() (transport.Conn, error) {
	select {
	case c := <-l.met:
		return c, nil
	case <-l.over:
		return nil, l.fail("accept")
	case <-l.done:
		return nil, l.fail("accept")
	}
}

func (l *listener) fail(op string) error {
	return &net.OpError{Op: op, Net: "shm", Addr: l.addr, Err: net.ErrClosed}
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Traits() transport.Traits { return traits(l.Listener.Traits()) }

// Close gives the name back and waits for those that are met just now.
func (l *listener) Close() error {
	err := l.fail("close")
	l.once.Do(func() {
		close(l.done)
		err = l.Listener.Close()
		l.mu.Lock()
		for _, life := range l.meeting {
			life.Close()
		}
		l.mu.Unlock()
		l.wg.Wait()
	})
	return err
}
