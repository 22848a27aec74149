package sim_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/sim"
)

const address = "mem:x"

// world is a run on its way.
type world struct {
	*journal
	plan   *plan
	net    *sim.Net
	campus bool // dotnetCampus.Ipc is spoken

	clients []*client
	closing sync.WaitGroup // of servers that were
	telling chan struct{}  // holds a token while a server broadcasts
	told    int

	mu       sync.Mutex
	servers  []*process // the last one is it
	outcomes []outcome
	gates    map[*bellpull.Peer]*gates
}

// A process is a node and the host it runs on.
type process struct {
	w    *world
	name string
	host *sim.Host
	node *bellpull.Node
}

func (w *world) process(name, nodeName string, mux *bellpull.Mux) *process {
	p := &process{w: w, name: name, host: w.net.Host(name)}
	p.node = bellpull.NewNode(nodeName, bellpull.WithTransports(p.host), bellpull.WithMux(mux), bellpull.WithTimeout(w.plan.timeout))
	w.watch(p)
	return p
}

// watch has the trace tell of the node's events.
func (w *world) watch(p *process) {
	if !w.trace {
		return
	}
	events := p.node.Watch(context.Background())
	w.closing.Go(func() {
		for e := range events {
			code := ""
			if own, ok := errors.AsType[*bellpull.Error](e.Err); ok {
				code = own.Code.String()
			}
			w.journal.mu.Lock()
			w.lines = append(w.lines, line{e.Time.Sub(w.start), fmt.Sprintf("%s: %v %s %s try %d", p.name, e.Kind, e.Name, code, e.Try)})
			w.journal.mu.Unlock()
		}
	})
}

// The head of a body: what the handler is to do.
type head struct {
	id   int
	kind opKind
	work time.Duration
	deaf bool
}

const headLen = 14

func (h head) append(size int) []byte {
	b := make([]byte, headLen, headLen+size)
	binary.LittleEndian.PutUint32(b, uint32(h.id))
	b[4] = byte(h.kind)
	binary.LittleEndian.PutUint64(b[5:], uint64(h.work))
	if h.deaf {
		b[13] = 1
	}
	for i := range size {
		b = append(b, byte(h.id+i))
	}
	return b
}

func parseHead(b []byte) (h head, ok bool) {
	if len(b) < headLen {
		return h, false
	}
	h = head{id: int(binary.LittleEndian.Uint32(b)), kind: opKind(b[4]), work: time.Duration(binary.LittleEndian.Uint64(b[5:])), deaf: b[13] == 1}
	for i, c := range b[headLen:] {
		if c != byte(h.id+i) {
			return h, false
		}
	}
	return h, true
}

// backID is the id of the call that a handler makes back.
func backID(id int) int { return id + 1_000_000 }

