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

const (
	// maxEvents bounds what a watcher may lag behind.
	maxEvents = 1024
	// maxEventBytes bounds the metadata in those: clients choose how much they send.
	maxEventBytes = 4 << 20
)

type watcher struct {
	mu     sync.Mutex
	queue  []Event
	size   int // of the metadata in queue
	missed int
	more   chan struct{} // holds a token when there is something new
}

// push adds an event without blocking; the oldest give way and are counted.
func (w *watcher) push(e Event) {
	w.mu.Lock()
	w.queue = append(w.queue, e)
	w.size += sizeOf(e.Metadata)
	for len(w.queue) > maxEvents || w.size > maxEventBytes && len(w.queue) > 1 {
		w.size -= sizeOf(w.queue[0].Metadata)
		w.queue[0] = Event{} // its peer is not to be held by the rest of the array
		w.queue = w.queue[1:]
		w.missed++
	}
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
	w.queue, w.size = nil, 0
	if w.missed > 0 {
		list = append([]Event{{Kind: EventLost, Time: time.Now(), Missed: w.missed}}, list...)
		w.missed = 0
	}
	return list
}

// sizeOf gives the bytes of metadata, with what its pairs take beside their texts.
func sizeOf(list []Pair) int {
	n := 40 * len(list)
	for i := range list {
		n += len(list[i].Key) + len(list[i].Value)
	}
	return n
}

// Watch gives the node's events from now on, in order. Watching begins when Watch is called, so nothing is missed
// between it and the loop. The sequence blocks for the next event and ends with ctx or, after the last event, with the
// node. A watcher more than 1,024 events (or 4 MiB of metadata) behind loses the oldest and is told so by [EventLost].
// The sequence is for one loop; until that has ended, or ctx has, the node keeps events for it.
func (n *Node) Watch(ctx context.Context) iter.Seq[Event] {
	w := &watcher{more: make(chan struct{}, 1)}
	forget := func() {
		n.watchMu.Lock()
		delete(n.watchers, w)
		n.watchMu.Unlock()
	}
	n.watchMu.Lock()
	n.watchers[w] = struct{}{}
	n.watchMu.Unlock()
	stop := context.AfterFunc(ctx, forget) // there may never be a loop
	return func(yield func(Event) bool) {
		defer func() {
			stop()
			forget()
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
