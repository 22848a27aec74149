package campus

import (
	"context"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// An outbound is a connection that this side dialled and has registered on: what it writes on. Nothing is ever read
// from it: a .NET process ends that direction at once, which means nothing (section 1.2).
type outbound struct {
	conn transport.Conn
	port transport.Port
}

// outbound registers on a connection. The frame is small, so no carrier makes it wait.
func (e *engine) outbound(c transport.Conn) (*outbound, error) {
	o := &outbound{conn: c, port: e.port(c)}
	n, err := e.framing.RegisterLen(e.name)
	if err == nil {
		var room []byte
		if room, err = o.port.Reserve(n); err == nil {
			_, err = e.framing.AppendRegister(room[:0], e.ack(), e.name)
			o.port.Commit(n)
		}
	}
	if err == nil {
		var rest bool
		if rest, err = o.port.Flush(); err == nil && rest {
			err = o.port.Drain()
		}
	}
	if err != nil {
		o.port.Close()
		return nil, bellpull.WrapTransport("dial", c.Identity().Remote, err)
	}
	return o, nil
}

// listen sees to it that the process which is dialled can dial back.
func (e *engine) listen(ctx context.Context, to transport.Addr) error {
	if !byName[to.Scheme] {
		if e.host.Listens() {
			return nil
		}
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "dial", Peer: to.String(), Ran: bellpull.Never,
			Msg:    "the other process must dial back, and this node does not listen",
			Advice: "call Node.Listen first, and have the other node know the address with Node.Know"}
	}
	own, err := transport.ParseAddr(to.Scheme + ":" + e.name)
	if err != nil {
		return bellpull.WrapTransport("listen", e.name, err)
	}
	return e.host.Listen(ctx, own)
}

// nameOf gives the name that the process at an address will register under, where that can be known.
func (e *engine) nameOf(to transport.Addr) (string, bool) {
	if name, ok := e.host.NameAt(to); ok {
		return name, true
	}
	return nameIn(to)
}
