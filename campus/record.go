package campus

import (
	"context"
	"errors"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// A record is what is known of the process of one name: nothing beyond a link, or an attempt at one. Its fields are
// guarded by engine.mu.
type record struct {
	name string
	link *link         // the live one
	busy chan struct{} // closed when the attempt under way is over; nil: there is none

	// Of the attempt under way.
	ins  []*inbound     // connections that have registered, oldest first
	news chan struct{}  // holds a token when there is one more
	to   transport.Addr // what is dialled
	conn transport.Conn // what came of that; nil before
	turn bool           // it is the one in engine.turn
}

// begin starts an attempt. Called with mu held.
func (r *record) begin() {
	r.busy, r.news = make(chan struct{}), make(chan struct{}, 1)
}

// record finds or makes a record. Called with mu held.
func (e *engine) record(name string) *record {
	r := e.records[name]
	if r == nil {
		r = &record{name: name}
		e.records[name] = r
	}
	return r
}

// over ends an attempt, with a link or without. Further connections that came for it are the link's.
func (e *engine) over(r *record, l *link) {
	e.mu.Lock()
	r.link = l
	if l != nil {
		select {
		case <-l.Done():
			r.link = nil // has ended already, and found no record of itself
		default:
		}
	}
	close(r.busy)
	rest := r.ins
	turn := r.turn
	r.busy, r.ins, r.conn, r.turn = nil, nil, nil, false
	for i, u := range e.unnamed {
		if u == r {
			e.unnamed = append(e.unnamed[:i:i], e.unnamed[i+1:]...)
			break
		}
	}
	e.forget(r)
	e.mu.Unlock()
	if turn {
		<-e.turn
	}
	for _, in := range rest {
		if l == nil {
			in.port.Close()
		} else {
			l.further(in)
		}
	}
}

// forget drops a record that says nothing any more. Called with mu held.
func (e *engine) forget(r *record) {
	if r.link == nil && r.busy == nil && e.records[r.name] == r {
		delete(e.records, r.name)
	}
}

// arrived takes a connection that has registered (section 1.4).
func (e *engine) arrived(in *inbound) {
	known, _ := e.host.Lookup(in.name)
	e.mu.Lock()
	r := e.records[in.name]
	if r == nil {
		if r = e.unnamedFor(in, known); r != nil {
			r.name = in.name
			e.records[in.name] = r
		}
	}
	if r == nil {
		r = e.record(in.name)
	}
	switch l := r.link; {
	case e.closed:
		e.mu.Unlock()
		in.port.Close()
	case r.busy != nil: // this side is dialling it, or dials back: that is its other half
		ok := r.took(in)
		e.mu.Unlock()
		if !ok {
			in.port.Close()
		}
	case l != nil && !l.out.hungUp():
		e.mu.Unlock()
		l.further(in)
	default:
		if l != nil { // the process of that name has ended, and another has come before that was seen
			r.link = nil
		}
		r.begin()
		r.took(in)
		e.mu.Unlock()
		if l != nil {
			l.pump.Fail(&bellpull.Error{Code: bellpull.CodeUnavailable, Op: "link", Peer: in.name, Msg: "the other process ended; another of its name has connected"})
		}
		e.answer(r, in.conn)
	}
}

// answer dials back to a process that has registered.
func (e *engine) answer(r *record, from transport.Conn) {
	ctx, cancel := context.WithTimeout(e.life, e.cfg.RegisterTimeout)
	defer cancel()
	var l *link
	defer func() { e.over(r, l) }()
	to, err := e.backTo(r.name, from.Traits().Scheme)
	var out *outbound
	if err == nil {
		out, err = e.connect(ctx, r, to)
	}
	if err != nil {
		e.refused(r.name, from.Identity(), err)
		return
	}
	in := e.half(r, out)
	if in == nil { // gone, or refused
		out.port.Close()
		return
	}
	if l, err = e.link(context.Background(), r.name, in, out, false); err != nil {
		e.refused(r.name, in.conn.Identity(), err)
	}
}

// connect dials and registers.
func (e *engine) connect(ctx context.Context, r *record, to transport.Addr) (*outbound, error) {
	c, err := e.host.Connect(ctx, to)
	if err != nil {
		return nil, bellpull.WrapTransport("dial", to.String(), err)
	}
	turn := false
	if r.name == "" && c.Identity().PID == 0 {
		select {
		case e.turn <- struct{}{}:
			turn = true
		case <-ctx.Done():
			c.Close()
			return nil, dialError(to, ctx.Err())
		}
	}
	e.mu.Lock()
	r.to, r.conn, r.turn = to, c, turn // before the other side can answer
	e.mu.Unlock()
	return e.outbound(c)
}

// Dial connects to the process at an address, registers, and waits for its registration.
func (e *engine) Dial(ctx context.Context, to transport.Addr) (bellpull.Link, error) {
	if err := e.listen(ctx, to); err != nil {
		return nil, err
	}
	name, named := e.nameOf(to)
	for {
		e.mu.Lock()
		if e.closed {
			e.mu.Unlock()
			return nil, dialError(to, errClosed("the engine is closed"))
		}
		r := &record{}
		if named {
			r = e.record(name)
		} else {
			e.unnamed = append(e.unnamed, r)
		}
		l, busy := r.link, r.busy
		if l == nil && busy == nil {
			r.begin()
			e.mu.Unlock()
			return e.attempt(ctx, r, to)
		}
		e.mu.Unlock()
		if l != nil {
			if err := e.host.Adopt(ctx, l); err == nil {
				return l, nil
			}
			busy = nil
		}
		// It has dialled us and is being answered, or its link is ending just now.
		t := time.NewTimer(endingLook)
		select {
		case <-busy:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
		if err := ctx.Err(); err != nil {
			return nil, dialError(to, err)
		}
	}
}

// endingLook is how long a dial waits for a link to be taken off its record that has ended.
const endingLook = 10 * time.Millisecond

var errNoAnswer = errors.New("connected, but the other process did not register back")

// attempt is the active side's part of section 1.4.
func (e *engine) attempt(ctx context.Context, r *record, to transport.Addr) (_ bellpull.Link, err error) {
	var l *link
	defer func() { e.over(r, l) }()
	out, err := e.connect(ctx, r, to)
	if err != nil {
		return nil, err
	}
	timeout := time.NewTimer(e.cfg.RegisterTimeout)
	defer timeout.Stop()
	for {
		select {
		case <-r.news:
			in := e.half(r, out)
			if in == nil {
				continue
			}
			if l, err = e.link(ctx, in.name, in, out, true); err != nil {
				return nil, err
			}
			return l, nil
		case <-out.gone:
			err = &bellpull.Error{Code: bellpull.CodeUnavailable, Msg: "connected, but the other process hung up before it registered back"}
		case <-timeout.C:
			err = errNoAnswer
		case <-ctx.Done():
			err = ctx.Err()
		case <-e.life.Done():
			err = errClosed("the engine is closed")
		}
		out.port.Close()
		return nil, dialError(to, err)
	}
}

// dialError makes the error of a dial that led to nothing.
func dialError(to transport.Addr, err error) *bellpull.Error {
	d := &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "dial", Peer: to.String(), Ran: bellpull.Never, Err: err}
	switch own, ok := errors.AsType[*bellpull.Error](err); {
	case ok:
		d.Code, d.Msg, d.Err = own.Code, own.Msg, own.Err
	case errors.Is(err, errNoAnswer):
		d.Code = bellpull.CodeDeadline
		d.Advice = "it must be able to dial back: is this process's address known there, and is it a process of this protocol?"
	case errors.Is(err, context.DeadlineExceeded):
		d.Code = bellpull.CodeDeadline
	case errors.Is(err, context.Canceled):
		d.Code = bellpull.CodeCanceled
	}
	return d
}
