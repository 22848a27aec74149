package bellpull

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// closeGrace is how long Close goes on after its context has ended, for goodbyes that are under way and for handlers
// that end because they are told to. Half of it is for either.
const closeGrace = 250 * time.Millisecond

// Close ends the node in an orderly way. It refuses what is new ([Never]), stops listening, lets handlers that run
// finish, says goodbye to every peer, ends the links, which fails the calls that still wait for an answer, and returns
// when nothing of the node is left: no goroutine, handlers included, no descriptor, no socket file.
//
// When ctx ends, all that is cut short: every peer is told, its answer is not waited for, and the contexts of handlers
// are cancelled. Close then returns within 250 ms: with nil if nothing is left, or else with an [*Error] that Is ctx's
// error and says how many handlers have not returned. Nobody can end those from outside. What they answer goes nowhere,
// and the last one that returns takes the rest of the node with it.
//
// It may be called again, also while it runs, and waits for the same end; the first context that ends cuts short for
// all. From a handler it does not return before its context ends, since it waits for the handler.
func (n *Node) Close(ctx context.Context) error {
	n.mu.Lock()
	if !n.closing {
		n.closing = true
		links, peers := make([]Link, 0, len(n.links)), make([]*Peer, 0, len(n.peers))
		for l := range n.links {
			links = append(links, l)
		}
		for _, p := range n.peers {
			peers = append(peers, p)
		}
		go n.shutDown(links, peers) // Close waits for it, or says that it does not any more
	}
	n.mu.Unlock()
	select {
	case <-n.closed:
		return n.closeErr
	case <-ctx.Done():
	}
	n.cutOnce.Do(func() { close(n.cut) })
	t := time.NewTimer(closeGrace)
	defer t.Stop()
	select {
	case <-n.closed:
		return n.closeErr
	case <-t.C:
	}
	n.quiet() // whoever watches must not wait for a handler either
	return n.unfinished(ctx)
}

// shutDown does what Close says, in this order: listeners, handlers that run, goodbyes, links, peers, engines, watchers.
func (n *Node) shutDown(links []Link, peers []*Peer) {
	defer close(n.closed)
	defer n.quiet()
	n.end()
	var errs []error
	for ln := range n.listeners { // nobody adds one any more
		errs = append(errs, ln.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	goodbye := make(chan struct{})
	go func() {
		defer close(goodbye)
		var wg sync.WaitGroup
		for _, l := range links {
			wg.Go(func() {
				if d, ok := l.(Drainer); ok {
					d.Drain(ctx)
				}
				l.Close("closed")
			})
		}
		wg.Wait()
	}()
	select {
	case <-goodbye:
	case <-n.cut:
		cancel()
		t := time.NewTimer(closeGrace / 2) // so that the peers hear why
		defer t.Stop()
		select {
		case <-goodbye:
		case <-t.C:
		}
	}
	closed := make(chan error, len(n.engines))
	for _, o := range n.engines { // at once: the handlers of one must not keep the links of another
		n.cfg.mux.leave(o.engine)
		go func() { closed <- o.engine.Close() }()
	}
	for _, p := range peers {
		p.end(n.closedError("peer", p.Name()))
	}
	for range n.engines {
		errs = append(errs, <-closed)
	}
	<-goodbye
	n.wg.Wait()
	n.closeErr = errors.Join(errs...)
}

// quiet lets the watchers end.
func (n *Node) quiet() { n.quietOnce.Do(func() { close(n.quieted) }) }

// unfinished is what Close answers when handlers do not return.
func (n *Node) unfinished(ctx context.Context) error {
	e := &Error{Code: contextCode(ctx.Err()), Op: "close", Peer: n.name, Ran: Never, Err: context.Cause(ctx),
		Msg: "handlers have not returned", Advice: "have handlers return when Request.Context is done"}
	n.mu.Lock()
	engines := n.engines
	n.mu.Unlock()
	running := 0
	for _, o := range engines {
		if r, ok := o.engine.(Runner); ok {
			running += r.Running()
		}
	}
	if running > 0 {
		e.Msg = fmt.Sprintf("handlers that have not returned: %d", running)
	}
	return e
}

// during gives a context that ends with the node too.
func (n *Node) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(n.life, cancel)
	return ctx, func() { stop(); cancel() }
}

func (n *Node) closedError(op, peer string) *Error {
	return &Error{Code: CodeClosed, Op: op, Peer: peer, Msg: "the node was closed", Ran: Never}
}
