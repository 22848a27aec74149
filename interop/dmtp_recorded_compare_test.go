package interop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/recorded"
)

// dmtpRefused is the message of an answer that stands for any refusal.
const dmtpRefused = "refused, whatever the words"

// dmtpMatches says that got can be what .NET wrote: the kind is the same and, for answers, the number.
func dmtpMatches(want, got recorded.Frame) bool {
	if want.Flags != got.Flags {
		return false
	}
	switch want.Flags {
	case dmtpwire.FlagVerifyResponse, dmtpwire.FlagResetIDResponse, dmtpwire.FlagPingResponse, dmtpwire.FlagCloseAcknowledge, dmtpwire.FlagCallResponse:
		a, err := dmtpSign(want)
		b, err2 := dmtpSign(got)
		return err == nil && err2 == nil && a == b
	}
	return true
}

// dmtpSign gives the number of a request or an answer.
func dmtpSign(f recorded.Frame) (int32, error) {
	switch f.Flags {
	case dmtpwire.FlagCallRequest:
		var q dmtpwire.Request
		err := dmtpwire.ParseRequest(f.Body, &q)
		return q.Sign, err
	case dmtpwire.FlagCallResponse:
		var r dmtpwire.Response
		err := dmtpwire.ParseResponse(f.Body, &r)
		return r.Sign, err
	}
	var m struct{ Sign int32 }
	err := json.Unmarshal(f.Body, &m)
	return m.Sign, err
}

// dmtpParse reads a body, without what need not be the same: the numbers of requests, which each side makes as it
// likes, and the words of the kernel, which depend on the culture.
func dmtpParse(f recorded.Frame) (any, error) {
	switch f.Flags {
	case dmtpwire.FlagVerifyRequest, dmtpwire.FlagVerifyResponse:
		var m dmtpwire.WaitVerify
		err := dmtpwire.ParseWaitVerify(f.Body, &m)
		m.Message = nil
		return m, err
	case dmtpwire.FlagResetIDRequest, dmtpwire.FlagResetIDResponse:
		var m dmtpwire.WaitSetID
		err := dmtpwire.ParseWaitSetID(f.Body, &m)
		if m.Status == 0 {
			m.Sign = 0
		}
		if m.Status != dmtpwire.StatusSuccess {
			m.Message = nil
		}
		return m, err
	case dmtpwire.FlagPingRequest, dmtpwire.FlagPingResponse:
		var m dmtpwire.WaitPing
		err := dmtpwire.ParseWaitPing(f.Body, &m)
		if f.Flags == dmtpwire.FlagPingRequest {
			m.Sign = 0
		}
		return m, err
	case dmtpwire.FlagClose, dmtpwire.FlagCloseAcknowledge:
		var m dmtpwire.WaitClose
		err := dmtpwire.ParseWaitClose(f.Body, &m)
		if f.Flags == dmtpwire.FlagClose {
			m.Sign = 0
		}
		return m, err
	case dmtpwire.FlagCallRequest:
		var q dmtpwire.Request
		if err := dmtpwire.ParseRequest(f.Body, &q); err != nil {
			return nil, err
		}
		values, err := dmtpValues(q.Params, int(q.Count))
		q.Sign, q.Params = 0, nil
		return []any{q, values}, err
	case dmtpwire.FlagCallResponse:
		var r dmtpwire.Response
		if err := dmtpwire.ParseResponse(f.Body, &r); err != nil {
			return nil, err
		}
		values, err := dmtpValues(r.Return, 1)
		r.Return = nil
		return []any{r, values}, err
	}
	return f.Body, nil
}

// dmtpValues reads containers of Json, numbers as they are written.
func dmtpValues(params []byte, count int) ([]any, error) {
	var list []any
	for range count {
		text, null, rest, err := dmtpwire.NextJSONParam(params)
		if err != nil {
			return nil, err
		}
		var v any
		if !null {
			d := json.NewDecoder(bytes.NewReader(text))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				return nil, err
			}
		}
		list, params = append(list, v), rest
	}
	return list, nil
}

// dmtpCompare says how the value of a frame differs from what .NET wrote. It notes the number of a request.
func dmtpCompare(want, got recorded.Frame, signs map[int32]int32) error {
	switch want.Flags {
	case dmtpwire.FlagResetIDRequest, dmtpwire.FlagPingRequest, dmtpwire.FlagClose, dmtpwire.FlagCallRequest:
		theirs, err := dmtpSign(want)
		ours, err2 := dmtpSign(got)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		signs[theirs] = ours
	case dmtpwire.FlagCallResponse:
		var a, b dmtpwire.Response
		if err := errors.Join(dmtpwire.ParseResponse(want.Body, &a), dmtpwire.ParseResponse(got.Body, &b)); err != nil {
			return err
		}
		if a.Message.Is(dmtpRefused) {
			if b.Status == dmtpwire.StatusSuccess || !reflect.DeepEqual(a.Router, b.Router) {
				return errors.New("a refusal was wanted")
			}
			return nil
		}
	}
	x, err := dmtpParse(want)
	if err != nil {
		return err
	}
	y, err := dmtpParse(got)
	if err != nil {
		return err
	}
	if ping, ok := x.(dmtpwire.WaitPing); ok && ping.Legacy { // of a version without the members that ours has more
		y, _ := y.(dmtpwire.WaitPing)
		ping.Legacy, y.Legacy = false, false
		if !reflect.DeepEqual(ping, y) {
			return fmt.Errorf("%+v, want %+v", y, ping)
		}
		return nil
	}
	if !reflect.DeepEqual(x, y) {
		return fmt.Errorf("%+v, want %+v", y, x)
	}
	return nil
}

// renumber gives the body of a client's frame with the number that our service gave its request; not ok when it is the
// answer to a request that our service did not make.
func (p *dmtpPlay) renumber(c *dmtpPlayed, f recorded.Frame) (body []byte, ok bool) {
	var m interface {
		AppendJSON([]byte, dmtpwire.JSONStyle) []byte
	}
	var err error
	number := func(sign *int32) {
		*sign, ok = c.signs[*sign]
	}
	switch f.Flags {
	case dmtpwire.FlagResetIDResponse:
		v := new(dmtpwire.WaitSetID)
		m, err = v, dmtpwire.ParseWaitSetID(f.Body, v)
		number(&v.Sign)
	case dmtpwire.FlagPingResponse:
		v := new(dmtpwire.WaitPing)
		m, err = v, dmtpwire.ParseWaitPing(f.Body, v)
		number(&v.Sign)
	case dmtpwire.FlagCloseAcknowledge:
		v := new(dmtpwire.WaitClose)
		m, err = v, dmtpwire.ParseWaitClose(f.Body, v)
		number(&v.Sign)
	case dmtpwire.FlagCallResponse:
		var v dmtpwire.Response
		if err = dmtpwire.ParseResponse(f.Body, &v); err == nil {
			number(&v.Sign)
			body, err = dmtpwire.AppendResponse(nil, &v)
		}
	default:
		return f.Body, true
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if m != nil {
		body = m.AppendJSON(nil, dmtpwire.Indented)
	}
	return body, ok
}
