package pump

import (
	"fmt"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// Serving is one request of the other side while it is worked on. The engine fills the exported fields of one from
// Pump.Serving and hands it to Pump.Request; it reads them again in Answer.
type Serving struct {
	Method *bellpull.Method // nil: there is no such method
	In     bellpull.Incoming
	Sign   int64           // the request's number on the wire
	Status uint32          // the engine's own
	Refuse *bellpull.Error // answer with this instead of running
	Body   []byte          // scratch of the engine: what In.Body points into
	Wire   any             // the engine's own, kept with the Serving

	p       *Pump
	behind  func() // in line in place of a request
	req     bellpull.Request
	reply   bellpull.Reply
	slab    bellpull.Slab
	held    int // of its bytes, those that count in Pump.held
	running bool
	prev    *Serving
	next    *Serving // of the list it is on
}

// Reply gives what the handler answered; see [bellpull.Reply.Result].
func (s *Serving) Reply() *bellpull.Reply { return &s.reply }

// size is what a request holds while it waits or runs: its bytes and those of its metadata, which may be more.
func (s *Serving) size() int {
	n := len(s.Body)
	for i := range s.In.Meta {
		n += pairSize + len(s.In.Meta[i].Key) + len(s.In.Meta[i].Value)
	}
	return n
}

// hold counts n more bytes as held for s until it is released, and gives what the link holds for others. Small amounts
// do not count: there are never more than as many of them as handlers.
func (p *Pump) hold(s *Serving, n int) (others int) {
	if n < heldFrom {
		return 0
	}
	s.held += n
	return int(p.held.Add(int64(n))) - s.held
}

// heldFrom is from where on bytes are counted.
const heldFrom = 4 << 10

// pairSize is what a pair of metadata takes beside its texts, in bytes.
const pairSize = 40

// keepScratch bounds the scratch that a Serving keeps, in bytes.
const keepScratch = 64 << 10

// Serving gives an empty Serving to fill. It is given back by Request.
func (p *Pump) Serving(r *Reader) *Serving {
	if s := p.spare; s != nil {
		p.spare = nil
		return s
	}
	p.mu.Lock()
	s := p.free
	if s != nil {
		p.free = s.next
		s.next = nil
		p.nfree--
	}
	p.mu.Unlock()
	if s == nil {
		s = &Serving{p: p}
		s.reply.Reset() // the zero Reply is one of no bytes, not one of no value
	}
	return s
}

func (p *Pump) release(s *Serving, reader bool) {
	poison(s.Body)
	if s.held > 0 {
		p.held.Add(int64(-s.held))
		s.held = 0
	}
	if cap(s.Body) > keepScratch {
		s.Body = nil
	}
	s.Body = s.Body[:0]
	s.Method, s.Refuse, s.In = nil, nil, bellpull.Incoming{}
	s.reply.Reset()
	if reader && p.spare == nil {
		p.spare = s
		return
	}
	p.mu.Lock()
	if p.nfree < maxFree {
		s.next, p.free = p.free, s
		p.nfree++
	}
	p.mu.Unlock()
}

// maxFree bounds the Servings that a link keeps for later.
const maxFree = 16

// Request has a request run and answered. It is called by Dispatch and returns when reading may go on: main runs a
// quick handler itself; a leading caller, or a method known to be slow, gets a goroutine. Notifies of one link run one
// after another, in their order. s is the pump's from here on.
func (p *Pump) Request(r *Reader, s *Serving) {
	p.sinceRequest = 0
	s.req.Reset(s.In, &s.slab) // before anybody can find s to cancel it
	if s.In.Notify {
		p.notify(r, s)
		return
	}
	if s.Method == nil && s.Refuse == nil {
		s.Refuse = &bellpull.Error{Code: bellpull.CodeNoMethod, Ran: bellpull.Never}
	}
	n := int(p.handlers.Add(1)) // before looking at draining: Drain waits for those that were counted
	if s.Refuse == nil && p.draining.Load() {
		s.Refuse = &bellpull.Error{Code: bellpull.CodeUnavailable, Ran: bellpull.Never, Msg: "shutting down"}
	}
	if p.limits.OneByOne && n > 1 {
		n-- // the lane counts as one, and runs them
	}
	over := n > p.limits.Handlers
	if over && s.Refuse == nil {
		s.Refuse = &bellpull.Error{Code: bellpull.CodeBusy, Ran: bellpull.Never,
			Msg: fmt.Sprintf("%d handlers are running for this link, limit %d", n-1, p.limits.Handlers)}
	}
	if size := s.size(); s.Refuse == nil {
		if others := p.hold(s, size); others > 0 && others+size > p.limits.HandlersSize {
			s.Refuse = &bellpull.Error{Code: bellpull.CodeBusy, Ran: bellpull.Never,
				Msg: fmt.Sprintf("the calls that run for this link hold %d bytes, limit %d", others, p.limits.HandlersSize)}
		}
	}
	if s.Refuse != nil {
		p.finish(s, true, over)
		return
	}
	if p.limits.OneByOne {
		p.inLine(r, s)
		return
	}
	if !r.main || s.Method.Slow() {
		p.spawn(s)
		return
	}
	reader := p.runInline(r, s)
	p.finish(s, reader, false)
	if !reader {
		p.Flush()
	}
}

// runInline runs a handler on main and says whether main still is the reader when the handler has returned.
func (p *Pump) runInline(r *Reader, s *Serving) bool {
	p.current.Store(s)
	word := p.role.Load() + roleStep + roleHandling - roleReading
	p.role.Store(word)
	p.kick()
	p.run(s)
	if p.role.CompareAndSwap(word, word+roleReading-roleHandling) {
		return true
	}
	r.lost = true
	p.dropRunning(s)
	return false
}

// spawn runs a call in a goroutine of its own.
func (p *Pump) spawn(s *Serving) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shutDown {
		p.addRunning(s)
		p.refs.Add(1)
		go s.apart()
	}
}

