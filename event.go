package bellpull

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// EventKind says what happened.
type EventKind uint8

const (
	// EventUp: a link to Peer is ready. Reconnects counts up from 0 for one peer.
	EventUp EventKind = iota + 1
	// EventDown: the link ended; Err says why.
	EventDown
	// EventRetry: the Try-th try to reconnect failed with Err; the next follows within 2 s.
	EventRetry
	// EventClosed: the peer is gone for good.
	EventClosed
	// EventRenamed: the peer's name changed from Old to Name.
	EventRenamed
	// EventRefused: a handshake from Identity was turned down; Err says why. Name is what the connection was to be
	// called, if the protocol had a name for it already.
	EventRefused
	// EventCancelled: the caller of Method gave up while the handler ran.
	EventCancelled
	// EventLost: this watcher was too slow and Missed events were dropped before the next one.
	EventLost
)

// String gives the kind in a word, as `bell -o json` prints it.
func (k EventKind) String() string {
	return [...]string{"", "up", "down", "retry", "closed", "renamed", "refused", "cancelled", "lost"}[min(int(k), 8)]
}

// An Event is a change that a node tells its watchers of.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Peer       *Peer // nil for EventRefused and EventLost
	Name       string
	Old        string
	Method     string
	Reconnects int
	Missed     int
	Try        int
	Identity   transport.Identity
	Metadata   []Pair
	Err        error
}

// maxEvents bounds what a watcher may lag behind.
const maxEvents = 1024

type watcher struct {
	mu     sync.Mutex
	queue  []Event
	missed int
	more   chan struct{} // holds a token when there is something new
}

// push adds an event without blocking; the oldest give way and are counted.
func (w *watcher) push(e Event) {
	w.mu.Lock()
	if len(w.queue) == maxEvents {
		w.queue = w.queue[1:]
		w.missed++
	}
	w.queue = append(w.queue, e)
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// take gives all that is queued.
func (w *watcher) take() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.queue
	w.queue = nil
	if w.missed > 0 {
		list = append([]Event{{Kind: EventLost, Time: time.Now(), Missed: w.missed}}, list...)
		w.missed = 0
	}
	return list
}

// Watch gives the node's events from now on, in order. Watching begins when Watch is called, so nothing is missed
// between it and the loop. The sequence blocks for the next event and ends with ctx or, after the last event, with the
// node. A watcher more than 1,024 events behind loses the oldest and is told so by [EventLost]. The sequence is for
// one loop.
func (n *Node) Watch(ctx context.Context) iter.Seq[Event] {
	w := &watcher{more: make(chan struct{}, 1)}
	n.watchMu.Lock()
	n.watchers[w] = struct{}{}
	n.watchMu.Unlock()
	return func(yield func(Event) bool) {
		defer func() {
			n.watchMu.Lock()
			delete(n.watchers, w)
			n.watchMu.Unlock()
		}()
		for {
			for _, e := range w.take() {
				if !yield(e) {
					return
				}
			}
			select {
			case <-w.more:
			case <-ctx.Done():
				return
			case <-n.quieted:
				for _, e := range w.take() {
					if !yield(e) {
						return
					}
				}
				return
			}
		}
	}
}

// Watch gives the peer's events from now on, as [Node.Watch] does, and ends with [EventClosed], the peer's last.
func (p *Peer) Watch(ctx context.Context) iter.Seq[Event] {
	ctx, stop := context.WithCancel(ctx)
	events := p.node.Watch(ctx)
	if p.ended() {
		stop() // its last event may be over already
	}
	return func(yield func(Event) bool) {
		defer stop()
		for e := range events {
			if e.Peer != p && e.Kind != EventLost {
				continue
			}
			if !yield(e) || e.Kind == EventClosed {
				return
			}
		}
	}
}

func (n *Node) emit(e Event) {
	e.Time = time.Now()
	n.watchMu.Lock()
	defer n.watchMu.Unlock()
	for w := range n.watchers {
		w.push(e)
	}
}
