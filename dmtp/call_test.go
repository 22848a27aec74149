package dmtp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

type Pair struct{ A, B int }

// newMux gives the methods most tests call.
func newMux() *bellpull.Mux {
	m := bellpull.NewMux()
	bellpull.Handle(m, "add", func(_ context.Context, p Pair) (int, error) { return p.A + p.B, nil })
	bellpull.HandleFunc(m, "sum", func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	bellpull.HandleFunc(m, "fail", func(text string) error { return errors.New(text) })
	bellpull.HandleFunc(m, "panic", func(text string) { panic(text) })
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
	return m
}

// pair gives a service and a peer of it, over mem.
func pair(t *testing.T, opts ...dmtp.Option) (*bellpull.Node, *bellpull.Peer) {
	t.Helper()
	network := mem.New()
	opts = append(opts, dmtp.NodeOptions(bellpull.WithTransports(network)))
	node, err := dmtp.Listen(t.Context(), "mem:calc", newMux(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := dmtp.Dial(t.Context(), "mem:calc", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := peer.Close(ctx); err != nil {
			t.Error("peer:", err)
		}
		if err := node.Close(ctx); err != nil {
			t.Error("node:", err)
		}
	})
	return node, peer
}

func modes(t *testing.T, f func(t *testing.T, opts ...dmtp.Option)) {
	t.Run("compact", func(t *testing.T) { f(t) })
	t.Run("plain", func(t *testing.T) { f(t, dmtp.Plain()) })
}

func TestCallGivesTheHandlersAnswer(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		_, peer := pair(t, opts...)
		for i := range 100 {
			if got, err := bellpull.Call[int](t.Context(), peer, "add", Pair{i, 2}); err != nil || got != i+2 {
				t.Fatal(got, err)
			}
			if got, err := bellpull.Call[int](t.Context(), peer, "sum", i, 3); err != nil || got != i+3 {
				t.Fatal(got, err)
			}
			body := bytes.Repeat([]byte{byte(i)}, i*100)
			if got, err := peer.CallBytes(t.Context(), "echo", []byte("x"), body); err != nil || string(got) != "x"+string(body) {
				t.Fatal(i, len(got), err)
			}
		}
	})
}

func TestErrorsSayWhetherTheCallRan(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		_, peer := pair(t, opts...)
		_, err := bellpull.Call[int](t.Context(), peer, "nothing")
		if !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
		_, err = bellpull.Call[int](t.Context(), peer, "fail", "boom")
		if e, ok := errors.AsType[*bellpull.Error](err); !ok || !errors.Is(err, bellpull.ErrFailed) || e.Ran != bellpull.Yes || e.Msg != "boom" || !e.Remote {
			t.Error(err)
		}
		_, err = bellpull.Call[int](t.Context(), peer, "panic", "ouch")
		if !errors.Is(err, bellpull.ErrFailed) || bellpull.ExecutedOf(err) != bellpull.Yes {
			t.Error(err)
		}
	})
}

func TestManyCallersGetTheirOwnAnswers(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		_, peer := pair(t, opts...)
		var wg sync.WaitGroup
		for c := range 64 {
			wg.Go(func() {
				for i := range 200 {
					want := fmt.Sprintf("%d/%d", c, i)
					got, err := peer.CallBytes(t.Context(), "echo", nil, []byte(want))
					if err != nil || string(got) != want {
						t.Errorf("%q %v, want %q", got, err, want)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}
