package bellpull

import (
	"context"
	"errors"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// Dial connects to the process that listens at addr and speaks p, and returns when the handshake is done. The Peer
// redials by itself when the connection is lost (200 ms, doubling up to 2 s, full jitter) unless [WithoutReconnect].
// It blocks until connected, refused, or ctx is done; after that ctx has no meaning to the Peer. Errors are [*Error].
func (n *Node) Dial(ctx context.Context, addr string, p Protocol, opts ...DialOption) (*Peer, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, WrapTransport("dial", addr, err)
	}
	e, _, err := n.open(p)
	if err != nil {
		return nil, err
	}
	peer := newPeer(n, n.reserve(a.String()))
	w := &way{engine: e, addr: a}
	for _, o := range opts {
		o.applyDial(&w.cfg)
	}
	peer.way.Store(w)
	n.mu.Lock()
	n.peers[peer.name] = peer
	n.mu.Unlock()
	during, cancel := n.during(ctx)
	defer cancel()
	for try, refused := 0, 0; ; try++ {
		err = peer.try(during, w)
		if err == nil {
			return n.standsFor(peer, e), nil
		}
		again := w.cfg.waitServer && worthWaiting(err, &refused) || try < maxTwinTries && errors.Is(err, errTwinLost)
		if !again || during.Err() != nil || !n.sleepCtx(during, n.backoff(try)) {
			break
		}
	}
	if n.life.Err() != nil && ctx.Err() == nil {
		err = n.closedError("dial", a.String())
	}
	n.mu.Lock()
	n.drop(peer)
	n.mu.Unlock()
	peer.end(err)
	n.discard(e)
	return nil, err
}

// reserve gives a free name near the wanted one.
func (n *Node) reserve(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.freeName(name)
}

func (n *Node) sleepCtx(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-n.done:
	}
	return false
}

const (
	backoffBase = 200 * time.Millisecond
	backoffCap  = 2 * time.Second
)

// backoff gives a random pause between nothing and the bound of the try: full jitter, so that many clients of one
// server do not come back in step.
func (n *Node) backoff(try int) time.Duration {
	bound := min(backoffCap, backoffBase<<min(try, 8))
	return time.Duration(n.cfg.random() % uint64(bound+1))
}

// worthWaiting says that trying again can help a Dial that waits for its server. A hang-up in the handshake may be the
// server's predecessor, which accepts until it is dead, and a refusal the server not having noticed yet that ours is;
// so these are final only when there were maxRefused in a row. refused counts them.
func worthWaiting(err error, refused *int) bool {
	e, ok := err.(*Error)
	if !ok {
		return false
	}
	switch e.Code {
	case CodeNoServer, CodeUnavailable, CodeDeadline, CodeNameTaken, CodeBusy:
		*refused = 0
		return true
	case CodeProtocol, CodeRefused:
		*refused++
		return *refused < maxRefused
	}
	return false
}

// redial brings a dialled peer back until it or the node ends, or the other side refuses us.
func (p *Peer) redial() {
	n := p.node
	defer n.wg.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n.wg.Add(1)
	go func() { // the peer's or the node's end is the end of the try under way
		defer n.wg.Done()
		select {
		case <-p.done:
		case <-n.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	w, first, refused := p.way.Load(), p.flapping(), 0
	for try := first; ; try++ {
		pause := time.Duration(0) // a server that only restarted is back at once
		if try > 0 {
			pause = n.backoff(try - 1)
		}
		if !p.pause(ctx, pause) {
			return
		}
		if p.Up() {
			return // the other node was first
		}
		tryCtx, done := context.WithTimeout(ctx, redialTimeout)
		err := p.try(tryCtx, w)
		done()
		if err == nil || ctx.Err() != nil {
			return
		}
		n.emit(Event{Kind: EventRetry, Peer: p, Name: p.Name(), Err: err, Try: try - first + 1})
		if !errors.Is(err, ErrRefused) && !errors.Is(err, ErrNotTrusted) {
			// Everything else may pass: it has worked before. A process that is dying still accepts and then hangs
			// up, which looks like a server that speaks something else.
			refused = 0
		} else if refused++; refused == maxRefused {
			n.mu.Lock()
			n.drop(p)
			n.mu.Unlock()
			p.end(err)
			n.discard(w.engine)
			n.emit(Event{Kind: EventClosed, Peer: p, Name: p.Name(), Err: err})
			return
		}
	}
}

// pause sleeps between two tries, unless somebody is in a hurry. It says whether to go on.
func (p *Peer) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.now:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

const (
	// redialTimeout bounds one try to reconnect.
	redialTimeout = 5 * time.Second
	// maxRefused is how many refusals in a row a redial, or a Dial that waits, takes for final. One may be a service
	// that has not noticed yet that our old connection, and with it our name, is free.
	maxRefused = 5
)

// flapping gives how many links in a row did not live long: a redial goes on with their backoff instead of beginning
// anew, or a server that lets us in and hangs up would be dialled hundreds of times a second.
func (p *Peer) flapping() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.since) > 2*backoffCap {
		p.short = 0
	} else if p.links > 1 {
		p.short++
	}
	return p.short
}
