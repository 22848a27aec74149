package recorded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/bellpull/bellpull/internal/campuswire"
)

// errHeader: a header has what no writer writes: another version, a reserved field.
var errHeader = errors.New("encodes to another header")

// speech is what is said in a message, and thereby in its answer.
type speech int

const (
	plain   speech = iota // bytes without a structure
	object                // remote objects
	route                 // a JSON route
	rawBody               // a raw-byte route
	web                   // PipeMvc
)

// outcome is what became of a frame that was decoded and encoded again.
type outcome int

const (
	registered outcome = iota
	unread             // bytes without a structure, as they were; those behind a route too
	unhandled          // an answer without body
	documented         // JSON, equal to the byte
	valued             // JSON in another writing, with the same value
)

// A campusDecoder decodes the frames of a session in their order and encodes them again.
type campusDecoder struct {
	web    bool // requests without a header are of PipeMvc
	asked  map[campusAsked]speech
	styles map[Side]campuswire.Dialect
}

// A campusAsked is a request that may be answered.
type campusAsked struct {
	from Side
	id   uint64
}

// again decodes a frame of a side and encodes it again. The error is one of the codec, or says how the two differ.
func (d *campusDecoder) again(from Side, f CampusFrame) (outcome, error) {
	var framing campuswire.Framing
	var out []byte
	var err error
	o := unread
	switch f.Kind() {
	case campuswire.KindRegister:
		var name string
		if name, err = campuswire.ParseRegister(f.Content); err == nil {
			o = registered
			out, err = framing.AppendRegister(nil, f.Ack, name)
		}
	case campuswire.KindNotify:
		var m campuswire.Body
		if m, _, o, err = d.body(from, f.Content, false); err == nil {
			out, err = framing.AppendNotify(nil, f.Ack, &m)
		}
	case campuswire.KindRequest:
		var e campuswire.Envelope
		var m campuswire.Body
		var about speech
		if e, err = campuswire.ParseRequest(f.Content); err != nil {
			break
		}
		m, about, o, err = d.body(from, e.Body, true)
		d.asked[campusAsked{from, e.ID}] = about // also when it cannot be read: it is answered all the same
		if err == nil {
			out, err = framing.AppendRequest(nil, f.Ack, e.ID, &m)
		}
	case campuswire.KindResponse:
		var e campuswire.Envelope
		var m campuswire.Body
		if e, err = campuswire.ParseResponse(f.Content); err != nil {
			break
		}
		if m, o, err = d.answer(from, d.asked[campusAsked{other(from), e.ID}], e.Body); err == nil {
			out, err = framing.AppendResponse(nil, f.Ack, e.ID, &m)
		}
	default:
		out, err = framing.AppendFrame(nil, f.Command, f.Ack, f.Content)
	}
	if err != nil {
		return o, err
	}
	if o == valued {
		return o, nil // the JSON was compared, and with it the lengths differ
	}
	return o, compare(out, f)
}

func other(s Side) Side {
	if s == A {
		return B
	}
	return A
}

// compare holds an encoded frame against the one it comes from. The bits of its command type that nobody writes any
// more may differ.
func compare(out []byte, f CampusFrame) error {
	if bytes.Equal(out, f.Bytes) {
		return nil
	}
	var framing campuswire.Framing
	got, err := framing.ParseFrame(out)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(got.Content, f.Content):
		return fmt.Errorf("%w: %q", errDifferent, got.Content[:min(len(got.Content), 200)])
	}
	return fmt.Errorf("%w: version %d, reserved %d, %v", errHeader, got.Version, got.Reserved, got.Command)
}

