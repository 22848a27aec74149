package interop_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// dmtpNoLeaks has the test fail if it leaves goroutines behind. To be called before anything is started.
func dmtpNoLeaks(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if !t.Failed() {
			goleak.VerifyNone(t, ignore)
		}
	})
}

// dmtpBounded gives a context for one wait.
func dmtpBounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), dmtpPatience)
	t.Cleanup(cancel)
	return ctx
}

// dmtpServe makes a service in this process, closed when the test ends. url is how other programs write its address.
func dmtpServe(t *testing.T, addr string, mux *bellpull.Mux, opts ...dmtp.Option) (node *bellpull.Node, url string) {
	t.Helper()
	node, err := dmtp.Listen(t.Context(), addr, mux, append(opts, dmtp.Plain(), dmtp.AllowAnonymous())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(dmtpBounded(t)); err != nil {
			t.Error(err)
		}
	})
	scheme, rest, _ := strings.Cut(node.Addrs()[0], ":")
	return node, scheme + "://" + rest
}

// dmtpDial connects to a service from this process. The peer does not reconnect and is closed when the test ends.
func dmtpDial(t *testing.T, url string, opts ...dmtp.Option) *bellpull.Peer {
	t.Helper()
	peer, err := dmtp.Dial(dmtpBounded(t), url, append(opts, dmtp.Plain(), dmtp.DialOptions(bellpull.WithoutReconnect()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close(dmtpBounded(t)) })
	return peer
}

// dmtpEvents are the events of a node in this process.
type dmtpEvents struct {
	t    *testing.T
	mu   sync.Mutex
	list []bellpull.Event
	news chan struct{}
}

// dmtpWatch collects the events of a node until the test ends.
func dmtpWatch(t *testing.T, node *bellpull.Node) *dmtpEvents {
	w := &dmtpEvents{t: t, news: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	events := node.Watch(ctx)
	wg.Go(func() {
		for e := range events {
			w.mu.Lock()
			w.list = append(w.list, e)
			close(w.news)
			w.news = make(chan struct{})
			w.mu.Unlock()
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return w
}

// await gives the next event of a kind that was not given out yet.
func (w *dmtpEvents) await(kind bellpull.EventKind) bellpull.Event {
	w.t.Helper()
	timeout := time.After(dmtpPatience)
	for {
		w.mu.Lock()
		for i, e := range w.list {
			if e.Kind == kind {
				w.list = append(w.list[:i:i], w.list[i+1:]...)
				w.mu.Unlock()
				return e
			}
		}
		news := w.news
		w.mu.Unlock()
		select {
		case <-news:
		case <-timeout:
			w.t.Fatalf("no event %v", kind)
		}
	}
}

// seen says whether there is an event of a kind that was not given out yet.
func (w *dmtpEvents) seen(kind bellpull.EventKind) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.list {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// dmtpLink is a connection between this process and another program.
type dmtpLink struct {
	serving bool // this process is the service
	node    *bellpull.Node
	peer    *bellpull.Peer // the other program, as this process sees it
	far     *dmtpProc
	events  *dmtpEvents
	url     string
	id      string // of the connection
}

// dmtpConnect links this process, in either role, with the other program. misbehave may be empty.
func dmtpConnect(t *testing.T, transport string, serving bool, mux *bellpull.Mux, opts []dmtp.Option, misbehave ...string) *dmtpLink {
	t.Helper()
	var args []string
	for _, kind := range misbehave {
		args = append(args, "--misbehave", kind)
	}
	if serving {
		l := &dmtpLink{serving: true}
		l.node, l.url = dmtpServe(t, dmtpURL(t, transport), mux, opts...)
		l.events = dmtpWatch(t, l.node)
		l.far = dmtpStart(t, dmtpOther, append([]string{"dial", "--to", l.url}, args...)...)
		up := l.events.await(bellpull.EventUp)
		l.peer, l.id = up.Peer, up.Name
		return l
	}
	l := &dmtpLink{far: dmtpStart(t, dmtpOther, append([]string{"serve", "--listen", dmtpURL(t, transport)}, args...)...)}
	if mux != nil {
		opts = append(opts, dmtp.NodeOptions(bellpull.WithMux(mux)))
	}
	l.url = l.far.url(0)
	l.peer = dmtpDial(t, l.url, opts...)
	l.node, l.id = l.peer.Node(), dmtp.SessionID(l.peer)
	l.events = dmtpWatch(t, l.node)
	return l
}

// dmtpRoles runs f with this process in either role, over each transport.
func dmtpRoles(t *testing.T, f func(t *testing.T, transport string, serving bool)) {
	for _, serving := range []bool{false, true} {
		t.Run(map[bool]string{false: "we dial", true: "we serve"}[serving], func(t *testing.T) {
			dmtpTransports(t, func(t *testing.T, transport string) {
				dmtpNoLeaks(t)
				f(t, transport, serving)
			})
		})
	}
}
