package bellpull

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A Node is this process's end: a name, listeners, handlers, the table of peers. Make one with [NewNode], or with the
// Listen and Dial of a protocol's package. All methods may be called concurrently.
type Node struct {
	name  string
	epoch uint64
	cfg   nodeConfig
	call  CallFunc // the interceptors, built once; nil without any
	serve func(Handler) Handler

	exchanges sync.Pool       // *Exchange; they hold nothing that belongs to a goroutine or a clock
	life      context.Context // ends when Close begins
	end       context.CancelFunc
	done      <-chan struct{} // of life
	wg        sync.WaitGroup  // accept loops, reconnects, closers

	cut, quieted, closed chan struct{} // closed when: Close is to be cut short, watchers end, nothing is left
	cutOnce, quietOnce   sync.Once
	closeErr             error // of Close, written before closed is closed

	watchMu  sync.Mutex
	watchers map[*watcher]struct{}

	// mu guards the fields that follow. It is taken before a Peer's mu.
	mu        sync.Mutex
	closing   bool
	peers     map[string]*Peer
	links     map[Link]*Peer
	dialled   map[uint64]Link       // of links, those that we dialled, by the epoch of the other node
	twins     map[uint64]*Peer      // of peers, those that dial us as well, by what they then say: Peer.twin
	tries     map[*dialTry]struct{} // dials under way
	settling  int                   // handshakes that wait for these
	replaced  int                   // links that say goodbye because a newer one took their place
	known     map[string]transport.Addr
	engines   []openEngine
	listeners map[transport.Listener]listening
	changed   chan struct{} // closed and replaced whenever a peer comes up
}

// listening is where a listener was asked to be, and for whom.
type listening struct {
	addr   transport.Addr
	engine Engine
}

type openEngine struct {
	proto  Protocol // nil when not to be shared
	engine Engine
}

// maxAbsent bounds how many named peers that are away are remembered.
const maxAbsent = 1024

// What WithHeartbeat changes: how long a link may be silent before it is pinged, and before it is given up.
const (
	defaultBeat    = 5 * time.Second
	defaultSilence = 15 * time.Second
)

// defaultMaxLinks bounds the links of a node; see WithMaxLinks.
const defaultMaxLinks = 16384

// DefaultTimeout bounds calls whose context has no deadline.
const DefaultTimeout = 30 * time.Second

// NewNode makes a node. name is how others may know it; "" is a node without a name, which gets one from each service
// it dials. It does no I/O and starts nothing. An option out of its range panics.
func NewNode(name string, opts ...NodeOption) *Node {
	n := &Node{
		name: name,
		cfg: nodeConfig{log: slog.New(slog.DiscardHandler), timeout: DefaultTimeout, random: rand.Uint64,
			maxLinks: defaultMaxLinks, beatEvery: defaultBeat, beatWithin: defaultSilence},
		cut:       make(chan struct{}),
		quieted:   make(chan struct{}),
		closed:    make(chan struct{}),
		watchers:  map[*watcher]struct{}{},
		peers:     map[string]*Peer{},
		links:     map[Link]*Peer{},
		dialled:   map[uint64]Link{},
		twins:     map[uint64]*Peer{},
		tries:     map[*dialTry]struct{}{},
		known:     map[string]transport.Addr{},
		listeners: map[transport.Listener]listening{},
		changed:   make(chan struct{}),
	}
	n.life, n.end = context.WithCancel(context.Background())
	n.done = n.life.Done()
	for _, o := range opts {
		o.applyNode(&n.cfg)
	}
	if n.cfg.timeout <= 0 {
		panic(fmt.Sprintf("bellpull: WithTimeout(%v): must be positive", n.cfg.timeout))
	}
	if e, w := n.cfg.beatEvery, n.cfg.beatWithin; e < 0 || e > 0 && w < 2*e {
		panic(fmt.Sprintf("bellpull: WithHeartbeat(%v, %v): the second must be twice the first at least", e, w))
	}
	if n.cfg.maxLinks <= 0 {
		panic(fmt.Sprintf("bellpull: WithMaxLinks(%d): must be positive", n.cfg.maxLinks))
	}
	if n.cfg.mux == nil {
		n.cfg.mux = NewMux()
	}
	n.epoch = n.cfg.random() | 1
	n.exchanges.New = func() any { return new(Exchange) }
	n.call, n.serve = chainCalls(n.cfg.callChain), chainHandlers(n.cfg.serveChain)
	return n
}

// Name is the node's name, "" when it has none.
func (n *Node) Name() string { return n.name }

// Mux is where the node's handlers are; they may be added at any time.
func (n *Node) Mux() *Mux { return n.cfg.mux }

// Listen accepts peers at addr that speak p. It returns when the address is claimed and may be called as often as one
// likes, with one protocol or several. ctx bounds the claiming only. Errors are [*Error].
func (n *Node) Listen(ctx context.Context, addr string, p Protocol, opts ...ListenOption) error {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return WrapTransport("listen", addr, err)
	}
	e, set, err := n.open(p)
	if err != nil {
		return err
	}
	ln, err := set.Listen(ctx, a)
	if err != nil {
		n.discard(e)
		return WrapTransport("listen", addr, err)
	}
	return n.listenOn(ln, a, e, p)
}

