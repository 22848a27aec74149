package interop_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// recEchoed is the argument of the JSON routes. As with System.Text.Json its members have exactly these names.
type recEchoed struct {
	Value *string
	Count int32
}

func (e *recEchoed) UnmarshalJSON(b []byte) error { return e.read(b, "Value", "Count") }

func (e *recEchoed) read(b []byte, value, count string) error {
	var m map[string]json.RawMessage
	err := json.Unmarshal(b, &m)
	for name, into := range map[string]any{value: &e.Value, count: &e.Count} {
		if v, ok := m[name]; ok && err == nil {
			err = json.Unmarshal(v, into)
		}
	}
	return err
}

// recCamel is the same of a context with camelCase names.
type recCamel struct{ recEchoed }

func (e *recCamel) UnmarshalJSON(b []byte) error { return e.read(b, "value", "count") }

func (e *recEchoed) echoed() *recEchoed { return e }

type recSeen struct {
	Value *string
	Seen  int64
}

func (a *recApp) routes(m *bellpull.Mux) {
	if a.dialect() == campus.Camel {
		recRoutes[recCamel](a, m)
	} else {
		recRoutes[recEchoed](a, m)
	}
	bellpull.HandleFunc(m, "/null", func() *recSeen { return nil })
	for _, route := range []string{"/notify", "/notify/throw", "/raw/notify"} {
		m.Handle(route, bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			e := map[string]any{"event": "notify", "from": r.Peer().Name(), "route": route}
			switch {
			case !r.Notify():
				w.Fail(&bellpull.Error{Code: bellpull.CodeNoMethod, Msg: "notifies only"})
				return
			case route == "/notify/throw":
				panic(route)
			case route == "/notify":
				var doc any
				r.Decode(&doc)
				e["json"] = doc
			default:
				recBytes(e, r.Borrow())
			}
			a.add(e)
		}))
	}
	m.Handle("/raw/echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		w.Write(append([]byte("echo:"), r.Borrow()...))
	}))
	m.Handle("/raw/throw", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { panic("throw") }))
}

// recRoutes are those that take an argument, of a type with the names of one context or another.
func recRoutes[T any, P interface {
	*T
	echoed() *recEchoed
}](a *recApp, m *bellpull.Mux) {
	var seen atomic.Int64
	echo := func(in P) (*recSeen, error) {
		if in == nil {
			return nil, &campus.Exception{Type: campus.ExceptionNullReference, Message: recNullReference}
		}
		return &recSeen{in.echoed().Value, seen.Add(1)}, nil
	}
	bellpull.HandleFunc(m, "/echo", echo)
	bellpull.HandleFunc(m, "/slow", func(ctx context.Context, in P) (*recSeen, error) {
		a.await(ctx)
		return echo(in)
	})
	bellpull.HandleFunc(m, "/throw", func(in P) error {
		none := ""
		return &campus.Exception{Type: "Bellpull.Peers.CustomException", Message: "route:" + *cmp.Or(in.echoed().Value, &none)}
	})
}

const recNullReference = "Object reference not set to an instance of an object."

// recSite is the web server of the control protocol, with the answers of ASP.NET Core.
func recSite(w http.ResponseWriter, r *http.Request) {
	text := func(status int, typ, body string) {
		w.Header().Set("Content-Type", typ+"; charset=utf-8")
		if status == http.StatusOK {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
	switch {
	case r.URL.Path == "/api/foo" && r.Method == http.MethodGet:
		var x int
		fmt.Sscan(r.FormValue("x"), &x)
		w.Header().Set("X-Bellpull", "mvc")
		w.Header()["X-Echoed"] = r.Header["X-Echo"]
		text(http.StatusOK, "application/json", fmt.Sprintf(`{"x":%d,"twice":%d}`, x, 2*x))
	case r.URL.Path == "/api/foo" && r.Method == http.MethodPost:
		var in struct {
			Name  string `json:"name"`
			Count int    `json:"count"`
		}
		json.NewDecoder(r.Body).Decode(&in)
		in.Count++
		doc, _ := recEscaped(in)
		text(http.StatusOK, "application/json", doc)
	case r.URL.Path == "/api/foo":
		w.Header()["Allow"] = []string{"GET", "POST"}
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.URL.Path == "/api/fail":
		text(http.StatusInternalServerError, "text/plain", "failed")
	case r.URL.Path == "/api/crash":
		panic("crash")
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// recEscaped is JSON with the escapes of System.Text.Json.
func recEscaped(v any) (string, error) {
	doc, err := json.Marshal(v)
	var b strings.Builder
	for _, c := range string(doc) {
		if c < 0x80 {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, `\u%04X`, c)
		}
	}
	return b.String(), err
}
