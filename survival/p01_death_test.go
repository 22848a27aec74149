//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// TestP01EveryCallEndsSoonAfterThePeersDeath: 50 ms after a kill -9 is to be seen, no call waits any more, though its
// deadline is far away. The link has calls that wait, one that reads for them, and one whose answer was due.
func TestP01EveryCallEndsSoonAfterThePeersDeath(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		best(t, 5, w.death(), "the last call returned after the death of the service", func() time.Duration {
			s := w.serve(t)
			peer := w.dial(t, s.addr)
			defer hangUp(peer)
			const calls = 16
			ended := make(chan time.Time)
			for i := range calls {
				go func() {
					_, err := peer.CallBytes(context.Background(), []string{"stuck", "block"}[i%2], nil, nil)
					if !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
						t.Errorf("a call whose service was killed: %v", err)
					}
					ended <- time.Now()
				}()
			}
			for range 3 { // the service has begun with those before
				if _, err := peer.CallBytes(t.Context(), "slow", nil, ding); err != nil {
					t.Error(err)
				}
			}
			s.kill()
			var last time.Time
			for range calls {
				last = arrives(t, "the end of a call whose service was killed", ended)
			}
			return last.Sub(s.goneAt(t))
		})
	})
}

// TestP01NoCallWaitsForAPeerThatIsAwayBeyondItsDeadline: while the service is gone, calls wait for it, and end by their
// deadlines. They did not run. So does one that is idempotent and was under way when the service died.
func TestP01NoCallWaitsForAPeerThatIsAwayBeyondItsDeadline(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr)
		again := make(chan time.Duration, 1)
		idempotent := make(chan error, 1)
		go func() {
			took, err := late(bellpull.WithCall(t.Context(), bellpull.Idempotent()), peer, "stuck", nil, 150*time.Millisecond)
			again <- took
			idempotent <- err
		}()
		if _, err := peer.CallBytes(t.Context(), "slow", nil, ding); err != nil {
			t.Fatal(err)
		}
		s.kill()
		s.goneAt(t)
		eventually(t, "the peer is down", func() bool { return !peer.Up() })
		best(t, 5, grace, "a call returned behind its deadline", func() time.Duration {
			took, err := late(t.Context(), peer, "echo", nil, 50*time.Millisecond)
			if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Errorf("a call while the service was away: %v", err)
			}
			return took
		})
		took, err := arrives(t, "the end of the idempotent call", again), <-idempotent
		if took > grace || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an idempotent call returned %v behind its deadline with %v", took, err)
		}
		// It had been sent once, to the service that died with it.
		if bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Errorf("an idempotent call that was sent, and waited for the next link until its deadline, says %v: %v", bellpull.ExecutedOf(err), err)
		}
	})
}
