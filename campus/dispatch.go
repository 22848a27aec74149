package campus

import (
	"errors"
	"math"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/pump"
)

// What a request came as, which says how its answer is written. Kept in Serving.Status.
const (
	asRaw = iota
	asJSON
	asBytes
	asObject
)

// dispatch works on one frame that p has read.
func (l *link) dispatch(p *pump.Pump, r *pump.Reader, frame []byte) error {
	f, err := l.e.framing.ParseFrame(frame)
	if err != nil {
		return &bellpull.Error{Code: bellpull.CodeProtocol, Op: "read", Peer: l.name, Err: err}
	}
	<-l.up
	select {
	case <-l.pump.Done(): // a reader that was late: a newer link may be up, and nothing of this one comes behind it
		return nil
	default:
	}
	switch f.Kind() {
	case campuswire.KindNotify:
		l.onRequest(p, r, f.Content, 0, true)
	case campuswire.KindRequest:
		q, err := campuswire.ParseRequest(f.Content)
		if err != nil { // not to be answered (section 4.2); the frame is whole, so reading goes on
			l.e.host.Log().Info("campus: unreadable request", "peer", l.name, "err", err)
			return nil
		}
		l.onRequest(p, r, q.Body, q.ID, false)
	case campuswire.KindResponse:
		a, err := campuswire.ParseResponse(f.Content)
		if err == nil && a.Rest > 0 {
			err = errRest
		}
		l.onAnswer(r, a, err)
	case campuswire.KindRegister: // again; .NET logs it and goes on
	}
	return nil
}

var errRest = errors.New("longer than it says")

// onAnswer gives an answer to whoever waits for it, or says what is wrong with it: .NET cuts what does not fit, so that
// its caller gets a part for the whole (section 14, Q23). A reader that is not the link's own has no part in its waiters.
func (l *link) onAnswer(r *pump.Reader, a campuswire.Envelope, bad error) {
	if uint32(a.ID>>32) != l.number || a.ID&math.MaxUint32 > math.MaxInt32 {
		return
	}
	w := l.pump.Claim(int32(a.ID), waitAnswer)
	if w == nil {
		return // nobody waits any more, or ever did
	}
	if bad != nil {
		w.Err = &bellpull.Error{Code: bellpull.CodeProtocol, Op: "read", Ran: bellpull.Maybe, Msg: "the answer", Err: bad}
	} else {
		w.X.Answer = append(w.X.Dst, a.Body...)
	}
	if !l.pump.Reads(r) {
		r = nil
	}
	l.pump.Finish(r, w)
}

// onRequest has a request or a message handled: by the route in it, or by what takes those without.
func (l *link) onRequest(p *pump.Pump, r *pump.Reader, body []byte, id uint64, notify bool) {
	s := p.Serving(r)
	peer := l.peer.Load()
	in := bellpull.Incoming{Peer: peer, Link: l, Notify: notify, Encoding: bellpull.EncodingBytes}
	s.Sign, s.Status = int64(id), asRaw
	business := campuswire.Known(body)
	rest, _ := business.Strip(body)
	switch business {
	case campuswire.BusinessJSONRoute, campuswire.BusinessRawRoute:
		s.Status = asBytes
		if business == campuswire.BusinessJSONRoute {
			s.Status = asJSON
		}
		route, payload, err := campuswire.ParseRoute(rest)
		if err == nil {
			s.Method = l.e.host.Find(peer, route)
		}
		if notify && s.Method == nil { // the body begins with the header, as that of every message may
			in.Method, s.Method = "message", l.e.onMessage
			s.Body = append(s.Body, body...)
			break
		}
		if err != nil { // answered with no bytes, as .NET does (section 7.2)
			s.Status = asRaw
			s.Refuse = &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "decode", Msg: err.Error(), Ran: bellpull.Never}
			break
		}
		if s.Method != nil && s.Method.Name() != "" {
			in.Method = s.Method.Name()
		} else {
			in.Method = string(route)
		}
		if s.Status == asBytes {
			s.Body = append(s.Body, payload...)
			break
		}
		doc, err := campuswire.ParseDocument(payload)
		if err != nil {
			s.Refuse = &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "decode", Msg: err.Error(), Ran: bellpull.Never}
			break
		}
		if d := l.e.cfg.Dialect.d; d.Respells() {
			s.Reply().Spell(d.AppendValue)
		}
		in.Encoding = bellpull.EncodingJSON
		s.Body = append(append(append(s.Body, '['), doc...), ']')
	case campuswire.BusinessObject:
		if m := l.e.onObject(peer, rest); m != nil && !notify {
			s.Status, s.Method, in.Method = asObject, m, m.Name()
			s.Body = append(s.Body, rest...)
			break
		}
		fallthrough
	default:
		in.Method = "request"
		s.Method = l.e.onRequest
		if notify {
			in.Method, s.Method = "message", l.e.onMessage
		}
		s.Body = append(s.Body, body...)
	}
	in.Body = s.Body
	s.In = in
	p.Request(r, s)
}

// answer writes the answer of a request into the outbound batch.
func (l *link) answer(p *pump.Pump, s *pump.Serving, wait bool) (bool, error) {
	enc, result, fail := s.Reply().Result()
	if s.Refuse != nil {
		fail = s.Refuse
	}
	var body campuswire.Body
	switch s.Status {
	case asJSON:
		doc, err := l.jsonAnswer(s, enc, result, fail)
		if err != nil {
			doc = l.e.cfg.Dialect.d.AppendFailure(nil, failureOf(s.In.Method, &bellpull.Error{
				Code: bellpull.CodeBadArgument, Msg: err.Error(), Ran: bellpull.Yes}, nil))
		}
		body = campuswire.Raw(campuswire.BusinessNone, doc)
	case asObject:
		body = l.objectAnswer(enc, result, fail)
	default:
		if fail == nil && enc != bellpull.EncodingNone {
			body = campuswire.Raw(campuswire.BusinessNone, result)
		}
	}
	n, err := l.e.framing.CallLen(&body)
	if err != nil { // longer than a frame can be: the caller must not wait for ever
		body = campuswire.Body{}
		if s.Status == asObject {
			body = l.objectAnswer(enc, nil, &bellpull.Error{Msg: "the result: " + err.Error(), Ran: bellpull.Yes})
		}
		n, _ = l.e.framing.CallLen(&body)
	}
	room, ok, err := p.Room(n, wait)
	if !ok {
		return false, err
	}
	_, err = l.e.framing.AppendResponse(room[:0], l.e.ack(), uint64(s.Sign), &body)
	p.Out().Commit(n)
	return true, err
}

// jsonAnswer makes the document that a JSON route answers with.
func (l *link) jsonAnswer(s *pump.Serving, enc bellpull.Encoding, result []byte, fail *bellpull.Error) ([]byte, error) {
	d := l.e.cfg.Dialect.d
	switch {
	case fail != nil:
		return d.AppendFailure(nil, failureOf(s.In.Method, fail, s.Reply().Cause())), nil
	case enc == bellpull.EncodingNone:
		return d.AppendAnswer(nil, []byte(campuswire.NoParameter))
	case enc == bellpull.EncodingBytes:
		return nil, errBytes
	}
	doc, err := d.AppendDocument(nil, result)
	if err != nil {
		return nil, err
	}
	return d.AppendAnswer(nil, doc)
}
