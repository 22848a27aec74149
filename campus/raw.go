package campus

import (
	"context"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

// RawPeer has the verbs of dotnetCampus.Ipc below its routes. See [Raw].
type RawPeer struct{ peer *bellpull.Peer }

// Raw gives the verbs of a peer of this protocol; of another they answer [errors.ErrUnsupported].
func Raw(p *bellpull.Peer) RawPeer { return RawPeer{p} }

// Request sends a request without a route and gives the answer's body (GetResponseAsync). header is a business header
// that goes in front of the body, 0 for none. It blocks until answered, ctx is done, 30 s are over if ctx has no deadline,
// or the link ends. An answer of no bytes is CodeFailed, Maybe.
func (r RawPeer) Request(ctx context.Context, header uint64, body []byte) ([]byte, error) {
	l, x, err := r.exchange(ctx, "request")
	if err != nil {
		return nil, err
	}
	b := campuswire.Raw(campuswire.Business(header), body)
	if err := l.request(x, &b); err != nil {
		return nil, r.fill("request", err)
	}
	if len(x.Answer) == 0 {
		return nil, r.fill("request", emptyAnswer())
	}
	return x.Answer, nil
}

// Notify sends a message without a route (NotifyAsync). An empty one cannot be sent: it would break the connection of
// a .NET process. It blocks for room alone; nil does not say that the message arrived.
func (r RawPeer) Notify(ctx context.Context, header uint64, body []byte) error {
	l, x, err := r.exchange(ctx, "notify")
	if err != nil {
		return err
	}
	b := campuswire.Raw(campuswire.Business(header), body)
	if err := l.notify(x, &b); err != nil {
		return r.fill("notify", err)
	}
	return nil
}

// String sends a text as a message, in UTF-8 (IpcMessageWriter.WriteMessageAsync). See Notify.
func (r RawPeer) String(ctx context.Context, text string) error {
	return r.Notify(ctx, 0, []byte(text))
}

func (r RawPeer) exchange(ctx context.Context, op string) (*link, *bellpull.Exchange, error) {
	l, ok := r.peer.Link().(*link)
	if !ok {
		e := &bellpull.Error{Code: bellpull.CodeUnsupported, Op: op, Peer: r.peer.Name(), Ran: bellpull.Never,
			Msg: "not a peer of dotnetCampus.Ipc"}
		if r.peer.Link() == nil {
			e.Code, e.Msg = bellpull.CodeUnavailable, "the peer is away"
		}
		return nil, nil, e
	}
	deadline := transport.Now() + int64(bellpull.DefaultTimeout)
	if d, ok := ctx.Deadline(); ok {
		deadline = transport.Now() + int64(time.Until(d))
	}
	return l, &bellpull.Exchange{Ctx: ctx, Deadline: deadline | 1}, nil
}

func (r RawPeer) fill(op string, err error) error {
	if e, ok := err.(*bellpull.Error); ok {
		e.Op, e.Peer = op, r.peer.Name()
	}
	return err
}
