package dmtp

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

// The life of a link, see link.state.
const (
	stateGate   = iota // no accepted handshake yet
	stateOnline        // everything goes
	stateClosed        // a goodbye was said or heard: what comes in is dropped
)

// Kinds of waiters: an answer of another kind than the request's is not its answer (section 4.3).
const (
	waitCall = iota + 1
	waitVerify
	waitSetID
	waitPing
	waitClose
)

// link is one DMTP connection.
type link struct {
	e        *engine
	pump     *pump.Pump
	dialled  bool
	identity transport.Identity
	traits   transport.Traits

	dialCtx context.Context // of the dial under way; for Host.Up
	addr    string          // that was dialled
	run     uint64          // that the service was told
	twin    bellpull.Link   // that the service wants us to use instead

	state       atomic.Int32
	id          atomic.Pointer[string] // the session's id, which both ends share
	idMu        sync.Mutex             // held while an online link is renamed and that is told: node, id and wire agree
	compact     atomic.Bool            // the other side takes compact frames
	verifyTimer *time.Timer
	told        atomic.Bool // the node's watchers know why the connection is turned away
	lingers     atomic.Bool // counted in engine.lingering
	verifying   atomic.Bool // a handshake on the online link is being decided
	place       place       // among the connections that wait for their handshake; engine.mu's

	peer   atomic.Pointer[bellpull.Peer]
	remote remote // set before the link goes online, then read only

	sent names // numbers we gave to method names

	// The reader's.
	got     []*method // what the other side's numbers mean
	scratch []byte
	tries   int  // handshakes that were refused
	leaving bool // the other side said goodbye
}

// remote is what the other side said of itself.
type remote struct {
	name        string // of its node, when it is Bellpull
	named       bool
	incarnation uint64
	epoch       uint64
	listens     bool // others may dial it
	metadata    []bellpull.Pair
}

func ref(s string) *string { return &s }

func newLink(e *engine, c transport.Conn, dialled bool) *link {
	l := &link{e: e, dialled: dialled, identity: c.Identity(), traits: c.Traits()}
	l.id.Store(new(string))
	gate, open := dmtpwire.Split(maxGateBody), dmtpwire.Split(0) // from there on the port sees to MaxBody, and says so
	split := func(b []byte) (int, error) {
		if l.state.Load() == stateGate && !l.dialled {
			return gate(b)
		}
		return open(b)
	}
	port := transport.NewPort(c, split, transport.PortConfig{MaxFrame: e.cfg.MaxBody + dmtpwire.HeaderLen})
	l.pump = pump.New(port, port, l, e.host, e.mon, pump.Limits{InFlight: e.cfg.MaxInFlight, Handlers: e.cfg.MaxHandlers,
		HandlersSize: e.cfg.MaxHandlerBytes})
	return l
}

// Name is the peer's: a client is known by its session's id, a service by its node's name or else by its address.
func (l *link) Name() string {
	if !l.dialled {
		return *l.id.Load()
	}
	if l.remote.name != "" {
		return l.remote.name
	}
	return l.addr
}

func (l *link) Named() bool                  { return l.remote.named }
func (l *link) Incarnation() uint64          { return l.remote.incarnation }
func (l *link) Epoch() uint64                { return l.remote.epoch }
func (l *link) Bind(p *bellpull.Peer)        { l.peer.Store(p) }
func (l *link) Identity() transport.Identity { return l.identity }
func (l *link) Metadata() []bellpull.Pair    { return l.remote.metadata }
func (l *link) Done() <-chan struct{}        { return l.pump.Done() }
func (l *link) Err() error                   { return l.pump.Err() }

func (l *link) Traits() bellpull.Traits {
	compact := l.compact.Load()
	return bellpull.Traits{Protocol: "dmtp", Calls: true, Notifies: true, Messages: true, Pings: true, Cancels: true,
		Deadlines: compact, Compact: compact, Transport: l.traits}
}

// Open: channels are not part of this version.
func (l *link) Open(context.Context, bellpull.ChannelSpec) (*bellpull.Channel, error) {
	return nil, &bellpull.Error{Code: bellpull.CodeUnsupported, Op: "open", Peer: l.Name(), Ran: bellpull.Never,
		Msg: "dmtp: channels are not part of this version"}
}

// Drain refuses new calls of the other side until those that run are done.
func (l *link) Drain(ctx context.Context) { l.pump.Drain(ctx) }

