//go:build linux || darwin

package survival

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// methods are what the service can do. All take and give bytes. What is noted is the body up to its first space.
//
//	echo      answers with its body
//	note      writes into the journal when it begins and when it is about to return, and answers with its body
//	size      answers with as many bytes as its body says in decimal
//	slow      notes, but sleeps for 20 ms in between
//	block     returns when its context ends
//	stuck     never returns, whatever becomes of its context
//	die       notes that it begins, and kills its process
//	dieonce   dies as die does, unless the journal says that it has done so for this body; then it answers
//	lastword  notes that it begins, writes its answer and kills its process before it returns
//	fail      answers with an error
//	panic     panics
type methods struct {
	*bellpull.Mux
	die     func()
	over    chan struct{} // frees what is stuck, when the service is in the test's own process
	journal *os.File
	err     error
}

func newMethods(journal string, die func()) *methods {
	m := &methods{Mux: bellpull.NewMux(), die: die, over: make(chan struct{})}
	m.journal, m.err = os.OpenFile(journal, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	handle := func(name string, f func(w *bellpull.Reply, r *bellpull.Request)) {
		m.Handle(name, bellpull.HandlerFunc(f))
	}
	handle("echo", func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) })
	handle("note", func(w *bellpull.Reply, r *bellpull.Request) {
		m.note("in", r)
		w.Write(r.Borrow())
		m.note("out", r)
	})
	handle("size", func(w *bellpull.Reply, r *bellpull.Request) {
		n, _ := strconv.Atoi(string(r.Borrow()))
		w.Write(make([]byte, n))
	})
	handle("slow", func(w *bellpull.Reply, r *bellpull.Request) {
		m.note("in", r)
		time.Sleep(20 * time.Millisecond)
		w.Write(r.Borrow())
		m.note("out", r)
	})
	handle("block", func(w *bellpull.Reply, r *bellpull.Request) {
		select {
		case <-r.Context().Done():
		case <-m.over:
		}
		w.Fail(errors.New("let go"))
	})
	handle("stuck", func(w *bellpull.Reply, r *bellpull.Request) { <-m.over })
	handle("die", func(w *bellpull.Reply, r *bellpull.Request) {
		m.note("in", r)
		m.die()
		<-m.over
	})
	handle("dieonce", func(w *bellpull.Reply, r *bellpull.Request) {
		before, _ := os.ReadFile(journal)
		m.note("in", r)
		if !bytes.Contains(before, append([]byte("in "), r.Borrow()...)) {
			m.die()
			<-m.over
		}
		w.Write(r.Borrow())
		m.note("out", r)
	})
	handle("lastword", func(w *bellpull.Reply, r *bellpull.Request) {
		m.note("in", r)
		w.Write(r.Borrow())
		m.die()
		<-m.over
	})
	handle("fail", func(w *bellpull.Reply, r *bellpull.Request) { w.Fail(errors.New("it failed")) })
	handle("panic", func(w *bellpull.Reply, r *bellpull.Request) { panic("it panicked") })
	return m
}

// note appends a line to the journal: one write, which outlives the process.
func (m *methods) note(what string, r *bellpull.Request) {
	id, _, _ := bytes.Cut(r.Borrow(), []byte(" "))
	m.journal.WriteString(what + " " + string(id) + "\n")
}

// listenService makes the service's node.
func listenService(w way, addr string, m *methods, more ...option) (*bellpull.Node, error) {
	if m.err != nil {
		return nil, m.err
	}
	return w.listen(context.Background(), addr, m.Mux, more...)
}

// listenHere makes a node of the test's own process, with handlers of the test's own, and gives its address. It is closed
// when the test ends.
func (w way) listenHere(t testing.TB, m *bellpull.Mux, more ...option) (*bellpull.Node, string) {
	t.Helper()
	addr := w.address(t)
	node, err := w.listen(t.Context(), addr, m, more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNode(node) })
	return node, addr
}

// A service is a server of these methods: a process of its own, or, over mem, a node whose connections can be cut all
// at once as the system does for a process that was killed.
type service struct {
	way     way
	addr    string
	journal string
	gone    <-chan struct{} // closed when its connections are: its peers can see that it has ended
	proc    *process        // nil over mem
	here    *servedHere     // over mem
}

