package bellpull

import (
	"context"
	"errors"
	"sync"
)

// Close ends the node: it stops listening, tells every peer, fails what still runs and returns when its goroutines,
// handlers included, are gone. Let ctx end to cut the goodbyes short. Not to be called from a handler, which it would
// wait for. Closing again waits for the first Close.
//
// The order is: refuse what is new; close listeners; let handlers that run finish until ctx is done; say goodbye and
// end every link, which fails pending calls and cancels handlers; wait for the engines; end watchers.
func (n *Node) Close(ctx context.Context) error {
	n.mu.Lock()
	if n.closing {
		n.mu.Unlock()
		select {
		case <-n.closed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	n.closing = true
	listeners, engines := n.listeners, n.engines
	links := make([]Link, 0, len(n.links))
	for l := range n.links {
		links = append(links, l)
	}
	peers := make([]*Peer, 0, len(n.peers))
	for _, p := range n.peers {
		peers = append(peers, p)
	}
	n.mu.Unlock()

	close(n.done)
	var errs []error
	for ln := range listeners {
		errs = append(errs, ln.Close())
	}
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
	case <-ctx.Done():
	}
	for _, o := range engines {
		errs = append(errs, o.engine.Close())
	}
	<-goodbye
	for _, p := range peers {
		p.end(n.closedError("peer", p.Name()))
	}
	n.wg.Wait()
	close(n.closed)
	return errors.Join(errs...)
}

func (n *Node) closedError(op, peer string) *Error {
	return &Error{Code: CodeClosed, Op: op, Peer: peer, Msg: "the node was closed", Ran: Never}
}
