package dmtp_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// benchPair gives a service and a peer of it in this process, over a Unix socket.
func benchPair(b *testing.B) *bellpull.Peer {
	b.Helper()
	addr := "unix:" + b.TempDir() + "/s"
	node, err := dmtp.Listen(b.Context(), addr, newMux())
	if err != nil {
		b.Fatal(err)
	}
	peer, err := dmtp.Dial(b.Context(), addr)
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
			peer, body, dst := benchPair(b), make([]byte, size), make([]byte, 0, size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := peer.CallBytes(b.Context(), "echo", dst, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCallBytes64Callers measures 64 callers on one connection.
func BenchmarkCallBytes64Callers(b *testing.B) {
	peer := benchPair(b)
	b.ReportAllocs()
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		wg.Go(func() {
			body, dst := make([]byte, 64), make([]byte, 0, 64)
			for n.Add(1) <= int64(b.N) {
				if _, err := peer.CallBytes(context.Background(), "echo", dst, body); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkNotify measures one-way messages.
func BenchmarkNotify(b *testing.B) {
	peer, body := benchPair(b), make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if err := peer.Notify(b.Context(), "echo", body); err != nil {
			b.Fatal(err)
		}
	}
}
