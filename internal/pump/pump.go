// Package pump drives a link: it passes the reader role between goroutines, keeps the waiters of calls under way,
// watches their deadlines, runs handlers without letting them delay reading, and finishes what the carrier did not
// take at once. An engine adds its frames through [Protocol].
//
// # Who reads
//
// One atomic word, the role, says who reads: nobody (free), somebody (reading), or somebody who is inside a handler
// just now (handling). Whoever moves it from free to reading is the reader and pumps. Candidates are
//
//   - a caller that waits for its answer: it leads, and reads for all until its own answer is there;
//   - the link's own goroutine, main: it reads when no caller does, runs handlers itself and so needs no hand-off;
//     when it notices that it only serves callers, it cedes the role to them and sleeps.
//
// A role in handling can be stolen: by a caller that wants to wait, or by the [Monitor] once the same handler has been
// seen at two of its ticks, a millisecond apart. The one who was robbed finishes its handler and finds out.
//
// # Locks
//
// Pump.mu guards waiters, running handlers and the life of main. It is never held across I/O, a handler, or a lock of
// the node. The write side has the lock of its Port. The fast path takes each lock for a few instructions.
package pump

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// Protocol is what an engine's link adds to the pump.
type Protocol interface {
	// Dispatch works on one frame, which is borrowed until it returns. It runs on the reader. An error ends the link.
	Dispatch(r *Reader, frame []byte) error
	// Answer writes the answer of a request that has run, or was refused, with Pump.Room and Out().Commit. Without
	// wait it must not block, and says !ok when there is no room. An error ends the link.
	Answer(s *Serving, wait bool) (ok bool, err error)
	// Ended is called once, when the link has ended and every waiter knows; err says why.
	Ended(err error)
	// Gone is called once, after Ended, when no goroutine of the link is left.
	Gone()
}

// Limits bound what the other side can make a link hold. The zero value gives the defaults.
type Limits struct {
	InFlight     int // calls under way from this side; default and most 4,096
	Handlers     int // calls of the other side that run at once; default 256
	HandlersSize int // the bytes those hold, with answers that wait for room; one call may hold more; default 64 MiB
	Lane         int // notifies and messages that wait behind a slow one; default 1,024
	LaneSize     int // the bytes of those, metadata included; default 4 MiB

	// OneByOne has calls of the other side wait in line with its notifies and messages. They count as handlers there.
	OneByOne bool
}

const (
	defaultHandlers     = 256
	defaultHandlersSize = 64 << 20
	defaultLane         = 1024
	defaultLaneSize     = 4 << 20
)

func (l Limits) withDefaults() Limits {
	if l.InFlight <= 0 || l.InFlight > maxSlots {
		l.InFlight = maxSlots
	}
	if l.Handlers <= 0 {
		l.Handlers = defaultHandlers
	}
	if l.HandlersSize <= 0 {
		l.HandlersSize = defaultHandlersSize
	}
	if l.Lane <= 0 {
		l.Lane = defaultLane
	}
	if l.LaneSize <= 0 {
		l.LaneSize = defaultLaneSize
	}
	return l
}

// Pump drives one link. Make it with [New] and set it going with [Pump.Start].
type Pump struct {
	in, out transport.Port
	virtual bool // the ports are process memory, and time may be virtual
	proto   Protocol
	host    bellpull.Host
	mon     *Monitor
	limits  Limits

	role   atomic.Uint64 // sequence<<2 | state
	armed  atomic.Bool   // the monitor ticks for us
	parked atomic.Int32  // callers that sleep until their answer is there or they may lead
	leader atomic.Pointer[Waiter]

	current atomic.Pointer[Serving] // what the reader's handler works on, while the role is handling

	// Handed on with the reader role.
	sinceRequest int      // frames since the last request of the other side; see cedeAfter
	spare        *Serving // the reader's own, so that the fast path takes no lock for one
	leading      Reader   // of the caller that leads

	handlers atomic.Int32
	held     atomic.Int64 // bytes of requests that run, and of answers that wait for room
	posts    atomic.Int32
	draining atomic.Bool // requests are refused
	deaf     atomic.Bool // the other side takes nothing any more; it may have said something still
	lane     lane
	room     room

	done chan struct{} // closed when the link has ended
	gone chan struct{} // closed when its ports are
	over chan struct{} // closed when its goroutines are
	refs atomic.Int64  // goroutines, and one for the open ports

	// mu guards the fields that follow.
	mu         sync.Mutex
	err        error         // why the link ended
	shutDown   bool          // the ports are closed; no goroutine begins any more
	idle       chan struct{} // made by Drain, closed when no handler runs
	slots      slots
	waitHead   *Waiter // of the parked callers
	waitTail   *Waiter
	running    *Serving // requests that run apart from the reader; linked list
	free       *Serving
	nfree      int
	mainGen    uint32 // tells the goroutine that is main from one that was
	mainParked bool
	mainWake   chan struct{}

	beat beat // the monitor's, see beat.go

	// The monitor's alone.
	lastTick  uint64
	idleTicks int
	leaderFor int
}

