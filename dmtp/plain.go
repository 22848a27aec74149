package dmtp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
)

// maxParams bounds the arguments of a call: their number is one byte.
const maxParams = 255

// appendParams brings the arguments of an exchange into Json containers: a []byte as base64, which is a byte[].
func appendParams(b []byte, enc bellpull.Encoding, body []byte) (params []byte, count int, err error) {
	if enc == bellpull.EncodingBytes {
		return dmtpwire.AppendJSONParam(b, quoteBase64(nil, body)), 1, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return b, 0, err
	}
	if len(list) > maxParams {
		return b, 0, fmt.Errorf("%d arguments, at most %d", len(list), maxParams)
	}
	for _, v := range list {
		if string(v) == "null" {
			v = nil
		}
		b = dmtpwire.AppendJSONParam(b, v)
	}
	return b, len(list), nil
}

func quoteBase64(b, raw []byte) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, raw)
	return append(b, '"')
}

// sendPlain commits a DmtpRpc request, flag 20 (section 8.1).
func (l *link) sendPlain(x *bellpull.Exchange, sign int32, w *pump.Waiter) error {
	params, count, err := appendParams(nil, x.Encoding, x.Body)
	if err != nil {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Msg: err.Error()}
	}
	q := dmtpwire.Request{Router: l.router(), Sign: sign, Serialization: dmtpwire.JSON, Key: dmtpwire.Str(x.Method),
		Feedback: dmtpwire.WaitInvoke, Count: uint8(count), Params: params}
	switch {
	case w == nil:
		q.Feedback = dmtpwire.OnlySend
		q.Sign = 0
	case x.Accepted:
		q.Feedback = dmtpwire.WaitSend
	}
	if x.Meta != nil {
		m, err := metadataOf(x.Meta)
		if err != nil {
			return badMetadata(err)
		}
		m.Form = dmtpwire.FormArray
		if q.Metadata, err = dmtpwire.G42.AppendMetadata(nil, m); err != nil {
			return badMetadata(err)
		}
	}
	body, err := dmtpwire.AppendRequest(nil, &q)
	if err != nil {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Msg: err.Error()}
	}
	if len(body) > l.e.cfg.MaxBody {
		return tooLarge("", "", "", len(body), l.e.cfg.MaxBody)
	}
	room, err := l.pump.Reserve(x.Ctx, dmtpwire.HeaderLen+len(body), x.Deadline)
	if err != nil {
		return err
	}
	if w != nil && !w.Send() {
		l.pump.Out().Commit(0) // it was given up while we waited for room
		return nil
	}
	dmtpwire.PutHeader(room, dmtpwire.FlagCallRequest, len(body))
	copy(room[dmtpwire.HeaderLen:], body)
	l.pump.Out().Commit(len(room))
	return nil
}

// onAnswer gives a DmtpRpc response, flag 21, to its call. What cannot be read or nobody waits for is dropped.
func (l *link) onAnswer(r *pump.Reader, body []byte) {
	var p dmtpwire.Response
	if dmtpwire.ParseResponse(body, &p) != nil {
		return
	}
	w := l.pump.Claim(p.Sign, waitCall)
	if w == nil {
		return
	}
	if err := answerOf(&p, w.X); err != nil {
		w.Err = err
	}
	l.pump.Finish(r, w)
}

// answerOf reads a response into an exchange.
func answerOf(p *dmtpwire.Response, x *bellpull.Exchange) error {
	if p.Status != dmtpwire.StatusSuccess {
		return statusError(p.Status, p.Message.String())
	}
	if p.Serialization != dmtpwire.JSON {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Yes,
			Msg: "the answer came as " + p.Serialization.String() + ", asked for Json"}
	}
	value, null, _, err := dmtpwire.NextJSONParam(p.Return)
	if err != nil {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Yes, Msg: err.Error()}
	}
	if null {
		x.Answer, x.AnswerEncoding = x.Dst, bellpull.EncodingNone
		return nil
	}
	x.Answer, x.AnswerEncoding = append(x.Dst, value...), bellpull.EncodingJSON
	return nil
}

// statusError makes an error of a status (appendix B). Messages are for people only.
func statusError(s dmtpwire.Status, msg string) *bellpull.Error {
	e := &bellpull.Error{Code: bellpull.CodeFailed, Remote: true, Ran: bellpull.Yes, Msg: bellpull.RemoteText(msg)}
	switch s {
	case dmtpwire.StatusException, dmtpwire.StatusInvokeException:
	case dmtpwire.StatusOvertime:
		e.Code, e.Ran = bellpull.CodeDeadline, bellpull.Maybe
	case dmtpwire.StatusCancelled:
		e.Code, e.Ran = bellpull.CodeCanceled, bellpull.Maybe
	case dmtpwire.StatusRoutingNotAllowed, dmtpwire.StatusMethodDisabled, dmtpwire.StatusRemoteRefused:
		e.Code, e.Ran = bellpull.CodeRefused, bellpull.Never
	case dmtpwire.StatusMethodNotFound:
		e.Code, e.Ran = bellpull.CodeNoMethod, bellpull.Never
	case dmtpwire.StatusClientNotFound:
		e.Code, e.Ran = bellpull.CodeNoPeer, bellpull.Never
	default:
		e.Ran = bellpull.Maybe
	}
	if e.Msg == "" && e.Code == bellpull.CodeFailed {
		e.Msg = "status " + s.String()
	}
	return e
}

