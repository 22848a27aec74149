package dmtp

import (
	"context"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
)

// A Frame is a user frame that has arrived: a number of 23 and above, or 20 to 22 where the other side uses them for
// something else than calls, and bytes without a structure (section 6).
type Frame struct {
	Peer  *bellpull.Peer
	Flags uint16
	Body  []byte // the receiver's own
}

// SendFrame sends a user frame. It returns when the frame is on its way and blocks only for room to send. Flags below
// 20 belong to the protocol, 20 to 22 to calls: CodeBadArgument, and nothing is sent. A body above the limit is
// CodeTooLarge.
func SendFrame(ctx context.Context, p *bellpull.Peer, flags uint16, body []byte) error {
	if dmtpwire.Flags(flags) <= dmtpwire.FlagCallCancel {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "send", Peer: p.Name(), Ran: bellpull.Never,
			Msg:    "flags 0 to 19 are the protocol's own, 20 to 22 those of calls",
			Advice: "use flags of 100 and above"}
	}
	l, err := linkOf(p, "send")
	if err != nil {
		return err
	}
	return l.sendFrame(ctx, dmtpwire.Flags(flags), body)
}

// SessionID gives the id of the connection, which both ends share: what a service knows its client by. "" while the
// peer is down or speaks another protocol.
func SessionID(p *bellpull.Peer) string {
	if l, err := linkOf(p, "id"); err == nil {
		return *l.id.Load()
	}
	return ""
}

// Rename gives the connection another id, on both ends (ResetId). It blocks for the other side's word. A taken id is
// CodeNameTaken and changes nothing.
func Rename(ctx context.Context, p *bellpull.Peer, id string) error {
	l, err := linkOf(p, "rename")
	if err != nil {
		return err
	}
	return l.rename(ctx, id)
}

// SendRaw writes bytes on the connection as they are, for tests of other implementations. Nothing is checked.
func SendRaw(ctx context.Context, p *bellpull.Peer, bytes []byte) error {
	l, err := linkOf(p, "send")
	if err != nil {
		return err
	}
	return l.write(ctx, bytes)
}

func linkOf(p *bellpull.Peer, op string) (*link, error) {
	switch l := p.Link().(type) {
	case *link:
		return l, nil
	case nil:
		return nil, &bellpull.Error{Code: bellpull.CodeUnavailable, Op: op, Peer: p.Name(), Ran: bellpull.Never, Msg: "the peer is away"}
	default:
		return nil, &bellpull.Error{Code: bellpull.CodeUnsupported, Op: op, Peer: p.Name(), Ran: bellpull.Never,
			Msg: "the peer speaks " + l.Traits().Protocol + ", not dmtp"}
	}
}

func (l *link) sendFrame(ctx context.Context, f dmtpwire.Flags, body []byte) error {
	if len(body) > l.e.cfg.MaxBody {
		return tooLarge("send", l.Name(), "", len(body), l.e.cfg.MaxBody)
	}
	room, err := l.pump.Reserve(ctx, dmtpwire.HeaderLen+len(body), 0)
	if err != nil {
		return l.named("send", "", err)
	}
	dmtpwire.PutHeader(room, f, len(body))
	copy(room[dmtpwire.HeaderLen:], body)
	l.pump.Out().Commit(len(room))
	l.pump.Flush()
	return nil
}

func (l *link) write(ctx context.Context, b []byte) error {
	room, err := l.pump.Reserve(ctx, len(b), 0)
	if err != nil {
		return l.named("send", "", err)
	}
	l.pump.Out().Commit(copy(room, b))
	l.pump.Flush()
	return nil
}

// onUserFrame hands a user frame to the node's callback, in the order of notifies.
func (l *link) onUserFrame(r *pump.Reader, f dmtpwire.Flags, body []byte) {
	if l.e.onFrame == nil {
		return
	}
	s := l.pump.Serving(r)
	s.Method = l.e.onFrame
	s.Body = append(s.Body[:0], body...)
	s.In = bellpull.Incoming{Peer: l.peer.Load(), Link: l, Body: s.Body, Notify: true, Number: uint16(f)}
	l.pump.Request(r, s)
}
