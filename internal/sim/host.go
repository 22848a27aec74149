package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A Host is a process on a [Net], as one node sees it: a [transport.Transport] of the scheme "mem" that also throws
// the node's dice. All methods may be called concurrently.
type Host struct {
	net  *Net
	name string
	dice Dice

	// mu guards the fields that follow.
	mu        sync.Mutex
	rolls     uint64
	dials     int
	order     int
	conns     map[*conn]int // those that are open, with their order
	listeners []*listener
	dead      bool
}

var _ transport.Transport = (*Host)(nil)

// Schemes gives "mem".
func (h *Host) Schemes() []string { return []string{"mem"} }

// Random gives the next random number of the node.
func (h *Host) Random() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rolls++
	return uint64(h.dice.Of(0).Of(h.rolls))
}

// Dead says that the process was killed. What its node does from then on has no meaning.
func (h *Host) Dead() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead
}

// Listen claims a name.
func (h *Host) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	if err := check(ctx, "listen", a); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	l := newListener(h, a)
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if h.dead || h.net.names[a.Rest] != nil {
		return nil, &transport.Error{Op: "listen", Addr: a.String(), Kind: transport.ErrInUse,
			Advice: "close the listener that has the name, or choose another"}
	}
	h.net.names[a.Rest] = l
	h.listeners = append(h.listeners, l)
	return l, nil
}

// Dial connects as the script says.
func (h *Host) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	if err := check(ctx, "dial", a); err != nil {
		return nil, err
	}
	h.mu.Lock()
	nth := h.dials
	h.dials++
	h.mu.Unlock()
	d := h.dice.Of(1).Of(uint64(nth))
	course := h.net.course(h.name, nth, d)
	name := fmt.Sprint(h.name, "/", nth)
	if err := pause(ctx, course.Pause); err != nil {
		return nil, &transport.Error{Op: "dial", Addr: a.String(), Err: err}
	}
	l := h.net.find(a.Rest)
	if h.Dead() || course.Refuse || l == nil && !course.HangUp {
		h.net.note(name, "refused", 0)
		return nil, noServer(a)
	}
	h.net.note(name, "connected", 0)
	p := newPair(h.net, name, transport.Addr{Scheme: "mem", Rest: name}, a, course, d)
	h.net.count(2)
	if !h.adopt(p.near) {
		p.near.Close()
		p.far.Close()
		return nil, noServer(a)
	}
	if course.HangUp {
		time.AfterFunc(course.HangAfter, func() { p.far.Close(); h.net.count(-1) })
		return p.near, nil
	}
	if err := l.offer(ctx, p.far); err != nil {
		p.near.Close()
		return nil, err
	}
	return p.near, nil
}

// adopt makes the connection one of the process.
func (h *Host) adopt(c *conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.host = h
	h.order++
	h.conns[c] = h.order
	return !h.dead
}

func (h *Host) forget(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	h.net.count(-1)
}

// sorted gives the open connections, the oldest first.
func (h *Host) sorted() []*conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.SortedFunc(maps.Keys(h.conns), func(a, b *conn) int { return h.conns[a] - h.conns[b] })
}

// Kill ends the process as the operating system does: its names are free, its connections are closed, and what it
// wrote before is still on its way. Nothing that its node does from here on reaches anybody, nor anybody the node; the
// owner still has to close it. It does not block.
func (h *Host) Kill() {
	h.net.note(h.name, "killed", 0)
	h.mu.Lock()
	h.dead = true
	listeners := h.listeners
	h.mu.Unlock()
	for _, c := range h.sorted() {
		c.Close()
	}
	for _, l := range listeners {
		l.stop()
	}
}

// Cut cuts all connections of the process, both ways, and gives their number. What is on its way is lost. It does not
// block.
func (h *Host) Cut(reset bool) int {
	list := h.sorted()
	for _, c := range list {
		c.cut(reset)
	}
	h.net.note(h.name, "cut off", int64(len(list)))
	return len(list)
}

// Lose has the process see all its connections reset, while what it wrote before is still on its way to the others, who
// see the end behind it. It gives the number of connections and does not block.
func (h *Host) Lose() int {
	list := h.sorted()
	for _, c := range list {
		c.out.end(syscall.ECONNRESET)
		c.in.breakOff(true)
	}
	h.net.note(h.name, "lost all", int64(len(list)))
	return len(list)
}

func check(ctx context.Context, op string, a transport.Addr) error {
	switch {
	case a.Scheme != "mem" || a.Rest == "":
		return &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Advice: "this network serves mem:NAME"}
	case ctx.Err() != nil:
		return &transport.Error{Op: op, Addr: a.String(), Err: ctx.Err()}
	}
	return nil
}

// pause waits and says whether it had to leave off.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
