//go:build linux || darwin

package survival

import (
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// eachCampusWay is eachWay for what is of dotnetCampus.Ipc alone.
func eachCampusWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	eachWay(t, func(t *testing.T, w way) {
		if w.campus {
			f(t, w)
		}
	})
}

// places gives addresses for processes of these names.
func (w way) places(t testing.TB, names ...string) map[string]string {
	t.Helper()
	at := map[string]string{}
	for _, name := range names {
		switch w.carrier {
		case "unix", "tcp":
			at[name] = w.address(t)
		default:
			at[name] = w.carrier + ":" + name
		}
	}
	return at
}

// accepts is a transport that counts the connections which its listeners accept.
type accepts struct {
	transport.Transport
	n atomic.Int32
}

func (a *accepts) Listen(ctx context.Context, at transport.Addr) (transport.Listener, error) {
	l, err := a.Transport.Listen(ctx, at)
	return acceptsListener{l, a}, err
}

type acceptsListener struct {
	transport.Listener
	a *accepts
}

func (l acceptsListener) AcceptConn() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err == nil {
		l.a.n.Add(1)
	}
	return c, err
}

// A meeter is a node that dials others of its kind, and is dialled by them.
type meeter struct {
	*bellpull.Node
	proto    *campus.Protocol
	at       map[string]string
	accepted *accepts
	ran      atomic.Int32 // requests that it has answered
}

func (w way) meeter(t testing.TB, name string, at map[string]string) *meeter {
	t.Helper()
	n := &meeter{proto: w.protocol(nil), at: at, accepted: &accepts{Transport: w.carrierOf()}}
	m := bellpull.NewMux()
	m.Handle("who", bellpull.HandlerFunc(func(w *bellpull.Reply, _ *bellpull.Request) {
		n.ran.Add(1)
		io.WriteString(w, name)
	}))
	n.Node = bellpull.NewNode(name, bellpull.WithMux(m), bellpull.WithTransports(n.accepted, dice{}))
	for other, addr := range at {
		if err := n.Know(other, addr); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Listen(t.Context(), at[name], n.proto); err != nil {
		t.Fatal(err)
	}
	return n
}

// meet dials another one.
func (n *meeter) meet(ctx context.Context, other string) (*bellpull.Peer, error) {
	return n.Dial(ctx, n.at[other], n.proto)
}

// asks makes a call that must be answered by whoever is called so.
func (n *meeter) asks(t testing.TB, ctx context.Context, p *bellpull.Peer, other string) {
	t.Helper()
	if got, err := p.CallBytes(ctx, "who", nil, ding); string(got) != other || err != nil {
		t.Errorf("%s asks %s: %q, %v", n.Name(), other, got, err)
	}
}

// TestP07TwoThatDialEachOtherHaveTwoPipes: two nodes dial each other at once, or nearly so, in both orders, a hundred
// times. Each has accepted one connection then, and has one peer, over which both call. They do so again when either or
// both cut the link and both dial anew.
func TestP07TwoThatDialEachOtherHaveTwoPipes(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	eachCampusWay(t, func(t *testing.T, w way) {
		at := w.places(t, "anna", "bert")
		for i := range rounds {
			if w.twoMeet(t, at, i); t.Failed() {
				t.Fatalf("in round %d", i)
			}
		}
	})
}

func (w way) twoMeet(t *testing.T, at map[string]string, round int) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	nodes := []*meeter{w.meeter(t, "anna", at), w.meeter(t, "bert", at)}
	defer closeNode(nodes[0].Node)
	defer closeNode(nodes[1].Node)
	var (
		wg    sync.WaitGroup
		peers [2]*bellpull.Peer
		begin = make(chan struct{})
		late  = time.Duration(rand.Int64N(int64(time.Millisecond)))
	)
	for i := range nodes {
		i ^= round & 1 // who is first to be started
		wg.Go(func() {
			<-begin
			if round%4 >= 2 && i == round&1 { // and every other time the first is late
				pause(late)
			}
			p, err := nodes[i].meet(ctx, nodes[1-i].Name())
			if err != nil {
				t.Errorf("%s dials: %v", nodes[i].Name(), err)
				return
			}
			peers[i] = p
			nodes[i].asks(t, ctx, p, nodes[1-i].Name())
		})
	}
	close(begin)
	waits(t, "both dials are back", &wg)
	if t.Failed() {
		return
	}
	asked := int32(1)
	whole := func(when string, pipes int32) {
		t.Helper()
		for i, n := range nodes {
			n.asks(t, ctx, peers[i], nodes[1-i].Name())
		}
		asked++
		for i, n := range nodes {
			if count(n.Node) != 1 || n.accepted.n.Load() != pipes || n.ran.Load() != asked {
				t.Errorf("%s: %s has %d links, has accepted %d connections, want 1, %d; it has answered %d requests, want %d", when,
					n.Name(), count(n.Node), n.accepted.n.Load(), pipes, n.ran.Load(), asked)
			}
			if p, err := n.Wait(ctx, nodes[1-i].Name()); p != peers[i] || err != nil {
				t.Errorf("%s: the peer of %s is another than was dialled, %v", when, n.Name(), err)
			}
		}
	}
	whole("at first", 1)
	if round%5 > 0 || t.Failed() {
		return
	}
	links := []bellpull.Link{peers[0].Link(), peers[1].Link()}
	for i, l := range links {
		if round%15 == 5*i { // one of them, or both
			continue
		}
		wg.Go(func() { l.Close("cut") })
	}
	wg.Wait()
	for i, l := range links {
		arrives(t, "the end of the link", l.Done())
		eventually(t, "the peer is back", func() bool { return peers[i].Up() && peers[i].Link() != l })
	}
	whole("after a cut", 2)
}

// pause waits for less than a sleep takes.
func pause(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

// TestP07AMeshHasTwoPipesAPair: all dial all at once, from one process.
func TestP07AMeshHasTwoPipesAPair(t *testing.T) {
	eachCampusWay(t, func(t *testing.T, w way) {
		names := strings.Fields("anna bert carl dora")
		at := w.places(t, names...)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			var nodes []*meeter
			for _, name := range names {
				nodes = append(nodes, w.meeter(t, name, at))
			}
			var wg sync.WaitGroup
			for _, n := range nodes {
				for _, other := range names {
					if other == n.Name() {
						continue
					}
					wg.Go(func() {
						p, err := n.meet(ctx, other)
						if err != nil {
							t.Errorf("%s dials %s: %v", n.Name(), other, err)
							return
						}
						n.asks(t, ctx, p, other)
					})
				}
			}
			waits(t, "all dials are back", &wg)
			for _, n := range nodes {
				want := len(names) - 1
				if count(n.Node) != want || int(n.accepted.n.Load()) != want || int(n.ran.Load()) != want {
					t.Errorf("%s has %d links, has accepted %d connections and answered %d requests, want %d", n.Name(), count(n.Node),
						n.accepted.n.Load(), n.ran.Load(), want)
				}
			}
			for _, n := range nodes {
				closeNode(n.Node)
			}
			cancel()
			if t.Failed() {
				return
			}
		}
	})
}
