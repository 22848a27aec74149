package mem

import (
	"sync"
	"time"
)

// A deadline is one point in time after which one direction of one end answers os.ErrDeadlineExceeded. All fields
// are guarded by cond.L, the mutex of the half it belongs to.
//
// One timer serves all times that are ever set, so moving a deadline does not allocate. A timer may therefore fire
// for a time that was replaced meanwhile, and a time without a monotonic reading may lie ahead after all when the
// wall clock was set back; both are told by the clock, and the timer is armed again.
type deadline struct {
	cond    *sync.Cond // who waits for the deadline among other things
	at      time.Time
	expired bool
	timer   *time.Timer
}

// set moves the deadline to t; the zero time clears it. cond.L is held by the caller.
func (d *deadline) set(t time.Time) {
	d.stop()
	if t.IsZero() {
		return
	}
	d.at = t
	d.check()
}

// stop clears the deadline and releases the timer. cond.L is held by the caller.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.at, d.expired = time.Time{}, false
}

// check wakes the waiters when the time has come and arms the timer when it has not. cond.L is held.
func (d *deadline) check() {
	left := time.Until(d.at)
	switch {
	case left <= 0:
		d.expired = true
		d.cond.Broadcast()
	case d.timer != nil:
		d.timer.Reset(left)
	default:
		d.timer = time.AfterFunc(left, d.fire)
	}
}

// fire runs in the timer's goroutine. The deadline may have been cleared since.
func (d *deadline) fire() {
	d.cond.L.Lock()
	defer d.cond.L.Unlock()
	if !d.at.IsZero() {
		d.check()
	}
}
