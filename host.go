package bellpull

import (
	"context"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// host is the node as one of its engines sees it.
type host struct {
	*Node
	set    transport.Set
	proto  Protocol
	engine Engine // set before the engine is used

	turn chan struct{} // holds a token while somebody is in Listen: two that want the same must not be in each other's way
}

var _ Host = (*host)(nil)

func (h *host) Incarnation(ctx context.Context) uint64 {
	if p, ok := ctx.Value(dialKey{}).(*Peer); ok {
		return p.incarnation
	}
	return 0
}

func (h *host) Log() *slog.Logger  { return h.cfg.log }
func (h *host) Emit(e Event)       { h.emit(e) }
func (h *host) Generation() uint64 { return h.cfg.mux.changes.Load() }

func (h *host) Heartbeat() (every, within time.Duration) { return h.cfg.beatEvery, h.cfg.beatWithin }

func (h *host) Connect(ctx context.Context, to transport.Addr) (transport.Conn, error) {
	return h.set.Dial(ctx, to)
}

func (h *host) Listen(ctx context.Context, at transport.Addr) error {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return &Error{Code: contextCode(ctx.Err()), Op: "listen", Peer: at.String(), Ran: Never, Err: context.Cause(ctx)}
	}
	h.mu.Lock()
	for _, l := range h.listeners {
		if l.engine == h.engine && l.addr == at {
			h.mu.Unlock()
			return nil
		}
	}
	h.mu.Unlock()
	ln, err := h.set.Listen(ctx, at)
	if err != nil {
		return WrapTransport("listen", at.String(), err)
	}
	return h.listenOn(ln, at, h.engine, h.proto)
}

func (h *host) NameAt(at transport.Addr) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, a := range h.known {
		if a == at {
			return name, true
		}
	}
	return "", false
}

func (h *host) Lookup(peer string) (transport.Addr, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a, ok := h.known[peer]
	return a, ok
}

// dialKey finds the peer that a dial is made for in the context that engines hand on to Up.
type dialKey struct{}

func (h *host) Up(ctx context.Context, l Link) (*Peer, error) {
	n := h.Node
	dialled, _ := ctx.Value(dialKey{}).(*Peer)
	name := l.Name()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return nil, n.closedError("link", name)
	}
	p := dialled
	if p != nil && p.ended() {
		return nil, &Error{Code: CodeClosed, Op: "dial", Peer: name, Ran: Never, Msg: "the peer was closed"}
	}
	if p != nil {
		if err := n.roomFor(p); err != nil {
			return nil, err
		}
		if q := n.peers[name]; q != nil && q.isAt(h, l) && !p.wasUp() {
			p.joined = q // whoever dialled us under that name, and went away
			q.way.CompareAndSwap(nil, p.way.Load())
			p = q
		} else if n.peers[p.Name()] != p || p.Name() != name {
			n.drop(p)
			name = n.freeName(name)
		}
		if l.Epoch() != 0 {
			n.dialled[l.Epoch()] = l
			n.giveUpTwins(l)
		}
	} else if twin := n.twinOf(l); twin != nil {
		return nil, &Error{Code: CodeNameTaken, Op: "link", Peer: name, Ran: Never, Err: twin}
	} else if p = n.twins[l.Incarnation()]; p != nil {
		name = p.Name() // the node that we dialled dials us again
	} else {
		p = n.peers[name]
		switch old := p; {
		case old == nil:
			p = newPeer(n, name)
		case old.isAt(h, l): // it has come back by itself, or it is a client that always does
		case old.dialled(), old.live.Load() != nil && !sameRun(old.live.Load().Link, l):
			// Whom we dialled, nobody becomes by taking its name.
			return nil, &Error{Code: CodeNameTaken, Op: "link", Peer: name, Ran: Never,
				Msg: "a live peer of that name is connected"}
		}
	}
	if err := n.roomFor(p); err != nil {
		return nil, err
	}
	n.peers[name] = p
	p.setName(name)
	n.bind(p, l)
	return p, nil
}

// roomFor says no to a further link when the node has as many as it takes. One that replaces another is none. Called
// with mu held.
func (n *Node) roomFor(p *Peer) error {
	over := &transport.LimitError{What: "links", Size: int64(len(n.links)) + 1, Limit: int64(n.cfg.maxLinks)}
	advice := "let go of peers that are not needed, or see WithMaxLinks"
	if p.live.Load() != nil {
		over = &transport.LimitError{What: "links that were replaced and close", Size: int64(n.replaced) + 1, Limit: maxReplaced}
		advice = "the same client connects again and again"
	}
	if over.Size <= over.Limit {
		return nil
	}
	return &Error{Code: CodeBusy, Op: "link", Peer: p.Name(), Ran: Never, Err: over, Advice: advice}
}

// maxReplaced bounds the links of a node that say goodbye because a newer one took their place.
const maxReplaced = 1024

// bind makes l the link of p. Called with mu held.
func (n *Node) bind(p *Peer, l Link) {
	n.links[l] = p
	if p.twin != 0 {
		n.twins[p.twin] = p
	}
	old, reconnects := p.attach(l)
	if old != nil {
		n.unlink(old)
		n.replaced++
		n.wg.Add(1)
		go func() {
			defer n.wg.Done()
			old.Close("replaced by a new connection")
			n.mu.Lock()
			n.replaced--
			n.mu.Unlock()
		}()
	}
	n.trim()
	close(n.changed)
	n.changed = make(chan struct{})
	n.emit(Event{Kind: EventUp, Peer: p, Name: p.Name(), Reconnects: reconnects, Identity: l.Identity(), Metadata: l.Metadata()})
}

