package pump

import (
	"errors"
	"io"

	"github.com/bellpull/bellpull"
)

// A Reader is the goroutine that holds the reader role, as Dispatch sees it.
type Reader struct {
	p      *Pump
	main   bool    // the link's own goroutine: it runs handlers itself
	own    *Waiter // the caller that leads, nil for main
	lost   bool    // the role was stolen
	served bool    // an answer for somebody else was delivered since main took the role
}

// cedeAfter is how many frames without a request of the other side make a link one that only serves callers: main
// then leaves reading to them. A link that serves requests keeps its main reading.
const cedeAfter = 16

// drainAfter bounds the frames that a caller works on after its own answer has come.
const drainAfter = 16

// main reads whenever no caller does.
func (p *Pump) main(gen uint32, holding bool) {
	r := Reader{p: p, main: true}
	for {
		for !holding {
			if !p.parkMain(gen) {
				return
			}
			holding = p.enter()
		}
		r.lost, r.served = false, false
		p.pump(&r)
		select {
		case <-p.gone:
			return
		default:
		}
		if !r.lost {
			p.leave()
		}
		holding = false
	}
}

// parkMain puts main to sleep until it may read. It says whether the goroutine still is main of a live link.
func (p *Pump) parkMain(gen uint32) bool {
	p.mu.Lock()
	if p.mainGen != gen || p.shutDown {
		p.mu.Unlock()
		return false
	}
	first := gen == 1 && p.role.Load() == 0
	p.mainParked = true
	p.mu.Unlock()
	if !first { // at the very beginning there is nothing to wait for
		p.kick()
		select {
		case <-p.mainWake:
		case <-p.gone:
			return false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mainGen == gen {
		p.mainParked = false
	}
	return p.mainGen == gen && !p.shutDown
}

// lead makes the caller read for everybody until its own answer is there.
func (p *Pump) lead(w *Waiter) {
	r := &p.leading // one caller leads at a time: the role's, like what is behind it
	*r = Reader{p: p, own: w}
	p.leader.Store(w)
	if w.ctx.Done() != nil {
		p.kick()
	}
	p.pump(r)
	r.own = nil
	p.leader.Store(nil)
	p.leave()
}

// pump reads and dispatches: main until it loses or cedes the role, a leader until its answer is there and what came
// with it has been seen to, and both until the link ends.
func (p *Pump) pump(r *Reader) {
	extra := 0
	for {
		frame, ok, err := p.in.Next()
		if err != nil {
			p.Fail(bellpull.WrapTransport("read", p.in.Identity().Remote, err))
			return
		}
		if ok {
			if r.own != nil && r.own.Over() {
				if extra++; extra > drainAfter {
					// More than is fair to ask of a caller: main goes on with what is buffered. This frame is
					// dispatched first, since it cannot be put back.
					p.sinceRequest = 0
				}
			}
			if err := p.proto.Dispatch(r, frame); err != nil {
				p.Fail(err)
				return
			}
			if r.lost || extra > drainAfter {
				return
			}
			continue
		}
		p.Flush()
		if r.own != nil && r.own.Over() {
			return
		}
		if r.main && r.served && p.sinceRequest >= cedeAfter {
			return
		}
		if err := p.in.Wait(0); err != nil {
			p.Fail(lost(err))
			return
		}
		if r.own != nil && r.own.Over() {
			return
		}
	}
}

// lost makes the error of a connection that ended.
func lost(err error) error {
	e := &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "read", Err: err}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Msg = "the other side hung up"
		if errors.Is(err, io.ErrUnexpectedEOF) {
			e.Msg = "the other side hung up inside a frame"
		}
		e.Err = nil
	}
	return e
}

// watchLeader looks whether the caller that leads has given up. A leader is parked in the carrier and cannot see its
// context; while calls are short the monitor looks for it, and from the fifth tick on a context function does, which
// costs an allocation. It says whether ticks are still needed.
func (p *Pump) watchLeader(same bool) bool {
	w := p.leader.Load()
	if w == nil {
		p.leaderFor = 0
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leader.Load() != w || !w.pending() || w.ctx.Done() == nil || w.stop != nil {
		p.leaderFor = 0
		return false
	}
	if err := w.ctx.Err(); err != nil {
		p.expire(w, contextError(w.ctx))
		return false
	}
	if !same {
		p.leaderFor = 0
	}
	if p.leaderFor++; p.leaderFor < 5 {
		return true
	}
	p.leaderFor = 0
	w.watch(p)
	return false
}
