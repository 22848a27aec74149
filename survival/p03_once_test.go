//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// TestP03NoCallRunsTwiceAcrossReconnects kills the service again and again under callers that go on. Its journal then
// has every answered call once, every call that ended with Never not at all, and the others once at most.
func TestP03NoCallRunsTwiceAcrossReconnects(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, soon())
		const callers, kills = 8, 2
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			ends = map[string]error{}
		)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		for c := range callers {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					id := fmt.Sprint(c, "-", i)
					got, err := peer.CallBytes(ctx, []string{"note", "slow"}[i%2], nil, []byte(id))
					if err == nil && string(got) != id {
						t.Errorf("call %s got the answer %q", id, got)
					}
					mu.Lock()
					ends[id] = err
					mu.Unlock()
				}
			})
		}
		for range kills {
			time.Sleep(30 * time.Millisecond) // under way; it does not matter with what
			s.kill()
			s = s.again(t)
			// Connected again, even where the peer has yet to notice that it was not.
			if _, err := peer.CallBytes(bellpull.WithCall(t.Context(), bellpull.Idempotent()), "echo", nil, ding); err != nil {
				t.Error(err)
			}
		}
		stop()
		wg.Wait()
		noted := s.noted(t)
		answered := 0
		for id, err := range ends {
			in, out := noted["in "+id], noted["out "+id]
			switch {
			case err == nil && (in != 1 || out != 1):
				t.Errorf("call %s was answered, and the journal has it %d times begun and %d times ended", id, in, out)
			case bellpull.ExecutedOf(err) == bellpull.Never && err != nil && in != 0:
				t.Errorf("call %s ended with %v, and the journal has it %d times", id, err, in)
			case in > 1:
				t.Errorf("call %s ran %d times and ended with %v", id, in, err)
			}
			if err == nil {
				answered++
			}
		}
		if answered == 0 || answered == len(ends) {
			t.Errorf("%d of %d calls were answered: the kills hit nothing, or everything", answered, len(ends))
		}
	})
}

// TestP03ACallThatDiedWithItsServiceIsNotMadeAgain: the call that kills the service ends with Maybe. It is not made
// again on the next link, unless it is idempotent; then it is, once.
func TestP03ACallThatDiedWithItsServiceIsNotMadeAgain(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, soon())
		lost := func(err error) {
			t.Helper()
			if !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
				t.Errorf("a call that killed its service: %v", err)
			}
		}
		_, err := peer.CallBytes(t.Context(), "die", nil, []byte("once"))
		lost(err)
		s = s.again(t)
		if _, err := peer.CallBytes(t.Context(), "note", nil, []byte("after")); err != nil {
			t.Fatal(err)
		}

		idempotent := bellpull.WithCall(t.Context(), bellpull.Idempotent())
		answer := make(chan string, 1)
		go func() {
			got, err := peer.CallBytes(idempotent, "dieonce", nil, []byte("again"))
			answer <- fmt.Sprint(string(got), " ", err)
		}()
		s = s.again(t)
		if got := arrives(t, "the answer of an idempotent call", answer); got != "again <nil>" {
			t.Error("an idempotent call whose service died and came back got", got)
		}

		failed := make(chan error, 1)
		go func() {
			_, err := peer.CallBytes(idempotent, "die", nil, []byte("twice"))
			failed <- err
		}()
		s = s.again(t)
		lost(arrives(t, "the end of a call that kills every service", failed))
		s = s.again(t)
		if _, err := peer.CallBytes(t.Context(), "note", nil, []byte("last")); err != nil {
			t.Fatal(err)
		}
		n := s.noted(t)
		for id, want := range map[string]int{"once": 1, "after": 1, "again": 2, "twice": 2, "last": 1} {
			if n["in "+id] != want {
				t.Errorf("call %q ran %d times, want %d", id, n["in "+id], want)
			}
		}
	})
}
