package campus_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// TestFurtherConnectionsOfAProcess (section 1.4, Q7, Q8): .NET may register on two. Both are read and answered on the one
// outbound there is, nothing is dialled or registered once more, and the end of one further is no end of the pair.
func TestFurtherConnectionsOfAProcess(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, heard := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			alive(t, node, raw, out, in) // from here on the first one is the pair's
			var more []*rawConn
			for i := range 8 {
				c := raw.dial("node")
				c.frame(typeRegister, registration("raw"))
				c.request(uint64(i), "further")
				in.answers(uint64(i), "echo:further")
				c.frame(typeNotify, fmt.Append(nil, i))
				hears(t, heard, fmt.Sprint(i))
				more = append(more, c)
			}
			ninth := raw.dial("node")
			ninth.frame(typeRegister, registration("raw"))
			ninth.ends()
			more[0].Close()
			alive(t, node, raw, out, in)
			more[7].request(7, "still")
			in.answers(7, "echo:still")
			out.Close()
			in.ends()
			for _, c := range more[1:] {
				c.ends()
			}
			if len(raw.in) > 0 {
				t.Error("dialled back more than once")
			}
			out, in = raw.meet("node")
			alive(t, node, raw, out, in)
		})
	}
}

// TestAConnectionThatComesTwiceAtOnce (section 1.4): a .NET process that is dialled while it dials may register on two
// connections before it was answered on either.
func TestAConnectionThatComesTwiceAtOnce(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			proto := &campus.Protocol{}
			node := p.echoNode(t, "node", proto, "raw")
			raw := p.raw(t, "raw")
			dialled := make(chan error, 1)
			go func() {
				_, err := node.Dial(t.Context(), p.at("raw"), proto)
				dialled <- err
			}()
			in := raw.accept()
			first, second := raw.dial("node"), raw.dial("node")
			must(t, first.send(frame(typeRegister, registration("raw")), frame(typeRequest, envelope(markRequest, 1, "first"))))
			must(t, second.send(frame(typeRegister, registration("raw")), frame(typeRequest, envelope(markRequest, 2, "second"))))
			must(t, <-dialled)
			in.registered("node")
			got := map[uint64]string{}
			for range 2 {
				id, body := in.enveloped(markAnswer)
				got[id] = body
			}
			if got[1] != "echo:first" || got[2] != "echo:second" {
				t.Error(got)
			}
			alive(t, node, raw, first, in)
			alive(t, node, raw, second, in)
			if len(raw.in) > 0 {
				t.Error("dialled twice")
			}
		})
	}
}

// TestAnswersOnAFurtherConnection: they reach their caller at once, also one that reads the first connection itself.
func TestAnswersOnAFurtherConnection(t *testing.T) {
	p := newPlace(t, "mem")
	node, _ := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	further := raw.dial("node")
	further.frame(typeRegister, registration("raw"))
	alive(t, node, raw, further, in)
	peer, err := node.Wait(t.Context(), "raw")
	must(t, err)
	for i := range 200 {
		got := make(chan error, 1)
		go func() {
			_, err := campus.Raw(peer).Request(t.Context(), 0, []byte("x"))
			got <- err
		}()
		id, _ := in.enveloped(markRequest)
		by := out // many in a row there, and the caller is the one who reads it
		if i%40 == 39 {
			by = further
			time.Sleep(10 * time.Millisecond) // it has begun to
		}
		by.answer(id, "y")
		select {
		case err := <-got:
			must(t, err)
		case <-time.After(patience):
			t.Fatal("request", i, "hangs")
		}
	}
}