// unlink forgets a link. Called with mu held.
func (n *Node) unlink(l Link) {
	delete(n.links, l)
	if n.dialled[l.Epoch()] == l {
		delete(n.dialled, l.Epoch())
	}
}

// isAt says that a peer which is away is the process that l leads to: the name and the place are one with [Homed] links,
// and where we dialled the peer, that is the place. Called with the node's mu held.
func (p *Peer) isAt(h *host, l Link) bool {
	at, ok := l.(Homed)
	if !ok || p.live.Load() != nil || p.ended() {
		return false
	}
	w := p.way.Load()
	return w == nil || w.engine == h.engine && w.addr == at.Home()
}

// sameRun says that two links of one name come from one run of one process, so the newer replaces the older.
func sameRun(a, b Link) bool {
	return a.Incarnation() != 0 && a.Incarnation() == b.Incarnation()
}

// freeName makes a name unique by a suffix: a dialled peer has no say in what others are called. It looks at few of the
// names that are taken, so that thousands of dials to one address do not search longer and longer. Called with mu held.
func (n *Node) freeName(name string) string {
	if n.peers[name] == nil {
		return name
	}
	with := func(i int) string { return name + "#" + itoa(i) }
	taken, free := 1, 2
	for n.peers[with(free)] != nil {
		taken, free = free, 2*free
	}
	for free-taken > 1 {
		if i := (taken + free) / 2; n.peers[with(i)] != nil {
			taken = i
		} else {
			free = i
		}
	}
	return with(free)
}

// drop takes p out of the table. Called with mu held.
func (n *Node) drop(p *Peer) {
	if n.peers[p.Name()] == p {
		delete(n.peers, p.Name())
	}
	if n.twins[p.twin] == p {
		delete(n.twins, p.twin)
	}
}

// trim forgets peers that are away when there are too many of them. Called with mu held.
func (n *Node) trim() {
	if len(n.peers)-len(n.links) <= maxAbsent {
		return
	}
	for _, p := range n.peers {
		if p.live.Load() == nil && !p.dialled() {
			n.drop(p)
			p.end(&Error{Code: CodeUnavailable, Op: "peer", Peer: p.Name(), Ran: Never, Msg: "away for too long"})
			return
		}
	}
}

func (h *host) Rename(l Link, name string) error {
	n := h.Node
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.links[l]
	if p == nil {
		return &Error{Code: CodeUnavailable, Op: "rename", Peer: name, Ran: Never}
	}
	old := p.Name()
	if old == name {
		return nil
	}
	if other := n.peers[name]; other != nil {
		if other.live.Load() != nil || other.dialled() {
			return &Error{Code: CodeNameTaken, Op: "rename", Peer: name, Ran: Never, Msg: "a peer of that name is here"}
		}
		n.drop(other)
		other.end(&Error{Code: CodeUnavailable, Op: "peer", Peer: name, Ran: Never, Msg: "its name was given to another"})
	}
	n.peers[name] = p
	n.drop(p)
	p.setName(name)
	close(n.changed)
	n.changed = make(chan struct{})
	n.emit(Event{Kind: EventRenamed, Peer: p, Name: name, Old: old})
	return nil
}

func (h *host) Down(l Link, err error) {
	n := h.Node
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.links[l]
	if p == nil {
		return // replaced, or never up
	}
	n.unlink(l)
	p.detach(l)
	w := p.way.Load()
	n.emit(Event{Kind: EventDown, Peer: p, Name: p.Name(), Err: err, Identity: l.Identity()})
	switch {
	case n.closing:
	case w != nil && !w.cfg.noReconnect && !p.ended():
		n.wg.Add(1)
		go p.redial()
	case w != nil || !l.Named():
		n.drop(p)
		p.end(err)
		if w != nil && !n.closing {
			n.wg.Add(1)
			go func() { // discard takes the lock that is held here
				defer n.wg.Done()
				n.discard(w.engine)
			}()
		}
		n.emit(Event{Kind: EventClosed, Peer: p, Name: p.Name(), Err: err})
	default:
		n.trim()
	}
}

func (h *host) Find(p *Peer, method []byte) *Method {
	if p != nil {
		if own := p.own.Load(); own != nil {
			if m := own.find(method); m != nil {
				return m
			}
		}
	}
	return h.cfg.mux.find(method)
}

func (h *host) Run(m *Method, w *Reply, r *Request) {
	defer func() {
		if v := recover(); v != nil {
			h.cfg.log.Error("handler panicked", "method", m.name, "peer", r.Peer().Name(), "panic", v, "stack", string(debug.Stack()))
			w.failPanic(v)
		}
	}()
	f := m.handler
	if h.serve != nil {
		f = m.wrapFor(h.Node)
	}
	f.ServeBell(w, r)
}

// wrapped is a handler inside the interceptors of a node.
type wrapped struct {
	node *Node
	h    Handler
}

// wrapFor gives the method's handler inside the node's interceptors. It is kept: a Mux seldom serves several nodes.
func (m *Method) wrapFor(n *Node) Handler {
	if w := m.wrap.Load(); w != nil && w.node == n {
		return w.h
	}
	w := &wrapped{n, n.serve(m.handler)}
	m.wrap.Store(w)
	return w.h
}

// clonePairs copies metadata, so that nobody changes what a link holds.
func clonePairs(list []Pair) []Pair { return slices.Clone(list) }
