package campus

import (
	"fmt"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// onObject gives what handles an invocation from a peer, nil when there is no such object here or it is no invocation:
// then whatever takes requests without a route may handle it. Each member is a method of its own to the pump, so that
// slow ones do not hold up others.
func (e *engine) onObject(p *bellpull.Peer, doc []byte) *bellpull.Method {
	if e.cfg.Objects == nil || p == nil {
		return nil
	}
	var q campuswire.Invocation
	if campuswire.ParseInvocation(doc, &q) != nil {
		return nil
	}
	j := e.cfg.Objects.find(p, &q)
	if j == nil {
		return nil
	}
	m := j.members.byID[memberID{q.Call, q.Member}] // nil: the handler answers that it is missing
	if h, ok := e.members.Load(m); ok {
		return h.(*bellpull.Method)
	}
	name := "object"
	if m != nil {
		name = m.full
	}
	h, _ := e.members.LoadOrStore(m, bellpull.NewMethod(name, bellpull.HandlerFunc(e.serveObject)))
	return h.(*bellpull.Method)
}

// serveObject answers an invocation: section 6.5.
func (e *engine) serveObject(w *bellpull.Reply, r *bellpull.Request) {
	var q campuswire.Invocation
	if err := campuswire.ParseInvocation(r.Borrow(), &q); err != nil {
		w.Fail(&bellpull.Error{Code: bellpull.CodeNoMethod, Err: err})
		return
	}
	j := e.cfg.Objects.find(r.Peer(), &q)
	if j == nil { // taken away since it was found
		w.Fail(&bellpull.Error{Code: bellpull.CodeNoMethod, Msg: "no such object"})
		return
	}
	var answer campuswire.Return
	result, x := e.invoke(r, j, &q)
	if x != nil {
		answer.Exception = x.wire()
	} else {
		answer.Result = result
	}
	w.Write(answer.AppendJSON(nil, e.cfg.Dialect.d.Escape))
}

func (e *engine) invoke(r *bellpull.Request, j *joint, q *campuswire.Invocation) (campuswire.Value, *Exception) {
	var none campuswire.Value
	m := j.members.byID[memberID{q.Call, q.Member}]
	if m == nil {
		return none, &Exception{Type: ExceptionMemberNotFound,
			Message: fmt.Sprintf("%s has no %s %q with the id %d", j.contract.Name, q.Call, q.Name.String(), q.Member)}
	}
	args, x := j.decode(r.Peer(), m, q.Args)
	if x != nil {
		return none, x
	}
	out, err := j.invoke(r.Context(), m, args)
	if err != nil {
		return none, exceptionOf(err)
	}
	if m.call == campuswire.CallSet || out == nil {
		return none, nil
	}
	v, err := e.cfg.Objects.value(r.Peer(), e.cfg.Dialect.d, m.result, out)
	if err != nil {
		return none, exceptionOf(fmt.Errorf("the result of %s: %w", m.full, err))
	}
	return v, nil
}

// objectAnswer makes the body of the answer to an invocation; none of it when there is no such object.
func (l *link) objectAnswer(enc bellpull.Encoding, result []byte, fail *bellpull.Error) campuswire.Body {
	if fail != nil {
		x := exceptionInstead(fail)
		if x == nil {
			return campuswire.Body{}
		}
		r := campuswire.Return{Exception: x.wire()}
		result = r.AppendJSON(nil, l.e.cfg.Dialect.d.Escape)
	} else if enc == bellpull.EncodingNone {
		return campuswire.Body{}
	}
	return campuswire.Raw(campuswire.BusinessObject, result)
}