// New makes the pump of a link over in and out, the same Port for a duplex connection. It starts nothing.
func New(in, out transport.Port, proto Protocol, host bellpull.Host, mon *Monitor, limits Limits) *Pump {
	p := &Pump{in: in, out: out, proto: proto, host: host, mon: mon, limits: limits.withDefaults(),
		done: make(chan struct{}), gone: make(chan struct{}), over: make(chan struct{}), mainWake: make(chan struct{}, 1), sinceRequest: cedeAfter}
	p.virtual = in.Traits().Scheme == "mem"
	p.slots.limit = p.limits.InFlight
	p.room.ch = make(chan struct{})
	p.refs.Store(1)
	return p
}

// Start begins reading. The owner must see to it that Fail is called some day, and then Wait.
func (p *Pump) Start() {
	p.mu.Lock()
	if !p.shutDown { // Fail may have come first; who is added must be removed
		p.mon.add(p)
	}
	p.mu.Unlock()
	p.startMain(false)
}

// Out gives the port that is written to.
func (p *Pump) Out() transport.Port { return p.out }

// Reads says whether r reads for this pump, rather than for another of the same link.
func (p *Pump) Reads(r *Reader) bool { return r.p == p }

// Done is closed when the link has ended.
func (p *Pump) Done() <-chan struct{} { return p.done }

func (p *Pump) isDone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Err says why the link ended, nil before.
func (p *Pump) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Lost gives what a request is answered that comes after the link has ended, and nil before. It is for those that have
// no waiter, which Acquire would tell.
func (p *Pump) Lost() error {
	if !p.isDone() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lostError(bellpull.Never)
}

// Wait blocks until the goroutines of a failed link are gone, handlers included.
func (p *Pump) Wait() { <-p.over }

// Go runs f in a goroutine that Wait waits for, unless the ports are closed already.
func (p *Pump) Go(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shutDown {
		return false
	}
	p.refs.Add(1)
	go func() {
		defer p.unref()
		f()
	}()
	return true
}

func (p *Pump) unref() {
	if p.refs.Add(-1) == 0 {
		close(p.over)
		p.proto.Gone()
	}
}

// Fail ends the link: the one exit. The first reason counts. It lets every waiter go, closes the ports, cancels the
// contexts of running handlers and tells the engine. It does not wait for anybody and may be called from anywhere.
func (p *Pump) Fail(err error) {
	p.latch(err)
	p.shut()
}

// Retire ends the link as Fail does, but leaves the ports open until the other side hangs up or the time is over: what
// was committed still goes out, what comes in is read and, the link being over, dropped by Dispatch.
func (p *Pump) Retire(err error, linger time.Duration) {
	p.latch(err)
	p.Flush()
	p.Go(func() {
		t := time.NewTimer(linger)
		defer t.Stop()
		select {
		case <-t.C:
		case <-p.gone:
		}
		p.shut()
	})
	p.wakeMain()
}

// latch makes the link's end known.
func (p *Pump) latch(err error) {
	p.mu.Lock()
	if p.err != nil {
		p.mu.Unlock()
		return
	}
	p.err = err
	freed := p.slots.failAll()
	for _, w := range freed {
		p.unpark(w)
	}
	p.mu.Unlock()

	close(p.done)
	for _, w := range freed {
		w.signal()
	}
	if w := p.leader.Load(); w != nil {
		p.in.Wake()
	}
	p.cancelRunning(err)
	p.lane.clear()
	p.room.broadcast()
	p.proto.Ended(err)
}

// shut closes the ports, which ends the goroutines.
func (p *Pump) shut() {
	p.mu.Lock()
	if p.shutDown {
		p.mu.Unlock()
		return
	}
	p.shutDown = true
	p.mu.Unlock()
	close(p.gone)
	p.in.Close()
	if p.out != p.in {
		p.out.Close()
	}
	p.mon.remove(p)
	p.unref()
}

// Drain refuses new requests of the other side and blocks until those that run have returned, ctx is done, or the link
// has ended.
func (p *Pump) Drain(ctx context.Context) {
	p.draining.Store(true)
	p.mu.Lock()
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.mu.Unlock()
	p.handlers.Add(1)
	p.handlerDone() // notices when nothing runs even now
	select {
	case <-idle:
	case <-ctx.Done():
	case <-p.done:
	}
}

// Running gives how many handlers have not returned. It does not block.
func (p *Pump) Running() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for s := p.running; s != nil; s = s.next {
		n++
	}
	if p.role.Load()&roleMask == roleHandling { // a theft, which moves it to the list, takes mu
		n++
	}
	return n
}

// handlerDone counts a handler that has returned.
func (p *Pump) handlerDone() {
	if p.handlers.Add(-1) != 0 || !p.draining.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle != nil {
		select {
		case <-p.idle:
		default:
			close(p.idle)
		}
	}
}