// TestAProcessThatIsBackBeforeItsEndWasSeen (Q7): it gets a fresh pair, and nothing of the old.
func TestAProcessThatIsBackBeforeItsEndWasSeen(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, _ := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			for range 20 {
				alive(t, node, raw, out, in)
				in.Close()
				out.Close()
				for out, in = nil, nil; in == nil; {
					out = raw.dial("node")
					out.frame(typeRegister, registration("raw"))
					gone := make(chan struct{})
					go func(c *rawConn) {
						c.Read(make([]byte, 1)) // nothing comes, ever, but the end
						close(gone)
					}(out)
					select {
					case in = <-raw.in:
						t.Cleanup(func() { in.Close() })
						in.registered("node")
					case <-gone: // taken for a further connection of the old pair, which has ended
						if kind == "npipe" || kind == "unix" {
							t.Error("the system says that the old process is gone, and the new one was not believed")
						}
					case <-time.After(patience):
						t.Fatal("neither dialled back nor turned away")
					}
				}
			}
		})
	}
}

// TestOneDirectionMayEnd (section 1.2, Q4): every .NET process ends the direction of a pipe that it does not use; and
// what comes on the one that nobody uses is for nobody.
func TestOneDirectionMayEnd(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, heard := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			must(t, in.send(frame(typeNotify, []byte("wrong half")), pattern(1000)))
			alive(t, node, raw, out, in)
			if kind == "npipe" || kind == "unix" {
				must(t, in.Conn.(interface{ CloseWrite() error }).CloseWrite())
				must(t, out.Conn.(interface{ CloseRead() error }).CloseRead())
				time.Sleep(50 * time.Millisecond) // it must not end later either
				alive(t, node, raw, out, in)
			}
			if len(heard) > 0 {
				t.Errorf("heard %q", <-heard)
			}
		})
	}
}

// TestManyDialsMakeOnePair (Q11): however many ask for a process at once.
func TestManyDialsMakeOnePair(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			proto := &campus.Protocol{}
			node := p.echoNode(t, "node", proto, "raw")
			raw := p.raw(t, "raw")
			const dials = 20
			done := make(chan error, dials)
			for range dials {
				go func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					_, err := node.Dial(ctx, p.at("raw"), proto)
					done <- err
				}()
			}
			out, in := raw.met("node")
			for range dials {
				must(t, <-done)
			}
			alive(t, node, raw, out, in)
			if n := len(raw.in); n > 0 {
				t.Errorf("%d more connections", n)
			}
		})
	}
}

// gone is a carrier on which whoever listens under one name has hung up as soon as it is dialled.
type gone struct {
	transport.Transport
	at    transport.Addr
	dials atomic.Int32
}

type goneConn struct{ transport.Conn }

func (goneConn) HungUp() bool       { return true }
func (goneConn) Ended() bool        { return true }
func (goneConn) AwaitHangUp() error { return nil }

func (g *gone) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := g.Transport.Dial(ctx, a)
	if err == nil && a == g.at {
		g.dials.Add(1)
		return goneConn{c}, nil
	}
	return c, err
}

// TestWhoHangsUpOnEveryDial: a process that registers, and hangs up on who dials it, is taken for the successor of one
// that was dialled in vain, and is not dialled for ever.
func TestWhoHangsUpOnEveryDial(t *testing.T) {
	p := newPlace(t, "mem")
	at, err := transport.ParseAddr(p.at("raw"))
	must(t, err)
	g := &gone{Transport: p.carrier, at: at}
	p.carrier = g
	proto := &campus.Protocol{}
	node := p.echoNode(t, "node", proto)
	refused := watch(t, node, bellpull.EventRefused)
	raw, other := p.raw(t, "raw"), p.raw(t, "other")
	out := other.dial("node")
	out.frame(typeRegister, registration("raw"))
	out.ends()
	if e := refused(); e.Name != "raw" {
		t.Errorf("%q refused with %v", e.Name, e.Err)
	}
	if n := g.dials.Load(); n != 4 {
		t.Errorf("dialled %d times, want once and for three predecessors", n)
	}
	_, err = node.Dial(t.Context(), p.at("raw"), proto)
	wantError(t, err, bellpull.CodeUnavailable, bellpull.Never)
	out, in := other.meet("node")
	alive(t, node, other, out, in)
	_ = raw
}
