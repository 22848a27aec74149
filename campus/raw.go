package campus

import (
	"context"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// RawPeer has the verbs of dotnetCampus.Ipc below its routes. See [Raw].
type RawPeer struct{ peer *bellpull.Peer }

// Raw gives the verbs of a peer of this protocol. They run as [bellpull.Peer.Do] says: through the node's interceptors,
// waiting for a peer that is away. With a peer of another protocol they answer [errors.ErrUnsupported].
func Raw(p *bellpull.Peer) RawPeer { return RawPeer{p} }

// rawVerb is an exchange without a route.
type rawVerb struct{ header campuswire.Business }

// Request sends a request without a route and gives the answer's body (GetResponseAsync). header is a business header
// that goes in front of the body, 0 for none. It blocks until answered, ctx or the node's timeout is over, or the link
// ends. An answer of no bytes is CodeFailed, Maybe; a body longer than a frame takes is CodeTooLarge, Never.
func (r RawPeer) Request(ctx context.Context, header uint64, body []byte) ([]byte, error) {
	x := &bellpull.Exchange{Verb: rawVerb{campuswire.Business(header)}, Method: "request", Body: body}
	if err := r.peer.Do(ctx, x); err != nil {
		return nil, err
	}
	return x.Answer, nil
}

// Notify sends a message without a route (NotifyAsync). An empty one cannot be sent: it would break the connection of
// a .NET process. It blocks for room alone, or for a peer that is away; nil does not say that the message arrived.
func (r RawPeer) Notify(ctx context.Context, header uint64, body []byte) error {
	return r.peer.Do(ctx, &bellpull.Exchange{Verb: rawVerb{campuswire.Business(header)}, Notify: true, Method: "message", Body: body})
}

// String sends a text as a message, in UTF-8 (IpcMessageWriter.WriteMessageAsync). See Notify.
func (r RawPeer) String(ctx context.Context, text string) error {
	return r.Notify(ctx, 0, []byte(text))
}

// raw runs a rawVerb.
func (l *link) raw(x *bellpull.Exchange, v rawVerb) error {
	body := campuswire.Raw(v.header, x.Body)
	if x.Notify {
		return l.notify(x, &body)
	}
	if err := l.request(x, &body); err != nil {
		return err
	}
	if len(x.Answer) == len(x.Dst) {
		return emptyAnswer()
	}
	x.AnswerEncoding = bellpull.EncodingBytes
	return nil
}
