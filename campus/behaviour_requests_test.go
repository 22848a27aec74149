package campus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// The behaviour*_test.go hold what users of dotnetCampus.Ipc rely on; docs/interop.md says which of it each test is for.

// A relative is a node of a family that meets on one network.
type relative struct {
	*bellpull.Node
	t     *testing.T
	proto *campus.Protocol
}

// family makes nodes at mem:NAME. Requests without a route are answered with who is asked, who asks, and the body;
// messages are told to hear, which may be nil.
func family(t *testing.T, network transport.Transport, hear func(string), names ...string) map[string]*relative {
	t.Helper()
	all := map[string]*relative{}
	for _, name := range names {
		proto := &campus.Protocol{
			OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				fmt.Fprintf(w, "%s to %s: %s", name, r.Peer().Name(), r.Borrow())
			}),
			OnMessage: bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
				hear(fmt.Sprintf("%s to %s: %s", r.Peer().Name(), name, r.Borrow()))
			}),
		}
		n := bellpull.NewNode(name, bellpull.WithTransports(network))
		t.Cleanup(func() { n.Close(context.Background()) })
		must(t, n.Listen(t.Context(), "mem:"+name, proto))
		all[name] = &relative{n, t, proto}
	}
	return all
}

// dial dials the node of a name.
func (n *relative) dial(name string, opts ...bellpull.DialOption) *bellpull.Peer {
	n.t.Helper()
	p, err := n.Dial(n.t.Context(), "mem:"+name, n.proto, opts...)
	must(n.t, err)
	return p
}

// wait gives the peer of a name when it is up.
func (n *relative) wait(name string) *bellpull.Peer {
	n.t.Helper()
	p, err := n.Wait(n.t.Context(), name)
	must(n.t, err)
	return p
}

// asks sends a request and wants the answer.
func asks(t *testing.T, p *bellpull.Peer, body, want string) {
	t.Helper()
	if got, err := campus.Raw(p).Request(t.Context(), 0, []byte(body)); string(got) != want || err != nil {
		t.Errorf("%s: %q, %v; want %q", body, got, err, want)
	}
}

// TestARequestIsAnsweredByItsHandlerWhichKnowsWhoAsks: again and again, whoever has dialled.
func TestARequestIsAnsweredByItsHandlerWhichKnowsWhoAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, "mem")
		all := family(t, p.carrier, nil, "a", "b")
		ab := all["a"].dial("b")
		ba := all["b"].wait("a")
		for _, body := range []string{"one", "two", "\x00\xff", strings.Repeat("l", 100_000)} {
			asks(t, ab, body, "b to a: "+body)
			asks(t, ba, body, "a to b: "+body)
		}
	})
}

// TestARequestEndsWithItsOwnAnswer: not before, nor with that of another.
func TestARequestEndsWithItsOwnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, "mem")
		node := p.echoNode(t, "a", &campus.Protocol{})
		out, in := p.raw(t, "b").meet("a")
		peer, err := node.Wait(t.Context(), "b")
		must(t, err)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var ended []string
		ids := map[string]uint64{}
		for _, body := range []string{"first", "second", "third"} {
			wg.Go(func() {
				got, err := campus.Raw(peer).Request(t.Context(), 0, []byte(body))
				must(t, err)
				mu.Lock()
				ended = append(ended, body+" "+string(got))
				mu.Unlock()
			})
			id, asked := in.enveloped(markRequest)
			ids[asked] = id
		}
		var want []string
		for _, body := range []string{"second", "third", "first"} {
			synctest.Wait()
			if !slices.Equal(ended, want) {
				t.Errorf("ended: %q, want %q", ended, want)
			}
			out.answer(ids[body], "answer of "+body)
			want = append(want, body+" answer of "+body)
		}
		wg.Wait()
		if !slices.Equal(ended, want) {
			t.Errorf("ended: %q, want %q", ended, want)
		}
	})
}

// TestRequestsUnderWayAreCounted: ten wait for their answers and an eleventh is one too many; when the ten are answered
// there is room for ten again. The same when the other process has gone instead, and ten fail.
func TestRequestsUnderWayAreCounted(t *testing.T) {
	for _, end := range []string{"they are answered", "the process ends"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t, "mem")
				node := p.echoNode(t, "a", &campus.Protocol{MaxInFlight: 10})
				next := watch(t, node, bellpull.EventDown)
				b := p.raw(t, "b")
				out, in := b.meet("a")
				for round := range 2 {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					peer, err := node.Wait(ctx, "b")
					cancel()
					must(t, err)
					results := make(chan error, 10)
					var ids []uint64
					for range 10 {
						go func() {
							_, err := campus.Raw(peer).Request(t.Context(), 0, []byte("?"))
							results <- err
						}()
						id, _ := in.enveloped(markRequest)
						ids = append(ids, id)
					}
					_, err = campus.Raw(peer).Request(t.Context(), 0, []byte("one more"))
					wantError(t, err, bellpull.CodeBusy, bellpull.Never)
					if synctest.Wait(); len(results) > 0 {
						t.Error("ended without an answer:", <-results)
					}
					began := time.Now()
					if end == "they are answered" {
						for _, id := range ids {
							out.answer(id, "!")
						}
					} else {
						out.Close()
						in.Close()
					}
					for range 10 {
						if err := <-results; end == "they are answered" {
							must(t, err)
						} else {
							wantError(t, err, bellpull.CodeUnavailable, bellpull.Maybe)
						}
					}
					if end == "the process ends" {
						if e := next(); e.Peer != peer || time.Since(began) > 2*time.Second || peer.Up() {
							t.Errorf("round %d: told of the end after %v; up: %v", round, time.Since(began), peer.Up())
						}
						out, in = b.meet("a")
					}
				}
			})
		})
	}
}

// TestMessagesToAProcessThatGoesEndWithAnError: somebody sends without a pause while the other side closes.
func TestMessagesToAProcessThatGoesEndWithAnError(t *testing.T) {
	p := newPlace(t, "mem")
	all := family(t, p.carrier, func(string) {}, "a", "b")
	peer := all["a"].dial("b", bellpull.WithoutReconnect())
	sent := make(chan int, 1)
	failed := make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			if err := campus.Raw(peer).Notify(context.Background(), 0, []byte("more")); err != nil {
				failed <- err
				return
			}
			if n == 1000 {
				sent <- n
			}
		}
	}()
	<-sent
	all["b"].Close(t.Context())
	select {
	case err := <-failed:
		if e, ok := err.(*bellpull.Error); !ok || !errors.Is(err, bellpull.ErrUnavailable) && !errors.Is(err, net.ErrClosed) || e.Remote {
			t.Errorf("%v (%T)", err, err)
		}
	case <-time.After(patience):
		t.Error("it goes on sending")
	}
}

// TestHandlersThatBlockDoNotHoldUpEachOther: seven at once take as long as one.
func TestHandlersThatBlockDoNotHoldUpEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := two(t, campus.OnRequest(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			time.Sleep(100 * time.Millisecond)
			w.Write(r.Borrow())
		})))
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 7 {
			wg.Go(func() { asks(t, peer, fmt.Sprint(i), fmt.Sprint(i)) })
		}
		wg.Wait()
		if took := time.Since(began); took >= 200*time.Millisecond { // of the test's clock
			t.Errorf("%v", took)
		}
	})
}