// Ended takes the link off its peer.
func (l *link) Ended(err error) {
	l.state.Store(stateClosed)
	if l.verifyTimer != nil {
		l.verifyTimer.Stop()
	}
	if l.peer.Load() != nil {
		l.e.host.Down(l, err)
	} else if !l.dialled && !l.told.Load() && l.refusedBefore(err) {
		l.e.refused(*l.id.Load(), l.identity, err)
	}
}

// refusedBefore says that a connection ended before its handshake for a reason that the node's owner may want to know.
func (l *link) refusedBefore(err error) bool {
	e, ok := err.(*bellpull.Error)
	if !ok {
		return false
	}
	switch e.Code {
	case bellpull.CodeProtocol, bellpull.CodeDeadline, bellpull.CodeTooLarge, bellpull.CodeBusy:
		return true
	}
	return false
}

// Gone is called when no goroutine of the link is left.
func (l *link) Gone() {
	if l.lingers.Load() {
		l.e.lingering.Add(-1)
	}
	l.e.drop(l)
}

// leaveGate ends the time before the handshake: the link is let in.
func (l *link) leaveGate() {
	l.verifyTimer.Stop()
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	l.e.waiting.leave(l)
}

func (l *link) verifyExpired() {
	if l.state.Load() == stateGate {
		l.pump.Fail(&bellpull.Error{Code: bellpull.CodeDeadline, Op: "accept", Peer: l.identity.Remote, Ran: bellpull.Never,
			Msg: "no accepted handshake within " + l.e.cfg.VerifyTimeout.String()})
	}
}

// post sends a frame of the kernel; body is its JSON. It does not block.
func (l *link) post(f dmtpwire.Flags, body []byte) {
	l.pump.Post(dmtpwire.AppendFrame(nil, f, body))
}

// Dispatch works on one frame (section 2). Before the handshake only flags 0, 1, 2, 5, 6 and 10 are looked at.
func (l *link) Dispatch(r *pump.Reader, frame []byte) error {
	f, _, err := dmtpwire.ParseHeader(frame)
	if err != nil {
		return err
	}
	body := frame[dmtpwire.HeaderLen:]
	switch l.state.Load() {
	case stateOnline:
		switch f {
		case flagCall:
			return l.onCompactCall(r, body)
		case flagAnswer:
			return l.onCompactAnswer(r, body)
		case flagCancel:
			return l.onCompactCancel(body)
		case dmtpwire.FlagCallRequest:
			l.onCall(r, body)
		case dmtpwire.FlagCallResponse:
			l.onAnswer(r, body)
		case dmtpwire.FlagCallCancel:
			l.onCancel(body)
		case dmtpwire.FlagResetIDRequest:
			if len(body) > maxGateBody {
				return l.oversized(f, body)
			}
			l.onSetID(body)
		case dmtpwire.FlagResetIDResponse:
			l.onKernelAnswer(r, f, body)
		default:
			if f >= dmtpwire.FlagUser {
				l.onUserFrame(r, f, body)
				return nil
			}
			return l.onKernel(r, f, body)
		}
	case stateGate:
		return l.onKernel(r, f, body)
	case stateClosed:
		if f == dmtpwire.FlagClose { // both sides say goodbye at once: each answers the other (section 4.5)
			return l.onKernel(r, f, body)
		}
	}
	return nil
}

// onKernel works on the frames that are allowed at any time.
func (l *link) onKernel(r *pump.Reader, f dmtpwire.Flags, body []byte) error {
	switch f {
	case dmtpwire.FlagVerifyResponse, dmtpwire.FlagPingResponse, dmtpwire.FlagCloseAcknowledge:
		l.onKernelAnswer(r, f, body)
		return nil
	case dmtpwire.FlagVerifyRequest, dmtpwire.FlagPingRequest, dmtpwire.FlagClose:
	default:
		return nil
	}
	if len(body) > maxGateBody {
		return l.oversized(f, body)
	}
	switch f {
	case dmtpwire.FlagVerifyRequest:
		l.onVerify(body)
	case dmtpwire.FlagPingRequest:
		l.onPing(body)
	case dmtpwire.FlagClose:
		l.onClose(body)
	}
	return nil
}

// oversized ends the link for a frame that the protocol would have to answer: the answer is as long, and waits here
// until the other side takes it.
func (l *link) oversized(f dmtpwire.Flags, body []byte) error {
	return &bellpull.Error{Code: bellpull.CodeTooLarge, Op: "read", Peer: l.identity.Remote,
		Err: &transport.LimitError{What: fmt.Sprintf("frame of flag %d", f), Size: int64(len(body)), Limit: maxGateBody}}
}
