package measure

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// stalls gives a call of a millisecond whose n-th takes a second.
func stalls(n int) Call {
	i := 0
	return func() error {
		if i++; i == n {
			time.Sleep(time.Second)
		} else {
			time.Sleep(time.Millisecond)
		}
		return nil
	}
}

func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want*99/100 || got > want*101/100 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestARateCountsTheWaitOfCallsThatCouldNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Load{For: 4 * time.Second, Rate: 100, sleep: time.Sleep}
		r, err := l.Run(t.Context(), []Call{stalls(100)})
		if err != nil || r.Calls != 400 || r.Missed != 0 {
			t.Fatalf("%d calls, %d missed, %v; want 400, 0, none", r.Calls, r.Missed, err)
		}
		// One call of 400 took a second; those that were due meanwhile waited for it, 10 ms less each, and then in a row.
		near(t, "the median", r.Hist.At(0.5), time.Millisecond)
		near(t, "the longest", r.Hist.Max(), time.Second)
		if p90 := r.Hist.At(0.9); p90 < 500*time.Millisecond {
			t.Errorf("the 90th percentile is %v: the wait of calls that could not begin was left out", p90)
		}
		near(t, "the time of it all", r.Took, 3991*time.Millisecond)
	})
}

func TestAClosedLoopCountsEachCallByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := Load{For: 2 * time.Second}.Run(t.Context(), []Call{stalls(100), stalls(0)})
		if err != nil || r.Calls != 1001+2000 {
			t.Fatalf("%d calls, %v; want 1001 and 2000, none", r.Calls, err)
		}
		near(t, "the 99.9th percentile", r.Hist.At(0.999), time.Millisecond)
		near(t, "the longest", r.Hist.Max(), time.Second)
		if got := r.PerSecond(); got < 1495 || got > 1505 {
			t.Errorf("%v calls a second, want 1500", got)
		}
	})
}

func TestARateThatCannotBeReachedSaysWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Load{For: time.Second, Rate: 2000, sleep: time.Sleep}
		r, err := l.Run(t.Context(), []Call{stalls(0)})
		if err != nil || r.Calls != 1000 || r.Missed != 1000 {
			t.Fatalf("%d calls, %d missed, %v; want 1000, 1000, none", r.Calls, r.Missed, err)
		}
		if n := r.Hist.Count(); n != 2000 {
			t.Errorf("%d times, want those of the 2000 calls that were due", n)
		}
		near(t, "the longest", r.Hist.Max(), 500*time.Millisecond)
	})
}

func TestCallersShareARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Load{For: time.Second, Rate: 1000, sleep: time.Sleep}
		r, err := l.Run(t.Context(), []Call{stalls(10), stalls(0)})
		if err != nil || r.Calls != 1000 || r.Missed != 0 {
			t.Fatalf("%d calls, %d missed, %v; want 1000, 0, none", r.Calls, r.Missed, err)
		}
		if p99 := r.Hist.At(0.99); p99 > 10*time.Millisecond {
			t.Errorf("the 99th percentile is %v: the free caller did not take what was due", p99)
		}
	})
}

func TestAnIdleCallerThatWakesLateIsNoDelayOfTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := func(d time.Duration) { time.Sleep(d + 5*time.Millisecond) }
		r, err := Load{For: time.Second, Rate: 10, sleep: late}.Run(t.Context(), []Call{stalls(0)})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "the longest", r.Hist.Max(), time.Millisecond)
	})
}

func TestAPauseIsNoPartOfItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := Load{For: time.Second, Pause: 9 * time.Millisecond}.Run(t.Context(), []Call{stalls(0)})
		if err != nil || r.Calls != 100 {
			t.Fatalf("%d calls, %v; want 100, none", r.Calls, err)
		}
		near(t, "the longest", r.Hist.Max(), time.Millisecond)
	})
}

func TestTheFirstErrorEndsALoad(t *testing.T) {
	broken := errors.New("broken")
	for _, rate := range []float64{0, 1000} {
		synctest.Test(t, func(t *testing.T) {
			i := 0
			fails := func() error {
				if i++; i == 3 {
					return broken
				}
				time.Sleep(time.Millisecond)
				return nil
			}
			from := time.Now()
			_, err := Load{For: time.Hour, Rate: rate, sleep: time.Sleep}.Run(t.Context(), []Call{fails, stalls(0)})
			if err != broken {
				t.Errorf("rate %v: error %v, want that of the call", rate, err)
			}
			if took := time.Since(from); took > time.Second {
				t.Errorf("rate %v: it went on for %v", rate, took)
			}
		})
	}
}

func TestAContextEndsALoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Load{For: time.Hour, Rate: 1, sleep: time.Sleep}.Run(ctx, []Call{stalls(0)})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
}
