package campus_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestMessagesArriveInTheirOrder: hundreds while the first handler still runs, or each when the one before has arrived; as
// messages and for routes, to a node that runs its handlers one by one and to one that does not.
func TestMessagesArriveInTheirOrder(t *testing.T) {
	const n = 245
	for _, one := range []bool{false, true} {
		for _, await := range []bool{false, true} {
			t.Run(fmt.Sprintf("one by one %v, awaited %v", one, await), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
					heard, begin := make(chan string, 2*n), make(chan struct{})
					hear := bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
						<-begin
						heard <- string(r.Borrow())
					})
					if await {
						close(begin)
					}
					m := bellpull.NewMux()
					m.Handle("route", hear)
					node, err := campus.Listen(t.Context(), "mem:b", m, network, campus.With(campus.Protocol{OneByOne: one, OnMessage: hear}))
					must(t, err)
					defer node.Close(context.Background())
					peer, err := campus.Dial(t.Context(), "mem:b", network)
					must(t, err)
					defer peer.Close(context.Background())
					var want, got []string
					for i := range n {
						must(t, campus.Raw(peer).String(t.Context(), fmt.Sprint("message ", i)))
						must(t, peer.Notify(t.Context(), "route", fmt.Appendf(nil, "route %d", i)))
						want = append(want, fmt.Sprint("message ", i), fmt.Sprint("route ", i))
						for await && len(got) < len(want) {
							got = append(got, <-heard)
						}
					}
					if !await {
						time.Sleep(time.Second) // of the test's clock: until somebody else reads, and all of them are in line
						close(begin)
					}
					for len(got) < len(want) {
						got = append(got, <-heard)
					}
					if !slices.Equal(got, want) {
						t.Errorf("%q", got)
					}
				})
			})
		}
	}
}

// TestMessageHandlersThatLastRunInOrder: ten, each of which takes a while; none begins before the one before it is done.
func TestMessageHandlersThatLastRunInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t, campus.With(campus.Protocol{OneByOne: true}))
		var mu sync.Mutex
		var got, want []string
		note := func(format string, i int) {
			mu.Lock()
			got = append(got, fmt.Sprintf(format, i))
			mu.Unlock()
		}
		done := make(chan struct{}, 10)
		bellpull.HandleFunc(node.Mux(), "lasts", func(s sum) {
			note("begin %d", s.Value)
			time.Sleep(time.Second)
			note("end %d", s.Value)
			done <- struct{}{}
		})
		for i := range 10 {
			must(t, peer.Notify(t.Context(), "lasts", sum{i}))
			want = append(want, fmt.Sprint("begin ", i), fmt.Sprint("end ", i))
		}
		for range 10 {
			<-done
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}
