package pump

import "github.com/bellpull/bellpull"

// The states of the role word. The sequence above them changes at every handler and every passing on, so that a word
// seen twice means that nothing happened in between.
const (
	roleFree     = 0
	roleReading  = 1
	roleHandling = 2
	roleMask     = 3
	roleStep     = 4
)

// enter makes the caller the reader if nobody is.
func (p *Pump) enter() bool {
	w := p.role.Load()
	return w&roleMask == roleFree && p.role.CompareAndSwap(w, w+roleStep|roleReading)
}

// leave gives the role up and sees to it that somebody takes it.
func (p *Pump) leave() {
	eager := p.sinceRequest < cedeAfter
	p.role.Store((p.role.Load() + roleStep) &^ roleMask)
	switch {
	case p.parked.Load() > 0:
		p.passOn()
	case eager:
		p.wakeMain()
	default:
		p.kick()
	}
}

// passOn wakes a parked caller to lead, if the role is free. Whoever was parked and goes away calls it, so that a
// wake-up that met a caller on its way out is not lost.
func (p *Pump) passOn() {
	if p.role.Load()&roleMask != roleFree {
		return
	}
	p.mu.Lock()
	w := p.waitHead
	p.mu.Unlock()
	if w != nil {
		w.signal()
	} else {
		p.kick()
	}
}

// steal takes the role from a reader that is inside a handler. word is what the thief saw.
func (p *Pump) steal(word uint64) (m *bellpull.Method, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// current belongs to word: it changes only after word has. The request becomes one of those that run apart, and
	// that happens under mu together with the theft, so the handler's end, which takes mu when it finds itself
	// robbed, comes after both.
	s := p.current.Load()
	if !p.role.CompareAndSwap(word, (word+roleStep)&^roleMask|roleReading) {
		return nil, false
	}
	p.addRunning(s)
	return s.Method, true // s is nobody else's before its handler's end has taken mu
}

// kick makes the monitor tick for this pump.
func (p *Pump) kick() {
	if !p.armed.Load() && p.armed.CompareAndSwap(false, true) {
		p.mon.arm(p)
	}
}

// startMain starts a new main; the old one, if any, ends when it notices. holding says that the role was taken for it.
func (p *Pump) startMain(holding bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutDown {
		return
	}
	p.mainGen++
	gen := p.mainGen
	p.mainParked = false
	p.refs.Add(1)
	go func() {
		defer p.unref()
		p.main(gen, holding)
	}()
}

// wakeMain lets a parked main look at the role; a main that is stuck in a handler is replaced.
func (p *Pump) wakeMain() {
	p.mu.Lock()
	parked := p.mainParked
	p.mu.Unlock()
	if parked {
		select {
		case p.mainWake <- struct{}{}:
		default:
		}
		return
	}
	p.kick()
}

// tick looks after the pump once a millisecond while it is armed. It says whether to go on. The monitor's goroutine
// alone calls it.
func (p *Pump) tick() bool {
	w := p.role.Load()
	same := w == p.lastTick
	p.lastTick = w
	busy := !same
	switch w & roleMask {
	case roleHandling:
		busy = true
		if same && p.stealSlow(w) {
			p.startMain(true)
		}
	case roleFree:
		busy = true
		if same {
			p.resumeMain()
		}
	case roleReading:
		if p.watchLeader(same) {
			busy = true
		}
	}
	if busy {
		p.idleTicks = 0
		return true
	}
	if p.idleTicks++; p.idleTicks < quietTicks {
		return true
	}
	p.idleTicks = 0
	p.armed.Store(false)
	// Something may have changed after the look above and before the flag: look again.
	if p.role.Load() != w && p.armed.CompareAndSwap(false, true) {
		return true
	}
	return false
}

// quietTicks is how many ticks nothing must happen before the monitor turns away.
const quietTicks = 4

// stealSlow robs a handler that takes its time, and remembers that its method does.
func (p *Pump) stealSlow(word uint64) bool {
	m, ok := p.steal(word)
	if ok {
		m.Observe(true)
	}
	return ok
}

// resumeMain makes main read again when the role has been free for a tick.
func (p *Pump) resumeMain() {
	p.mu.Lock()
	parked := p.mainParked
	p.mu.Unlock()
	if parked {
		p.wakeMain()
	} else if p.enter() {
		p.startMain(true)
	}
}
