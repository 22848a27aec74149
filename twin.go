package bellpull

import (
	"context"
	"errors"
	"time"
)

// Two nodes that dial each other keep one link: of two dials, the one that comes first; of two at once, that of the node
// which has the smaller epoch. The other is refused with a proof that both lead to one node, and whoever
// dialled it gets the peer of the link that is there. See docs/adr/0009-twins.md.

// A TwinError says that a link cannot go up because this node has dialled the node at its other end already.
type TwinError struct {
	// Run is the incarnation that the other node was told when it was dialled. Nobody else knows it, so what is made
	// with it proves that both links lead to one node.
	Run uint64
}

func (e *TwinError) Error() string { return "this node has dialled that one already" }

// errTwinLost is the cause of a dial that was refused in favour of a link which is not there (any more).
var errTwinLost = errors.New("refused in favour of a link of the other node, which is gone")

// maxTwinTries bounds how often a dial is made again because of errTwinLost.
const maxTwinTries = 5

// settleFor bounds the wait for dials of our own that may lead to a node which dials us.
const settleFor = 200 * time.Millisecond

// returnFor bounds the wait for a dialled peer that is redialled because somebody of its name came. That one may wait for
// its own dial first, so this is longer.
const returnFor = 4 * settleFor

// maxSettling bounds the handshakes that wait for dials of this node. Further ones do not wait: two nodes may then have
// two links for a moment.
const maxSettling = 64

func (h *host) Epoch() uint64 { return h.epoch }

func (h *host) Listens() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) > 0
}

// A dialTry is one dial under way.
type dialTry struct{ over chan struct{} }

// try has the engine dial the peer.
func (p *Peer) try(ctx context.Context, w *way) error {
	n, t := p.node, &dialTry{make(chan struct{})}
	n.mu.Lock()
	n.tries[t] = struct{}{}
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.tries, t)
		n.mu.Unlock()
		close(t.over)
	}()
	_, err := w.engine.Dial(context.WithValue(ctx, dialKey{}, p), w.addr)
	return err
}

func (h *host) Settle(name string, epoch, incarnation uint64) {
	n := h.Node
	if epoch == 0 || epoch == n.epoch {
		return
	}
	n.mu.Lock()
	var waits []<-chan struct{}
	most := settleFor
	if n.epoch < epoch {
		for t := range n.tries {
			waits = append(waits, t.over)
		}
	}
	// Somebody of the name of a peer that we dialled and that is away: most likely that one, started again. Whether it
	// is shows when it is dialled.
	if p := n.peers[name]; p != nil && p.dialled() && !p.Up() && n.twins[incarnation] == nil {
		waits, most = append(waits[:0], p.soon()), returnFor
		if n.settling < maxSettling {
			p.hurry()
		}
	}
	if len(waits) == 0 || n.settling == maxSettling {
		n.mu.Unlock()
		return
	}
	n.settling++
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.settling--
		n.mu.Unlock()
	}()
	timer := time.NewTimer(most)
	defer timer.Stop()
	for _, over := range waits {
		select {
		case <-over:
		case <-timer.C:
			return
		case <-n.done:
			return
		}
	}
}

// soon gives a channel that is closed when the peer comes up.
func (p *Peer) soon() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up
}

// hurry has the peer redialled without delay.
func (p *Peer) hurry() {
	select {
	case p.now <- struct{}{}:
	default:
	}
}

// twinsOf gives the accepted links of the node that l, which was dialled, leads to. There is one when the node with the
// smaller epoch began to dial just after it had taken in the other's link, and the other did not know that yet. Called
// with mu held.
func (n *Node) twinsOf(l Link) (list []Link) {
	if l.Epoch() == 0 || l.Epoch() == n.epoch {
		return nil
	}
	for other := range n.links {
		if other.Epoch() == l.Epoch() && other.Incarnation() != 0 {
			list = append(list, other)
		}
	}
	return list
}

// giveUpTwins ends the twins of l if that is up to this node. The other node dials again and is shown l. No proof is
// needed: who claims a foreign epoch has only its own link ended. Called with mu held.
func (n *Node) giveUpTwins(l Link) {
	if n.epoch > l.Epoch() {
		return
	}
	for _, twin := range n.twinsOf(l) {
		n.wg.Go(func() {
			if d, ok := twin.(Drainer); ok {
				ctx, cancel := context.WithTimeout(context.Background(), settleFor)
				defer cancel()
				d.Drain(ctx)
			}
			twin.Close("this node is connected to yours already")
		})
	}
}

