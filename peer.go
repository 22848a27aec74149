package bellpull

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull/transport"
)

func itoa(i int) string { return strconv.Itoa(i) }

// A Peer is a stable handle on another process. It survives reconnects when we dialled it, or when the other process
// has a name of its own; an unnamed client that comes back is a new Peer. Its handlers survive with it. All methods may
// be called concurrently.
type Peer struct {
	node        *Node
	live        atomic.Pointer[liveLink] // nil while down
	waiting     atomic.Int32             // calls that wait for it to come back
	own         atomic.Pointer[Mux]      // handlers of this peer alone; nil until there is one
	way         atomic.Pointer[way]      // set when we dialled it and are the ones to redial
	incarnation uint64                   // told to the service we dial, and to no one else
	private     bool                     // the node exists for this peer alone and ends with it

	// Guarded by the node's mu.
	twin   uint64 // the run that the other node tells us when it dials, once it is known to be the one we dialled
	joined *Peer  // in whose place a link was found when this one was dialled

	// mu guards the fields that follow.
	mu    sync.Mutex
	name  string
	links int           // how many there have been
	since time.Time     // when the last one came up
	short int           // how many in a row did not live long
	up    chan struct{} // closed and replaced whenever a link comes up or the peer ends
	done  chan struct{}
	now   chan struct{} // holds a token when a redial is not to wait any longer
	err   error         // why it ended
}

// A way is how a dialled peer is reached.
type way struct {
	engine Engine
	addr   transport.Addr
	cfg    dialConfig
}

// dialled says that this side dialled the peer and is the one to redial it.
func (p *Peer) dialled() bool { return p.way.Load() != nil }

// liveLink lets an interface live in an atomic pointer.
type liveLink struct{ Link }

func newPeer(n *Node, name string) *Peer {
	return &Peer{node: n, name: name, incarnation: n.cfg.random() | 1, up: make(chan struct{}), done: make(chan struct{}),
		now: make(chan struct{}, 1)}
}

func (p *Peer) setName(name string) {
	p.mu.Lock()
	p.name = name
	p.mu.Unlock()
}

// attach makes l the live link and gives the one it replaces.
func (p *Peer) attach(l Link) (old Link, reconnects int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was := p.live.Swap(&liveLink{l}); was != nil {
		old = was.Link
	}
	p.links++
	p.since = time.Now()
	close(p.up)
	p.up = make(chan struct{})
	return old, p.links - 1
}

func (p *Peer) detach(l Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was := p.live.Load(); was != nil && was.Link == l {
		p.live.Store(nil)
	}
}

// wasUp says that the peer has had a link.
func (p *Peer) wasUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.links > 0
}

// end finishes the peer; the first reason counts.
func (p *Peer) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	if err == nil {
		err = &Error{Code: CodeClosed, Op: "peer", Peer: p.name, Ran: Never}
	}
	p.err = err
	p.live.Store(nil)
	close(p.done)
	close(p.up)
	p.up = make(chan struct{})
}

func (p *Peer) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err != nil
}

// Node is the node the peer belongs to.
func (p *Peer) Node() *Node { return p.node }

// Name is how the node knows the peer: its own name, the one a service gave it, or the address we dialled.
func (p *Peer) Name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.name
}

// Link gives the live link, for verbs of one protocol; nil while the peer is down.
func (p *Peer) Link() Link {
	if l := p.live.Load(); l != nil {
		return l.Link
	}
	return nil
}

// Up says that the peer has a live link.
func (p *Peer) Up() bool { return p.live.Load() != nil }

// Identity is what the operating system says of the other process; the zero Identity while the peer is down.
func (p *Peer) Identity() transport.Identity {
	if l := p.live.Load(); l != nil {
		return l.Identity()
	}
	return transport.Identity{}
}

// Traits say what calls of this peer can do; the zero Traits while it is down.
func (p *Peer) Traits() Traits {
	if l := p.live.Load(); l != nil {
		return l.Traits()
	}
	return Traits{}
}

// Metadata is what the other process said of itself in the handshake. The copy is the caller's.
func (p *Peer) Metadata() []Pair {
	if l := p.live.Load(); l != nil {
		return clonePairs(l.Metadata())
	}
	return nil
}

// Done is closed when the peer is gone for good: closed, refused, or lost without a way back. Err then says why.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Err says why the peer is gone, nil before [Peer.Done].
func (p *Peer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Handle registers a handler for requests of this peer alone; it goes before the node's. The returned function takes
// it away again. It panics as [Mux] says.
func (p *Peer) Handle(method string, h Handler) (cancel func()) {
	p.mu.Lock()
	if p.own.Load() == nil {
		p.own.Store(NewMux())
	}
	own := p.own.Load()
	p.mu.Unlock()
	m := &Method{name: method, handler: h, raw: true}
	own.add(m)
	p.node.cfg.mux.changes.Add(1)
	return func() {
		own.remove(m)
		p.node.cfg.mux.changes.Add(1)
	}
}

// Close says goodbye to the other process and ends the peer for good. It blocks until the link is down or ctx is done.
func (p *Peer) Close(ctx context.Context) error { return p.CloseWith(ctx, "closed") }

// CloseWith is Close with a reason that the other side can read.
func (p *Peer) CloseWith(ctx context.Context, reason string) error {
	n := p.node
	n.mu.Lock() // as in Up: a link that comes up now finds the peer ended, or is found here
	l := p.live.Load()
	was := p.ended()
	n.drop(p)
	p.end(&Error{Code: CodeClosed, Op: "peer", Peer: p.Name(), Ran: Never, Msg: "the peer was closed"})
	n.mu.Unlock()
	if !was {
		n.emit(Event{Kind: EventClosed, Peer: p, Name: p.Name()})
	}
	var err error
	if l != nil {
		gone := make(chan error, 1)
		n.wg.Add(1)
		go func() {
			defer n.wg.Done()
			gone <- l.Close(reason)
			if w := p.way.Load(); w != nil {
				n.discard(w.engine)
			}
		}()
		select {
		case err = <-gone:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if p.private {
		closed := make(chan error, 1)
		go func() { closed <- n.Close(ctx) }() // the node waits for its own end; we only as long as ctx
		select {
		case e := <-closed:
			if err == nil {
				err = e
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
	} else if w := p.way.Load(); l == nil && w != nil {
		n.discard(w.engine)
	}
	return err
}

// Own ties the node's life to the peer's: closing the peer closes the node. For the Dial of protocol packages.
func (p *Peer) Own() { p.private = true }
