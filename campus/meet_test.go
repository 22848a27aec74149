package campus_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// process starts a node that listens at mem:NAME and answers "who" with the name and run.
func process(t *testing.T, network transport.Transport, name, run string) (*bellpull.Node, *campus.Protocol) {
	t.Helper()
	m := bellpull.NewMux()
	m.Handle("who", bellpull.HandlerFunc(func(w *bellpull.Reply, _ *bellpull.Request) { io.WriteString(w, name+" "+run) }))
	proto := &campus.Protocol{}
	node := bellpull.NewNode(name, bellpull.WithTransports(network), bellpull.WithMux(m))
	t.Cleanup(func() { node.Close(context.Background()) })
	if err := node.Listen(t.Context(), "mem:"+name, proto); err != nil {
		t.Fatal(err)
	}
	return node, proto
}

// says wants an answer of a peer.
func says(t *testing.T, p *bellpull.Peer, want string) {
	t.Helper()
	if got, err := p.CallBytes(t.Context(), "who", nil, []byte("?")); string(got) != want || err != nil {
		t.Errorf("%s says %q, %v; want %q", p.Name(), got, err, want)
	}
}

// kinds collects what a node tells of its peers until the function that it gives is called.
func kinds(t *testing.T, n *bellpull.Node) func() []bellpull.EventKind {
	ctx, cancel := context.WithCancel(t.Context())
	var list []bellpull.EventKind
	done := make(chan struct{})
	events := n.Watch(ctx)
	go func() {
		defer close(done)
		for e := range events {
			list = append(list, e.Kind)
		}
	}()
	return func() []bellpull.EventKind {
		synctest.Wait()
		cancel()
		<-done
		return list
	}
}

// noticed lets so much time pass as it may take to see the end of a link.
func noticed() {
	time.Sleep(50 * time.Millisecond)
	synctest.Wait()
}

func links(n *bellpull.Node) (count int) {
	for range n.Peers() {
		count++
	}
	return count
}

// TestAPeerThatComesBackByItselfIsTheSame: a process that we dialled ends, starts again, and dials us before we have
// dialled it again. Its peer comes up, once, and both sides have one link.
func TestAPeerThatComesBackByItselfIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		a, proto := process(t, network, "a", "1")
		b, _ := process(t, network, "b", "1")
		peer, err := a.Dial(t.Context(), "mem:b", proto)
		if err != nil {
			t.Fatal(err)
		}
		says(t, peer, "b 1")
		heard := kinds(t, a)
		b.Close(context.Background())
		noticed()
		b, theirs := process(t, network, "b", "2")
		back, err := b.Dial(t.Context(), "mem:a", theirs)
		if err != nil {
			t.Fatal(err)
		}
		says(t, back, "a 1")
		says(t, peer, "b 2")
		time.Sleep(10 * time.Second)
		got := slices.DeleteFunc(heard(), func(k bellpull.EventKind) bool { return k == bellpull.EventRetry })
		if !slices.Equal(got, []bellpull.EventKind{bellpull.EventDown, bellpull.EventUp}) {
			t.Errorf("beside tries a was told %v, want down, up", got)
		}
		if p, err := a.Wait(t.Context(), "b"); p != peer || err != nil || links(a) != 1 || links(b) != 1 {
			t.Errorf("the peer is %p, was %p; %v; %d and %d links", p, peer, err, links(a), links(b))
		}
	})
}

// TestWhoHasDialledUsIsTheSameWhenWeDialIt: somebody dialled us and went away. When it is there again and we dial it,
// that gives the peer we know, with its name and its handlers.
func TestWhoHasDialledUsIsTheSameWhenWeDialIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		a, proto := process(t, network, "a", "1")
		b, theirs := process(t, network, "b", "1")
		if _, err := b.Dial(t.Context(), "mem:a", theirs); err != nil {
			t.Fatal(err)
		}
		was, err := a.Wait(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		b.Close(context.Background())
		noticed()
		b, _ = process(t, network, "b", "2")
		peer, err := a.Dial(t.Context(), "mem:b", proto)
		if err != nil || peer != was || peer.Name() != "b" {
			t.Fatalf("dialled %v, %v; want the peer that had dialled us", peer.Name(), err)
		}
		says(t, peer, "b 2")
		b.Close(context.Background())
		noticed()
		process(t, network, "b", "3")
		says(t, peer, "b 3") // it is one that we dialled now, and so is dialled again
	})
}

