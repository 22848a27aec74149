package campus_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

// verbs are those below the routes, and that of objects.
func verbs(ctx context.Context, p *bellpull.Peer) map[string]func() error {
	return map[string]func() error{
		"request": func() error { _, err := campus.Raw(p).Request(ctx, 0, []byte("x")); return err },
		"message": func() error { return campus.Raw(p).Notify(ctx, 0, []byte("x")) },
		"calc.Twice": func() error {
			var n int
			return campus.ObjectOf(p, twice, "").Invoke(ctx, "Twice", &n, 1)
		},
	}
}

var twice = &campus.Contract{Name: "calc", Members: []campus.Member{{Name: "Twice", Kind: campus.Async, Params: []string{"int"}}}}

// TestVerbsBelowRoutesWaitForAPeerThatIsAway: as calls do, go through the interceptors as calls do, and end with the
// node's timeout; of a peer that was closed they say so.
func TestVerbsBelowRoutesWaitForAPeerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := bellpull.WithTransports(mem.New())
		objects := campus.NewObjects()
		if _, err := objects.Serve(twice, "", map[string]any{"Twice": func(n int) int { return 2 * n }}); err != nil {
			t.Fatal(err)
		}
		heard := make(chan string, 10)
		serve := func() *bellpull.Node {
			n, err := campus.Listen(t.Context(), "mem:b", nil, campus.NodeOptions(network), campus.ServeObjects(objects),
				campus.OnRequest(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) })),
				campus.OnMessage(bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) { heard <- string(r.Borrow()) })))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		node := serve()
		var mu sync.Mutex
		seen := map[string]int{}
		count := func(next bellpull.CallFunc) bellpull.CallFunc {
			return func(p *bellpull.Peer, x *bellpull.Exchange) error {
				mu.Lock()
				seen[x.Method]++
				mu.Unlock()
				return next(p, x)
			}
		}
		peer, err := campus.Dial(t.Context(), "mem:b", campus.Name("a"), campus.NodeOptions(network,
			bellpull.WithTimeout(time.Minute), bellpull.WithCallInterceptor(count)))
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close(context.Background())
		node.Close(t.Context())
		time.Sleep(time.Second) // of the test's clock: until the end is seen
		var wg sync.WaitGroup
		for name, f := range verbs(t.Context(), peer) {
			wg.Go(func() {
				if err := f(); err != nil {
					t.Errorf("%s, which waits: %v", name, err)
				}
			})
		}
		time.Sleep(20 * time.Second)
		node = serve()
		wg.Wait()
		<-heard
		for name := range verbs(t.Context(), peer) {
			if seen[name] != 1 {
				t.Errorf("%s: seen %d times by the interceptor: %v", name, seen[name], seen)
			}
		}

		node.Close(t.Context())
		time.Sleep(time.Second) // of the test's clock: until the end is seen
		begin := time.Now()
		for name, f := range verbs(t.Context(), peer) {
			wg.Go(func() {
				err := f()
				if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Never || time.Since(begin) != time.Minute {
					t.Errorf("%s, after %v: %v", name, time.Since(begin), err)
				}
			})
		}
		wg.Wait()

		peer.Close(t.Context())
		for name, f := range verbs(t.Context(), peer) {
			if err := f(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s, of a peer that was closed: %v", name, err)
			}
		}
	})
}

// TestWhatTheProtocolHasNotIsUnsupportedAtOnce: and nothing is sent.
func TestWhatTheProtocolHasNotIsUnsupportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := two(t)
		ctx := t.Context()
		_, accepted := bellpull.Call[sum](bellpull.WithCall(ctx, bellpull.Accepted()), peer, "add", pair{})
		_, meta := bellpull.Call[sum](bellpull.WithCall(ctx, bellpull.Metadata(bellpull.Pair{Key: "a", Value: "b"})), peer, "add", pair{})
		_, channel := peer.OpenChannel(ctx, "x")
		_, ping := peer.Ping(ctx)
		for name, err := range map[string]error{
			"another's verb": peer.Do(ctx, &bellpull.Exchange{Verb: "another's", Method: "x"}),
			"accepted":       accepted,
			"metadata":       meta,
			"channel":        channel,
			"ping":           ping,
		} {
			if !errors.Is(err, errors.ErrUnsupported) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
