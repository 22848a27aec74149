//go:build linux || darwin

package survival

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// p99 gives the 99th percentile of the time that a call of this peer takes.
func p99(t *testing.T, p *bellpull.Peer) time.Duration {
	t.Helper()
	const calls = 500
	buf := make([]byte, 0, 64)
	took := make([]time.Duration, calls)
	for i := range took {
		from := time.Now()
		if _, err := p.CallBytes(t.Context(), "echo", buf[:0], []byte("x")); err != nil {
			t.Fatal(err)
		}
		took[i] = time.Since(from)
	}
	slices.Sort(took)
	return took[calls*99/100]
}

// TestP08ThreeHundredStuckHandlersHarmNobodyElse: of 300 calls to a handler that never returns, 256 run and the others
// are refused, Never. A ping of the same peer is answered within 100 ms, its next call is refused, and the calls of
// another peer take no longer than twice what they took before.
func TestP08ThreeHundredStuckHandlersHarmNobodyElse(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		hostile, other := w.dial(t, s.addr), w.dial(t, s.addr)
		p99(t, other) // warm
		before := p99(t, other)
		for range 4 {
			before = min(before, p99(t, other))
		}

		const calls, limit = 300, 256
		refused := make(chan error, calls)
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				_, err := hostile.CallBytes(t.Context(), "stuck", nil, nil)
				refused <- err
			})
		}
		want := remote(bellpull.CodeBusy, bellpull.Never)
		switch {
		case w.plain:
			want = remote(bellpull.CodeRefused, bellpull.Never) // plain DMTP has one word for every refusal
		case w.campus:
			want = noAnswer
		}
		for range calls - limit {
			if err := arrives(t, "the calls beyond the limit are refused", refused); verdictOf(err) != want {
				t.Errorf("one call too many: %v, want %v: %v", verdictOf(err), want, err)
			}
		}

		best(t, 5, 100*time.Millisecond, "a ping of the peer whose handlers are stuck took", func() time.Duration {
			if w.campus { // it has no pings
				return 0
			}
			took, err := hostile.Ping(t.Context())
			if err != nil {
				t.Error(err)
			}
			return took
		})
		if _, err := hostile.CallBytes(t.Context(), "echo", nil, nil); verdictOf(err) != want {
			t.Errorf("the next call: %v, want %v: %v", verdictOf(err), want, err)
		}
		best(t, 20, 2*before, "the 99th percentile of another peer's calls", func() time.Duration { return p99(t, other) })

		s.kill() // lets those that are stuck go
		hangUp(hostile)
		wg.Wait()
	})
}
