package interop_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/npipe"
)

// campusOther is the other side of these tests: the reference peer, or what BELLPULL_CAMPUS_PEER names.
const campusOther = "campus peer"

func campusCommand(t *testing.T) []string {
	t.Helper()
	if line := os.Getenv("BELLPULL_CAMPUS_PEER"); line != "" {
		return strings.Fields(line)
	}
	script, err := filepath.Abs(filepath.Join("..", "..", "shared", "peers", "campus_peer.py"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(script)
	python, missing := exec.LookPath("python3")
	if err != nil || missing != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no campus peer: %s with python3; CI must have it, BELLPULL_CAMPUS_PEER says where it is", script)
		}
		t.Skipf("NOT TESTED AGAINST ANOTHER CAMPUS: there is no %s with python3; set BELLPULL_CAMPUS_PEER", script)
	}
	return []string{python, script}
}

// echoed is what the route /echo takes, and answer what it gives.
type (
	echoed struct {
		Value string
		Count int
	}
	answered struct {
		Value string
		Seen  int
	}
)

// campusPair is a node of ours beside the other side's process, not connected yet.
type campusPair struct {
	ours, theirs string // names
	weDial       bool   // set by connect
	dir          string // of the pipes

	node  *bellpull.Node
	mux   *bellpull.Mux
	proto *campus.Protocol
	other *dmtpProc
	heard chan string // messages without a route
}

func newCampusPair(t *testing.T, args ...string) *campusPair {
	t.Helper()
	c := &campusPair{ours: "ours", theirs: "theirs"}
	c.begin(t, nil, args...)
	return c
}

// begin starts both ends. change may change the protocol of ours before it is used.
func (c *campusPair) begin(t *testing.T, change func(*campus.Protocol), args ...string) {
	t.Helper()
	c.dir, c.heard = campusDir(t), make(chan string, 100)
	m := bellpull.NewMux()
	c.mux = m
	bellpull.Handle(m, "/echo", func(_ context.Context, e echoed) (answered, error) { return answered{Value: e.Value, Seen: 1}, nil })
	bellpull.HandleFunc(m, "/throw", func(e echoed) error { return errors.New("route:" + e.Value) })
	m.Handle("/raw/echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		w.Write(append([]byte("echo:"), r.Borrow()...))
	}))
	c.proto = &campus.Protocol{
		Objects:   campusTable(t),
		OnMessage: bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) { c.heard <- string(r.Borrow()) }),
		OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			if s := string(r.Borrow()); s != "nobody" {
				w.Write([]byte("echo:" + s))
			}
		}),
	}
	if i := slices.Index(args, "--json"); i >= 0 { // the two spell alike
		c.proto.Dialect = map[string]campus.Dialect{"camel": campus.Camel, "newtonsoft": campus.Newtonsoft}[args[i+1]]
	}
	if change != nil {
		change(c.proto)
	}
	c.listen(t)
	t.Cleanup(func() { c.node.Close(context.Background()) })
	c.other = campusStart(t, campusOther, c.dir, c.theirs, args...)
}

// listen begins our end, again if it was closed.
func (c *campusPair) listen(t *testing.T) {
	t.Helper()
	c.node = bellpull.NewNode(c.ours, bellpull.WithMux(c.mux), bellpull.WithTransports(npipe.Transport{Dir: c.dir}))
	if err := c.node.Listen(t.Context(), "npipe:"+c.ours, c.proto); err != nil {
		t.Fatal(err)
	}
}

// connect connects the two, from either side.
func (c *campusPair) connect(t *testing.T, weDial bool) *bellpull.Peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), dmtpPatience)
	defer cancel()
	if c.weDial = weDial; weDial {
		p, err := c.node.Dial(ctx, "npipe:"+c.theirs, c.proto)
		if err != nil {
			t.Fatal(err)
		}
		c.other.event("connected")
		return p
	}
	c.other.do("connect", dmtpFields{"to": c.ours})
	p, err := c.node.Wait(ctx, c.theirs)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCampusMessagesBothWays: every kind but objects and HTTP, whoever has dialled, in each spelling of JSON.
func TestCampusMessagesBothWays(t *testing.T) {
	for _, weDial := range []bool{true, false} {
		for _, dialect := range []string{"stj", "stjctx", "camel", "newtonsoft"} {
			t.Run(fmt.Sprintf("we dial %v, %s", weDial, dialect), func(t *testing.T) {
				c := newCampusPair(t, "--json", dialect)
				peer := c.connect(t, weDial)
				campusOurs(t, c, peer)
				campusTheirs(t, c)
			})
		}
	}
}

