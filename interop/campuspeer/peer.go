package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/bellpull/bellpull/interop/internal/control"
)

// peer is the end under test, through all its lives: close ends one and open begins the next.
type peer struct {
	opts  *options
	lines *control.Lines
	log   io.Writer

	wg    sync.WaitGroup           // commands
	lanes map[string]chan struct{} // what the next command to a peer waits for; of the goroutine that reads commands

	// mu guards the fields that follow.
	mu       sync.Mutex
	life     *session // nil while it is closed
	counters map[string]int
	seen     int // answers of /echo and /slow
	running  int // commands under way that wait for an answer of another peer
}

func newPeer(o *options, out *control.Lines, log io.Writer) *peer {
	return &peer{opts: o, lines: out, log: log, counters: map[string]int{}, lanes: map[string]chan struct{}{}}
}

// open begins a life, unless there is one.
func (p *peer) open(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != nil {
		return nil
	}
	s, err := newSession(ctx, p)
	if err != nil {
		return err
	}
	p.life = s
	return nil
}

// close ends the life, if there is one.
func (p *peer) close() {
	p.mu.Lock()
	s := p.life
	p.life = nil
	p.mu.Unlock()
	if s != nil {
		s.close()
	}
}

// stop ends everything and waits for it.
func (p *peer) stop() {
	p.close()
	p.wg.Wait()
}

// session gives the life that runs.
func (p *peer) session() (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil {
		return nil, &control.Failure{Type: "ObjectDisposedException", Message: "the peer is closed; open starts it again"}
	}
	return p.life, nil
}

func (p *peer) event(name string, f control.Fields) {
	p.count("event:" + name)
	p.lines.Event(name, f)
}

func (p *peer) count(name string) {
	p.mu.Lock()
	p.counters[name]++
	p.mu.Unlock()
}

// nextSeen counts an answer of /echo or /slow.
func (p *peer) nextSeen() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen++
	return p.seen
}

// asking counts a command that waits for an answer, until the returned function is called.
func (p *peer) asking() (over func()) {
	add := func(n int) {
		p.mu.Lock()
		p.running += n
		p.mu.Unlock()
	}
	add(1)
	return func() { add(-1) }
}

// stats gives the counters and who is here.
func (p *peer) stats() control.Fields {
	p.mu.Lock()
	s := p.life
	f := control.Fields{"pending": p.running}
	for name, n := range maps.All(p.counters) {
		f[name] = n
	}
	p.mu.Unlock()
	names := []string{}
	if s != nil {
		names = s.names()
	}
	slices.Sort(names)
	f["peers"] = names
	return f
}
