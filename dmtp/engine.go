package dmtp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

var _ bellpull.Runner = (*engine)(nil)

// engine runs DMTP for one node.
type engine struct {
	cfg     Protocol
	host    bellpull.Host
	mon     *pump.Monitor
	onFrame *bellpull.Method // nil: user frames are dropped

	conns      atomic.Uint64 // accepted, for ids
	handshakes atomic.Int32  // accepted and not yet let in
	wg         sync.WaitGroup

	// mu guards the fields that follow.
	mu     sync.Mutex
	closed bool
	links  map[*link]struct{}
}

func newEngine(p Protocol, h bellpull.Host) *engine {
	e := &engine{cfg: p, host: h, mon: pump.NewMonitor(), links: map[*link]struct{}{}}
	if p.OnFrame != nil {
		e.onFrame = bellpull.NewMethod("frame", bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
			p.OnFrame(&Frame{Peer: r.Peer(), Flags: r.Number(), Body: r.Body()})
		}))
	}
	return e
}

// add makes the link of a connection and lists it, unless the engine is closed.
func (e *engine) add(c transport.Conn, dialled bool) *link {
	l := newLink(e, c, dialled)
	if !dialled {
		l.id.Store(ref(e.newID()))
		l.verifyTimer = time.AfterFunc(e.cfg.VerifyTimeout, l.verifyExpired)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		if l.verifyTimer != nil {
			l.verifyTimer.Stop()
		}
		c.Close()
		return nil
	}
	e.links[l] = struct{}{}
	e.wg.Add(1)
	return l
}

// drop forgets a link whose goroutines are gone.
func (e *engine) drop(l *link) {
	e.mu.Lock()
	delete(e.links, l)
	e.mu.Unlock()
	e.wg.Done()
}

// Serve takes an accepted connection: its handshake runs in the link's goroutine, bounded by the verify timeout.
func (e *engine) Serve(c transport.Conn) {
	if int(e.handshakes.Add(1)) > e.cfg.MaxHandshakes {
		e.handshakes.Add(-1)
		c.Close()
		e.refused("", c.Identity(), fmt.Errorf("%d connections wait for their handshake", e.cfg.MaxHandshakes))
		return
	}
	l := e.add(c, false)
	if l == nil {
		e.handshakes.Add(-1)
		return
	}
	l.pump.Start()
}

// newID makes the next id as TouchSocket does: the bytes of a little-endian counter in hex (section 3.1.4).
func (e *engine) newID() string {
	n := e.conns.Add(1)
	if e.cfg.NewID != nil {
		return e.cfg.NewID(n)
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(n))
	return fmt.Sprintf("%02X-%02X-%02X-%02X", b[0], b[1], b[2], b[3])
}

// refused tells the node's watchers of a client that was turned away. id is the one its connection has, not the one it
// asked for.
func (e *engine) refused(id string, who transport.Identity, why error) {
	e.host.Log().Info("dmtp: refused", "remote", who.Remote, "why", why)
	e.host.Emit(bellpull.Event{Kind: bellpull.EventRefused, Name: id, Identity: who, Err: why})
}

// Dial connects and shakes hands.
func (e *engine) Dial(ctx context.Context, to transport.Addr) (bellpull.Link, error) {
	c, err := e.host.Connect(ctx, to)
	if err != nil {
		return nil, bellpull.WrapTransport("dial", to.String(), err)
	}
	l := e.add(c, true)
	if l == nil {
		return nil, &bellpull.Error{Code: bellpull.CodeClosed, Op: "dial", Peer: to.String(), Ran: bellpull.Never}
	}
	l.dialCtx, l.addr = ctx, to.String()
	l.pump.Start()
	if err := l.shakeHands(ctx); err != nil {
		l.pump.Fail(err)
		return nil, err
	}
	if l.twin != nil {
		l.pump.Fail(errClosed())
		return l.twin, nil
	}
	return l, nil
}

// Close ends all links and waits for them.
func (e *engine) Close() error {
	e.mu.Lock()
	e.closed = true
	list := make([]*link, 0, len(e.links))
	for l := range e.links {
		list = append(list, l)
	}
	e.mu.Unlock()
	for _, l := range list {
		l.pump.Fail(errClosed())
	}
	e.wg.Wait()
	e.mon.Close()
	return nil
}

// Running gives how many handlers have not returned.
func (e *engine) Running() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for l := range e.links {
		n += l.pump.Running()
	}
	return n
}

func errClosed() *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeClosed, Op: "link", Msg: "closed on this side"}
}

// dialError makes the error of a handshake that did not come about.
func dialError(addr string, err error) error {
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return bellpull.WrapTransport("dial", addr, err)
	}
	d := *e
	d.Op, d.Peer, d.Ran = "dial", addr, bellpull.Never
	switch {
	case e.Remote || e.Code == bellpull.CodeProtocol || e.Code == bellpull.CodeCanceled || e.Code == bellpull.CodeTooLarge:
	case e.Code == bellpull.CodeDeadline:
		d.Msg = "connected, but the handshake was not answered"
		d.Advice = "the server hangs or speaks something else; a TouchSocket before 4.1.6 wants Plain and no metadata"
	case e.Code == bellpull.CodeUnavailable:
		d.Code = bellpull.CodeProtocol
		d.Msg = "connected, but the other side hung up during the handshake"
		d.Advice = "the server may speak something else, or ended just now; see `bell doctor " + addr + "`"
	}
	return &d
}
