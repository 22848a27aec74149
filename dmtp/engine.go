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

	conns     atomic.Uint64 // accepted, for ids
	lingering atomic.Int32  // said goodbye, and have not hung up
	wg        sync.WaitGroup

	// mu guards the fields that follow. No other lock is taken while it is held.
	mu       sync.Mutex
	closed   bool
	links    map[*link]struct{}
	waiting  waiting
	refusals refusals
	runs     map[uint64]*link // the last link that each run was let in with
}

func newEngine(p Protocol, h bellpull.Host) *engine {
	e := &engine{cfg: p, host: h, mon: pump.NewMonitor(), links: map[*link]struct{}{}, runs: map[uint64]*link{}}
	if p.OnFrame != nil {
		e.onFrame = bellpull.NewMethod("frame", bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
			p.OnFrame(&Frame{Peer: r.Peer(), Flags: r.Number(), Body: r.Body()})
		}))
	}
	return e
}

// add makes the link of a connection and lists it. It says no when the engine is closed, and when the connection finds
// no place among those that wait for their handshake.
func (e *engine) add(c transport.Conn, dialled bool) (*link, *bellpull.Error) {
	l := newLink(e, c, dialled)
	if !dialled {
		l.id.Store(ref(e.newID()))
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		c.Close()
		return nil, errClosed()
	}
	var out *link
	if !dialled {
		var ok bool
		if out, ok = e.waiting.enter(l, e.cfg.MaxHandshakes); !ok {
			e.mu.Unlock()
			c.Close()
			return nil, e.crowded(l.identity)
		}
		l.verifyTimer = time.AfterFunc(e.cfg.VerifyTimeout, l.verifyExpired)
	}
	e.links[l] = struct{}{}
	e.wg.Add(1)
	e.mu.Unlock()
	if out != nil {
		out.pump.Fail(e.crowded(out.identity))
	}
	return l, nil
}

// drop forgets a link whose goroutines are gone.
func (e *engine) drop(l *link) {
	e.mu.Lock()
	delete(e.links, l)
	if !l.dialled {
		e.waiting.leave(l)
	}
	if run := l.remote.incarnation; e.runs[run] == l {
		delete(e.runs, run)
	}
	e.mu.Unlock()
	e.wg.Done()
}

// replace ends the link that the peer of l had before it came again: it has given that up, though this side may not have
// come to its end yet. What is still to be read of it must not be delivered behind what comes now.
func (e *engine) replace(l *link) {
	run := l.remote.incarnation
	if run == 0 {
		return
	}
	e.mu.Lock()
	old := e.runs[run]
	e.runs[run] = l
	e.mu.Unlock()
	if old != nil {
		old.pump.Fail(&bellpull.Error{Code: bellpull.CodeUnavailable, Op: "link", Peer: old.Name(),
			Msg: "the other side has connected again"})
	}
}

// Serve takes an accepted connection: its handshake runs in the link's goroutine, bounded by the verify timeout. When
// MaxHandshakes connections wait for theirs already, the oldest of them is closed.
func (e *engine) Serve(c transport.Conn) {
	l, err := e.add(c, false)
	switch {
	case err == nil:
		l.pump.Start()
	case err.Code != bellpull.CodeClosed:
		e.refused("", c.Identity(), err)
	}
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
	e.log("dmtp: refused", who, why)
	e.host.Emit(bellpull.Event{Kind: bellpull.EventRefused, Name: id, Identity: who, Err: why})
}

// Dial connects and shakes hands.
func (e *engine) Dial(ctx context.Context, to transport.Addr) (bellpull.Link, error) {
	c, err := e.host.Connect(ctx, to)
	if err != nil {
		return nil, bellpull.WrapTransport("dial", to.String(), err)
	}
	l, _ := e.add(c, true)
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
