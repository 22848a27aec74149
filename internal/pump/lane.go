package pump

import (
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// A lane runs the notifies and messages of a link one after another, in their order, and its calls too if they are to
// run one by one. While one takes long, those that follow wait here; there is no way to refuse a notify, so a lane that
// runs over ends the link rather than lose one.
type lane struct {
	mu   sync.Mutex
	busy bool
	head *Serving
	tail *Serving
	n    int // of the notifies in line; calls are bounded as handlers
	size int // of those, see Serving.size
}

// notify runs a notify, if somebody listens for it: nobody waits for an answer.
func (p *Pump) notify(r *Reader, s *Serving) {
	if s.Method == nil || p.draining.Load() {
		p.release(s, true)
		return
	}
	p.inLine(r, s)
}

// inLine runs a request on main if it can, else puts it in line.
func (p *Pump) inLine(r *Reader, s *Serving) {
	l := &p.lane
	l.mu.Lock()
	if l.busy {
		if s.In.Notify && (l.n >= p.limits.Lane || l.size+s.size() > p.limits.LaneSize) {
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
		p.ran(s, true)
		return
	}
	p.ran(s, false)
	p.runLane(nil)
}

// ran is called when the handler of s has returned.
func (p *Pump) ran(s *Serving, reader bool) {
	switch {
	case s.In.Notify:
		p.release(s, reader)
	case reader:
		p.finish(s, true, false)
	default:
		p.finishWaiting(s)
	}
}

// runLane runs s, then what is in line, until that is empty.
func (p *Pump) runLane(s *Serving) {
	l := &p.lane
	for {
		if s != nil && s.behind != nil {
			s.behind()
		} else if s != nil && p.isDone() {
			if !s.In.Notify {
				p.handlerDone()
			}
			p.release(s, false) // nothing of a link that has ended is delivered
		} else if s != nil {
			p.mu.Lock()
			p.addRunning(s)
			p.mu.Unlock()
			p.runMeasured(s)
			p.ran(s, false)
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
	if s.In.Notify {
		l.n++
		l.size += s.size()
	}
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
	if s.In.Notify {
		l.n--
		l.size -= s.size()
	}
	return s
}

// clear forgets what is in line when the link has ended: it would not be delivered, and the handler in front of it may
// never return.
func (l *lane) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head, l.tail, l.n, l.size = nil, nil, 0, 0
}
