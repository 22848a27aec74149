package campus_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// TestCallsKeepAnOrderThatTheirSenderGivesThem: each one begins when the one before has its place, none waits for an
// answer, and a node that takes things one by one takes them so, whatever their kind.
func TestCallsKeepAnOrderThatTheirSenderGivesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 600
		var took []int
		release := make(chan struct{})
		take := func(i int) {
			if took = append(took, i); i == 0 {
				<-release // until all have been sent
			}
		}
		node, peer := two(t, campus.With(campus.Protocol{OneByOne: true, MaxHandlers: count}), campus.OnRequest(
			bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				b := r.Borrow()
				take(int(b[0])<<8 | int(b[1]))
				w.Write(b)
			})))
		bellpull.HandleFunc(node.Mux(), "take", func(s sum) sum { take(s.Value); return s })
		var wg sync.WaitGroup
		for i := range count {
			sent := make(chan struct{})
			ctx := bellpull.WithCall(t.Context(), bellpull.OnSent(func() { close(sent) }))
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = campus.Raw(peer).Request(ctx, 0, []byte{byte(i >> 8), byte(i)})
				} else {
					_, err = bellpull.Call[sum](ctx, peer, "take", sum{i})
				}
				if err != nil {
					t.Error(i, err)
				}
			})
			<-sent
		}
		close(release)
		wg.Wait()
		for i, n := range took {
			if i != n || len(took) != count {
				t.Fatalf("%d were taken, the %dth was number %d", len(took), i, n)
			}
		}
		peer.Close(context.Background())
		ctx := bellpull.WithCall(t.Context(), bellpull.OnSent(func() { t.Error("nothing was sent") }))
		if _, err := bellpull.Call[sum](ctx, peer, "take", sum{}); bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
	})
}
