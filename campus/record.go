package campus

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// A record is what is known of the process of one name: nothing beyond a link, or an attempt at one. Its fields are
// guarded by engine.mu.
type record struct {
	name string
	link *link    // the live one
	try  *attempt // the one under way; nil: there is none
}

// An attempt is on its way to a link: this side has dialled, or dials back to who has registered. Whatever registers
// meanwhile under the name is the attempt's other half, whoever began; so two that dial each other have two pipes.
type attempt struct {
	over chan struct{} // closed when it is
	came chan struct{} // holds a token when somebody has registered

	in []*inbound // which have, in the order of accepting; guarded by engine.mu
}

// begin starts an attempt. Called with mu held.
func (r *record) begin() *attempt {
	r.try = &attempt{over: make(chan struct{}), came: make(chan struct{}, 1)}
	return r.try
}

// add takes a connection that has registered, and gives back the one that is one too many. Called with mu held.
func (t *attempt) add(in *inbound) (most *inbound) {
	at, _ := slices.BinarySearchFunc(t.in, in, func(a, b *inbound) int { return int(a.number - b.number) })
	t.in = slices.Insert(t.in, at, in)
	if len(t.in) > maxSides {
		most, t.in = t.in[0], slices.Delete(t.in, 0, 1)
	}
	select {
	case t.came <- struct{}{}:
	default:
	}
	return most
}

// take gives the latest connection that was accepted for the attempt and has not ended; nil: there is none. Those that
// have are closed: their process was killed, or has given up, before this one came. The others stay. last: if all have
// ended, the latest of them is given, which may have said something still.
func (e *engine) take(t *attempt, last bool) (in *inbound) {
	e.mu.Lock()
	list := t.in
	t.in = nil
	e.mu.Unlock()
	var late *inbound
	for i := len(list) - 1; i >= 0; i-- {
		switch c := list[i]; {
		case ended(c.conn) && last && late == nil:
			late = c
		case ended(c.conn):
			c.port.Close()
		case in == nil:
			in = c
		default:
			e.putBack(t, c)
		}
	}
	if in == nil {
		return late
	}
	if late != nil {
		late.port.Close()
	}
	return in
}

