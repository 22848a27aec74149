package httplink

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

// Method is the method whose calls carry HTTP where the protocol is not dotnetCampus.Ipc.
const Method = "http"

// DefaultMaxBody bounds a body, in bytes: what fits into one frame of dotnetCampus.Ipc as base64.
const DefaultMaxBody = 12_500_000

// A Transport sends the requests of an [http.Client] to a peer. Its methods may be called concurrently. Do not change
// it once it is used.
type Transport struct {
	Peer *bellpull.Peer
	// Method is called where the protocol is not dotnetCampus.Ipc, which needs none. Default [Method].
	Method string
	// MaxBody bounds the bodies of requests, in bytes. Default [DefaultMaxBody]. What comes back is bounded by the link.
	MaxBody int

	calls atomic.Bool // the peer was one for calls when it was last up
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip sends a request and gives its answer, whose body is in memory. It blocks while it reads the request's body and
// until the answer is there, the request's context is done, 30 s are over if that has no deadline (the node's timeout,
// where a call carries it), or the link ends. A body above MaxBody is [bellpull.CodeTooLarge] with a
// [*transport.LimitError], Never; its Size is what was read of a body that did not say its length. An answer of no bytes
// is [bellpull.CodeFailed], Maybe, and one that is no HTTP [bellpull.CodeBadArgument], Yes.
//
// While the peer is away a call waits for it, as all calls do; where there are none, or it is not known yet, that is
// [bellpull.CodeUnavailable], Never.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body := req.Body
	if body == nil {
		body = http.NoBody
	}
	defer body.Close()
	if t.Peer == nil || req.URL == nil {
		return nil, t.fail(bellpull.CodeBadArgument, bellpull.Never, errors.New("no Peer, or no URL"))
	}
	content, err := t.read(req, body)
	if err != nil {
		return nil, err
	}
	m, err := request(req, content)
	if err != nil {
		return nil, t.fail(bellpull.CodeBadArgument, bellpull.Never, err)
	}
	doc, err := m.AppendJSON(nil)
	if err != nil {
		return nil, t.fail(bellpull.CodeBadArgument, bellpull.Never, err)
	}
	answer, err := t.send(req.Context(), doc)
	if err != nil {
		return nil, err
	}
	var a campuswire.HTTPResponse
	if err := campuswire.ParseHTTPResponse(answer, &a); err != nil {
		e := t.fail(bellpull.CodeBadArgument, bellpull.Yes, err)
		e.Msg, e.Advice = "the answer is no HTTP", "register httplink.Handler at the other end"
		return nil, e
	}
	return response(req, &a), nil
}

// send gives a document to the peer and waits for the one that comes back.
func (t *Transport) send(ctx context.Context, doc []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, t.over(ctx)
	}
	if protocol := t.Peer.Traits().Protocol; protocol != "" {
		t.calls.Store(protocol != "campus")
	}
	if !t.calls.Load() {
		return campus.Raw(t.Peer).Request(ctx, 0, doc) // says when the peer is away
	}
	method := t.Method
	if method == "" {
		method = Method
	}
	return t.Peer.CallBytes(ctx, method, nil, doc)
}

// read takes the body of a request, nil for none.
func (t *Transport) read(req *http.Request, body io.ReadCloser) ([]byte, error) {
	limit := int64(t.MaxBody)
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	tooLarge := func(n int64) error {
		return t.fail(bellpull.CodeTooLarge, bellpull.Never, &transport.LimitError{What: "request body", Size: n, Limit: limit})
	}
	if req.ContentLength > limit {
		return nil, tooLarge(req.ContentLength)
	}
	if body == http.NoBody {
		return nil, nil
	}
	stop := context.AfterFunc(req.Context(), func() { body.Close() }) // ends a Read that waits
	content, err := io.ReadAll(io.LimitReader(body, limit+1))
	stop()
	switch {
	case req.Context().Err() != nil:
		return nil, t.over(req.Context())
	case err != nil:
		return nil, t.fail(bellpull.CodeBadArgument, bellpull.Never, err)
	case int64(len(content)) > limit:
		return nil, tooLarge(int64(len(content)))
	case req.ContentLength > 0 && int64(len(content)) != req.ContentLength:
		return nil, t.fail(bellpull.CodeBadArgument, bellpull.Never, errors.New("the body is not as long as its ContentLength says"))
	}
	return content, nil
}

func (t *Transport) fail(code bellpull.Code, ran bellpull.Executed, err error) *bellpull.Error {
	e := &bellpull.Error{Code: code, Op: "http", Ran: ran, Err: err}
	if t.Peer != nil {
		e.Peer = t.Peer.Name()
	}
	return e
}

// over makes the error of a request whose context ended before it was sent.
func (t *Transport) over(ctx context.Context) error {
	code := bellpull.CodeCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = bellpull.CodeDeadline
	}
	return t.fail(code, bellpull.Never, context.Cause(ctx))
}
