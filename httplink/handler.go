package httplink

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

// An Option sets something of a [Handler].
type Option interface{ apply(*server) }

type option func(*server)

func (f option) apply(s *server) { f(s) }

// MaxBody bounds the body of a request, which is answered 413 beyond, and that of an answer, which is answered 500; in
// bytes, at least 1. Default [DefaultMaxBody].
func MaxBody(n int) Option { return option(func(s *server) { s.maxBody = max(n, 1) }) }

// Logger has panics of handlers and answers that cannot be sent logged there. Default: nowhere.
func Logger(l *slog.Logger) Option { return option(func(s *server) { s.log = l }) }

type server struct {
	h       http.Handler
	maxBody int
	log     *slog.Logger
}

// Handler gives the handler of requests that carry HTTP: for campus.OnRequest, and for [bellpull.Mux.Handle] under [Method].
//
// h gets requests like those of an [http.Server], and the context of the request that carries them: it ends when the
// caller gives up, where the protocol tells so, and [bellpull.Caller] gives the peer, whose name RemoteAddr is. h may
// block, and is called concurrently. A panic is answered 500, one with [http.ErrAbortHandler] as a failed request is.
// What is no HTTP is answered 400, where a .NET server has an answer of no bytes.
func Handler(h http.Handler, opts ...Option) bellpull.Handler {
	if h == nil {
		panic("httplink: nil handler")
	}
	s := &server{h: h, maxBody: DefaultMaxBody, log: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o.apply(s)
	}
	return s
}

// ServeBell answers one request.
func (s *server) ServeBell(w *bellpull.Reply, r *bellpull.Request) {
	req, answer := s.decode(r)
	if answer == nil {
		out := &writer{header: http.Header{}, limit: s.maxBody, head: req.Method == http.MethodHead}
		if err := s.serve(out, req); err != nil {
			w.Fail(err)
			return
		}
		var err error
		if answer, err = out.finish(); err != nil {
			s.log.Error("httplink: no answer", "method", req.Method, "path", req.URL.Path, "err", err)
			answer = document(http.StatusInternalServerError, err.Error())
		}
		answer.Version = strings.TrimPrefix(req.Proto, "HTTP/") // as .NET answers, in the version that was asked in
	}
	doc, err := answer.AppendJSON(nil)
	if err == nil && len(doc) > campuswire.MaxBody && onCampus(r) {
		err = &transport.LimitError{What: "answer", Size: int64(len(doc)), Limit: campuswire.MaxBody}
	}
	if err != nil {
		s.log.Error("httplink: no answer", "err", err)
		doc, _ = document(http.StatusInternalServerError, err.Error()).AppendJSON(nil)
	}
	w.Write(doc)
}

// decode reads a request, or gives the answer to one that is none.
func (s *server) decode(r *bellpull.Request) (*http.Request, *campuswire.HTTPResponse) {
	body := r.Borrow()
	if r.Encoding() == bellpull.EncodingJSON { // a byte[] of .NET
		if err := r.Decode(&body); err != nil {
			return nil, document(http.StatusBadRequest, "the argument is no byte[]")
		}
	}
	var m campuswire.HTTPRequest
	if err := campuswire.ParseHTTPRequest(body, &m); err != nil {
		return nil, document(http.StatusBadRequest, err.Error())
	}
	if len(m.Content) > s.maxBody {
		return nil, document(http.StatusRequestEntityTooLarge,
			(&transport.LimitError{What: "request body", Size: int64(len(m.Content)), Limit: int64(s.maxBody)}).Error())
	}
	req, err := served(&m)
	if err != nil {
		return nil, document(http.StatusBadRequest, err.Error())
	}
	if p := r.Peer(); p != nil {
		req.RemoteAddr = p.Name()
	}
	return req.WithContext(r.Context()), nil
}

// serve runs the handler. The error says that there is no answer, not even that of a panic.
func (s *server) serve(out *writer, req *http.Request) (err error) {
	defer func() {
		switch v := recover(); {
		case v == nil:
		case v == http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			s.log.Error("httplink: handler panicked", "method", req.Method, "path", req.URL.Path, "peer", req.RemoteAddr,
				"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			out.replace(http.StatusInternalServerError)
		}
	}()
	s.h.ServeHTTP(out, req)
	return nil
}

func onCampus(r *bellpull.Request) bool {
	return r.Peer() != nil && r.Peer().Traits().Protocol == "campus"
}

// document makes an answer that no handler wrote, as http.Error has them.
func document(status int, text string) *campuswire.HTTPResponse {
	return &campuswire.HTTPResponse{Status: int32(status), Content: []byte(text + "\n"), Headers: []campuswire.Header{
		{Name: "Content-Type", Values: []string{"text/plain; charset=utf-8"}},
		{Name: "X-Content-Type-Options", Values: []string{"nosniff"}}}}
}
