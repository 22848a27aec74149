package campuswire

import "unicode/utf8"

// A Body is what a message carries, to be written: a business header, a route where the upper protocol has routes, and
// data. A plain message, a text and an HTTP message are data alone.
type Body struct {
	Business Business
	Routed   bool // a route is behind the header
	Route    string
	Data     []byte
}

// Raw gives the body of a plain message, with the business header of an application or none.
func Raw(h Business, data []byte) Body { return Body{Business: h, Data: data} }

// JSONRoute gives the body of a notify or a request to a JSON route. doc is a JSON document; [NoParameter] stands for a
// call without one.
func JSONRoute(route string, doc []byte) Body {
	return Body{Business: BusinessJSONRoute, Routed: true, Route: route, Data: doc}
}

// RawRoute gives the body of a notify or a request to a raw-byte route.
func RawRoute(route string, data []byte) Body {
	return Body{Business: BusinessRawRoute, Routed: true, Route: route, Data: data}
}

// Object gives the body of a request or an answer of remote objects: the JSON of an [Invocation] or a [Return].
func Object(doc []byte) Body { return Body{Business: BusinessObject, Data: doc} }

// Len gives the length of the body on the wire.
func (m *Body) Len() int {
	n := m.Business.Len() + len(m.Data)
	if m.Routed {
		n += RouteLen(m.Route)
	}
	return n
}

// Append appends the body.
func (m *Body) Append(b []byte) []byte {
	b = m.Business.Append(b)
	if m.Routed {
		b = AppendRoute(b, m.Route)
	}
	return append(b, m.Data...)
}

func (m *Body) check() error {
	if m.Routed && !utf8.ValidString(m.Route) {
		return &ContentError{Content: "route", Field: "route", Offset: varintLen(len(m.Route)), What: ErrText, Value: int64(len(m.Route))}
	}
	return nil
}

// NotifyLen gives the length of the frame of a one-way message. An empty body and one longer than [MaxContent] are a
// [*FrameError], a route that is not UTF-8 a [*ContentError].
func (f Framing) NotifyLen(m *Body) (int, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	return f.FrameLen(m.Len())
}

// AppendNotify appends the frame of a one-way message. Its length is that of [Framing.NotifyLen], whose errors it
// gives; b is then as it was.
func (f Framing) AppendNotify(b []byte, ack uint64, m *Body) ([]byte, error) {
	if _, err := f.NotifyLen(m); err != nil {
		return b, err
	}
	return m.Append(f.appendHeader(b, CommandBusiness, ack, m.Len())), nil
}

// CallLen gives the length of the frame of a request or an answer, envelope included. A body longer than [MaxBody] is a
// [*FrameError], a route that is not UTF-8 a [*ContentError]. An empty body is legal: as an answer it says that nobody
// handled the request; as a request .NET Framework never answers it.
func (f Framing) CallLen(m *Body) (int, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	return f.FrameLen(EnvelopeLen + m.Len())
}

// AppendRequest appends the frame of a request. Its length is that of [Framing.CallLen], whose errors it gives; b is then
// as it was.
func (f Framing) AppendRequest(b []byte, ack, id uint64, m *Body) ([]byte, error) {
	return f.appendCall(b, CommandRequest, markRequest, ack, id, m)
}

// AppendResponse appends the frame of an answer to the request of that id. Its length is that of [Framing.CallLen], whose
// errors it gives; b is then as it was.
func (f Framing) AppendResponse(b []byte, ack, id uint64, m *Body) ([]byte, error) {
	return f.appendCall(b, CommandResponse, markResponse, ack, id, m)
}

func (f Framing) appendCall(b []byte, c Command, mark string, ack, id uint64, m *Body) ([]byte, error) {
	if _, err := f.CallLen(m); err != nil {
		return b, err
	}
	n := m.Len()
	return m.Append(appendEnvelope(f.appendHeader(b, c, ack, EnvelopeLen+n), mark, id, n)), nil
}

// LostOnEmpty reports whether a .NET receiver would throw on a message whose last part is empty, the payload of a route
// say, when its frame has a content of n bytes: whenever that fills a pooled buffer. The notify is then lost and the
// request answered with nothing. Section 14, Q3.
func LostOnEmpty(n int) bool { return n >= 16 && n&(n-1) == 0 }
