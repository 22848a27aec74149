package dmtp_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestACallThatEndedWithNeverIsNotSentLater: when room comes after the deadline of the call that waited for it, the call
// stays what its caller was told.
func TestACallThatEndedWithNeverIsNotSentLater(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		synctest.Test(t, func(t *testing.T) {
			network := mem.New()
			var ran atomic.Int32
			m := bellpull.NewMux()
			m.Handle("x", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { ran.Add(1) }))
			node, err := dmtp.Listen(t.Context(), "mem:x", m, append(opts, dmtp.NodeOptions(bellpull.WithTransports(network)))...)
			if err != nil {
				t.Fatal(err)
			}
			defer node.Close(context.Background())
			var late atomic.Bool
			slow := reserve(network, func() error {
				if late.Swap(false) {
					time.Sleep(2 * time.Second)
				}
				return nil
			})
			peer, err := dmtp.Dial(t.Context(), "mem:x", append(opts,
				dmtp.NodeOptions(bellpull.WithTransports(slow), bellpull.WithTimeout(time.Second)))...)
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close(context.Background())
			never := int32(0)
			const calls = 3
			for range calls {
				late.Store(true)
				_, err := peer.CallBytes(t.Context(), "x", nil, nil)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				if bellpull.ExecutedOf(err) == bellpull.Never {
					never++
				}
			}
			if never == 0 {
				t.Error("no call ended before it was sent")
			}
			if _, err := peer.CallBytes(t.Context(), "x", nil, nil); err != nil { // comes behind whatever was sent
				t.Fatal(err)
			}
			if n := ran.Load() - 1; n > calls-never {
				t.Errorf("%d of %d calls ended with Never, and the handler ran %d times", never, calls, n)
			}
		})
	})
}

// TestAHandlerThatRanIsNeverSaidNotTo: the errors of the calls that a handler makes say nothing of its own.
func TestAHandlerThatRanIsNeverSaidNotTo(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		_, other := pair(t, opts...)
		_, closed := unixPair(t, newMux(), opts...)
		closed.Close(t.Context())
		for name, inner := range map[string]func(ctx context.Context) error{
			"no such method": func(ctx context.Context) error {
				_, err := bellpull.Call[any](ctx, other, "missing")
				return err
			},
			"wrong arguments": func(ctx context.Context) error {
				_, err := bellpull.Call[any](ctx, other, "sum", "one", "two")
				return err
			},
			"closed": func(ctx context.Context) error {
				_, err := bellpull.Call[any](ctx, closed, "sum", 1, 2)
				return err
			},
		} {
			ran := false
			m := bellpull.NewMux()
			bellpull.HandleFunc(m, "gateway", func(ctx context.Context) error {
				ran = true
				err := inner(ctx)
				if err == nil {
					t.Errorf("%s: the inner call succeeded", name)
				}
				return fmt.Errorf("asking the other: %w", err)
			})
			_, peer := unixPair(t, m, opts...)
			_, err := bellpull.Call[any](t.Context(), peer, "gateway")
			if !ran || err == nil || bellpull.ExecutedOf(err) == bellpull.Never {
				t.Errorf("%s: ran %v, %v", name, ran, err)
			}
		}
	})
}
