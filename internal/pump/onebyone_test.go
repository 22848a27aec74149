package pump_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
)

// TestCallsOneByOneRunInTheOrderInWhichTheyCame: with the notifies between them, whether the handlers are quick or not, and
// each is answered.
func TestCallsOneByOneRunInTheOrderInWhichTheyCame(t *testing.T) {
	for _, takes := range []time.Duration{0, 5 * time.Millisecond} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran []string
				at := 0
				near, _, end := link(t, pump.Limits{OneByOne: true}, func(w *bellpull.Reply, r *bellpull.Request) {
					if at++; at > 1 {
						t.Error("two handlers at once")
					}
					ran = append(ran, string(r.Borrow()))
					time.Sleep(takes)
					at--
					w.Write(r.Borrow())
				})
				var wg sync.WaitGroup
				var sent []string
				for i := range 40 {
					body := fmt.Sprint(i)
					sent = append(sent, body)
					if i%3 == 0 {
						near.note(body)
					} else {
						wg.Go(func() {
							if got, err := near.call(t.Context(), body, 0); got != body || err != nil {
								t.Error(body, got, err)
							}
						})
					}
					time.Sleep(3 * time.Millisecond) // so that it is read
				}
				wg.Wait()
				end()
				if !slices.Equal(ran, sent) {
					t.Errorf("they ran in the order %v", ran)
				}
			})
		})
	}
}

// TestCallsOneByOneAreRefusedBeyondTheirNumber: those in line count as handlers, and no other call is lost.
func TestCallsOneByOneAreRefusedBeyondTheirNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, end := link(t, pump.Limits{OneByOne: true, Handlers: 4}, func(w *bellpull.Reply, r *bellpull.Request) {
			time.Sleep(time.Second)
			w.Write(r.Borrow())
		})
		defer end()
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				got, err := near.call(t.Context(), "x", 0)
				if want := i >= 4; err != nil || strings.HasPrefix(got, "refused: busy") != want {
					t.Errorf("call %d: %q, %v", i, got, err)
				}
			})
			time.Sleep(3 * time.Millisecond) // so that it is read
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		far.p.Drain(ctx)
		if ctx.Err() != nil {
			t.Error("there is still a handler when all calls are answered")
		}
		wg.Wait()
	})
}

// TestCallsInLineDoNotRunOnALinkThatHasEnded: nor is anything left of them.
func TestCallsInLineDoNotRunOnALinkThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := 0
		near, far, end := link(t, pump.Limits{OneByOne: true}, func(w *bellpull.Reply, r *bellpull.Request) {
			ran++
			time.Sleep(time.Second)
		})
		for range 3 {
			go near.call(t.Context(), "x", 0)
			time.Sleep(3 * time.Millisecond) // so that it is read
		}
		far.p.Fail(fmt.Errorf("over"))
		end()
		if ran != 1 {
			t.Errorf("%d ran, want the one that was running", ran)
		}
	})
}
