package measure

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Call makes one call and gives its error. It is used by one goroutine.
type Call func() error

// A Load says how calls are made.
type Load struct {
	// For is how long calls are begun.
	For time.Duration
	// Rate is the number of calls a second from all callers together, evenly spaced; 0: each caller calls again as soon
	// as it has its answer.
	Rate float64
	// Pause is how long a caller of a closed loop waits before each call, which begins after it: so long that both sides
	// have gone to sleep.
	Pause time.Duration
	// Digits of the histogram, see [NewHist]. Default 3.
	Digits int

	sleep func(time.Duration) // nap; tests on virtual time have another
}

// A Result is what a load gave.
type Result struct {
	Hist *Hist
	// Calls that were answered.
	Calls int64
	// Missed are calls of a rate that were due and never begun, because every caller was busy until the end. They are in
	// Hist with the time they had waited.
	Missed int64
	// Took is the time from the beginning to the last answer.
	Took time.Duration
}

// PerSecond is the number of answered calls a second.
func (r Result) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Calls) / r.Took.Seconds()
}

// Run makes calls from one goroutine for each of the callers and blocks until all are back. The first error ends the
// load and is returned; so does ctx, whose cause it then is.
//
// At a rate a call's time runs from the moment it was due, so that calls which could not begin because earlier ones took
// long count with their wait (no coordinated omission). A caller that was idle and woke up late is no fault of the other
// side: then it runs from the moment it woke.
func (l Load) Run(ctx context.Context, callers []Call) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if l.Digits == 0 {
		l.Digits = 3
	}
	if l.sleep == nil {
		l.sleep = nap
	}
	run := &run{load: l, begin: time.Now()}
	defer context.AfterFunc(ctx, func() { run.stop.Store(true) })()
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		sum = Result{Hist: NewHist(l.Digits)}
	)
	for _, call := range callers {
		wg.Go(func() {
			one := caller{run: run, call: call, hist: NewHist(l.Digits)}
			if err := one.loop(); err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Hist.Add(one.hist)
			sum.Calls += one.calls
			sum.Missed += one.missed
			sum.Took = max(sum.Took, one.last)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return sum, context.Cause(ctx)
	}
	sum.Missed += run.rest(sum.Hist)
	return sum, nil
}

// run is what the callers of a load share.
type run struct {
	load  Load
	stop  atomic.Bool
	begin time.Time
	next  atomic.Int64 // number of the next call of a rate
}

// now is the time since the beginning: one reading of the monotonic clock.
func (r *run) now() time.Duration { return time.Since(r.begin) }

// due gives the moment of the next call of a rate.
func (r *run) due() time.Duration {
	return time.Duration(float64(r.next.Add(1)-1) / r.load.Rate * float64(time.Second))
}

// rest counts the calls of a rate that nobody took, and records how long they had waited.
func (r *run) rest(h *Hist) int64 {
	if r.load.Rate <= 0 {
		return 0
	}
	from := r.next.Load()
	all := int64(r.load.Rate*r.load.For.Seconds()) - from
	for step, i := max(1, all/100000), int64(0); i < all; i += step {
		at := time.Duration(float64(from+i) / r.load.Rate * float64(time.Second))
		h.h.RecordValues(max(1, int64(r.load.For-at)), min(step, all-i))
	}
	return max(0, all)
}

type caller struct {
	*run
	call   Call
	hist   *Hist
	calls  int64
	missed int64
	last   time.Duration // when the last answer came
}

func (c *caller) loop() error {
	if c.load.Rate > 0 {
		return c.open()
	}
	return c.closed()
}

// closed calls again and again. The end of one call is the beginning of the next, so the clock is read once a call.
func (c *caller) closed() error {
	for from := c.now(); from < c.load.For; from = c.last {
		if c.load.Pause > 0 {
			time.Sleep(c.load.Pause)
			from = c.now()
		}
		if err := c.call(); err != nil {
			return err
		}
		c.last = c.now()
		c.hist.Record(c.last - from)
		if c.calls++; c.stop.Load() {
			return nil
		}
	}
	return nil
}

// open takes the next call that is due, whoever of the callers is free.
func (c *caller) open() error {
	woke := time.Duration(0)
	for at := c.due(); at < c.load.For; at = c.due() {
		now := c.now()
		for ; now < at && !c.stop.Load(); now = c.now() {
			c.load.sleep(at - now)
			woke = c.now()
		}
		if now >= c.load.For || c.stop.Load() {
			c.hist.Record(c.load.For - at)
			c.missed++
			return nil
		}
		if err := c.call(); err != nil {
			return err
		}
		c.last = c.now()
		c.calls++
		c.hist.Record(c.last - max(at, woke))
	}
	return nil
}
