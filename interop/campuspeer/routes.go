package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// addRoutes adds the direct routes. .NET has a table of its own for each kind; what comes as another kind than a route is
// for has no handler.
func (s *session) addRoutes(m *bellpull.Mux) {
	add := func(route string, e bellpull.Encoding, notify bool, h bellpull.HandlerFunc) {
		m.Handle(route, bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			switch {
			case r.Encoding() == e && r.Notify() == notify:
				h(w, r)
			case r.Notify():
				s.message(r, content(r))
			default:
				w.Fail(&bellpull.Error{Code: bellpull.CodeNoMethod, Msg: "no handler for requests to the route " + route})
			}
		}))
	}
	add("/echo", bellpull.EncodingJSON, false, s.jsonEcho)
	add("/slow", bellpull.EncodingJSON, false, func(w *bellpull.Reply, r *bellpull.Request) {
		pause(r.Context(), late)
		s.jsonEcho(w, r)
	})
	add("/throw", bellpull.EncodingJSON, false, func(w *bellpull.Reply, r *bellpull.Request) {
		members, err := s.parameter(r)
		if err != nil {
			w.Fail(err)
			return
		}
		x := &campus.Exception{Type: namespace + ".CustomException", Message: "route:"}
		if value, err := s.value(members); err == nil && value != nil {
			x.Message += *value
		}
		w.Fail(x)
	})
	add("/null", bellpull.EncodingJSON, false, func(w *bellpull.Reply, r *bellpull.Request) {
		if _, err := s.parameter(r); err != nil {
			w.Fail(err)
			return
		}
		w.JSON(nil)
	})
	for _, route := range []string{"/notify", "/notify/throw"} {
		add(route, bellpull.EncodingJSON, true, func(_ *bellpull.Reply, r *bellpull.Request) {
			if _, err := s.parameter(r); err == nil {
				f := s.from(r)
				f["route"], f["json"] = route, json.RawMessage(document(r))
				s.event("notify", f)
			} // what it would throw is told to nobody
		})
	}
	add("/raw/echo", bellpull.EncodingBytes, false, func(w *bellpull.Reply, r *bellpull.Request) {
		w.Write(append([]byte("echo:"), r.Borrow()...))
	})
	add("/raw/throw", bellpull.EncodingBytes, false, func(w *bellpull.Reply, _ *bellpull.Request) {
		w.Fail(errors.New("throw on demand"))
	})
	add("/raw/notify", bellpull.EncodingBytes, true, func(_ *bellpull.Reply, r *bellpull.Request) {
		f := s.from(r)
		f["route"] = "/raw/notify"
		s.event("notify", control.AddBody(f, r.Borrow()))
	})
}

// jsonEcho answers {"Value":…,"Seen":…}.
func (s *session) jsonEcho(w *bellpull.Reply, r *bellpull.Request) {
	members, err := s.parameter(r)
	if err != nil {
		w.Fail(err)
		return
	}
	seen := s.nextSeen()
	value, err := s.value(members)
	switch {
	case err != nil:
		w.Fail(err)
	case s.opts.dialect.camel:
		w.JSON(struct {
			Value *string `json:"value,omitempty"`
			Seen  int     `json:"seen"`
		}{value, seen})
	default:
		w.JSON(struct {
			Value *string
			Seen  int
		}{value, seen})
	}
}

// value gives the member Value.
func (s *session) value(members map[string]json.RawMessage) (text *string, err error) {
	v := s.opts.dialect.member(members, "Value")
	if v != nil && json.Unmarshal(v, &text) != nil {
		return nil, &campus.Exception{Type: campus.ExceptionJSON, Message: "Value is not a string"}
	}
	return text, nil
}

// parameter gives the parameter of a JSON route, which must be an object.
func (s *session) parameter(r *bellpull.Request) (map[string]json.RawMessage, error) {
	doc := document(r)
	members := map[string]json.RawMessage{}
	switch {
	case isNull(doc):
		return nil, &campus.Exception{Type: campus.ExceptionNullReference, Message: "the parameter is null"}
	case json.Unmarshal(doc, &members) != nil:
		return nil, &campus.Exception{Type: campus.ExceptionJSON, Message: "the parameter is not a JSON object"}
	}
	return members, nil
}

// document gives the payload of a JSON route: a request shows it as the only element of an array.
func document(r *bellpull.Request) []byte {
	b := r.Borrow()
	return b[1 : len(b)-1]
}

// content puts together the content of a notify to a route.
func content(r *bellpull.Request) []byte {
	header, payload := uint64(headerRaw), r.Borrow()
	if r.Encoding() == bellpull.EncodingJSON {
		header, payload = headerJSON, document(r)
	}
	b := binary.LittleEndian.AppendUint64(nil, header)
	b = binary.AppendUvarint(b, uint64(len(r.Method())))
	return append(append(b, r.Method()...), payload...)
}
