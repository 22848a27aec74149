package campus_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// A hookedDial calls a function when the first bytes are written on what was dialled, before the writer goes on.
type hookedDial struct {
	transport.Transport
	wrote func()
}

func (h hookedDial) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := h.Transport.Dial(ctx, a)
	return &hookedConn{Conn: c, wrote: sync.OnceFunc(h.wrote)}, err
}

type hookedConn struct {
	transport.Conn
	wrote func()
}

func (c *hookedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.wrote()
	return n, err
}

// TestTheLastWordsOfAProcessAreHeard: one that registers, says something and is gone when this side has
// registered with it and not yet noticed that the two are connected.
func TestTheLastWordsOfAProcessAreHeard(t *testing.T) {
	for _, kind := range places() {
		for name, both := range map[string]bool{"it closes what it writes on": false, "it closes both": true} {
			t.Run(kind+", "+name, func(t *testing.T) {
				p := newPlace(t, kind)
				a := p.raw(t, "a")
				var out *rawConn
				there := *p
				there.carrier = hookedDial{p.carrier, func() {
					out.frame(typeNotify, []byte("last words"))
					if both {
						a.accept().Close()
					}
					out.Close()
				}}
				heard := make(chan string, 10)
				node := there.node(t, "b", nil, &campus.Protocol{OnMessage: bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
					heard <- string(r.Borrow())
				})}, "a")
				next := watch(t, node, bellpull.EventUp, bellpull.EventDown)
				out = a.dial("b")
				out.frame(typeRegister, registration("a"))
				select {
				case got := <-heard:
					if got != "last words" {
						t.Errorf("heard %q", got)
					}
				case <-time.After(patience):
					t.Error("nothing was heard")
				}
				if up, down := next(), next(); up.Kind != bellpull.EventUp || down.Kind != bellpull.EventDown || down.Name != "a" {
					t.Error(up, down)
				}
			})
		}
	}
}