// apart is the goroutine of a call that does not run on the reader.
func (s *Serving) apart() {
	p := s.p
	defer p.unref()
	p.runMeasured(s)
	p.finishWaiting(s)
}

// runMeasured runs a handler apart from the reader, sees whether it was quick, and takes it off the list of those that
// can be cancelled.
func (p *Pump) runMeasured(s *Serving) {
	from := transport.Now()
	p.run(s)
	if transport.Now()-from < slowAfter {
		s.Method.Observe(false)
	}
	p.dropRunning(s)
}

// slowAfter is how long a handler of its own goroutine runs before it counts as slow still, in nanoseconds.
const slowAfter = 100_000

// run runs the handler.
func (p *Pump) run(s *Serving) {
	if p.isDone() { // the cancelling of what runs may have come before this one could be found
		s.req.Cancel(p.Err())
	}
	p.host.Run(s.Method, &s.reply, &s.req)
	s.req.End()
}

// finish writes the answer of a request that is over and gives s back. It does not block: when the other side does not
// take its answers, a goroutine waits for it, which goes on counting as a handler. over says that there are too many of
// these already; a side that asks on and on and never listens is cut off.
func (p *Pump) finish(s *Serving, reader, over bool) {
	if p.mute(s) {
		p.handlerDone()
		p.release(s, reader)
		return
	}
	ok, err := p.proto.Answer(s, false)
	switch {
	case ok, err != nil:
		p.answerFailed(err)
		p.handlerDone()
		p.release(s, reader)
	case over:
		p.Fail(&bellpull.Error{Code: bellpull.CodeBusy, Op: "write", Msg: "the other side sends calls and takes no answers"})
	default:
		p.Go(func() { p.finishWaiting(s) })
	}
}

// answerFailed ends the link for an answer that cannot be written, unless it is known that nothing can be.
func (p *Pump) answerFailed(err error) {
	if err != nil && !p.deaf.Load() {
		p.Fail(err)
	}
}

// mute says that an answer is not to be written: the link has ended, and what a handler says that was told to stop must
// not be taken for the method's word. Other results still go out while a retired link lingers.
func (p *Pump) mute(s *Serving) bool {
	if !p.isDone() {
		return false
	}
	_, _, err := s.reply.Result()
	return err != nil || s.Refuse != nil || s.req.Stopped()
}

// finishWaiting is finish that waits for room.
func (p *Pump) finishWaiting(s *Serving) {
	if !p.mute(s) {
		_, answer, _ := s.reply.Result()
		p.hold(s, len(answer))
		_, err := p.proto.Answer(s, true)
		p.answerFailed(err)
		p.Flush()
	}
	p.handlerDone()
	p.release(s, false)
}

// addRunning lists a request whose caller can cancel it. Called with mu held.
func (p *Pump) addRunning(s *Serving) {
	s.running = true
	s.prev, s.next = nil, p.running
	if p.running != nil {
		p.running.prev = s
	}
	p.running = s
}

func (p *Pump) dropRunning(s *Serving) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.running {
		return
	}
	s.running = false
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		p.running = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
}

// CancelRequest cancels the request of a number, if it runs, and gives its method's name.
func (p *Pump) CancelRequest(sign int64, cause error) (method string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := p.running; s != nil; s = s.next {
		if s.Sign == sign {
			// Under mu, so that s is not given to another request meanwhile. Cancel runs no user code but context
			// functions, which have goroutines of their own.
			s.req.Cancel(cause)
			return s.In.Method, true
		}
	}
	return "", false
}

func (p *Pump) cancelRunning(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := p.running; s != nil; s = s.next {
		s.req.Cancel(cause)
	}
	if s := p.current.Load(); s != nil {
		s.req.Cancel(cause)
	}
}