// startServer starts the next server.
func (w *world) startServer() {
	w.mu.Lock()
	name := fmt.Sprintf("server%d", len(w.servers))
	w.mu.Unlock()
	mux := bellpull.NewMux()
	nodeName := ""
	if w.plan.named {
		nodeName = "server"
	}
	p := w.process(name, nodeName, mux)
	mux.Handle("do", bellpull.HandlerFunc(func(r *bellpull.Reply, q *bellpull.Request) { w.do(p, r, q) }))
	mux.Handle("note", bellpull.HandlerFunc(func(_ *bellpull.Reply, q *bellpull.Request) {
		h, ok := parseHead(q.Body())
		if !ok {
			w.wrong("%s got a notify of other bytes", name)
			return
		}
		w.hear(p.host, listening{w.clientOf(h.id), name}, h.id, q.Peer())
		w.end(p.host, w.begin(p.host, h.id), h.id)
	}))
	if err := p.node.Listen(context.Background(), address, dmtp.Protocol{Plain: w.plan.plain}); err != nil {
		w.wrong("%s cannot listen: %v", name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers = append(w.servers, p)
}

func (w *world) server() *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.servers[len(w.servers)-1]
}

func (w *world) clientOf(id int) string {
	for _, c := range w.clients {
		if ops := c.plan.ops; id >= ops[0].id && id <= ops[len(ops)-1].id {
			return c.proc.name
		}
	}
	return "?"
}

// do is the method of all calls.
func (w *world) do(p *process, r *bellpull.Reply, q *bellpull.Request) {
	body := q.Body()
	h, ok := parseHead(body)
	if !ok {
		w.wrong("%s got a call of other bytes", p.name)
		return
	}
	e := w.begin(p.host, h.id)
	ctx := q.Context()
	if h.deaf {
		time.Sleep(h.work)
	} else if t := time.NewTimer(h.work); true {
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			if w.plan.grid == 0 {
				time.Sleep(time.Duration(h.id)) // not together with others
			}
			r.Fail(ctx.Err())
			w.end(p.host, e, h.id)
			return
		}
	}
	switch h.kind {
	case opFail:
		r.Fail(errors.New("as asked"))
	case opBack:
		o := op{id: backID(h.id), kind: opCall, timeout: time.Second, work: 1 + h.work/2}
		out := w.call(ctx, q.Peer(), "back", o)
		if !p.host.Dead() {
			w.keep(out)
		}
		fallthrough
	default:
		r.Write(body)
	}
	w.end(p.host, e, h.id)
}

// tell has the server broadcast, one after another.
func (w *world) tell() {
	select {
	case w.telling <- struct{}{}:
	default:
		return // the last one still waits for room
	}
	defer func() { <-w.telling }()
	s := w.server()
	w.told++
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n, err := s.node.Broadcast(ctx, "note", head{id: w.told}.append(20))
	w.note("%s told %d to %d clients, %v", s.name, w.told, n, err != nil)
}

// trouble makes the plan's troubles, one after another.
func (w *world) trouble() {
	for _, x := range w.plan.trouble {
		time.Sleep(x.after)
		switch x.kind {
		case troubleCut, troubleReset:
			w.clients[x.client].proc.host.Cut(x.kind == troubleReset)
		case troubleLose:
			w.clients[x.client].proc.host.Lose()
		case troubleKill:
			s := w.server()
			s.host.Kill()
			time.Sleep(aside)
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			w.closing.Go(func() { w.close(s, gone, 0) })
			time.Sleep(x.down)
			w.startServer()
		case troubleRestart:
			s := w.server()
			w.note("%s is closed", s.name)
			ctx, cancel := context.WithTimeout(context.Background(), x.ctx)
			w.closing.Go(func() {
				defer cancel()
				w.close(s, ctx, x.ctx)
			})
			time.Sleep(x.down)
			w.startServer()
		}
	}
}

const (
	// grace is what Close takes behind the end of its context at most, see Node.Close.
	grace = 250 * time.Millisecond
	// longestHandler bounds the time that a handler takes that does not listen to its context, with a call back.
	longestHandler = 2*time.Second + 100*time.Millisecond
)

// close closes a node and sees whether that takes longer than it may.
func (w *world) close(p *process, ctx context.Context, within time.Duration) {
	from := w.now()
	err := p.node.Close(ctx)
	took := w.now() - from
	w.note("%s was closed: %s", p.name, verdict(err))
	if took > within+grace {
		w.wrong("%s took %v to close, it had %v", p.name, took, within)
	}
	if e, ok := errors.AsType[*bellpull.Error](err); err != nil && (!ok || took < within || ctx.Err() == nil) {
		w.wrong("%s was closed after %v of %v with %v, %v", p.name, took, within, err, e)
	}
	for q := range p.node.Peers() {
		w.wrong("%s has a peer %s after it was closed", p.name, q.Name())
	}
	if again := p.node.Close(context.Background()); again != nil {
		w.wrong("%s: the rest of Close: %v", p.name, again)
	}
	if took := w.now() - from; took > within+grace+longestHandler {
		w.wrong("%s was gone only after %v", p.name, took)
	}
}
