package campus

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

// engine runs dotnetCampus.Ipc for one node.
type engine struct {
	cfg     Protocol
	framing campuswire.Framing
	host    bellpull.Host
	limits  pump.Limits
	mon     *pump.Monitor
	name    string // under which this process registers

	onMessage, onRequest *bellpull.Method // nil where there is none
	members              sync.Map         // of *member to the *bellpull.Method that invokes it

	acks  atomic.Uint64
	links atomic.Uint32   // the number of the last one, counted from anywhere
	life  context.Context // ends with the engine
	stop  context.CancelFunc
	wg    sync.WaitGroup

	// mu guards the fields that follow. No other lock is taken while it is held.
	mu      sync.Mutex
	closed  bool
	records map[string]*record
	taken   int64                   // connections so far
	pending []*inbound              // accepted and not registered, oldest first
	backs   []*back                 // dials back to who has registered, oldest first
	pumps   map[*pump.Pump]struct{} // of links and sides, until no goroutine of theirs is left
}

func newEngine(cfg Protocol, f campuswire.Framing, h bellpull.Host) (*engine, error) {
	e := &engine{cfg: cfg, framing: f, host: h, name: h.Name(), records: map[string]*record{}, pumps: map[*pump.Pump]struct{}{}}
	if e.name == "" {
		e.name = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) // as .NET, a GUID in its form N
	}
	if _, err := f.RegisterLen(e.name); err != nil {
		return nil, &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "open", Peer: e.name, Ran: bellpull.Never, Err: err,
			Advice: "give the node a name that others can dial"}
	}
	if cfg.OnMessage != nil {
		e.onMessage = bellpull.NewMethod("message", cfg.OnMessage)
	}
	if cfg.OnRequest != nil {
		e.onRequest = bellpull.NewMethod("request", cfg.OnRequest)
	}
	e.limits = pump.Limits{InFlight: cfg.MaxInFlight, Handlers: cfg.MaxHandlers, OneByOne: cfg.OneByOne}
	if cfg.OneByOne {
		e.host = oneByOne{h, make(chan struct{}, 1)}
	}
	e.links.Store(rand.Uint32())
	e.life, e.stop = context.WithCancel(context.Background())
	e.mon = pump.NewMonitor()
	return e, nil
}

// oneByOne is a host that runs one handler at a time.
type oneByOne struct {
	bellpull.Host
	turn chan struct{}
}

func (h oneByOne) Run(m *bellpull.Method, w *bellpull.Reply, r *bellpull.Request) {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	h.Host.Run(m, w, r)
}

// port makes the Port of a connection, either way.
func (e *engine) port(c transport.Conn, split transport.Split) transport.Port {
	return transport.NewPort(c, split, transport.PortConfig{MaxFrame: campuswire.MaxContent + e.framing.HeaderLen()})
}

// ack counts this process's frames; nobody checks it (section 3).
func (e *engine) ack() uint64 { return e.acks.Add(1) }

// Serve takes an accepted connection: its first frame says who dialled.
func (e *engine) Serve(c transport.Conn) {
	if !e.cfg.AllowOthers && !c.Identity().SameUser {
		c.Close()
		e.refused("", c.Identity(), errOtherUser)
		return
	}
	in := e.inbound(c)
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		c.Close()
		return
	}
	e.taken++
	in.number = e.taken
	var out *inbound
	if len(e.pending) == e.cfg.MaxPending {
		out, e.pending = e.pending[0], e.pending[1:]
	}
	e.pending = append(e.pending, in)
	e.wg.Go(func() { e.register(in) })
	e.mu.Unlock()
	if out != nil {
		out.port.Close()
	}
}

// refused tells the node's watchers of a process that was turned away.
func (e *engine) refused(name string, who transport.Identity, why error) {
	e.host.Log().Info("campus: refused", "name", name, "remote", who.Remote, "why", why)
	e.host.Emit(bellpull.Event{Kind: bellpull.EventRefused, Name: name, Identity: who, Err: why})
}

// Close ends all links and waits for them.
func (e *engine) Close() error {
	e.mu.Lock()
	e.closed = true
	pumps, pending := slices.Collect(maps.Keys(e.pumps)), e.pending
	e.mu.Unlock()
	e.stop()
	for _, in := range pending {
		in.port.Close()
	}
	for _, p := range pumps {
		p.Fail(errClosed("closed"))
	}
	e.wg.Wait()
	e.mon.Close()
	return nil
}

// run counts a pump's goroutines in, unless the engine is closed.
func (e *engine) run(p *pump.Pump) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.pumps[p] = struct{}{}
	e.wg.Add(1)
	return true
}

// ran counts them out.
func (e *engine) ran(p *pump.Pump) {
	e.mu.Lock()
	delete(e.pumps, p)
	e.mu.Unlock()
	e.wg.Done()
}

// Running gives the number of handlers that have not returned, those on sides included.
func (e *engine) Running() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for p := range e.pumps {
		n += p.Running()
	}
	return n
}

func errClosed(reason string) *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeClosed, Op: "link", Msg: "closed on this side: " + reason}
}

// byName are the schemes whose addresses are names: a process is dialled under the name it registers.
var byName = map[string]bool{"npipe": true, "local": true, "mem": true, "shm": true}

// nameIn gives the name of the process at an address, if the address is one.
func nameIn(a transport.Addr) (string, bool) { return a.Rest, byName[a.Scheme] }

// backTo gives the address at which a process is dialled back that has registered under a name over a connection of
// the scheme. A path is no name that a stranger may choose.
func (e *engine) backTo(name, scheme string) (transport.Addr, error) {
	if a, ok := e.host.Lookup(name); ok {
		return a, nil
	}
	bad := func(why string) error {
		return &bellpull.Error{Code: bellpull.CodeNoPeer, Op: "accept", Peer: name, Ran: bellpull.Never, Msg: why,
			Advice: "tell Node.Know where that process listens"}
	}
	if !byName[scheme] {
		return transport.Addr{}, bad("it is not known where it listens, and " + scheme + " addresses are no names")
	}
	for _, c := range name {
		if c == '/' || c == '\\' || c == 0 {
			return transport.Addr{}, bad("it registered under a path")
		}
	}
	a, err := transport.ParseAddr(scheme + ":" + name)
	if err != nil {
		return a, bellpull.WrapTransport("accept", name, err)
	}
	return a, nil
}
