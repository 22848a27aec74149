package pump

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// beat is the heartbeat of one link: when something was heard last, and what to do about silence. The monitor's
// goroutine looks at it; the fields are guarded by Monitor.mu while the pump is in its heap.
type beat struct {
	every  int64
	within int64
	ping   func()

	heard  int64 // the last sign of life
	pinged bool  // since heard
	due    int64 // of the next look
	index  int   // in the heap
}

// Heartbeat has the link looked after: when nothing was heard for every, ping is called, which sends something that
// the other side answers and must not block; when still nothing was heard within the time, counted from the last
// sign of life, the link ends. To be called at most once, when the handshake is through.
func (p *Pump) Heartbeat(every, within time.Duration, ping func()) {
	now := transport.Now()
	p.beat = beat{every: int64(every), within: int64(within), ping: ping, heard: now, due: now + int64(every)}
	m := p.mon
	m.mu.Lock()
	if _, ok := m.pumps[p]; !ok { // it has ended
		m.mu.Unlock()
		return
	}
	heap.Push(&m.beats, p)
	first := m.beats[0] == p
	m.mu.Unlock()
	if first {
		m.poke()
	}
}

// look judges the silence and says when to look again. act is what is to be done, outside the lock.
func (b *beat) look(now int64, lives ...*transport.Life) (next int64, act func(*Pump)) {
	for _, l := range lives {
		if last := l.Last(); last != 0 && last > b.heard {
			b.heard, b.pinged = last, false
		}
	}
	if now-b.due > b.every/4 {
		// We look late: it was this process that stood still, and what the other side sent may not be read yet.
		b.heard = max(b.heard, now-b.every)
	}
	// Looks are a little late themselves: a verdict somewhat before the time keeps the promise.
	verdict := b.heard + b.within - b.every/10
	switch {
	case b.pinged && now >= verdict:
		return 0, func(p *Pump) {
			p.Fail(&bellpull.Error{Code: bellpull.CodeUnavailable, Op: "link",
				Msg: fmt.Sprintf("nothing was heard for %v: the other process is stopped or hangs", time.Duration(b.within))})
		}
	case b.pinged:
		return min(now+b.every, verdict), nil
	case now-b.heard >= b.every:
		b.pinged = true
		return min(now+b.every, verdict), func(p *Pump) {
			if r, ok := p.out.(transport.Rester); ok {
				r.Rest()
			}
			b.ping()
		}
	}
	return b.heard + b.every, nil
}

// beats is a heap of pumps by the time of their next look.
type beats []*Pump

func (h beats) Len() int           { return len(h) }
func (h beats) Less(i, j int) bool { return h[i].beat.due < h[j].beat.due }
func (h beats) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].beat.index, h[j].beat.index = i, j
}

func (h *beats) Push(x any) {
	p := x.(*Pump)
	p.beat.index = len(*h)
	*h = append(*h, p)
}

func (h *beats) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	p.beat.index = -1
	return p
}

// unbeat takes a pump off the heap. Called with mu held.
func (m *Monitor) unbeat(p *Pump) {
	if i := p.beat.index; i >= 0 && i < len(m.beats) && m.beats[i] == p {
		heap.Remove(&m.beats, i)
	}
}

// nextBeat gives the time of the next look, 0 for none.
func (m *Monitor) nextBeat() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.beats) == 0 {
		return 0
	}
	return m.beats[0].beat.due
}

// look looks at every link whose time has come.
func (m *Monitor) look() {
	for {
		now := transport.Now()
		m.mu.Lock()
		if len(m.beats) == 0 || m.beats[0].beat.due > now {
			m.mu.Unlock()
			return
		}
		p := m.beats[0]
		b := &p.beat
		lives := []*transport.Life{p.in.Life()}
		if p.out != p.in {
			lives = append(lives, p.out.Life())
		}
		next, act := b.look(now, lives...)
		if next == 0 {
			heap.Pop(&m.beats)
		} else {
			b.due = next
			heap.Fix(&m.beats, 0)
		}
		m.mu.Unlock()
		if act != nil {
			act(p)
		}
	}
}