// campusOurs has this side ask.
func campusOurs(t *testing.T, c *campusPair, peer *bellpull.Peer) {
	t.Helper()
	raw := campus.Raw(peer)
	for _, body := range []string{"x", "grüß 服务", strings.Repeat("k", 70_000)} {
		if got, err := raw.Request(t.Context(), 0, []byte(body)); string(got) != "echo:"+body || err != nil {
			t.Errorf("request %.20q: %.30q, %v", body, got, err)
		}
		if got, err := peer.CallBytes(t.Context(), "/raw/echo", nil, []byte(body)); string(got) != "echo:"+body || err != nil {
			t.Errorf("raw route %.20q: %.30q, %v", body, got, err)
		}
	}
	if got, err := raw.Request(t.Context(), 0, []byte("nobody")); bellpull.ExecutedOf(err) != bellpull.Maybe {
		t.Error("nobody:", string(got), err)
	}
	if err := raw.Notify(t.Context(), 0x12312, []byte("abc")); err != nil {
		t.Error(err)
	}
	if e := c.other.event("message"); e.text("from") != "ours" || e.text("hex") != "1223010000000000616263" {
		t.Error(e)
	}
	if got, err := bellpull.Call[answered](t.Context(), peer, "/echo", echoed{"ä", 2}); got.Value != "ä" || got.Seen == 0 || err != nil {
		t.Error(got, err)
	}
	_, err := bellpull.Call[answered](t.Context(), peer, "/throw", echoed{"v", 1})
	x, ok := errors.AsType[*campus.Exception](err)
	if !ok || x.Type != "Bellpull.Peers.CustomException" || x.Message != "route:v" || !errors.Is(err, bellpull.ErrFailed) || bellpull.ExecutedOf(err) != bellpull.Yes {
		t.Error(err)
	}
	if _, err = bellpull.Call[answered](t.Context(), peer, "/nowhere", echoed{}); !errors.Is(err, bellpull.ErrNoMethod) {
		t.Error(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			body := fmt.Sprint("number ", i)
			if got, err := raw.Request(t.Context(), 0, []byte(body)); string(got) != "echo:"+body || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

// campusTheirs has the other side ask.
func campusTheirs(t *testing.T, c *campusPair) {
	t.Helper()
	var got struct{ Hex string }
	json.Unmarshal(c.other.do("request", dmtpFields{"to": "ours", "hex": hex.EncodeToString([]byte("hello"))}), &got)
	if got.Hex != hex.EncodeToString([]byte("echo:hello")) {
		t.Error(got)
	}
	got.Hex = "?"
	json.Unmarshal(c.other.do("request", dmtpFields{"to": "ours", "hex": hex.EncodeToString([]byte("nobody"))}), &got)
	if got.Hex != "" {
		t.Error(got)
	}
	c.other.do("notify_string", dmtpFields{"to": "ours", "text": "grüß"})
	if s := <-c.heard; s != "grüß" {
		t.Errorf("%q", s)
	}
	var a answered
	r := c.other.do("json_get", dmtpFields{"to": "ours", "route": "/echo", "json": dmtpFields{"Value": "v", "Count": 1}})
	if json.Unmarshal(r, &a); a.Value != "v" || a.Seen != 1 {
		t.Errorf("%s", r)
	}
	_, err := c.other.try("json_get", dmtpFields{"to": "ours", "route": "/throw", "json": dmtpFields{"Value": "v", "Count": 1}})
	if err == nil || !strings.Contains(err.Error(), "JsonIpcDirectRoutedHandleRequestRemoteException") {
		t.Error(err)
	}
	_, err = c.other.try("json_get", dmtpFields{"to": "ours", "route": "/nowhere"})
	if err == nil || !strings.Contains(err.Error(), "CanNotFindRequestHandler") {
		t.Error(err)
	}
	json.Unmarshal(c.other.do("raw_get", dmtpFields{"to": "ours", "route": "/raw/echo", "hex": "0102"}), &got)
	if got.Hex != hex.EncodeToString([]byte("echo:\x01\x02")) {
		t.Error(got)
	}
}

// TestCampusReconnects: the other process is killed and started again; requests wait for it.
func TestCampusReconnects(t *testing.T) {
	c := newCampusPair(t)
	peer := c.connect(t, true)
	c.other.kill()
	answer := make(chan error, 1)
	go func() {
		got, err := peer.CallBytes(t.Context(), "/raw/echo", nil, []byte("x"))
		if err == nil && string(got) != "echo:x" {
			err = errors.New(string(got))
		}
		answer <- err
	}()
	dmtpTry(t, campusOther, c.other.args...)
	if err := <-answer; err != nil {
		t.Error(err)
	}
}
