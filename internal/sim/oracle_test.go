package sim_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/bellpull/bellpull"
)

// late is how far behind its caller's giving up a call may end: the monitor looks each millisecond, and may have begun
// to just then. A deadline is kept to the nanosecond.
const late = 2 * time.Millisecond

// judge looks at the run when all is over.
func (w *world) judge() {
	time.Sleep(time.Second) // connections that the network itself hangs up have done so
	for _, o := range w.outcomes {
		w.judgeCall(o)
	}
	for l, list := range w.heard {
		w.judgeOrder(l, list)
	}
	if n := w.net.Open(); n != 0 {
		w.wrong("%d ends of connections were left open", n)
	}
}

func (w *world) judgeCall(o outcome) {
	what := fmt.Sprintf("%v %d of %s, begun at %v, ended at %v with %v", o.kind, o.id, o.who, o.began, o.ended, o.err)
	by := o.began + o.timeout
	if o.kind == opCancel {
		by = min(by, o.began+o.cancel+late)
	}
	if o.ended > by {
		w.wrong("%s: %v late", what, o.ended-by)
	}
	runs := w.runs[o.id]
	most := 1
	if o.kind == opIdempotent {
		most = 2
	}
	if len(runs) > most {
		w.wrong("%s: ran %d times", what, len(runs))
	}
	if o.err == nil {
		if o.kind != opNotify {
			w.judgeAnswer(o, what, runs)
		}
		return
	}
	e, ok := errors.AsType[*bellpull.Error](o.err)
	if !ok {
		w.wrong("%s: not typed", what)
		return
	}
	if w.plan.fair(o.op) && e.Code != bellpull.CodeFailed {
		w.wrong("%s: in fair weather", what)
	}
	switch {
	case e.Ran == bellpull.Never && len(runs) > 0:
		w.wrong("%s: it ran at %v", what, runs[0].began)
	case e.Ran == bellpull.Yes && len(runs) == 0:
		w.wrong("%s: it did not", what)
	}
	w.judgeCode(o, e, what)
}

// judgeAnswer: an answer is the call's own, and means that the handler has returned.
func (w *world) judgeAnswer(o outcome, what string, runs []*entry) {
	switch {
	case !o.answered:
		w.wrong("%s: the answer is another's", what)
	case o.kind == opFail:
		w.wrong("%s: the handler failed", what)
	case len(runs) == 0:
		w.wrong("%s: it did not run", what)
	default:
		for _, r := range runs {
			if r.ended != 0 && r.ended <= o.ended {
				return
			}
		}
		w.wrong("%s: the handler had not returned", what)
	}
}

// judgeCode: an error says what happened to this call.
func (w *world) judgeCode(o outcome, e *bellpull.Error, what string) {
	switch e.Code {
	case bellpull.CodeDeadline:
		if !e.Remote && o.ended < o.began+o.timeout && o.id < backID(0) {
			w.wrong("%s: before its deadline", what)
		}
	case bellpull.CodeCanceled:
		if o.kind != opCancel && o.id < backID(0) && !e.Remote {
			w.wrong("%s: nobody cancelled it", what)
		}
	case bellpull.CodeFailed:
		ran := bellpull.Yes
		if w.campus {
			ran = bellpull.Maybe // an answer of no bytes says no more
		}
		if o.kind != opFail || !e.Remote || e.Ran != ran {
			w.wrong("%s: it was not to fail", what)
		}
	case bellpull.CodeUnavailable, bellpull.CodeClosed, bellpull.CodeNoServer, bellpull.CodeRefused, bellpull.CodeProtocol:
	default:
		w.wrong("%s: nothing like that happened", what)
	}
}

// judgeOrder: notifies of one peer are heard in the order in which they were sent, and none twice; a peer with a name
// is one peer over all its links.
func (w *world) judgeOrder(l listening, list []heard) {
	last := map[any]heard{}
	for _, h := range list {
		key := h.peer
		if before, ok := last[key]; ok && h.seq <= before.seq {
			w.wrong("%s heard %d of %s after %d, which came at %v", l.to, h.seq, l.from, before.seq, before.at)
		}
		last[key] = h
	}
}
