package dmtp

import (
	"errors"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
)

// answerCompact marks a Serving that came in a compact frame; other values are the serialization of a DmtpRpc request.
const answerCompact = 1 << 16

// Answer writes what a handler answered, or why it was not run.
func (l *link) Answer(s *pump.Serving, wait bool) (bool, error) {
	if s.Status == answerCompact {
		return l.answerCompact(s, wait)
	}
	return l.answerPlain(s, wait)
}

// outcome gives the error of a request, or its answer.
func outcome(s *pump.Serving) (bellpull.Encoding, []byte, *bellpull.Error) {
	if s.Refuse != nil {
		return bellpull.EncodingNone, nil, s.Refuse
	}
	return s.Reply().Result()
}

func (l *link) answerCompact(s *pump.Serving, wait bool) (bool, error) {
	enc, body, fail := outcome(s)
	a := bellwire.Answer{Sign: uint32(s.Sign), Encoding: uint8(enc), Body: body}
	if enc == bellpull.EncodingNone {
		a.Body = nil
	}
	if fail == nil && len(body)+bellwire.AnswerHeader > l.e.cfg.MaxBody {
		fail = tooLarge("", "", "", len(body), l.e.cfg.MaxBody)
		fail.Msg, fail.Ran = "the answer: "+fail.Err.Error(), bellpull.Yes
	}
	if fail != nil {
		a = bellwire.Answer{Sign: a.Sign, Code: uint8(fail.Code), Ran: uint8(fail.Ran),
			Body: []byte(bellpull.RemoteText(fail.Msg))}
	}
	size := bellwire.AnswerHeader + len(a.Body)
	room, ok, err := l.pump.Room(dmtpwire.HeaderLen+size, wait)
	if !ok && fail == nil && errors.Is(err, bellpull.ErrTooLarge) { // for this carrier: say so instead
		s.Refuse = &bellpull.Error{Code: bellpull.CodeTooLarge, Ran: bellpull.Yes, Msg: "the answer: " + err.Error()}
		return l.answerCompact(s, wait)
	}
	if !ok {
		return linkGone(err)
	}
	dmtpwire.PutHeader(room, flagAnswer, size)
	bellwire.PutAnswer(room[dmtpwire.HeaderLen:], &a)
	l.pump.Out().Commit(len(room))
	return true, nil
}

// linkGone says what a failed Room means for an answer: full is not ok, an ended link is nobody's error any more.
func linkGone(err error) (bool, error) { return err != nil, nil }

func (l *link) answerPlain(s *pump.Serving, wait bool) (bool, error) {
	enc, body, fail := outcome(s)
	router, _ := s.Wire.(*dmtpwire.Router)
	p := dmtpwire.Response{Router: *router, Sign: int32(s.Sign), Status: dmtpwire.StatusSuccess,
		Serialization: dmtpwire.Serialization(s.Status), Return: []byte(dmtpwire.NullParam)}
	if p.Serialization == dmtpwire.FastBinary {
		p.Return = []byte(dmtpwire.FastBinaryNull)
	}
	switch {
	case fail != nil:
	case enc == bellpull.EncodingBytes:
		p.Return = dmtpwire.AppendJSONParam(nil, quoteBase64(nil, body))
	case enc == bellpull.EncodingJSON && string(body) != "null":
		p.Return = dmtpwire.AppendJSONParam(nil, body)
	}
	if fail == nil && len(p.Return)+256+maxID > l.e.cfg.MaxBody {
		fail = tooLarge("", "", "", len(p.Return), l.e.cfg.MaxBody)
		fail.Msg, fail.Ran = "the answer: "+fail.Err.Error(), bellpull.Yes
		p.Return = []byte(dmtpwire.NullParam)
	}
	if fail != nil {
		p.Status = errorStatus(fail)
		msg := bellpull.RemoteText(fail.Msg)
		if msg == "" {
			msg = fail.Error()
		}
		p.Message = dmtpwire.Str(msg)
	}
	out, err := dmtpwire.AppendResponse(nil, &p)
	if err != nil {
		return false, err
	}
	room, ok, err := l.pump.Room(dmtpwire.HeaderLen+len(out), wait)
	if !ok && fail == nil && errors.Is(err, bellpull.ErrTooLarge) { // for this carrier: say so instead
		s.Refuse = &bellpull.Error{Code: bellpull.CodeTooLarge, Ran: bellpull.Yes, Msg: "the answer: " + err.Error()}
		return l.answerPlain(s, wait)
	}
	if !ok {
		return linkGone(err)
	}
	dmtpwire.PutHeader(room, dmtpwire.FlagCallResponse, len(out))
	copy(room[dmtpwire.HeaderLen:], out)
	l.pump.Out().Commit(len(room))
	return true, nil
}

// accept answers a request that is taken but has not run yet.
func (l *link) accept(s *pump.Serving) {
	router, _ := s.Wire.(*dmtpwire.Router)
	p := dmtpwire.Response{Router: *router, Sign: int32(s.Sign), Status: dmtpwire.StatusSuccess,
		Serialization: dmtpwire.Serialization(s.Status), Return: []byte(dmtpwire.NullParam)}
	if out, err := dmtpwire.AppendResponse(nil, &p); err == nil {
		l.post(dmtpwire.FlagCallResponse, out)
	}
}
