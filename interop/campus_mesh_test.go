package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
)

// campusMesh are the processes of a mesh by their names: ours, and one of the other side.
type campusMesh struct {
	t    *testing.T
	dir  string
	by   map[string]*dmtpProc
	what map[string]string // program
}

func newCampusMesh(t *testing.T) *campusMesh {
	t.Helper()
	m := &campusMesh{t, campusDir(t), map[string]*dmtpProc{}, map[string]string{"alpha": campusOwn, "beta": campusOwn, "gamma": campusOther}}
	for name := range m.what {
		m.start(name)
	}
	return m
}

func (m *campusMesh) start(name string) {
	m.t.Helper()
	m.by[name] = campusStart(m.t, m.what[name], m.dir, name, "--reconnect")
}

// others gives the processes beside one.
func (m *campusMesh) others(name string) (list []string) {
	for other := range m.what {
		if other != name {
			list = append(list, other)
		}
	}
	return list
}

// all runs a command of each process with each other, all at once.
func (m *campusMesh) all(do string, f dmtpFields, check func(from, to string, result json.RawMessage)) {
	m.t.Helper()
	type sent struct {
		from, to string
		answer   <-chan dmtpAnswer
	}
	var list []sent
	for from, p := range m.by {
		for _, to := range m.others(from) {
			g := dmtpFields{"to": to}
			for k, v := range f {
				g[k] = v
			}
			list = append(list, sent{from, to, p.begin(do, g)})
		}
	}
	for _, s := range list {
		r, err := m.by[s.from].finish(do, s.answer)
		if err != nil {
			m.t.Errorf("%s, %s to %s: %v", do, s.from, s.to, err)
		} else if check != nil {
			check(s.from, s.to, r)
		}
	}
	if m.t.Failed() {
		m.t.FailNow()
	}
}

// talk has each process ask each other.
func (m *campusMesh) talk() {
	m.t.Helper()
	m.all("request", hexOf("hello"), func(from, to string, r json.RawMessage) {
		var got struct{ Hex string }
		if json.Unmarshal(r, &got); got.Hex != fmt.Sprintf("%x", "echo:hello") {
			m.t.Errorf("%s asks %s: %s", from, to, r)
		}
	})
}

// again kills a process with SIGKILL, starts another of its name, and waits until the others are back.
func (m *campusMesh) again(name string, dials bool) {
	m.t.Helper()
	m.by[name].kill()
	others := m.others(name)
	for _, other := range others {
		m.await(other, "broken", name)
	}
	m.start(name)
	if dials {
		for _, other := range others {
			m.by[name].do("connect", dmtpFields{"to": other})
		}
	}
	for _, other := range others {
		m.await(other, "reconnected", name)
	}
	if !dials { // the others have dialled it, and it may not have seen that yet
		for _, other := range others {
			m.await(name, "connected", other)
		}
	}
}

func (m *campusMesh) await(who, event, peer string) {
	m.t.Helper()
	m.by[who].await(who+": "+event+" "+peer, func(e dmtpFields) bool { return e.text("event") == event && e.text("peer") == peer })
}

// TestCampusMeshHeals: two of our processes and one of the other side dial each other, all at once, and each asks each.
// One of either kind is killed and started again; the others, which reconnect, come back, and it is a mesh again. Whoever
// was killed waits to be dialled, or dials at once itself.
func TestCampusMeshHeals(t *testing.T) {
	m := newCampusMesh(t)
	m.all("connect", nil, nil)
	m.talk()
	for _, dials := range []bool{false, true} {
		for _, name := range []string{"gamma", "alpha"} {
			m.again(name, dials)
			m.talk()
		}
	}
}

// campusAccepts counts the pipes that others have dialled.
type campusAccepts struct {
	npipe.Transport
	n atomic.Int32
}

func (a *campusAccepts) Listen(ctx context.Context, at transport.Addr) (transport.Listener, error) {
	l, err := a.Transport.Listen(ctx, at)
	return campusAcceptsListener{l, a}, err
}

type campusAcceptsListener struct {
	transport.Listener
	a *campusAccepts
}

func (l campusAcceptsListener) AcceptConn() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err == nil {
		l.a.n.Add(1)
	}
	return c, err
}

// TestCampusDialsThatCrossMakeTwoPipes: our node and the other side dial each other at once, in both orders, again and
// again. Each has accepted one pipe then, nobody waits, and both ask.
func TestCampusDialsThatCrossMakeTwoPipes(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 5
	}
	dir := campusDir(t)
	accepts := &campusAccepts{Transport: npipe.Transport{Dir: dir}}
	mux := bellpull.NewMux()
	mux.Handle("/raw/echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		io.WriteString(w, "echo:"+string(r.Borrow()))
	}))
	proto := &campus.Protocol{}
	node := bellpull.NewNode("ours", bellpull.WithMux(mux), bellpull.WithTransports(accepts))
	defer node.Close(context.Background())
	if err := node.Listen(t.Context(), "npipe:ours", proto); err != nil {
		t.Fatal(err)
	}
	other := campusStart(t, campusOther, dir, "theirs")
	theirs := other.stat("accepted")
	for i := range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), dmtpPatience)
		var (
			peer   *bellpull.Peer
			err    error
			wg     sync.WaitGroup
			answer <-chan dmtpAnswer
		)
		dial := func() { peer, err = node.Dial(ctx, "npipe:theirs", proto, bellpull.WithoutReconnect()) }
		if i%2 == 0 {
			answer = other.begin("connect", dmtpFields{"to": "ours"})
			dial()
		} else {
			wg.Go(dial)
			answer = other.begin("connect", dmtpFields{"to": "ours"})
			wg.Wait()
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.finish("connect", answer); err != nil {
			t.Fatal(err)
		}
		if got, err := peer.CallBytes(ctx, "/raw/echo", nil, []byte("x")); string(got) != "echo:x" || err != nil {
			t.Fatalf("round %d: %q, %v", i, got, err)
		}
		var got struct{ Hex string }
		json.Unmarshal(other.do("raw_get", dmtpFields{"to": "ours", "route": "/raw/echo", "hex": "78"}), &got)
		if got.Hex != fmt.Sprintf("%x", "echo:x") {
			t.Errorf("round %d: the other side got %q", i, got.Hex)
		}
		ours, links := accepts.n.Swap(0), 0
		for range node.Peers() {
			links++
		}
		now := other.stat("accepted")
		if ours != 1 || now-theirs != 1 || links != 1 {
			t.Fatalf("round %d: we have accepted %d pipes, the other side %d; %d links", i, ours, now-theirs, links)
		}
		theirs = now
		if err := peer.Close(ctx); err != nil {
			t.Error(err)
		}
		other.await("broken", func(e dmtpFields) bool { return e.text("event") == "broken" })
		cancel()
	}
}