// serve starts a service at an address of its own. It ends with the test.
func (w way) serve(t testing.TB) *service {
	t.Helper()
	return w.serveAt(t, w.address(t), filepath.Join(t.TempDir(), "journal"))
}

// again starts the service anew, at the same address and with the same journal, after it was killed.
func (s *service) again(t testing.TB) *service {
	t.Helper()
	arrives(t, "the end of the service before", s.gone)
	if s.proc != nil {
		<-s.proc.over
	}
	return s.way.serveAt(t, s.addr, s.journal)
}

func (w way) serveAt(t testing.TB, addr, journal string) *service {
	t.Helper()
	s := &service{way: w, addr: addr, journal: journal}
	if !w.processes() {
		s.here = serveHere(t, w, addr, journal)
		s.gone = s.here.gone
		return s
	}
	t.Cleanup(func() { sweep(addr) })
	s.proc = start(t, "serve", w.String(), addr, journal)
	s.gone = s.proc.gone
	return s
}

// sweep removes the files that a killed service left in a directory which outlives the test.
func sweep(addr string) {
	scheme, name, _ := strings.Cut(addr, ":")
	switch scheme {
	case "shm":
		name += ".shm"
	case "local":
	default:
		return
	}
	if l, err := unixsock.Listen(context.Background(), "local:"+name); err == nil {
		l.Close()
	}
}

// kill is kill -9, or what comes nearest to it over mem. It does not wait; see gone and goneAt.
func (s *service) kill() {
	if s.proc != nil {
		s.proc.kill()
		return
	}
	s.here.kill()
}

// goneAt waits until the service's connections are closed and gives the time when that was to be seen.
func (s *service) goneAt(t testing.TB) time.Time {
	t.Helper()
	arrives(t, "the end of the service", s.gone)
	if s.proc != nil {
		return s.proc.at
	}
	return s.here.at
}

// noted gives how often each line stands in the journal: "in ID" and "out ID".
func (s *service) noted(t testing.TB) map[string]int {
	t.Helper()
	text, err := os.ReadFile(s.journal)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		counts[strings.TrimSuffix(line, "\n")]++
	}
	return counts
}

// servedHere is a service in the test's own process.
type servedHere struct {
	node    *bellpull.Node
	methods *methods
	gone    chan struct{}
	at      time.Time
	once    sync.Once
	cuts    *cuts
}

func serveHere(t testing.TB, w way, addr, journal string) *servedHere {
	t.Helper()
	h := &servedHere{gone: make(chan struct{}), cuts: &cuts{Transport: w.transport()}}
	h.methods = newMethods(journal, h.kill)
	node, err := listenService(w, addr, h.methods, nodeOptions(bellpull.WithTransports(h.cuts)))
	if err != nil {
		t.Fatal(err)
	}
	h.node = node
	t.Cleanup(func() {
		close(h.methods.over)
		closeNode(node)
		h.methods.journal.Close()
	})
	return h
}

func (h *servedHere) kill() {
	h.once.Do(func() {
		h.cuts.cut()
		h.at = time.Now()
		close(h.gone)
	})
}

// cuts is a transport whose connections can be closed all at once, without a word, and its listener with them.
type cuts struct {
	transport.Transport
	mu    sync.Mutex
	ended bool
	list  []interface{ Close() error }
}

func (c *cuts) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := c.Transport.Listen(ctx, a)
	if err != nil {
		return nil, err
	}
	c.add(l)
	return &cutListener{l, c}, nil
}

func (c *cuts) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	conn, err := c.Transport.Dial(ctx, a)
	if err == nil {
		c.add(conn)
	}
	return conn, err
}

func (c *cuts) add(x interface{ Close() error }) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, x)
	if c.ended {
		x.Close()
	}
}

func (c *cuts) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for i := len(c.list) - 1; i >= 0; i-- { // as the system does: the connections first, the listener last
		c.list[i].Close()
	}
}

// cutConns closes the connections that are there, and lets new ones come.
func (c *cuts) cutConns() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.list {
		if conn, ok := x.(transport.Conn); ok {
			conn.Close()
		}
	}
}

type cutListener struct {
	transport.Listener
	cuts *cuts
}

func (l *cutListener) AcceptConn() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err == nil {
		l.cuts.add(c)
	}
	return c, err
}
