package campus

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

// Do runs an exchange: a JSON direct route, or a raw-byte one for bytes.
func (l *link) Do(x *bellpull.Exchange) error {
	op := "call"
	if x.Notify {
		op = "notify"
	}
	err := l.do(x)
	if err == nil {
		return nil
	}
	e, ok := err.(*bellpull.Error)
	if !ok {
		e = &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Err: err}
	}
	e.Op, e.Peer, e.Method = op, l.name, x.Method
	return e
}

func (l *link) do(x *bellpull.Exchange) error {
	switch {
	case len(x.Method) == 0 || len(x.Method) > bellpull.MaxMethod:
		return &transport.LimitError{What: "method name", Size: int64(len(x.Method)), Limit: bellpull.MaxMethod}
	case x.Accepted:
		return l.unsupported("call")
	case len(x.Meta) > 0:
		return &bellpull.Error{Code: bellpull.CodeUnsupported, Ran: bellpull.Never, Msg: "dotnetCampus.Ipc carries no metadata"}
	}
	switch v := x.Verb.(type) {
	case nil:
		return l.route(x)
	case rawVerb:
		return l.raw(x, v)
	case *invocation:
		return v.run(l, x)
	default:
		return &bellpull.Error{Code: bellpull.CodeUnsupported, Ran: bellpull.Never, Msg: fmt.Sprintf("dotnetCampus.Ipc has no %T", v)}
	}
}

// route runs a call or notify.
func (l *link) route(x *bellpull.Exchange) error {
	body := campuswire.RawRoute(x.Method, x.Body)
	if x.Encoding == bellpull.EncodingJSON {
		doc, err := l.document(x)
		if err != nil {
			return err
		}
		body = campuswire.JSONRoute(x.Method, doc)
	}
	if x.Notify {
		return l.notify(x, &body)
	}
	if err := l.request(x, &body); err != nil {
		return err
	}
	answer := x.Answer[len(x.Dst):]
	if len(answer) == 0 {
		return emptyAnswer()
	}
	if x.Encoding == bellpull.EncodingBytes {
		x.AnswerEncoding = bellpull.EncodingBytes
		return nil
	}
	a, err := campuswire.ParseAnswer(answer)
	switch {
	case err != nil:
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Yes, Msg: "the answer of the route", Err: err}
	case a.Failure != nil:
		return errorOf(a.Failure)
	}
	x.Answer = append(x.Dst, a.JSON...) // in place: JSON is a part of what is behind Dst
	x.AnswerEncoding = bellpull.EncodingJSON
	return nil
}

// document makes the one argument of a JSON route of the arguments.
func (l *link) document(x *bellpull.Exchange) ([]byte, error) {
	if len(x.Args) == 1 && l.e.cfg.Dialect.d.Respells() {
		return l.e.cfg.Dialect.d.AppendValue(nil, x.Args[0])
	}
	inner := bytes.TrimSpace(x.Body[1 : len(x.Body)-1])
	if len(inner) == 0 {
		return []byte(campuswire.NoParameter), nil
	}
	doc, err := campuswire.ParseDocument(inner)
	if err != nil {
		return nil, errOneValue
	}
	return doc, nil
}

// notify sends a message. It blocks for room alone.
func (l *link) notify(x *bellpull.Exchange, body *campuswire.Body) error {
	if err := l.pump.Lost(); err != nil {
		return err
	}
	n, err := l.e.framing.NotifyLen(body)
	if err != nil {
		return noFrame(err)
	}
	room, err := l.pump.Reserve(x.Ctx, n, x.Deadline)
	if err != nil {
		return err
	}
	_, err = l.e.framing.AppendNotify(room[:0], l.e.ack(), body)
	l.pump.Out().Commit(n)
	l.pump.Flush()
	return err
}

// request sends a request and waits for its answer, which is behind x.Dst in x.Answer.
func (l *link) request(x *bellpull.Exchange, body *campuswire.Body) error {
	n, err := l.e.framing.CallLen(body)
	if err != nil {
		return noFrame(err)
	}
	w, others, err := l.pump.Acquire(x, waitAnswer)
	if err != nil {
		return err
	}
	defer l.pump.Release(w)
	if err := l.send(x, w, n, body); err != nil {
		return err
	}
	w.Tell(x)
	if others {
		runtime.Gosched() // let the others add their frames to the batch
	}
	l.pump.Flush()
	return l.pump.Await(w)
}

func (l *link) send(x *bellpull.Exchange, w *pump.Waiter, n int, body *campuswire.Body) error {
	room, err := l.pump.Reserve(x.Ctx, n, x.Deadline)
	if err != nil {
		return err
	}
	if !w.Send() {
		l.pump.Out().Commit(0) // given up while it waited for room; Await says why
		return nil
	}
	_, err = l.e.framing.AppendRequest(room[:0], l.e.ack(), l.id(w), body)
	l.pump.Out().Commit(n)
	return err
}

// noFrame makes the error of a body that no frame can carry.
func noFrame(err error) error {
	if !errors.Is(err, campuswire.ErrTooLarge) { // an empty message, or a route that is not UTF-8
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Err: err}
	}
	return &bellpull.Error{Code: bellpull.CodeTooLarge, Ran: bellpull.Never, Err: err}
}