// errorStatus gives the status that tells a plain caller of an error. Those below 9 are what TouchSocket makes an
// RpcException of; of these 4 and 5 show the message, and 5 is said of calls that were not let through to a method.
func errorStatus(e *bellpull.Error) dmtpwire.Status {
	switch {
	case e.Code == bellpull.CodeNoMethod && e.Ran == bellpull.Never:
		return dmtpwire.StatusMethodNotFound
	case e.Code != bellpull.CodeBadArgument && e.Ran == bellpull.Never:
		return dmtpwire.StatusRoutingNotAllowed // too busy, or closing
	case e.Code == bellpull.CodeDeadline:
		return dmtpwire.StatusOvertime
	}
	return dmtpwire.StatusException
}

// onCall runs a DmtpRpc request, flag 20. Every request that can be read is answered (section 8.4).
func (l *link) onCall(r *pump.Reader, body []byte) {
	var q dmtpwire.Request
	if dmtpwire.ParseRequest(body, &q) != nil {
		return // without its Sign there is nothing to answer
	}
	s := l.pump.Serving(r)
	s.Sign, s.Status = int64(q.Sign), uint32(q.Serialization)
	reply := q.Reply()
	s.Wire = &dmtpwire.Router{Version: reply.Version, Source: reply.Source.Clone(), Target: reply.Target.Clone()}
	s.Method = l.e.host.Find(l.peer.Load(), q.Key)
	s.In = bellpull.Incoming{Peer: l.peer.Load(), Link: l, Method: q.Key.String(), Source: q.Source.String(), Target: q.Target.String()}
	if q.Metadata != nil {
		if meta, err := dmtpwire.G42.ParseMetadata(q.Metadata); err == nil {
			s.In.Meta = pairsOf(meta)
		}
	}
	if err := l.readParams(s, &q); err != nil && s.Method != nil {
		s.Refuse = &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Msg: err.Error()}
	}
	s.In.Body = s.Body
	switch q.Feedback {
	case dmtpwire.WaitInvoke:
	case dmtpwire.OnlySend:
		s.In.Notify = true
		if s.Refuse != nil {
			s.Method = nil
		}
	case dmtpwire.WaitSend:
		// Answered when it is taken, before it runs; from there on it is a notify.
		if s.Method != nil && s.Refuse == nil {
			l.accept(s)
			s.In.Notify = true
		}
	default:
		s.Refuse = &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Msg: fmt.Sprintf("unknown feedback type %d", q.Feedback)}
	}
	l.pump.Request(r, s)
}

// readParams brings Json parameters into the form of a request: a JSON array, or the bytes of the only byte[] when the
// handler works on bytes.
func (l *link) readParams(s *pump.Serving, q *dmtpwire.Request) error {
	s.Body = s.Body[:0]
	s.In.Encoding = bellpull.EncodingJSON
	if q.Serialization != dmtpwire.JSON {
		return errors.New("arguments in " + q.Serialization.String() + " are not understood here, use Json")
	}
	rest := q.Params
	if q.Count == 1 && s.Method != nil && s.Method.Raw() {
		if value, null, _, err := dmtpwire.NextJSONParam(rest); err == nil && !null {
			if raw, ok := unquoteBase64(s.Body, value); ok {
				s.Body, s.In.Encoding = raw, bellpull.EncodingBytes
				return nil
			}
		}
	}
	s.Body = append(s.Body, '[')
	for i := range int(q.Count) {
		value, null, after, err := dmtpwire.NextJSONParam(rest)
		switch {
		case err != nil:
			return fmt.Errorf("argument %d: %w", i+1, err)
		case null:
			value = []byte("null")
		case !json.Valid(value):
			return fmt.Errorf("argument %d is no JSON", i+1)
		}
		if i > 0 {
			s.Body = append(s.Body, ',')
		}
		s.Body = append(s.Body, value...)
		rest = after
	}
	s.Body = append(s.Body, ']')
	return nil
}

// unquoteBase64 decodes a JSON string that is base64, in the one writing that these bytes have: another text is no
// byte[], and a handler that wants the text gets it unchanged.
func unquoteBase64(b, value []byte) ([]byte, bool) {
	v := bytes.TrimSpace(value)
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return b, false
	}
	text := v[1 : len(v)-1]
	if bytes.IndexByte(text, '\\') >= 0 { // '+' and '=' may come as \u002B
		var s string
		if json.Unmarshal(v, &s) != nil {
			return b, false
		}
		text = []byte(s)
	}
	out, err := base64.StdEncoding.Strict().AppendDecode(b, text)
	if err != nil || base64.StdEncoding.EncodedLen(len(out)-len(b)) != len(text) { // the decoder skips line breaks
		return b, false
	}
	return out, true
}

// onCancel cancels a call that runs, flag 22.
func (l *link) onCancel(body []byte) {
	var c dmtpwire.Cancel
	if dmtpwire.ParseCancel(body, &c) == nil {
		l.cancelRunning(c.Sign)
	}
}
