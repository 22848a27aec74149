package dmtp_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// unixPair gives a service and a peer of it over a Unix socket, in two nodes.
func unixPair(t *testing.T, m *bellpull.Mux, opts ...dmtp.Option) (*bellpull.Node, *bellpull.Peer) {
	t.Helper()
	addr := "unix:" + t.TempDir() + "/s"
	node, err := dmtp.Listen(t.Context(), addr, m, opts...)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := dmtp.Dial(t.Context(), addr, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		peer.Close(ctx)
		node.Close(ctx)
	})
	return node, peer
}

func TestABlockedHandlerDoesNotKeepOthersFromBeingServed(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		m := newMux()
		release := make(chan struct{})
		bellpull.HandleFunc(m, "block", func(ctx context.Context) error { <-release; return nil })
		_, peer := unixPair(t, m, opts...)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := bellpull.Call[any](t.Context(), peer, "block"); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range 50 {
			if _, err := peer.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, err := bellpull.Call[int](t.Context(), peer, "sum", i, 1); err != nil || got != i+1 {
				t.Fatal(got, err)
			}
		}
		close(release)
		wg.Wait()
	})
}

func TestTooManyHandlersAreRefusedNever(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		m := newMux()
		release := make(chan struct{})
		var inside sync.WaitGroup
		inside.Add(8)
		bellpull.HandleFunc(m, "block", func(ctx context.Context) error { inside.Done(); <-release; return nil })
		_, peer := unixPair(t, m, append(opts, dmtp.With(dmtp.Protocol{MaxHandlers: 8, Plain: len(opts) > 0}))...)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { bellpull.Call[any](t.Context(), peer, "block") })
		}
		inside.Wait()
		_, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2)
		if len(opts) == 0 && (!errors.Is(err, bellpull.ErrBusy) || bellpull.ExecutedOf(err) != bellpull.Never) || err == nil {
			t.Error(err)
		}
		if _, err := peer.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		close(release)
		wg.Wait()
	})
}

func TestCancellingACallerCancelsTheHandler(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		m := newMux()
		entered, cancelled := make(chan struct{}), make(chan error, 1)
		bellpull.HandleFunc(m, "wait", func(ctx context.Context) error {
			close(entered)
			<-ctx.Done()
			cancelled <- ctx.Err()
			return ctx.Err()
		})
		_, peer := unixPair(t, m, opts...)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-entered; cancel() }()
		_, err := bellpull.Call[any](ctx, peer, "wait")
		if !errors.Is(err, context.Canceled) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error(err)
		}
		if err := <-cancelled; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestADeadlineEndsTheCallAndReachesTheHandler(t *testing.T) {
	m := newMux()
	had := make(chan bool, 1)
	bellpull.HandleFunc(m, "wait", func(ctx context.Context) error {
		_, ok := ctx.Deadline()
		had <- ok
		<-ctx.Done()
		return ctx.Err()
	})
	_, peer := unixPair(t, m)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := bellpull.Call[any](ctx, peer, "wait")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if !<-had {
		t.Error("the handler saw no deadline")
	}
}

func TestNotifiesArriveInOrderEvenBehindASlowOne(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		m := newMux()
		var got []int
		done := make(chan struct{})
		bellpull.HandleFunc(m, "note", func(i int) {
			if i%100 == 7 {
				time.Sleep(5 * time.Millisecond) // long enough to lose the reader role
			}
			if got = append(got, i); len(got) == 500 {
				close(done)
			}
		})
		_, peer := unixPair(t, m, opts...)
		for i := range 500 {
			if err := peer.Notify(t.Context(), "note", i); err != nil {
				t.Fatal(err)
			}
		}
		<-done
		for i, v := range got {
			if i != v {
				t.Fatalf("at %d came %d", i, v)
			}
		}
	})
}

func TestHandlersMayCallBack(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		m := newMux()
		bellpull.HandleFunc(m, "down", func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			got, err := bellpull.Call[int](ctx, bellpull.Caller(ctx), "up", n-1)
			return got + 1, err
		})
		_, peer := unixPair(t, m, opts...)
		bellpull.HandleFunc(peer.Node().Mux(), "up", func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			got, err := bellpull.Call[int](ctx, bellpull.Caller(ctx), "down", n-1)
			return got + 1, err
		})
		for range 20 {
			if got, err := bellpull.Call[int](t.Context(), peer, "down", 32); err != nil || got != 32 {
				t.Fatal(got, err)
			}
		}
	})
}

func TestAVanishedPeerFailsItsCallsMaybe(t *testing.T) {
	m := newMux()
	entered := make(chan struct{})
	var node atomic.Pointer[bellpull.Node]
	bellpull.HandleFunc(m, "wait", func(ctx context.Context) error { close(entered); <-ctx.Done(); return nil })
	n, peer := unixPair(t, m, dmtp.DialOptions(bellpull.WithoutReconnect()))
	node.Store(n)
	go func() {
		<-entered
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // do not wait for the handler
		n.Close(ctx)
	}()
	_, err := bellpull.Call[any](t.Context(), peer, "wait")
	if !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
		t.Error(err)
	}
	_, err = bellpull.Call[any](t.Context(), peer, "wait")
	if !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error(err)
	}
	<-peer.Done()
}

func TestADialledPeerComesBackWithItsServer(t *testing.T) {
	addr := "unix:" + t.TempDir() + "/s"
	first, err := dmtp.Listen(t.Context(), addr, newMux())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := dmtp.Dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close(context.Background())
	up := make(chan int, 10)
	go func() {
		for e := range peer.Node().Watch(t.Context()) {
			if e.Kind == bellpull.EventUp {
				up <- e.Reconnects
			}
		}
	}()
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, err := dmtp.Listen(t.Context(), addr, newMux())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close(context.Background())
	if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil || got != 3 {
		t.Fatal(got, err)
	}
}

func TestBroadcastReachesEveryPeer(t *testing.T) {
	addr := "unix:" + t.TempDir() + "/s"
	node, err := dmtp.Listen(t.Context(), addr, newMux())
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close(context.Background())
	got := make(chan string, 10)
	for i := range 5 {
		p, err := dmtp.Dial(t.Context(), addr, dmtp.Name(fmt.Sprintf("client%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close(context.Background())
		p.Handle("news", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			got <- fmt.Sprintf("client%d", i)
		}))
		if _, err := node.Wait(t.Context(), fmt.Sprintf("client%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := node.Broadcast(t.Context(), "news", "extra"); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	seen := map[string]bool{}
	for range 5 {
		seen[<-got] = true
	}
	if len(seen) != 5 {
		t.Error(seen)
	}
	n := 0
	for range node.Peers() {
		n++
	}
	if n != 5 {
		t.Error(n, "peers")
	}
}
