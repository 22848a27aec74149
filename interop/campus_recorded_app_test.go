package interop_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/httplink"
	"github.com/bellpull/bellpull/transport/npipe"
)

// recApp is a process of the recordings as a node of ours, with the behaviours that the control protocol gives it.
type recApp struct {
	play      *recPlay
	name      string
	args      []string
	reconnect bool
	slow      chan struct{} // holds a token for each slow answer that is due

	// mu guards the fields that follow.
	mu      sync.Mutex
	node    *bellpull.Node
	proto   *campus.Protocol
	dialled map[string]bool           // whom we dial, and are the ones to reconnect
	known   map[string]*bellpull.Peer // who was ever connected
	refs    map[string]*campus.Object
	events  []map[string]any
	changed chan struct{} // closed and replaced with each event
	watched sync.WaitGroup
}

func newRecApp(p *recPlay) *recApp {
	args := p.s.Args[p.us]
	return &recApp{play: p, name: p.listens(p.us), args: args, reconnect: slices.Contains(args, "--reconnect"),
		slow: make(chan struct{}, 16), changed: make(chan struct{})}
}

func (a *recApp) has(flag string) bool { return slices.Contains(a.args, flag) }

// start makes the node: a process that was not there before.
func (a *recApp) start() {
	p := a.play
	a.mu.Lock()
	defer a.mu.Unlock()
	p.acks = map[uint64]bool{}
	a.dialled, a.known, a.refs = map[string]bool{}, map[string]*bellpull.Peer{}, map[string]*campus.Object{}
	m := bellpull.NewMux()
	a.proto = &campus.Protocol{Dialect: a.dialect(), OnMessage: bellpull.HandlerFunc(a.message)}
	switch {
	case p.s.Name == "spec-vectors":
		a.vectors(m)
	case a.has("--mvc"):
		a.proto.OnRequest = httplink.Handler(http.HandlerFunc(recSite))
	case !a.has("--no-echo"):
		a.proto.OnRequest = bellpull.HandlerFunc(a.request)
	}
	if !a.has("--no-routes") && p.s.Name != "spec-vectors" {
		a.routes(m)
	}
	if !a.has("--no-objects") && p.s.Name != "spec-vectors" {
		a.proto.Objects = a.objects()
	}
	a.node = bellpull.NewNode(a.name, bellpull.WithMux(m), bellpull.WithTransports(npipe.Transport{Dir: p.dir}))
	events := a.node.Watch(context.Background())
	a.watched.Go(func() {
		for e := range events {
			a.watch(e)
		}
	})
	if err := a.node.Listen(context.Background(), "npipe:"+a.name, a.proto); err != nil {
		p.t.Fatal(err)
	}
}

// stop ends it: in an orderly way, or at once as a process ends that is killed. It may be called again.
func (a *recApp) stop(orderly bool) {
	a.mu.Lock()
	n := a.node
	a.node = nil
	a.mu.Unlock()
	if n == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), dmtpPatience)
	if !orderly {
		cancel()
	}
	n.Close(ctx)
	cancel()
	a.watched.Wait()
}

func (a *recApp) dialect() campus.Dialect {
	if i := slices.Index(a.args, "--json"); i >= 0 {
		switch a.args[i+1] {
		case "camel":
			return campus.Camel
		case "newtonsoft":
			return campus.Newtonsoft
		}
	}
	return campus.STJ
}

// watch notes the node's events. As in .NET it is none that somebody comes up whom we have dialled, unless it comes back.
// With reconnect a process of .NET dials again whoever was lost, also those that had dialled it: here that takes a Dial,
// which finds the link that is there.
func (a *recApp) watch(e bellpull.Event) {
	switch e.Kind {
	case bellpull.EventDown:
		a.add(map[string]any{"event": "broken", "peer": e.Name})
	case bellpull.EventClosed:
		a.mu.Lock()
		delete(a.dialled, e.Name)
		a.mu.Unlock()
	case bellpull.EventUp:
		a.mu.Lock()
		node, proto, own := a.node, a.proto, a.dialled[e.Name]
		a.known[e.Name] = e.Peer
		a.mu.Unlock()
		if own && e.Reconnects == 0 {
			return
		}
		connected := map[string]any{"event": "connected", "peer": e.Name}
		if !a.reconnect || own || node == nil {
			a.add(connected)
			return
		}
		a.mu.Lock()
		a.dialled[e.Name] = true
		a.mu.Unlock()
		a.watched.Go(func() { // it may be lost again before the Dial finds it
			if _, err := node.Dial(context.Background(), "npipe:"+e.Name, proto, bellpull.WaitForServer()); err == nil {
				a.add(connected)
			}
		})
	}
}

func (a *recApp) add(e map[string]any) {
	a.mu.Lock()
	a.events = append(a.events, e)
	close(a.changed)
	a.changed = make(chan struct{})
	a.mu.Unlock()
}

// take takes an event out, or gives a channel that is closed when there are more.
func (a *recApp) take(is func(map[string]any) bool) (changed chan struct{}, found bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.events, is)
	if i < 0 {
		return a.changed, false
	}
	a.events = slices.Delete(a.events, i, i+1)
	return nil, true
}

// pending gives the first event of a kind that was not taken; of any kind, all of them.
func (a *recApp) pending(kind string) any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if kind == "" {
		return slices.Clone(a.events)
	}
	for _, e := range a.events {
		if e["event"] == kind {
			return e
		}
	}
	return nil
}

// recBytes is how the control protocol shows bytes.
func recBytes(m map[string]any, b []byte) map[string]any {
	if len(b) <= 64<<10 {
		m["hex"] = hex.EncodeToString(b)
	} else {
		m["body"] = map[string]any{"len": float64(len(b)), "sha256": fmt.Sprintf("%x", sha256.Sum256(b))}
	}
	return m
}

func (a *recApp) message(_ *bellpull.Reply, r *bellpull.Request) {
	a.add(recBytes(map[string]any{"event": "message", "from": r.Peer().Name()}, r.Borrow()))
}

// request answers requests without a route.
func (a *recApp) request(w *bellpull.Reply, r *bellpull.Request) {
	body := r.Borrow()
	for _, known := range []string{"jOmR\x00\x00\x00\x00", "JsonDrRt", "RwBtDrRt"} {
		if strings.HasPrefix(string(body), known) {
			return
		}
	}
	a.add(recBytes(map[string]any{"event": "request", "from": r.Peer().Name()}, body))
	answer := "echo:" + string(body)
	switch string(body) {
	case "nobody":
		return
	case "throw":
		panic("throw")
	case "slow":
		a.await(r.Context())
	case "nested":
		inner, err := campus.Raw(r.Peer()).Request(r.Context(), 0, []byte("inner"))
		if err != nil {
			w.Fail(err)
			return
		}
		answer = "nested:" + string(inner)
	}
	w.Write([]byte(answer))
}

// await is what a slow handler does until its answer is due.
func (a *recApp) await(ctx context.Context) {
	select {
	case <-a.slow:
	case <-ctx.Done():
	}
}
