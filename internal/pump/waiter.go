package pump

import (
	"context"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// A sign names a waiter on the wire: slot number in the low 12 bits, generation above, always a positive int32.
const (
	slotBits = 12
	maxSlots = 1 << slotBits
	genMask  = 1<<(31-slotBits) - 1
)

// The states of a waiter.
const (
	waitIdle       = iota
	waitPending    // about to be sent
	waitSent       // committed: from here on it may have run
	waitDelivering // somebody writes the answer
	waitOver       // answered or expired; its owner may look
	waitLost       // the link ended first
)

// A Waiter is one request of this side that waits for its answer. Its owner is the goroutine that got it from Acquire;
// it must give it back with Release.
type Waiter struct {
	// X is the exchange that wants the answer. Between Claim and Finish it belongs to the reader.
	X *bellpull.Exchange
	// Kind is the engine's: an answer of another kind is not one.
	Kind uint8
	// Err is the answer when it is an error. Set between Claim and Finish.
	Err   error
	index uint32
	gen   uint32
	state atomic.Uint32
	ch    chan struct{} // holds a token: look at state, or lead

	ctx      context.Context
	deadline int64
	stop     func() bool       // of the context function
	ran      bellpull.Executed // what is known of a request that ends without an answer; set before its state is

	sent       bool // Send said true; the owner's
	isParked   bool
	prev, next *Waiter
}

// Sign is the waiter's number on the wire.
func (w *Waiter) Sign() int32 { return int32(w.gen<<slotBits | w.index) }

// Over says that nothing is to be waited for any more.
func (w *Waiter) Over() bool { return w.state.Load() >= waitOver }

func (w *Waiter) pending() bool { s := w.state.Load(); return s == waitPending || s == waitSent }

// Send is to be called between reserving room for the request and committing it. It says false when the waiter is over
// already: its owner may have been told Never, so nothing must be committed; Await gives the reason at once.
func (w *Waiter) Send() bool {
	w.sent = w.state.CompareAndSwap(waitPending, waitSent)
	return w.sent
}

// Tell calls the exchange's Sent if the request was committed. It runs the user's code: the batch must be free again.
func (w *Waiter) Tell(x *bellpull.Exchange) {
	if x.Sent != nil && w.sent {
		x.Sent()
	}
}

// take ends the wait without an answer, unless somebody else has: it says whether the waiter is the caller's now, and
// notes whether the request was sent.
func (w *Waiter) take() bool {
	for {
		from := w.state.Load()
		if from != waitPending && from != waitSent {
			return false
		}
		if w.state.CompareAndSwap(from, waitDelivering) {
			w.ran = bellpull.Never
			if from == waitSent {
				w.ran = bellpull.Maybe
			}
			return true
		}
	}
}

func (w *Waiter) signal() {
	select {
	case w.ch <- struct{}{}:
	default:
	}
}

// watch has the waiter expire with its context. Called with mu held.
func (w *Waiter) watch(p *Pump) {
	gen := w.gen
	w.stop = context.AfterFunc(w.ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if w.gen == gen {
			p.expire(w, contextError(w.ctx))
		}
	})
}

// slots are a link's waiters: as many as were ever in flight at once.
type slots struct {
	all   []*Waiter
	free  []*Waiter
	limit int
	inUse int
	next  int64 // no deadline is earlier; 0: there is none
}

func (s *slots) failAll() []*Waiter {
	var list []*Waiter
	for _, w := range s.all {
		if w.take() {
			w.state.Store(waitLost)
			list = append(list, w)
		}
	}
	return list
}

// Acquire gives a waiter for x. others says that more requests are under way. Errors are [*bellpull.Error], Never:
// CodeBusy when too many are, CodeUnavailable when the link has ended.
func (p *Pump) Acquire(x *bellpull.Exchange, kind uint8) (w *Waiter, others bool, err error) {
	p.mu.Lock()
	if p.err != nil {
		defer p.mu.Unlock()
		return nil, false, p.lostError(bellpull.Never)
	}
	s := &p.slots
	if n := len(s.free); n > 0 {
		w = s.free[n-1]
		s.free = s.free[:n-1]
	} else if len(s.all) < s.limit {
		w = &Waiter{index: uint32(len(s.all)), gen: 1, ch: make(chan struct{}, 1)}
		s.all = append(s.all, w)
	} else {
		p.mu.Unlock()
		return nil, true, &bellpull.Error{Code: bellpull.CodeBusy, Op: "call", Ran: bellpull.Never,
			Err: &transport.LimitError{What: "calls in flight", Size: int64(s.limit) + 1, Limit: int64(s.limit)}}
	}
	others = s.inUse > 0
	s.inUse++
	w.X, w.Kind, w.Err, w.sent = x, kind, nil, false
	w.ctx, w.deadline = x.Ctx, x.Deadline
	w.state.Store(waitPending)
	sooner := x.Deadline != 0 && (s.next == 0 || x.Deadline < s.next)
	if sooner {
		s.next = x.Deadline
	}
	p.mu.Unlock()
	if sooner {
		p.mon.deadline(x.Deadline)
	}
	return w, others, nil
}