// Serve accepts peers that speak p on a listener made elsewhere, such as an inherited one (unixsock.Inherited). The node
// owns it from here on, and closes it when Serve fails. It does not block. Errors are [*Error].
func (n *Node) Serve(ln transport.Listener, p Protocol) error {
	e, _, err := n.open(p)
	if err != nil {
		ln.Close()
		return err
	}
	a, ok := ln.Addr().(transport.Addr)
	if !ok {
		a = transport.Addr{Scheme: ln.Addr().Network(), Rest: ln.Addr().String()}
	}
	return n.listenOn(ln, a, e, p)
}

// listenOn begins to accept.
func (n *Node) listenOn(ln transport.Listener, a transport.Addr, e Engine, p Protocol) error {
	if g, ok := p.(Guard); ok {
		if err := g.Admit(ln.Traits()); err != nil {
			ln.Close()
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		ln.Close()
		return n.closedError("listen", a.String())
	}
	n.listeners[ln] = listening{a, e}
	n.wg.Add(1)
	go n.accept(ln, e)
	return nil
}

// Addrs gives the addresses the node listens on, with the ports that were really taken.
func (n *Node) Addrs() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]string, 0, len(n.listeners))
	for ln, at := range n.listeners {
		a := at.addr
		if real, ok := ln.Addr().(transport.Addr); ok {
			a = real
		}
		list = append(list, a.String())
	}
	return list
}

// accept hands connections to the engine until the listener is closed. Failing accepts are spaced out: a process out
// of descriptors must not spin.
func (n *Node) accept(ln transport.Listener, e Engine) {
	defer n.wg.Done()
	pause := 5 * time.Millisecond
	for {
		c, err := ln.AcceptConn()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			e.Serve(c)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			n.cfg.log.Warn("accept failed", "addr", ln.Addr().String(), "err", err)
			if !n.sleep(pause) {
				return
			}
			pause = min(2*pause, time.Second)
		}
	}
}

// sleep waits for d and says whether the node is still open.
func (n *Node) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-n.done:
		return false
	}
}

// open gives the engine of a protocol, and the transports its addresses resolve to.
func (n *Node) open(p Protocol) (Engine, transport.Set, error) {
	var set transport.Set
	if c, ok := p.(Carrier); ok {
		set = c.Transports()
	}
	set = set.Over(n.cfg.set)
	shared := reflect.ValueOf(p).Comparable()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return nil, set, n.closedError("open", "")
	}
	if shared {
		for _, o := range n.engines {
			if o.proto == p {
				return o.engine, set, nil
			}
		}
	}
	h := &host{Node: n, set: set, proto: p, turn: make(chan struct{}, 1)}
	e, err := p.Open(h)
	if err != nil {
		return nil, set, err
	}
	h.engine = e
	if f, ok := p.(Fitter); ok {
		if err := n.cfg.mux.serve(e, f); err != nil {
			e.Close()
			return nil, set, err
		}
	}
	o := openEngine{engine: e}
	if shared {
		o.proto = p
	}
	n.engines = append(n.engines, o)
	return e, set, nil
}

// discard closes the engine of a peer that is gone for good, unless others share it. It does not block.
func (n *Node) discard(e Engine) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.engines, func(o openEngine) bool { return o.engine == e && o.proto == nil })
	if i < 0 || n.closing {
		return
	}
	n.engines = slices.Delete(slices.Clone(n.engines), i, i+1)
	n.cfg.mux.leave(e)
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		e.Close()
	}()
}

// maxKnown bounds the table of Know.
const maxKnown = 16384

// Know tells the node where a named peer listens, for protocols that dial back. It holds 16,384 names; more are
// CodeBusy.
func (n *Node) Know(name, addr string) error {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return WrapTransport("know", addr, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.known[name]; !ok && len(n.known) >= maxKnown {
		return &Error{Code: CodeBusy, Op: "know", Peer: name, Ran: Never,
			Err: &transport.LimitError{What: "known names", Size: maxKnown + 1, Limit: maxKnown}}
	}
	n.known[name] = a
	return nil
}

// Peers gives the peers that are up now. The sequence is a snapshot and does not block.
func (n *Node) Peers() iter.Seq[*Peer] {
	n.mu.Lock()
	list := make([]*Peer, 0, len(n.links))
	for _, p := range n.links {
		list = append(list, p)
	}
	n.mu.Unlock()
	return func(yield func(*Peer) bool) {
		for _, p := range list {
			if !yield(p) {
				return
			}
		}
	}
}

// Wait gives the peer of a name, waiting until it is up. It never dials. It ends with ctx or when the node is closed.
func (n *Node) Wait(ctx context.Context, name string) (*Peer, error) {
	for {
		n.mu.Lock()
		p, changed := n.peers[name], n.changed
		n.mu.Unlock()
		if p != nil && p.live.Load() != nil {
			return p, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, &Error{Code: contextCode(ctx.Err()), Op: "wait", Peer: name, Ran: Never, Err: ctx.Err(),
				Advice: "nobody of that name has connected"}
		case <-n.done:
			return nil, n.closedError("wait", name)
		}
	}
}

// Broadcast sends a notify to every peer that is up, at once, and gives the number that took it. The error joins
// those of the others.
func (n *Node) Broadcast(ctx context.Context, method string, args ...any) (delivered int, err error) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for p := range n.Peers() {
		wg.Go(func() {
			err := p.Notify(ctx, method, args...)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				delivered++
			} else {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return delivered, errors.Join(errs...)
}