// body decodes the body of a notify or a request.
func (d *campusDecoder) body(from Side, b []byte, request bool) (m campuswire.Body, about speech, o outcome, err error) {
	style := d.styles[from]
	switch h := campuswire.Known(b); {
	case h == campuswire.BusinessJSONRoute || h == campuswire.BusinessRawRoute:
		rest, _ := h.Strip(b)
		name, payload, err := campuswire.ParseRoute(rest)
		about = rawBody
		if h == campuswire.BusinessJSONRoute {
			about = route
		}
		if err != nil {
			return m, about, o, err
		}
		if about == rawBody {
			return campuswire.RawRoute(string(name), payload), about, unread, nil
		}
		doc, err := campuswire.ParseDocument(payload)
		if err != nil {
			return m, about, o, err
		}
		out, err := style.AppendDocument(nil, doc)
		if err != nil {
			return m, about, o, err
		}
		o, err = judged(payload, out)
		return campuswire.JSONRoute(string(name), out), about, o, err
	case h == campuswire.BusinessObject && request:
		rest, _ := h.Strip(b)
		out, o, err := model(rest, campuswire.ParseInvocation, func(v *campuswire.Invocation) ([]byte, error) { return v.AppendJSON(nil, style.Escape), nil })
		return campuswire.Object(out), object, o, err
	case d.web && request:
		out, o, err := model(b, campuswire.ParseHTTPRequest, func(v *campuswire.HTTPRequest) ([]byte, error) { return v.AppendJSON(nil) })
		return campuswire.Raw(0, out), web, o, err
	}
	return campuswire.Raw(0, b), plain, unread, nil
}

// answer decodes the body of an answer; about is what the request was.
func (d *campusDecoder) answer(from Side, about speech, b []byte) (m campuswire.Body, o outcome, err error) {
	style := d.styles[from]
	if len(b) == 0 {
		return m, unhandled, nil
	}
	switch about {
	case object:
		rest, ok := campuswire.BusinessObject.Strip(b)
		if !ok {
			return m, o, campuswire.ErrMark
		}
		out, o, err := model(rest, campuswire.ParseReturn, func(v *campuswire.Return) ([]byte, error) { return v.AppendJSON(nil, style.Escape), nil })
		return campuswire.Object(out), o, err
	case route:
		a, err := campuswire.ParseAnswer(b)
		if err != nil {
			return m, o, err
		}
		var out []byte
		if a.Failure != nil {
			out = style.AppendFailure(nil, a.Failure)
		} else {
			doc, err := style.AppendDocument(nil, a.JSON)
			if err != nil {
				return m, o, err
			}
			if out, err = style.AppendAnswer(nil, doc); err != nil {
				return m, o, err
			}
		}
		o, err = judged(b, out)
		return campuswire.Raw(0, out), o, err
	case web:
		out, o, err := model(b, campuswire.ParseHTTPResponse, func(v *campuswire.HTTPResponse) ([]byte, error) { return v.AppendJSON(nil) })
		return campuswire.Raw(0, out), o, err
	}
	return campuswire.Raw(0, b), unread, nil
}

// model decodes a document, encodes it, and decodes that.
func model[T any](doc []byte, parse func([]byte, *T) error, add func(*T) ([]byte, error)) (out []byte, o outcome, err error) {
	var v, again T
	if err = parse(doc, &v); err != nil {
		return nil, o, err
	}
	if out, err = add(&v); err != nil {
		return nil, o, err
	}
	if err = parse(out, &again); err != nil {
		return nil, o, err
	}
	if !reflect.DeepEqual(v, again) {
		return nil, o, fmt.Errorf("%w: %s", errValue, out)
	}
	if bytes.Equal(doc, out) {
		return out, documented, nil
	}
	return out, valued, nil
}

// judged compares a document that has no model with what it was encoded to.
func judged(doc, out []byte) (outcome, error) {
	if bytes.Equal(doc, out) {
		return documented, nil
	}
	x, err := value(doc)
	if err != nil {
		return unread, err
	}
	if y, err := value(out); err != nil || !reflect.DeepEqual(x, y) {
		return unread, fmt.Errorf("%w: %s", errValue, out)
	}
	return valued, nil
}

func value(doc []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}
