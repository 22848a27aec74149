package dmtp_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
)

// TestBodyMayBeAskedForByManyGoroutines: each gets a copy of its own.
func TestBodyMayBeAskedForByManyGoroutines(t *testing.T) {
	sent := bytes.Repeat([]byte("some"), 50)
	m := bellpull.NewMux()
	m.Handle("x", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for range 10 {
					b := r.Body()
					if !bytes.Equal(b, sent) {
						t.Errorf("%q", b)
					}
					for j := range b {
						b[j] = byte(i)
					}
					for _, v := range b {
						if v != byte(i) {
							t.Error("two have the same bytes")
							return
						}
					}
				}
			})
		}
		wg.Wait()
	}))
	_, peer := unixPair(t, m)
	for range 100 {
		if _, err := peer.CallBytes(t.Context(), "x", nil, sent); err != nil {
			t.Fatal(err)
		}
	}
}
