package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// peer is the end under test: a service, or a client.
type peer struct {
	opts  *options
	lines *control.Lines
	log   io.Writer
	node  *bellpull.Node
	proto *dmtp.Protocol

	ctx    context.Context // ends with the input
	cancel context.CancelFunc
	wg     sync.WaitGroup           // commands, heartbeat, dials
	lanes  map[string]chan struct{} // what the next send to a peer waits for; of the goroutine that reads commands

	// mu guards the fields that follow.
	mu       sync.Mutex
	service  *bellpull.Peer    // what a client dialled
	id       string            // the client's
	given    map[string]string // the ids that clients had before the ones they asked for
	counters map[string]int
}

func newPeer(o *options, out *control.Lines, log io.Writer) *peer {
	p := &peer{opts: o, lines: out, log: log, given: map[string]string{}, counters: map[string]int{}, lanes: map[string]chan struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.node = bellpull.NewNode("", bellpull.WithMux(methods()), bellpull.WithLogger(slog.New(slog.NewTextHandler(log, nil))),
		bellpull.WithHandlerInterceptor(p.counted))
	p.proto = &dmtp.Protocol{
		Plain: true, AllowAnonymous: true, Token: o.token, ID: o.id, Metadata: o.meta,
		VerifyTimeout: o.verify, OnFrame: p.frame,
	}
	if o.serve {
		p.proto.Verify = p.verify
	}
	if o.prefix != nil {
		p.proto.NewID = func(n uint64) string { return fmt.Sprint(*o.prefix, n) }
	}
	return p
}

// start listens or connects and writes the first line. It gives the exit code, 0 to go on.
func (p *peer) start() int {
	if p.opts.serve {
		urls, err := p.listen()
		if err != nil {
			fmt.Fprintln(p.log, "dmtppeer:", err)
			p.lines.Begin("failed", control.Fields{"error": describe(err), "impl": impl, "pid": os.Getpid()})
			return 2
		}
		p.lines.Begin("ready", control.Fields{"urls": urls, "impl": impl, "pid": os.Getpid()})
		return 0
	}
	if err := p.dial(p.ctx); err != nil {
		p.lines.Begin("failed", control.Fields{"error": describe(err), "impl": impl, "pid": os.Getpid()})
		if !p.opts.reconnect || checkURL(p.opts.to) != nil {
			return 3
		}
		p.wg.Go(p.dialOn)
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines.Begin("ready", control.Fields{"id": p.id, "meta": metadata(p.service.Metadata()), "impl": impl, "pid": os.Getpid()})
	return 0
}

func (p *peer) listen() (urls []string, err error) {
	for _, url := range p.opts.listen {
		if err := checkURL(url); err != nil {
			return nil, err
		}
		if err := p.node.Listen(p.ctx, url, p.proto); err != nil {
			return nil, err
		}
		for _, addr := range p.node.Addrs() {
			if u := asURL(addr); !slices.Contains(urls, u) {
				urls = append(urls, u)
			}
		}
	}
	return urls, nil
}

// verify refuses clients by a key of their metadata, and remembers who asks for which id.
func (p *peer) verify(v *dmtp.Verify) error {
	p.count("connecting")
	if p.opts.deny != nil {
		for _, pair := range v.Metadata {
			if pair.Key == *p.opts.deny {
				return errors.New("denied:" + pair.Value)
			}
		}
	}
	if v.ID != "" && v.ID != v.Current {
		p.mu.Lock()
		p.given[v.ID] = v.Current
		p.mu.Unlock()
	}
	return nil
}

// dial connects the client and makes what it reached the one that commands are for.
func (p *peer) dial(ctx context.Context, opts ...bellpull.DialOption) error {
	if err := checkURL(p.opts.to); err != nil {
		return err
	}
	p.count("connecting")
	opts = append(opts, bellpull.FailFast())
	if !p.opts.reconnect {
		opts = append(opts, bellpull.WithoutReconnect())
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := p.node.Dial(ctx, p.opts.to, p.proto, opts...)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.service, p.id = s, dmtp.SessionID(s)
	if p.opts.heartbeat > 0 {
		p.wg.Go(func() { p.heartbeat(s) })
	}
	return nil
}

// dialOn goes on trying after a first connect that failed.
func (p *peer) dialOn() {
	for p.ctx.Err() == nil {
		if err := p.dial(p.ctx, bellpull.WaitForServer()); err == nil {
			p.lines.Event("reconnected", control.Fields{"id": p.sessionID(nil)})
			return
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-p.ctx.Done():
		}
	}
}

// heartbeat pings the service until it is gone for good, and hangs up when it does not answer.
func (p *peer) heartbeat(s *bellpull.Peer) {
	tick := time.NewTicker(p.opts.heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.Done():
			return
		case <-p.ctx.Done():
			return
		}
		l := s.Link()
		if l == nil {
			continue
		}
		p.count("heartbeats")
		ctx, cancel := context.WithTimeout(p.ctx, max(p.opts.heartbeat, time.Second))
		_, err := l.Ping(ctx)
		cancel()
		if err != nil && p.ctx.Err() == nil {
			fmt.Fprintln(p.log, "dmtppeer: heartbeat failed:", err)
			l.Close("heartbeat failed")
		}
	}
}

// frame shows a user frame, and answers those of 1000 to 1999 under a number that is higher by 1000.
func (p *peer) frame(f *dmtp.Frame) {
	p.count("frames")
	p.lines.Event("frame", control.AddBody(control.Fields{"from": p.sessionID(f.Peer), "flags": f.Flags}, f.Body))
	if f.Flags >= 1000 && f.Flags < 2000 {
		if err := dmtp.SendFrame(p.ctx, f.Peer, f.Flags+1000, f.Body); err != nil {
			fmt.Fprintln(p.log, "dmtppeer: frame:", err)
		}
	}
}

// counted counts the calls that run; user frames are none.
func (p *peer) counted(next bellpull.Handler) bellpull.Handler {
	return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		if r.Number() == 0 {
			p.count("calls_in")
		}
		next.ServeBell(w, r)
	})
}

// sessionID gives the id of a connection: of a service's client, or the client's own.
func (p *peer) sessionID(of *bellpull.Peer) string {
	if p.opts.serve {
		return of.Name()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id
}

func (p *peer) count(name string) {
	p.mu.Lock()
	p.counters[name]++
	p.mu.Unlock()
}

// stats gives the counters and who is here.
func (p *peer) stats() control.Fields {
	f := control.Fields{}
	for _, name := range strings.Fields("connecting connected closing closed frames channels violations heartbeats reconnects") {
		f[name] = 0
	}
	clients := []string{}
	for c := range p.node.Peers() {
		if p.opts.serve {
			clients = append(clients, c.Name())
		} else {
			clients = append(clients, p.sessionID(c))
		}
	}
	slices.Sort(clients)
	f["clients"], f["sessions"] = clients, len(clients)
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, n := range maps.All(p.counters) {
		f[name] = n
	}
	f["closing"] = f["closed"]
	return f
}

// stop says goodbye to everybody and waits until nothing is left.
func (p *peer) stop(ctx context.Context) {
	p.cancel()
	if err := p.node.Close(ctx); err != nil {
		fmt.Fprintln(p.log, "dmtppeer:", err)
	}
	p.wg.Wait()
}
