package campus

import (
	"context"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

// An outbound is a connection that this side dialled and has registered on: what it writes on. What is read there says
// nothing: a .NET process ends that direction at once (section 1.2). That the other side hangs up does, and is watched.
type outbound struct {
	conn transport.Conn
	port transport.Port
	gone chan struct{}        // closed when the other side has hung up
	link atomic.Pointer[link] // whose it is, once there is one
}

// outbound registers on a connection. The frame is small, so no carrier makes it wait.
func (e *engine) outbound(c transport.Conn) (*outbound, error) {
	o := &outbound{conn: c, port: e.port(c, e.framing.Split(campuswire.MaxContent)), gone: make(chan struct{})}
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
	if err == nil && !e.spawn(o.watch) {
		err = errClosed("the engine is closed")
	}
	if err != nil {
		o.port.Close()
		return nil, bellpull.WrapTransport("dial", c.Identity().Remote, err)
	}
	return o, nil
}

// spawn runs f in a goroutine that Close waits for, unless the engine is closed.
func (e *engine) spawn(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.wg.Go(f)
	}
	return !e.closed
}

// watch waits until the other side hangs up, or this side does. Nobody else reads the connection.
func (o *outbound) watch() {
	switch c := o.conn.(type) {
	case interface{ AwaitHangUp() error }:
		if c.AwaitHangUp() != nil {
			return // closed here
		}
	case transport.Porter: // is read as a Port alone
		for err := error(nil); err == nil; err = o.port.Wait(0) {
			for more := true; more && err == nil; {
				_, more, err = o.port.Next()
			}
		}
	default:
		// A carrier of other processes than .NET's: nobody ends one direction alone. What is sent here is for nobody.
		drop := make([]byte, 64)
		for {
			if _, err := c.Read(drop); err != nil {
				break
			}
		}
	}
	close(o.gone)
	if l := o.link.Load(); l != nil {
		l.deaf()
	}
}

// hungUp says that the process that accepted the connection is gone, or has no use for it any more, where the carrier
// can tell. A .NET process ends the direction towards us at once, so over its pipes both must have ended. Elsewhere
// nobody ends one direction alone, and TCP tells no more than that.
func (o *outbound) hungUp() bool {
	select {
	case <-o.gone:
		return true
	default:
	}
	e, ok := o.conn.(transport.Ender)
	return ok && (e.HungUp() || e.Ended() && !o.conn.Traits().Local)
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

// nameOf gives the name under which the process at an address registers.
func (e *engine) nameOf(to transport.Addr) (string, error) {
	if name, ok := e.host.NameAt(to); ok {
		return name, nil
	}
	if name, ok := nameIn(to); ok {
		return name, nil
	}
	return "", &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "dial", Peer: to.String(), Ran: bellpull.Never,
		Msg:    "it is not known under which name the process there registers, and " + to.Scheme + " addresses are no names",
		Advice: "tell Node.Know both, here and there: either side dials the other"}
}
