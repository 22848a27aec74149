package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// A client makes the calls of its plan.
type client struct {
	w    *world
	plan clientPlan
	proc *process
	peer *bellpull.Peer // nil: it never got in
}

// outcome is how a call or notify ended.
type outcome struct {
	op
	who          string
	began, ended time.Duration
	err          error
	answered     bool // with the bytes that were sent
}

func (w *world) keep(o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes = append(w.outcomes, o)
}

func (w *world) addClient(i int, c clientPlan) {
	mux := bellpull.NewMux()
	p := w.process(fmt.Sprintf("client%d", i), c.name, mux)
	mux.Handle("back", bellpull.HandlerFunc(func(r *bellpull.Reply, q *bellpull.Request) { w.do(p, r, q) }))
	mux.Handle("note", bellpull.HandlerFunc(func(_ *bellpull.Reply, q *bellpull.Request) {
		h, ok := parseHead(q.Body())
		if !ok {
			w.wrong("%s got a notify of other bytes", p.name)
			return
		}
		w.hear(p.host, listening{"server", p.name}, h.id, q.Peer())
	}))
	w.clients = append(w.clients, &client{w: w, plan: c, proc: p})
}

// run dials and does what is planned.
func (c *client) run() {
	time.Sleep(c.plan.start)
	if c.peer = c.dial(); c.peer == nil {
		return
	}
	var wg sync.WaitGroup
	var notifies []op
	for _, o := range c.plan.ops {
		time.Sleep(o.after)
		if o.kind == opNotify {
			notifies = append(notifies, o)
			if len(notifies) < 3 {
				continue
			}
		} else {
			wg.Go(func() { c.w.keep(c.w.call(context.Background(), c.peer, "do", o)) })
			continue
		}
		wg.Go(c.notifier(notifies))
		notifies = nil
		wg.Wait() // notifies are made one after another, or there would be no order to keep
	}
	time.Sleep(aside)
	wg.Go(c.notifier(notifies))
	wg.Wait()
}

func (c *client) notifier(list []op) func() {
	return func() {
		for _, o := range list {
			c.w.keep(c.notify(o))
		}
	}
}

// dial tries for a while, or has the node do so.
func (c *client) dial() *bellpull.Peer {
	w := c.w
	var opts []bellpull.DialOption
	tries, within := 5, 3*time.Second
	if c.plan.failFast {
		opts = append(opts, bellpull.FailFast())
	}
	if c.plan.once {
		opts = append(opts, bellpull.WithoutReconnect())
	}
	if c.plan.patient {
		opts = append(opts, bellpull.WaitForServer())
		tries, within = 2, 10*time.Second
	}
	for range tries {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		from := w.now()
		p, err := c.proc.node.Dial(ctx, address, dmtp.Protocol{Plain: c.plan.plain}, opts...)
		cancel()
		w.note("%s dialled: %s", c.proc.name, verdict(err))
		if took := w.now() - from; took > within {
			w.wrong("%s: a dial of %v took %v", c.proc.name, within, took)
		}
		if err == nil {
			return p
		}
		if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Ran != bellpull.Never {
			w.wrong("%s: a dial failed with %v", c.proc.name, err)
		}
		time.Sleep(100*time.Millisecond + 1)
	}
	return nil
}

// call makes a call and gives what came of it.
func (w *world) call(ctx context.Context, p *bellpull.Peer, method string, o op) outcome {
	defer w.alone(p, o.kind)()
	out := outcome{op: o, who: p.Name(), began: w.now()}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !o.bare {
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	switch o.kind {
	case opIdempotent:
		ctx = bellpull.WithCall(ctx, bellpull.Idempotent())
	case opCancel:
		stop := time.AfterFunc(o.cancel, cancel)
		defer stop.Stop()
	}
	body := head{o.id, o.kind, o.work, o.deaf}.append(o.size)
	answer, err := p.CallBytes(ctx, method, nil, body)
	out.ended, out.err, out.answered = w.now(), err, err == nil && bytes.Equal(answer, body)
	w.note("%v %d: %s", o.kind, o.id, verdict(err))
	return out
}

func (c *client) notify(o op) outcome {
	w := c.w
	defer w.alone(c.peer, opNotify)()
	out := outcome{op: o, who: c.proc.name, began: w.now()}
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	out.err = c.peer.Notify(ctx, "note", head{o.id, o.kind, o.work, o.deaf}.append(o.size))
	out.ended = w.now()
	w.note("notify %d: %s", o.id, verdict(out.err))
	return out
}

// gates keep calls from beginning at one instant, see alone.
type gates struct{ away, again chan struct{} }

// alone waits until a call of a peer may begin, and gives what ends its turn. Calls that wait for a link, or are made
// again on the next one, all wake when it comes, and which of them is the first to send is the scheduler's choice. So
// where a run is to be repeated there is only one of these at a time.
func (w *world) alone(p *bellpull.Peer, kind opKind) (done func()) {
	if w.plan.grid > 0 {
		return func() {}
	}
	w.mu.Lock()
	g := w.gates[p]
	if g == nil {
		g = &gates{make(chan struct{}, 1), make(chan struct{}, 1)}
		w.gates[p] = g
	}
	w.mu.Unlock()
	if kind == opIdempotent {
		g.again <- struct{}{}
	}
	g.away <- struct{}{}
	time.Sleep(aside)
	away := !p.Up()
	if !away {
		<-g.away
	}
	return func() {
		if away {
			<-g.away
		}
		if kind == opIdempotent {
			<-g.again
		}
	}
}

// verdict says in words what an error means that all runs of a seed agree on.
func verdict(err error) string {
	if err == nil {
		return "ok"
	}
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return "untyped: " + err.Error()
	}
	return fmt.Sprint(e.Code, " ", e.Ran, " ", e.Remote)
}

// recovers sees that the client finds back when the weather is calm, unless it was told not to.
func (c *client) recovers() {
	w := c.w
	if c.peer == nil || c.peer.Err() != nil {
		return
	}
	patience := 30 * time.Second // a silence of 15 s, a try to reconnect of 5 s, pauses of 2 s
	if x := w.plan.weather; x.room > 0 || x.piece > 0 {
		patience += x.stallMost // that the carrier takes more after it was full counts as life
	}
	from := w.now()
	for n := 0; ; n++ {
		o := op{id: 2_000_000 + c.plan.ops[0].id*1000 + n, timeout: 5 * time.Second, work: time.Duration(10 + n)}
		out := w.call(context.Background(), c.peer, "do", o)
		w.keep(out)
		if out.err == nil || c.peer.Err() != nil {
			return
		}
		if w.now()-from > patience {
			w.wrong("%s did not find back in %v: %v", c.proc.name, patience, out.err)
			return
		}
		time.Sleep(100*time.Millisecond + 1)
	}
}
