package dmtp

import (
	"fmt"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// waiting lists the accepted connections that have not been let in, in order of arrival. There are at most MaxHandshakes;
// the next one takes the place of the oldest, so that connections which never speak cannot keep out those which do. A
// connection that is being decided about keeps its place and is not listed: it is not cut off in the middle, and who
// hangs up meanwhile cannot come back for another decision before the first is over. The fields, and those of a link's
// [place], are guarded by engine.mu.
type waiting struct {
	oldest, newest *link
	n              int // listed, or being decided about
}

// place is a link's in waiting.
type place struct {
	older, newer *link
	listed       bool
	left         bool // let in, gone, or put out for another
}

// enter gives an arriving connection a place. out is the one that must go for it, nil if there was room; !ok says that
// there is no room at all, because every other connection is being decided about.
func (q *waiting) enter(l *link, limit int) (out *link, ok bool) {
	if q.n >= limit {
		if out = q.oldest; out == nil {
			return nil, false
		}
		q.leave(out)
	}
	q.n++
	q.push(l)
	return out, true
}

// push lists l as the newest.
func (q *waiting) push(l *link) {
	l.place.listed, l.place.older = true, q.newest
	if q.newest != nil {
		q.newest.place.newer = l
	} else {
		q.oldest = l
	}
	q.newest = l
}

// pushOldest lists l as the one to go next.
func (q *waiting) pushOldest(l *link) {
	l.place.listed, l.place.newer = true, q.oldest
	if q.oldest != nil {
		q.oldest.place.older = l
	} else {
		q.newest = l
	}
	q.oldest = l
}

// unlist takes l off the list, if it is there.
func (q *waiting) unlist(l *link) {
	p := &l.place
	if !p.listed {
		return
	}
	if p.older != nil {
		p.older.place.newer = p.newer
	} else {
		q.oldest = p.newer
	}
	if p.newer != nil {
		p.newer.place.older = p.older
	} else {
		q.newest = p.older
	}
	p.listed, p.older, p.newer = false, nil, nil
}

// leave gives up a place: l was let in, no goroutine of it is left, or it makes room. Leaving again does nothing.
func (q *waiting) leave(l *link) {
	if !l.place.left {
		l.place.left = true
		q.unlist(l)
		q.n--
	}
}

// begin says that a handshake of l is about to be decided; no: l has lost its place.
func (q *waiting) begin(l *link) bool {
	q.unlist(l)
	return !l.place.left
}

// end says that the decision has been made. Who was refused had its chance and is the next to go.
func (q *waiting) end(l *link) {
	if !l.place.left {
		q.pushOldest(l)
	}
}

func (e *engine) begin(l *link) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.waiting.begin(l)
}

func (e *engine) end(l *link) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting.end(l)
}

// crowded is why a connection has to go.
func (e *engine) crowded(who transport.Identity) *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeBusy, Op: "accept", Peer: who.Remote, Ran: bellpull.Never,
		Err: &transport.LimitError{What: "connections before their handshake", Size: int64(e.cfg.MaxHandshakes) + 1,
			Limit: int64(e.cfg.MaxHandshakes)},
		Advice: "somebody connects and never shakes hands; raise Protocol.MaxHandshakes if they are your own clients"}
}

// maxRefusalLines bounds the lines that refused connections write to the log, in a second.
const maxRefusalLines = 10

// refusals count what is written to the log, so that nobody can fill it from outside.
type refusals struct {
	second time.Time
	lines  int
	more   int // that were not written
}

// note says whether a refusal is to be written, and how many before it were not.
func (r *refusals) note(now time.Time) (write bool, more int) {
	if now.Sub(r.second) >= time.Second {
		r.second, r.lines = now, 0
	}
	if r.lines++; r.lines > maxRefusalLines {
		r.more++
		return false, 0
	}
	more, r.more = r.more, 0
	return true, more
}

// log writes a line about a connection that was turned away, unless there were too many of these already.
func (e *engine) log(msg string, who transport.Identity, why error) {
	e.mu.Lock()
	write, more := e.refusals.note(time.Now())
	e.mu.Unlock()
	if !write {
		return
	}
	if more > 0 {
		msg = fmt.Sprintf("%s, and %d more before", msg, more)
	}
	e.host.Log().Info(msg, "remote", who.Remote, "why", why)
}
