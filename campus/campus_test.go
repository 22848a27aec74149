package campus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

func TestMain(m *testing.M) {
	if !runChild() {
		goleak.VerifyTestMain(m)
	}
}

type pair struct{ A, B int }
type sum struct{ Value int }

func newMux() *bellpull.Mux {
	m := bellpull.NewMux()
	bellpull.Handle(m, "add", func(_ context.Context, p pair) (sum, error) { return sum{p.A + p.B}, nil })
	bellpull.HandleFunc(m, "fail", func() error { return errors.New("boom") })
	bellpull.HandleFunc(m, "number", func() any { return 1 })
	m.Handle("bytes", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		w.Write([]byte("got "))
		w.Write(r.Borrow())
	}))
	return m
}

// two gives a node at mem:b and a peer of it that a node named a has dialled.
func two(t *testing.T, opts ...campus.Option) (*bellpull.Node, *bellpull.Peer) {
	t.Helper()
	network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
	node, err := campus.Listen(t.Context(), "mem:b", newMux(), append(opts, network)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close(context.Background()) })
	peer, err := campus.Dial(t.Context(), "mem:b", network, campus.Name("a"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close(context.Background()) })
	return node, peer
}

// TestCallsAreRoutes: with one object as argument and one as result, or with bytes; both ways.
func TestCallsAreRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t)
		back, err := node.Wait(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		bellpull.Handle(peer.Node().Mux(), "twice", func(_ context.Context, s sum) (sum, error) { return sum{2 * s.Value}, nil })
		if got, err := bellpull.Call[sum](t.Context(), peer, "add", pair{1, 2}); got.Value != 3 || err != nil {
			t.Error(got, err)
		}
		if got, err := bellpull.Call[sum](t.Context(), back, "twice", sum{4}); got.Value != 8 || err != nil {
			t.Error(got, err)
		}
		if got, err := peer.CallBytes(t.Context(), "bytes", []byte("> "), []byte("x")); string(got) != "> got x" || err != nil {
			t.Errorf("%q %v", got, err)
		}
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if got, err := bellpull.Call[sum](t.Context(), peer, "add", pair{i, 1}); got.Value != i+1 || err != nil {
					t.Error(i, got, err)
				}
			})
		}
		wg.Wait()
	})
}

// TestErrorsOfRoutes: what the wire has a word for, and what it has not.
func TestErrorsOfRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := two(t)
		for method, want := range map[string]struct {
			code bellpull.Code
			ran  bellpull.Executed
		}{
			"fail":    {bellpull.CodeFailed, bellpull.Yes},
			"nowhere": {bellpull.CodeNoMethod, bellpull.Never},
			"number":  {bellpull.CodeBadArgument, bellpull.Yes},
		} {
			_, err := bellpull.Call[sum](t.Context(), peer, method)
			e, ok := errors.AsType[*bellpull.Error](err)
			if !ok || e.Code != want.code || e.Ran != want.ran || !e.Remote {
				t.Errorf("%s: %v", method, err)
			}
		}
		if _, err := bellpull.Call[sum](t.Context(), peer, "add", 1, 2); !errors.Is(err, bellpull.ErrBadArgument) {
			t.Error("two arguments:", err)
		}
		if _, err := peer.CallBytes(t.Context(), "nowhere", nil, []byte("x")); bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error("no raw route:", err)
		}
		if _, err := peer.Ping(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
			t.Error("ping:", err)
		}
	})
}

// TestNodesThatDialEachOtherHaveTwoPipes: however they meet, one link each and calls both ways.
func TestNodesThatDialEachOtherHaveTwoPipes(t *testing.T) {
	for _, apart := range []time.Duration{0, time.Second, -time.Second} {
		t.Run(fmt.Sprint(apart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				var nodes [2]*bellpull.Node
				names := [2]string{"a", "b"}
				proto := &campus.Protocol{}
				for i, name := range names {
					m := newMux()
					bellpull.HandleFunc(m, "who", func() sum { return sum{i} })
					nodes[i] = bellpull.NewNode(name, bellpull.WithTransports(network), bellpull.WithMux(m))
					defer nodes[i].Close(context.Background())
					if err := nodes[i].Listen(t.Context(), "mem:"+name, proto); err != nil {
						t.Fatal(err)
					}
				}
				var wg sync.WaitGroup
				for i, n := range nodes {
					wg.Go(func() {
						if i == 0 && apart < 0 || i == 1 && apart > 0 {
							time.Sleep(max(apart, -apart))
						}
						p, err := n.Dial(t.Context(), "mem:"+names[1-i], proto)
						if err != nil {
							t.Error(err)
							return
						}
						if got, err := bellpull.Call[sum](t.Context(), p, "who"); got.Value != 1-i || err != nil {
							t.Error(i, got, err)
						}
					})
				}
				wg.Wait()
				for i, n := range nodes {
					links := 0
					for range n.Peers() {
						links++
					}
					if links != 1 {
						t.Errorf("%s has %d links", names[i], links)
					}
				}
			})
		})
	}
}

// TestMessagesAndRequestsWithoutRoutes: with and without a business header.
func TestMessagesAndRequestsWithoutRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := make(chan string, 10)
		_, peer := two(t, campus.OnMessage(bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
			heard <- string(r.Borrow())
		})), campus.OnRequest(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			if string(r.Borrow()) != "nobody" {
				w.Write(append([]byte("echo:"), r.Borrow()...))
			}
		})))
		raw := campus.Raw(peer)
		if got, err := raw.Request(t.Context(), 0, []byte("x")); string(got) != "echo:x" || err != nil {
			t.Errorf("%q %v", got, err)
		}
		if got, err := raw.Request(t.Context(), 0x12312, []byte("x")); string(got) != "echo:\x12\x23\x01\x00\x00\x00\x00\x00x" || err != nil {
			t.Errorf("%q %v", got, err)
		}
		if _, err := raw.Request(t.Context(), 0, []byte("nobody")); bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error(err)
		}
		if err := raw.String(t.Context(), "grüß"); err != nil || <-heard != "grüß" {
			t.Error(err)
		}
		if err := raw.Notify(t.Context(), 0, nil); !errors.Is(err, bellpull.ErrBadArgument) {
			t.Error("an empty message:", err)
		}
	})
}
