package pump_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
)

// noteCounter counts the notes that arrive and answers calls with what they sent.
func noteCounter(noted *atomic.Int32) func(w *bellpull.Reply, r *bellpull.Request) {
	return func(w *bellpull.Reply, r *bellpull.Request) {
		switch string(r.Borrow()) {
		case "note":
			noted.Add(1)
		case "slow":
			time.Sleep(time.Second)
		case "slower":
			time.Sleep(2 * time.Second)
		}
		w.Write(r.Borrow())
	}
}

// cede makes calls until main has left reading to the callers.
func cede(l *toy) {
	for range 30 {
		l.call(context.Background(), "quick", 0)
	}
}

// TestSomebodyReadsThoughTheOneWokenToLeadIsCancelled: a leader that goes wakes a parked caller to take its place. When
// that one is on its way out, cancelled just now, somebody else reads on.
func TestSomebodyReadsThoughTheOneWokenToLeadIsCancelled(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for range 10 { // the race detector has goroutines run in any order
		synctest.Test(t, func(t *testing.T) {
			var noted atomic.Int32
			near, far, end := link(t, pump.Limits{}, noteCounter(&noted))
			defer end()
			cede(near)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var wg sync.WaitGroup
			await := func(ctx context.Context) *pump.Waiter {
				w, _, err := near.p.Acquire(&bellpull.Exchange{Ctx: ctx}, 1)
				if err != nil {
					t.Fatal(err)
				}
				w.Send()
				wg.Go(func() {
					near.p.Await(w)
					near.p.Release(w)
				})
				synctest.Wait()
				return w
			}
			leads := await(context.Background())
			await(ctx)                         // parks
			time.Sleep(100 * time.Millisecond) // the monitor turns away

			runtime.GOMAXPROCS(1)
			cancel()                                     // the parked one is about to run,
			far.put(kindAnswer, leads.Sign(), nil, true) // and the leader, which is readied after it, runs before it
			far.p.Flush()
			wg.Wait()

			far.note("note")
			time.Sleep(time.Hour)
			if noted.Load() == 0 {
				t.Error("nobody has read for an hour")
			}
		})
	}
}

// TestSomebodyReadsWhenTheLastCallersGoAtOnce: the same where the order is left to chance.
func TestSomebodyReadsWhenTheLastCallersGoAtOnce(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			var noted atomic.Int32
			near, far, end := link(t, pump.Limits{}, noteCounter(&noted))
			defer end()
			cede(near)
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			wg.Go(func() { near.call(context.Background(), "slow", 0) }) // leads
			time.Sleep(10 * time.Millisecond)
			wg.Go(func() { near.call(ctx, "slower", 0) }) // parks
			time.Sleep(990 * time.Millisecond)            // the answer to slow comes now
			cancel()
			wg.Wait()
			far.note("note")
			time.Sleep(time.Hour)
			if noted.Load() == 0 {
				t.Error("nobody has read for an hour")
			}
		})
		if t.Failed() {
			return
		}
	}
}

// TestNoCallerLosesItsWakeUpToAnother: waiters are used again and again, by many callers at once. A token that is left
// in one is taken out before anybody else can have it, and never one of the next owner's.
func TestNoCallerLosesItsWakeUpToAnother(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	const callers, calls = 64, 1000
	synctest.Test(t, func(t *testing.T) {
		near, _, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) })
		defer end()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var done atomic.Int32
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range calls {
					if got, err := near.call(ctx, "x", 0); got != "x" || err != nil {
						t.Error(got, err)
					}
				}
				done.Add(1)
			})
		}
		time.Sleep(time.Hour)
		if n := done.Load(); n < callers {
			t.Errorf("%d of %d callers hang", callers-n, callers)
		}
		cancel() // lets those go
		wg.Wait()
	})
}

// TestHandlersThatEndAtATickOfTheMonitor: the monitor takes the role from a handler just when that returns, and its
// request is given to another. What it remembers of the method it reads before. The race detector has the last word.
func TestHandlersThatEndAtATickOfTheMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) { time.Sleep(2 * time.Millisecond) })
		defer end()
		slow := 0
		for range 2000 {
			far.host.method = bellpull.NewMethod("m", nil) // one that is not known as slow runs on main
			if _, err := near.call(t.Context(), "x", 0); err != nil {
				t.Fatal(err)
			}
			if far.host.method.Slow() {
				slow++
			}
		}
		t.Log(slow, "of 2000 were robbed")
	})
}
