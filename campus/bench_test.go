package campus_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// pipes gives a process and a peer of it in this process, over named pipes.
func pipes(b *testing.B) *bellpull.Peer {
	b.Helper()
	b.Setenv("TMPDIR", b.TempDir())
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
	bellpull.Handle(m, "json", func(_ context.Context, s sum) (sum, error) { return s, nil })
	node, err := campus.Listen(b.Context(), "npipe:b", m)
	if err != nil {
		b.Fatal(err)
	}
	peer, err := campus.Dial(b.Context(), "npipe:b")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		peer.Close(ctx)
		node.Close(ctx)
	})
	return peer
}

// BenchmarkCallBytes measures one call at a time, both ends in one process.
func BenchmarkCallBytes(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 4 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			peer, body, dst := pipes(b), make([]byte, size), make([]byte, 0, size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := peer.CallBytes(b.Context(), "echo", dst, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCallBytes64Callers measures 64 callers on one pair of pipes.
func BenchmarkCallBytes64Callers(b *testing.B) {
	peer := pipes(b)
	b.ReportAllocs()
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		wg.Go(func() {
			body, dst := make([]byte, 64), make([]byte, 0, 64)
			for n.Add(1) <= int64(b.N) {
				if _, err := peer.CallBytes(b.Context(), "echo", dst, body); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkCall measures a JSON route.
func BenchmarkCall(b *testing.B) {
	peer := pipes(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bellpull.Call[sum](b.Context(), peer, "json", sum{1}); err != nil {
			b.Fatal(err)
		}
	}
}
