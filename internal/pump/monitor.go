package pump

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// tickEvery is how often the monitor looks at links on which something is going on.
const tickEvery = time.Millisecond

// A Monitor watches the links of one engine: it takes the reader role from handlers that last, wakes main when no
// caller reads, expires calls, and notices silence. Its goroutines sleep while nothing is going on. Its Close ends them.
//
// Ticks do not come from a timer of the runtime where that can be helped: a timer that is due within a millisecond
// keeps the runtime's own watchdog awake, which takes processors away from goroutines in system calls and so makes
// every call half as slow again. On Linux a timerfd in the poller does the same at a hundredth of the cost. Links in
// process memory use timers all the same, so that virtual time works.
type Monitor struct {
	next atomic.Int64 // the earliest deadline of all links; 0: none
	wake chan struct{}
	stop chan struct{}
	once sync.Once
	wg   sync.WaitGroup

	// mu guards the fields that follow. It is taken inside no lock of a pump but for the atomic flag of arm.
	mu      sync.Mutex
	pumps   map[*Pump]struct{}
	beats   beats   // the heartbeats of those that have one
	armed   []*Pump // that a timer ticks for
	kernel  *kernelTicker
	kernels []*Pump // that the kernel's ticker ticks for
}

// NewMonitor starts a monitor.
func NewMonitor() *Monitor {
	m := &Monitor{wake: make(chan struct{}, 1), stop: make(chan struct{}), pumps: map[*Pump]struct{}{}}
	m.wg.Go(m.run)
	return m
}

// Close ends the monitor and waits for its goroutine. The links must have ended.
func (m *Monitor) Close() {
	m.once.Do(func() {
		close(m.stop)
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.kernel != nil {
			m.kernel.close()
		}
	})
	m.wg.Wait()
}

func (m *Monitor) add(p *Pump) {
	m.mu.Lock()
	m.pumps[p] = struct{}{}
	m.mu.Unlock()
}

func (m *Monitor) remove(p *Pump) {
	m.mu.Lock()
	delete(m.pumps, p)
	m.unbeat(p)
	m.mu.Unlock()
}

func (m *Monitor) arm(p *Pump) {
	m.mu.Lock()
	if !p.virtual && m.startKernel() {
		m.kernels = append(m.kernels, p)
		if len(m.kernels) == 1 {
			m.kernel.start()
		}
		m.mu.Unlock()
		return
	}
	m.armed = append(m.armed, p)
	first := len(m.armed) == 1
	m.mu.Unlock()
	if first {
		m.poke()
	}
}

// startKernel makes the kernel's ticker, once. Called with mu held.
func (m *Monitor) startKernel() bool {
	if m.kernel == nil {
		if m.kernel = newKernelTicker(); m.kernel == nil {
			return false
		}
		k := m.kernel
		m.wg.Go(func() {
			for k.wait() {
				m.tickKernel()
			}
		})
	}
	return true
}

// tickKernel looks at the links that the kernel's ticker ticks for, and stops it when none is left.
func (m *Monitor) tickKernel() {
	m.mu.Lock()
	list := m.kernels
	m.mu.Unlock()
	keep := tickAll(list)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kernels = append(m.kernels[:0], append(keep, m.kernels[len(list):]...)...)
	if len(m.kernels) == 0 {
		m.kernel.stop()
	}
}

// tickAll ticks for pumps and gives those that want more.
func tickAll(list []*Pump) (keep []*Pump) {
	for _, p := range list {
		select {
		case <-p.gone:
		default:
			if p.tick() {
				keep = append(keep, p)
			}
		}
	}
	return keep
}

// deadline tells the monitor of a call that must be over at t.
func (m *Monitor) deadline(t int64) {
	for {
		next := m.next.Load()
		if next != 0 && next <= t {
			return
		}
		if m.next.CompareAndSwap(next, t) {
			m.poke()
			return
		}
	}
}

func (m *Monitor) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *Monitor) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	ticking := false
	for {
		wait := time.Duration(-1)
		if next := m.next.Load(); next != 0 {
			wait = max(0, time.Duration(next-transport.Now()))
		}
		if beat := m.nextBeat(); beat != 0 {
			if left := max(0, time.Duration(beat-transport.Now())); wait < 0 || left < wait {
				wait = left
			}
		}
		if ticking && (wait < 0 || wait > tickEvery) {
			wait = tickEvery
		}
		timer.Stop()
		if wait >= 0 {
			timer.Reset(wait)
		}
		select {
		case <-m.stop:
			return
		case <-m.wake:
			if ticking {
				continue
			}
			// The first tick comes a whole tick after the arming: what is armed and over within it costs nothing.
			m.mu.Lock()
			ticking = len(m.armed) > 0
			m.mu.Unlock()
		case <-timer.C:
			ticking = m.tick()
			m.sweep()
			m.look()
		}
	}
}

// tick looks at the armed links and says whether there are any left.
func (m *Monitor) tick() bool {
	m.mu.Lock()
	list := m.armed
	m.armed = nil
	m.mu.Unlock()
	keep := tickAll(list)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.armed = append(keep, m.armed...)
	return len(m.armed) > 0
}

// sweep expires what is due on every link and finds the next deadline.
func (m *Monitor) sweep() {
	now := transport.Now()
	if next := m.next.Load(); next == 0 || next > now {
		return
	}
	m.next.Store(0) // deadlines that come in from here on set it anew
	m.mu.Lock()
	list := make([]*Pump, 0, len(m.pumps))
	for p := range m.pumps {
		list = append(list, p)
	}
	m.mu.Unlock()
	for _, p := range list {
		if next := p.sweep(now); next != 0 {
			m.deadline(next)
		}
	}
}