// Release gives a waiter back. Its Sign is not used again for half a million others of the same slot.
func (p *Pump) Release(w *Waiter) {
	p.mu.Lock()
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.state.Store(waitIdle)
	w.X, w.ctx, w.Err = nil, nil, nil
	if w.gen++; w.gen > genMask {
		w.gen = 1
	}
	p.slots.inUse--
	select { // a token that came too late; while nobody else can have w
	case <-w.ch:
	default:
	}
	p.slots.free = append(p.slots.free, w)
	p.mu.Unlock()
}

// Claim gives the waiter that an answer is for, or nil: nobody waits for it any more, or ever did. The reader then
// owns w.X and w.Err until Finish.
func (p *Pump) Claim(sign int32, kind uint8) *Waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := int(uint32(sign) & (maxSlots - 1))
	if sign <= 0 || i >= len(p.slots.all) {
		return nil
	}
	w := p.slots.all[i]
	if w.gen != uint32(sign)>>slotBits || w.Kind != kind || !w.state.CompareAndSwap(waitSent, waitDelivering) {
		return nil
	}
	p.unpark(w)
	return w
}

// Finish says that a claimed waiter has its answer. r is nil where whoever read that is not the reader of this pump.
func (p *Pump) Finish(r *Reader, w *Waiter) {
	mine := r != nil && r.own == w
	w.state.Store(waitOver)
	if !mine {
		w.signal()
	}
	if r == nil {
		if p.leader.Load() == w {
			p.in.Wake() // its owner waits in the carrier
		}
		return
	}
	if !mine {
		r.served = true
	}
	p.sinceRequest++
}

// expire ends a waiter without an answer. Called with mu held.
func (p *Pump) expire(w *Waiter, err *bellpull.Error) {
	if !w.take() {
		return
	}
	err.Ran = w.ran
	w.Err = err
	p.unpark(w)
	w.state.Store(waitOver)
	w.signal()
	if p.leader.Load() == w {
		p.in.Wake()
	}
}

// sweep expires what is due and gives the next time to look, 0 for none.
func (p *Pump) sweep(now int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.slots
	if s.next == 0 || s.next > now {
		return s.next
	}
	s.next = 0
	for _, w := range s.all {
		if !w.pending() || w.deadline == 0 {
			continue
		}
		if w.deadline <= now {
			p.expire(w, &bellpull.Error{Code: bellpull.CodeDeadline, Op: "call"})
		} else if s.next == 0 || w.deadline < s.next {
			s.next = w.deadline
		}
	}
	return s.next
}

func contextError(ctx context.Context) *bellpull.Error {
	e := &bellpull.Error{Code: bellpull.CodeCanceled, Op: "call", Err: context.Cause(ctx)}
	if ctx.Err() == context.DeadlineExceeded {
		e.Code = bellpull.CodeDeadline
	}
	return e
}

// lostError is what a request gets when the link has ended. Called with mu held.
func (p *Pump) lostError(ran bellpull.Executed) *bellpull.Error {
	e := &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "call", Ran: ran, Err: p.err}
	if own, ok := p.err.(*bellpull.Error); ok {
		e.Msg, e.Err, e.Advice = own.Msg, own.Err, own.Advice
		switch own.Code {
		case bellpull.CodeClosed, bellpull.CodeProtocol, bellpull.CodeRefused, bellpull.CodeTooLarge:
			e.Code = own.Code
		}
	}
	return e
}

// Await blocks until w is over: answered, expired, cancelled, or the link has ended. The error is w's.
func (p *Pump) Await(w *Waiter) error {
	cancelled := w.ctx.Done()
	parked := false
	for !w.Over() {
		if p.enter() {
			p.lead(w)
			continue
		}
		p.park(w)
		parked = true
		if w.Over() {
			break
		}
		if p.enter() {
			p.lead(w)
			continue
		}
		if word := p.role.Load(); word&roleMask == roleHandling {
			if _, ok := p.steal(word); ok {
				p.lead(w)
				continue
			}
		}
		select {
		case <-w.ch:
		case <-cancelled:
			cancelled = nil // should the answer be on its way, wait for it
			p.mu.Lock()
			p.expire(w, contextError(w.ctx))
			p.mu.Unlock()
		}
	}
	if parked || p.parked.Load() > 0 {
		p.passOn() // a wake-up to lead may have met this one on its way out
	}
	if w.state.Load() == waitOver {
		return w.Err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lostError(w.ran)
}

// park lists w among those who wait for their answer or for the role.
func (p *Pump) park(w *Waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.isParked || !w.pending() {
		return
	}
	w.isParked = true
	w.prev, w.next = p.waitTail, nil
	if p.waitTail != nil {
		p.waitTail.next = w
	} else {
		p.waitHead = w
	}
	p.waitTail = w
	p.parked.Add(1)
}

// unpark takes w off the list. Called with mu held.
func (p *Pump) unpark(w *Waiter) {
	if !w.isParked {
		return
	}
	w.isParked = false
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		p.waitHead = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		p.waitTail = w.prev
	}
	w.prev, w.next = nil, nil
	p.parked.Add(-1)
}