// unite waits until a dialled peer that has just come up has no twins any more, a moment at most: this node ends them,
// or the other one ends the peer's own link, which then finds its place in the twin's.
func (n *Node) unite(p *Peer) {
	l := p.Link()
	n.mu.Lock()
	var twins []Link
	if l != nil {
		twins = n.twinsOf(l)
	}
	alone := len(n.listeners) == 0 || l != nil && len(twins) == 0
	n.mu.Unlock()
	if alone {
		return
	}
	timer := time.NewTimer(returnFor)
	defer timer.Stop()
	wait := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		case <-timer.C:
		case <-p.done:
		case <-n.done:
		}
		return false
	}
	if l != nil && n.epoch < l.Epoch() {
		for _, twin := range twins {
			if !wait(twin.Done()) {
				return
			}
		}
		return
	}
	if l != nil && !wait(l.Done()) {
		return
	}
	for up := p.soon(); p.Link() == nil || p.Link() == l; up = p.soon() {
		if !wait(up) {
			return
		}
	}
}

// twinOf says that the node at the other end of l, which was accepted, is one that we have dialled. Called with mu held.
func (n *Node) twinOf(l Link) *TwinError {
	if l.Epoch() == 0 || l.Epoch() == n.epoch {
		return nil
	}
	if own := n.dialled[l.Epoch()]; own != nil {
		return &TwinError{Run: n.links[own].incarnation}
	}
	return nil
}

func (h *host) Join(ctx context.Context, epoch uint64, same func(run uint64) bool) (Link, error) {
	n := h.Node
	p, _ := ctx.Value(dialKey{}).(*Peer)
	n.mu.Lock()
	defer n.mu.Unlock()
	for l, q := range n.links {
		if l.Epoch() != epoch || l.Incarnation() == 0 || !same(l.Incarnation()) {
			continue
		}
		if p != nil && !p.ended() {
			n.join(p, q, l)
		}
		return l, nil
	}
	return nil, &Error{Code: CodeNameTaken, Op: "dial", Ran: Never, Err: errTwinLost}
}

func (h *host) Adopt(ctx context.Context, l Link) error {
	n := h.Node
	p, _ := ctx.Value(dialKey{}).(*Peer)
	n.mu.Lock()
	defer n.mu.Unlock()
	q := n.links[l]
	if p == nil || q == nil || p.ended() {
		return &Error{Code: CodeUnavailable, Op: "dial", Peer: l.Name(), Ran: Never, Msg: "the link that is there already has ended"}
	}
	n.merge(p, q, l)
	return nil
}

// join makes one peer of p, which is being dialled, and q, which has the accepted link l. Called with mu held.
func (n *Node) join(p, q *Peer, l Link) {
	q = n.merge(p, q, l)
	if n.twins[q.twin] == q {
		delete(n.twins, q.twin)
	}
	q.twin = l.Incarnation()
	n.twins[q.twin] = q
}

// merge gives the one of p and q that goes on as both. Called with mu held.
func (n *Node) merge(p, q *Peer, l Link) *Peer {
	switch {
	case p == q:
	case !p.wasUp(): // nobody has p yet
		p.joined = q
		if !q.dialled() {
			q.way.Store(p.way.Load())
		}
	default: // p is a known handle on what was dialled, q one on whoever dialled us
		n.drop(q)
		q.end(&Error{Code: CodeClosed, Op: "peer", Peer: q.Name(), Ran: Never, Msg: "it is the peer " + p.Name()})
		l.Bind(p)
		n.bind(p, l)
		n.emit(Event{Kind: EventClosed, Peer: q, Name: q.Name(), Err: q.Err()})
		q = p
	}
	return q
}

// standsFor gives the peer that the dialling of p has led to: p, or the one whose link was there already. e is then not
// needed a second time.
func (n *Node) standsFor(p *Peer, e Engine) *Peer {
	n.mu.Lock()
	q := p.joined
	if q == nil {
		n.mu.Unlock()
		n.unite(p)
		return p
	}
	n.drop(p)
	shared := q.way.Load().engine == e
	n.mu.Unlock()
	p.end(&Error{Code: CodeClosed, Op: "peer", Peer: p.Name(), Ran: Never, Msg: "it is the peer " + q.Name()})
	if !shared {
		n.discard(e)
	}
	return q
}