// blind is a network on whose dialled connections nobody sees the other side's end by reading.
type blind struct{ *mem.Network }

func (n blind) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := n.Network.Dial(ctx, a)
	if err != nil {
		return nil, err
	}
	return &blindConn{Conn: c.(*mem.Conn), closed: make(chan struct{})}, nil
}

type blindConn struct {
	*mem.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *blindConn) Read([]byte) (int, error) {
	<-c.closed
	return 0, net.ErrClosed
}

func (c *blindConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestADyingPredecessorMisleadsNoDial: a process takes our connection and ends before it has said anything. Its
// successor dials us in the same moment. Whether we have seen the end or not, both dials are done at once, over what the
// successor has.
func TestADyingPredecessorMisleadsNoDial(t *testing.T) {
	for name, of := range map[string]func(*mem.Network) transport.Transport{
		"seen":     func(n *mem.Network) transport.Transport { return n },
		"not seen": func(n *mem.Network) transport.Transport { return blind{n} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				a, proto := process(t, of(network), "a", "1")
				old, err := network.Listen(t.Context(), transport.Addr{Scheme: "mem", Rest: "b"})
				must(t, err)
				var dialling sync.WaitGroup
				from := time.Now()
				dialling.Go(func() {
					peer, err := a.Dial(t.Context(), "mem:b", proto, bellpull.WaitForServer())
					if err != nil {
						t.Error(err)
						return
					}
					says(t, peer, "b 2")
				})
				c, err := old.AcceptConn()
				must(t, err)
				synctest.Wait()
				c.Close()
				old.Close()
				b, theirs := process(t, network, "b", "2")
				back, err := b.Dial(t.Context(), "mem:a", theirs, bellpull.WaitForServer())
				must(t, err)
				says(t, back, "a 1")
				dialling.Wait()
				if took := time.Since(from); took > time.Second || links(a) != 1 || links(b) != 1 {
					t.Errorf("that took %v and made %d and %d links", took, links(a), links(b))
				}
			})
		})
	}
}

// tardy is a network where it takes a moment to hear that nobody is there.
type tardy struct{ *mem.Network }

func (n tardy) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := n.Network.Dial(ctx, a)
	if err != nil {
		time.Sleep(time.Millisecond)
	}
	return c, err
}

// TestADialThatMeetsNobodyTakesNobodyAlong: a process is dialled a moment before it is there. It dials us while that
// dial still fails: its own does not fail with it.
func TestADialThatMeetsNobodyTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		a, proto := process(t, tardy{network}, "a", "1")
		var dialling sync.WaitGroup
		dialling.Go(func() {
			if _, err := a.Dial(t.Context(), "mem:b", proto); !errors.Is(err, bellpull.ErrNoServer) {
				t.Error(err)
			}
		})
		synctest.Wait()
		b, theirs := process(t, network, "b", "1")
		back, err := b.Dial(t.Context(), "mem:a", theirs)
		must(t, err)
		says(t, back, "a 1")
		dialling.Wait()
		peer, err := a.Wait(t.Context(), "b")
		must(t, err)
		says(t, peer, "b 1")
	})
}

// slow is a network where it takes a moment to listen.
type slow struct{ *mem.Network }

func (n slow) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	time.Sleep(time.Millisecond)
	return n.Network.Listen(ctx, a)
}

// TestDialsAtOnceListenOnce: a node that does not listen yet dials several others in the same moment.
func TestDialsAtOnceListenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		names := []string{"b", "c", "d", "e"}
		for _, name := range names {
			process(t, network, name, "1")
		}
		a := bellpull.NewNode("a", bellpull.WithTransports(slow{network}))
		defer a.Close(context.Background())
		proto := &campus.Protocol{}
		var dialling sync.WaitGroup
		for _, name := range names {
			dialling.Go(func() {
				peer, err := a.Dial(t.Context(), "mem:"+name, proto)
				if err != nil {
					t.Error(err)
					return
				}
				says(t, peer, name+" 1")
			})
		}
		dialling.Wait()
		if n := len(a.Addrs()); n != 1 {
			t.Errorf("it listens at %d addresses", n)
		}
	})
}
