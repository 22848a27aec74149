package campus

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

// waitAnswer is the kind of every waiter: on the wire all answers are alike.
const waitAnswer = 1

// link is a pair of connections with one process.
type link struct {
	e        *engine
	name     string
	dialled  bool
	identity transport.Identity
	traits   transport.Traits
	home     transport.Addr // where its process is dialled
	in       transport.Port
	number   uint32 // see id
	inConn   transport.Conn
	out      *outbound
	pump     *pump.Pump

	peer atomic.Pointer[bellpull.Peer]
	up   chan struct{} // closed when peer is set: callers may read before
	down chan struct{} // closed when the link has ended and neither node nor record has it any more

	mu   sync.Mutex
	also map[*side]struct{}
}

// link makes a link of its two halves and brings it up.
func (e *engine) link(ctx context.Context, name string, home transport.Addr, in *inbound, out *outbound, dialled bool) (*link, error) {
	l := &link{e: e, name: name, dialled: dialled, home: home, in: in.reader(), inConn: in.conn, out: out,
		up: make(chan struct{}), down: make(chan struct{}), also: map[*side]struct{}{}}
	l.number = e.links.Add(1)
	l.identity, l.traits = in.conn.Identity(), out.conn.Traits()
	l.pump = pump.New(l.in, out.port, l, e.host, e.mon, e.limits)
	if !e.run(l.pump) {
		in.port.Close()
		out.port.Close()
		return nil, errClosed("the engine is closed")
	}
	p, err := e.host.Up(ctx, l)
	if err == nil {
		l.peer.Store(p)
	}
	close(l.up)
	l.pump.Start()
	if err != nil {
		l.pump.Fail(err)
		return nil, err
	}
	out.link.Store(l)
	if out.hungUp() {
		l.deaf()
	}
	if err := l.pump.Err(); err != nil {
		e.host.Down(l, err) // ended while it went up
	}
	return l, nil
}

// deaf ends the link: the other side has closed the connection that this side writes on. That one which this side reads
// ends with it, so that the other process does not keep half of the pair.
func (l *link) deaf() {
	l.pump.Deaf(&bellpull.Error{Code: bellpull.CodeUnavailable, Op: "link", Msg: "the other side closed the connection it reads from"},
		func() bool { return ended(l.inConn) })
}

// id gives the number of a request. Links have numbers of their own in it: between machines one pipe may overtake another,
// and the answer to a request of an ended link may come where the next one reads.
func (l *link) id(w *pump.Waiter) uint64 { return uint64(l.number)<<32 | uint64(uint32(w.Sign())) }

// whole says that the process at the other end still has both connections, as far as the carrier can tell.
func (l *link) whole() bool { return !ended(l.inConn) && !l.out.hungUp() }

func (l *link) Name() string                 { return l.name }
func (l *link) Home() transport.Addr         { return l.home }
func (l *link) Named() bool                  { return true }
func (l *link) Incarnation() uint64          { return 0 }
func (l *link) Epoch() uint64                { return 0 }
func (l *link) Bind(p *bellpull.Peer)        { l.peer.Store(p) }
func (l *link) Identity() transport.Identity { return l.identity }
func (l *link) Metadata() []bellpull.Pair    { return nil }
func (l *link) Done() <-chan struct{}        { return l.pump.Done() }
func (l *link) Err() error                   { return l.pump.Err() }

func (l *link) Traits() bellpull.Traits {
	return bellpull.Traits{Protocol: "campus", Calls: true, Notifies: true, Messages: true, Transport: l.traits}
}

func (l *link) unsupported(op string) error {
	return &bellpull.Error{Code: bellpull.CodeUnsupported, Op: op, Peer: l.name, Ran: bellpull.Never,
		Msg: "dotnetCampus.Ipc has no such thing"}
}

// Open: the protocol has no channels.
func (l *link) Open(context.Context, bellpull.ChannelSpec) (*bellpull.Channel, error) {
	return nil, l.unsupported("open")
}

// Ping: the protocol has none.
func (l *link) Ping(context.Context) (time.Duration, error) { return 0, l.unsupported("ping") }

// Drain refuses new requests of the other side until those that run are done.
func (l *link) Drain(ctx context.Context) { l.pump.Drain(ctx) }

// closeWithin bounds the time in which a link that is closed sends what it has still to say.
const closeWithin = time.Second

// Close ends the link when what was said on it is on its way, or a second is over. The protocol has no goodbye: the other
// side sees both connections end.
func (l *link) Close(reason string) error {
	l.pump.Settle(closeWithin)
	l.pump.Fail(errClosed(reason))
	return nil
}

// Ended takes the link off its peer and its record. Its connections are closed before that, and so before the peer is
// dialled again: the other side must not take the new ones for further ones of this link.
func (l *link) Ended(err error) {
	defer close(l.down)
	l.in.Close()
	l.pump.Out().Close()
	l.mu.Lock()
	sides := l.also
	l.also = nil
	l.mu.Unlock()
	for s := range sides {
		s.pump.Fail(err)
	}
	e := l.e
	if p := l.peer.Load(); p != nil {
		e.host.Down(l, err)
		e.cfg.Objects.linkEnded(p)
	}
	e.mu.Lock()
	if r := e.records[l.name]; r != nil && r.link == l {
		r.link = nil
		e.forget(r)
	}
	e.mu.Unlock()
}

// Gone is called when no goroutine of the link is left.
func (l *link) Gone() { l.e.ran(l.pump) }

// Dispatch works on one frame (section 2.2).
func (l *link) Dispatch(r *pump.Reader, frame []byte) error { return l.dispatch(l.pump, r, frame) }

// Answer writes the answer of a request.
func (l *link) Answer(s *pump.Serving, wait bool) (bool, error) { return l.answer(l.pump, s, wait) }

// A side is a further connection that the other process has dialled and registered on. Both are read (section 1.4);
// what comes here is answered like everything else.
type side struct {
	l    *link
	pump *pump.Pump
}

// keptOut is the link's outbound port as a side may use it: it is not the side's to close.
type keptOut struct{ transport.Port }

func (keptOut) Close() error { return nil }

// further reads one more connection, of the link's process. It says no when the link has ended.
func (l *link) further(in *inbound) bool {
	if id := in.conn.Identity(); !l.e.cfg.AllowOthers && !sameProcess(l.identity, id) {
		in.port.Close()
		l.e.refused(in.name, id, errTwoOfAName)
		return true
	}
	s := &side{l: l}
	s.pump = pump.New(in.reader(), keptOut{l.pump.Out()}, s, l.e.host, l.e.mon, l.e.limits)
	l.mu.Lock()
	if l.also == nil {
		l.mu.Unlock()
		return false
	}
	if len(l.also) == maxSides || !l.e.run(s.pump) {
		l.mu.Unlock()
		in.port.Close()
		return true
	}
	l.also[s] = struct{}{}
	l.mu.Unlock()
	s.pump.Start()
	return true
}

// maxSides bounds the connections of one process beside its first.
const maxSides = 8

func (s *side) Dispatch(r *pump.Reader, frame []byte) error { return s.l.dispatch(s.pump, r, frame) }
func (s *side) Answer(v *pump.Serving, wait bool) (bool, error) {
	return s.l.answer(s.pump, v, wait)
}

func (s *side) Ended(error) {
	s.l.mu.Lock()
	delete(s.l.also, s)
	s.l.mu.Unlock()
}

func (s *side) Gone() { s.l.e.ran(s.pump) }
