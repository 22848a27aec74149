//go:build linux || darwin

package survival

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport"
)

// held is a transport whose first accepted connection can be made to keep what it has read to itself, as a side does
// that the system does not let run.
type held struct {
	transport.Transport
	first atomic.Pointer[heldConn]
}

func (h *held) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := h.Transport.Listen(ctx, a)
	if err != nil {
		return nil, err
	}
	return &heldListener{l, h}, nil
}

type heldListener struct {
	transport.Listener
	held *held
}

func (l *heldListener) AcceptConn() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err != nil {
		return nil, err
	}
	hc := &heldConn{Conn: c, open: make(chan struct{})}
	l.held.first.CompareAndSwap(nil, hc)
	return hc, nil
}

type heldConn struct {
	transport.Conn
	hold atomic.Bool
	has  atomic.Int64 // bytes that are kept back
	open chan struct{}
	once sync.Once
}

func (c *heldConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.hold.Load() {
		c.has.Add(int64(n))
		<-c.open
	}
	return n, err
}

func (c *heldConn) Ended() bool { return c.Conn.(transport.Ender).Ended() }

func (c *heldConn) HungUp() bool { return c.Conn.(transport.Ender).HungUp() }

func (c *heldConn) release() { c.once.Do(func() { close(c.open) }) }

// TestP05WhatIsUnreadOfAnOldLinkDoesNotOvertakeTheNewOne: the service has not got to what the peer sent over the link
// before, and the peer is back on another. Whatever becomes of the old notify, it does not come behind the new one.
func TestP05WhatIsUnreadOfAnOldLinkDoesNotOvertakeTheNewOne(t *testing.T) {
	for _, id := range []string{"", "named"} {
		t.Run("id="+id, func(t *testing.T) {
			eachWay(t, func(t *testing.T, w way) {
				if w.carrier == "shm" || w.plain && id == "" || w.campus && id != "" {
					// The connection of shm is its memory, and cannot be wrapped. A plain client without a name is
					// another peer each time it comes, for all that the service can know.
					return
				}
				var got record
				heard := make(chan string, 4)
				m := bellpull.NewMux()
				m.Handle("tell", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
					got.add(string(r.Borrow()))
					heard <- string(r.Borrow())
				}))
				theirs, ours := &held{Transport: w.carrierOf()}, &cuts{Transport: w.carrierOf()}
				node, addr := w.listenHere(t, m, nodeOptions(bellpull.WithTransports(theirs)))
				peer := w.dial(t, addr, soon(), only(dmtp.ID(id)), nodeOptions(bellpull.WithTransports(ours)))
				first := theirs.first.Load()
				defer first.release()
				first.hold.Store(true)
				if err := peer.Notify(t.Context(), "tell", []byte("old")); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the old notify is at the service", func() bool { return first.has.Load() > 0 })
				was := peer.Link()
				ours.cutConns()
				arrives(t, "the peer has noticed", was.Done())
				if w.plain {
					// The service cannot know that this is the same client, and lets nobody else have its name until it
					// has seen the end of the link before.
					first.release()
				}
				if err := peer.Notify(t.Context(), "tell", []byte("new")); err != nil {
					t.Fatal(err)
				}
				for s := ""; s != "new"; {
					s = arrives(t, "the new notify", heard)
				}
				first.release()
				closeNode(node)
				if list := fmt.Sprint(got.all()); list != "[new]" && list != "[old new]" {
					t.Errorf("delivered were %s, want [new] or [old new]", list)
				}
			})
		})
	}
}