func (e *engine) putBack(t *attempt, in *inbound) {
	e.mu.Lock()
	most := t.add(in)
	e.mu.Unlock()
	if most != nil {
		most.port.Close()
	}
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

// over ends an attempt, with a link or without. Connections that came too late for it are read beside the link's own, or
// closed; those of a process that has outlived the link come anew, and so they all do when the attempt reached nobody:
// whoever has registered was started just after that.
func (e *engine) over(r *record, t *attempt, l *link, nobody bool) {
	e.mu.Lock()
	late := t.in
	t.in = nil
	r.try, r.link = nil, l
	if l != nil && l.pump.Err() != nil { // it has ended meanwhile, and found no record to take itself off
		r.link = nil
	}
	e.forget(r)
	e.mu.Unlock()
	close(t.over)
	for _, in := range late {
		switch {
		case l == nil && !nobody:
			in.port.Close()
		case l != nil && l.whole() && l.further(in):
		case !e.spawn(func() { e.arrived(in) }):
			in.port.Close()
		}
	}
}

// forget drops a record that says nothing any more. Called with mu held.
func (e *engine) forget(r *record) {
	if r.link == nil && r.try == nil && e.records[r.name] == r {
		delete(e.records, r.name)
	}
}

// arrived takes a connection that has registered (section 1.4).
func (e *engine) arrived(in *inbound) {
	for {
		e.mu.Lock()
		if e.closed {
			e.mu.Unlock()
			in.port.Close()
			return
		}
		r := e.record(in.name)
		l, t := r.link, r.try
		switch {
		case t != nil:
			most := t.add(in)
			e.mu.Unlock()
			if most != nil {
				most.port.Close()
			}
			return
		case l == nil:
			t = r.begin()
			t.add(in)
			e.mu.Unlock()
			e.answer(r, t, in)
			return
		default:
			e.mu.Unlock()
			if l.whole() && l.further(in) {
				return
			}
			// The process of that name has ended, and another has come before that was seen.
			l.pump.Fail(&bellpull.Error{Code: bellpull.CodeUnavailable, Op: "link", Peer: in.name,
				Msg: "the other process ended; another of its name has connected"})
			<-l.down
		}
	}
}

// answer dials back to a process that has registered.
func (e *engine) answer(r *record, t *attempt, first *inbound) {
	ctx, done := e.backContext()
	defer done()
	to, err := e.backTo(r.name, first.conn.Traits().Scheme)
	var l *link
	if err == nil && !ended(first.conn) {
		l, err = e.dialBack(ctx, r, t, to, first.conn.Identity())
	}
	if err != nil {
		if cause := context.Cause(ctx); cause == errCrowd {
			err = cause
		}
		e.refused(r.name, first.conn.Identity(), err)
	}
	e.over(r, t, l, false)
}

// dialBack gives no link and no error when the process was refused. One that has gone meanwhile has a link all the same,
// which is about to end: what it has written before is to be read.
func (e *engine) dialBack(ctx context.Context, r *record, t *attempt, to transport.Addr, who transport.Identity) (*link, error) {
	out, err := e.connect(ctx, to, who)
	if err != nil {
		return nil, err
	}
	in, out, err := e.half(ctx, t, out, to, true)
	if err != nil {
		return nil, err
	}
	if in == nil {
		out.port.Close()
		return nil, nil
	}
	return e.link(context.Background(), r.name, to, in, out, false)
}

// connect dials and registers. who is the process that must be there, the zero value where any may.
func (e *engine) connect(ctx context.Context, to transport.Addr, who transport.Identity) (*outbound, error) {
	c, err := e.host.Connect(ctx, to)
	if err != nil {
		return nil, bellpull.WrapTransport("dial", to.String(), err)
	}
	if !e.cfg.AllowOthers && !served(c.Identity(), who) {
		c.Close() // without a word: to whoever listens there it was a probe
		return nil, errOtherProcess
	}
	return e.outbound(c)
}

// Dial connects to the process at an address, registers, and waits for its registration.
func (e *engine) Dial(ctx context.Context, to transport.Addr) (bellpull.Link, error) {
	name, err := e.nameOf(to)
	if err == nil {
		err = e.listen(ctx, to)
	}
	if err != nil {
		return nil, err
	}
	for {
		e.mu.Lock()
		if e.closed {
			e.mu.Unlock()
			return nil, dialError(to, errClosed("the engine is closed"))
		}
		r := e.record(name)
		l, t := r.link, r.try
		if l == nil && t == nil {
			t = r.begin()
			e.mu.Unlock()
			return e.attempt(ctx, r, t, to)
		}
		e.mu.Unlock()
		var other <-chan struct{}
		if t != nil { // it has dialled us and is being answered
			other = t.over
		} else if err := e.host.Adopt(ctx, l); err == nil {
			return l, nil
		} else { // it is ending just now
			other = l.down
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, dialError(to, ctx.Err())
		}
	}
}

var errNoAnswer = errors.New("connected, but the other process did not register back")

// attempt is the active side's part of section 1.4.
func (e *engine) attempt(ctx context.Context, r *record, t *attempt, to transport.Addr) (_ bellpull.Link, err error) {
	out, err := e.connect(ctx, to, transport.Identity{})
	if err != nil {
		e.over(r, t, nil, true)
		return nil, err
	}
	var l *link
	defer func() { e.over(r, t, l, false) }()
	timeout := time.NewTimer(e.cfg.RegisterTimeout)
	defer timeout.Stop()
	for {
		select {
		case <-t.came:
			err = nil
		case <-out.gone:
			err = &bellpull.Error{Code: bellpull.CodeUnavailable, Msg: "connected, but the other process hung up before it registered back"}
		case <-timeout.C:
			err = errNoAnswer
		case <-ctx.Done():
			err = ctx.Err()
		case <-e.life.Done():
			err = errClosed("the engine is closed")
		}
		in, now, lost := e.half(ctx, t, out, to, false)
		if lost != nil {
			return nil, dialError(to, lost)
		}
		if out = now; in != nil {
			if l, err = e.link(ctx, in.name, to, in, out, true); err != nil {
				return nil, err
			}
			return l, nil
		}
		if err != nil {
			out.port.Close()
			return nil, dialError(to, err)
		}
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
