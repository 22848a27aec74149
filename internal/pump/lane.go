package pump

import (
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// A lane runs the notifies and messages of a link one after another, in their order. While one takes long, those that
// follow wait here; there is no way to refuse them, so a lane that runs over ends the link rather than lose one.
type lane struct {
	mu   sync.Mutex
	busy bool
	head *Serving
	tail *Serving
	n    int
	size int // of what is in line, see Serving.size
}

// notify runs a notify on main if it can, else puts it in line.
func (p *Pump) notify(r *Reader, s *Serving) {
	if s.Method == nil || p.draining.Load() {
		p.release(s, true) // nobody listens for it, and nobody waits for an answer
		return
	}
	l := &p.lane
	l.mu.Lock()
	if l.busy {
		if l.n >= p.limits.Lane || l.size+s.size() > p.limits.LaneSize {
			over := &transport.LimitError{What: "waiting notifies and messages", Size: int64(l.n) + 1, Limit: int64(p.limits.Lane)}
			if l.n < p.limits.Lane {
				over = &transport.LimitError{What: "bytes of waiting notifies and messages", Size: int64(l.size + s.size()), Limit: int64(p.limits.LaneSize)}
			}
			l.mu.Unlock()
			p.Fail(&bellpull.Error{Code: bellpull.CodeBusy, Op: "read", Err: over,
				Advice: "the handler is slower than its messages come; have it hand its work on"})
			return
		}
		l.push(s)
		l.mu.Unlock()
		return
	}
	l.busy = true
	l.mu.Unlock()

	p.handlers.Add(1)
	if !r.main || s.Method.Slow() {
		if !p.Go(func() { p.runLane(s) }) {
			p.handlerDone()
		}
		return
	}
	if p.runInline(r, s) {
		// Still the reader: nobody can have put anything in line.
		l.mu.Lock()
		l.busy = false
		l.mu.Unlock()
		p.handlerDone()
		p.release(s, true)
		return
	}
	p.release(s, false)
	p.runLane(nil)
}

// runLane runs s, then what is in line, until that is empty.
func (p *Pump) runLane(s *Serving) {
	l := &p.lane
	for {
		if s != nil && s.behind != nil {
			s.behind()
		} else if s != nil && p.isDone() {
			p.release(s, false) // nothing of a link that has ended is delivered
		} else if s != nil {
			p.mu.Lock()
			p.addRunning(s)
			p.mu.Unlock()
			p.runMeasured(s)
			p.release(s, false)
		}
		l.mu.Lock()
		if s = l.pop(); s == nil {
			l.busy = false
			l.mu.Unlock()
			p.Flush()
			p.handlerDone()
			return
		}
		l.mu.Unlock()
	}
}

// Behind runs f when the notifies and messages that have arrived so far are done with: at once, or in line. It is for
// what must not overtake them, such as a goodbye. The engine sees to it that the other side cannot have it called
// again and again.
func (p *Pump) Behind(f func()) {
	l := &p.lane
	l.mu.Lock()
	if l.busy {
		l.push(&Serving{p: p, behind: f})
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	f()
}

// push and pop work on the line with mu held.
func (l *lane) push(s *Serving) {
	s.next = nil
	if l.tail != nil {
		l.tail.next = s
	} else {
		l.head = s
	}
	l.tail = s
	l.n++
	l.size += s.size()
}

func (l *lane) pop() *Serving {
	s := l.head
	if s == nil {
		return nil
	}
	if l.head = s.next; l.head == nil {
		l.tail = nil
	}
	s.next = nil
	l.n--
	l.size -= s.size()
	return s
}

// clear forgets what is in line when the link has ended: it would not be delivered, and the handler in front of it may
// never return.
func (l *lane) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head, l.tail, l.n, l.size = nil, nil, 0, 0
}
