//go:build linux || darwin

package survival

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// TestP01AStoppedServiceHoldsNobodyBeyondTheDeadline: 64 callers with deadlines of 500 ms and bodies of 1 MiB, and the
// service is stopped by SIGSTOP while they are under way. Every call is back within 750 ms and says Maybe or Never. When
// the service goes on, it runs none of those that said Never.
func TestP01AStoppedServiceHoldsNobodyBeyondTheDeadline(t *testing.T) {
	eachProcessWay(t, func(t *testing.T, w way) {
		var never []string
		s := w.serve(t)
		peer := w.dial(t, s.addr)
		try := 0
		body := 1 << 20
		if raced {
			body /= 16 // or the callers' own work alone takes longer than they have
		}
		best(t, 10, 750*time.Millisecond, "64 callers of a service that was stopped were back", func() time.Duration {
			try++
			const callers = 64
			var (
				wg    sync.WaitGroup
				mu    sync.Mutex
				worst time.Duration
			)
			filler := bytes.Repeat([]byte("x"), body)
			for i := range callers {
				wg.Go(func() {
					for n := 0; ; n++ { // until the service stands still
						id := fmt.Sprintf("%d-%d-%d", try, i, n)
						body := append([]byte(id+" "), filler...)
						from := time.Now()
						ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
						_, err := peer.CallBytes(ctx, "note", nil, body)
						took := time.Since(from)
						cancel()
						if err == nil {
							continue
						}
						ran := bellpull.ExecutedOf(err)
						if !errors.Is(err, context.DeadlineExceeded) || ran == bellpull.Yes {
							t.Errorf("a call to a stopped service: %v", err)
						}
						mu.Lock()
						defer mu.Unlock()
						worst = max(worst, took)
						if ran == bellpull.Never {
							never = append(never, id)
						}
						return
					}
				})
			}
			time.Sleep(20 * time.Millisecond) // they are under way; it does not matter how far
			s.proc.stop(t)
			waits(t, "the callers of a stopped service are back", &wg)
			s.proc.cont()
			if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil { // behind all that was sent
				t.Error(err)
			}
			return worst
		})
		noted := s.noted(t)
		for _, id := range never {
			if noted["in "+id] != 0 {
				t.Errorf("call %s said never, and it ran", id)
			}
		}
	})
}
