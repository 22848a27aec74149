package interop_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport/npipe"
)

// A campusCrowd is a node of ours, a well-behaved process, and one that misbehaves.
type campusCrowd struct {
	t     *testing.T
	dir   string
	node  *bellpull.Node
	proto *campus.Protocol
	good  *dmtpProc
	heard chan string

	weDial bool
	name   string // of the one that misbehaves
	bad    *dmtpProc
	events *dmtpEvents
	peer   *bellpull.Peer // it, once connected
}

// campusMisbehave runs f with this process in either role. The well-behaved process must be served throughout.
func campusMisbehave(t *testing.T, kinds string, f func(t *testing.T, c *campusCrowd)) {
	t.Helper()
	if os.Getenv("BELLPULL_CAMPUS_PEER") != "" {
		t.Skip("only the reference peer can misbehave")
	}
	timeout := time.Duration(0) // as it is by itself
	if slices.Contains(campusNobodies, kinds) || kinds == "close-after-register" {
		timeout = time.Second
	}
	t.Run(kinds, func(t *testing.T) {
		for _, weDial := range []bool{true, false} {
			t.Run(fmt.Sprintf("we dial %v", weDial), func(t *testing.T) {
				dmtpNoLeaks(t)
				fdtest.Same(t)
				c := &campusCrowd{t: t, dir: campusDir(t), heard: make(chan string, 1000), weDial: weDial, name: "bad"}
				c.proto = &campus.Protocol{
					RegisterTimeout: timeout,
					OnMessage:       bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) { c.heard <- string(r.Borrow()) }),
					OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
						w.Write(append([]byte("echo:"), r.Borrow()...))
					}),
				}
				mux := bellpull.NewMux()
				bellpull.Handle(mux, "/echo", func(_ context.Context, e echoed) (answered, error) { return answered{Value: e.Value, Seen: 1}, nil })
				c.node = bellpull.NewNode("ours", bellpull.WithMux(mux), bellpull.WithTransports(npipe.Transport{Dir: c.dir}))
				t.Cleanup(func() {
					if err := c.node.Close(dmtpBounded(t)); err != nil {
						t.Error(err)
					}
				})
				c.events = dmtpWatch(t, c.node)
				if err := c.node.Listen(t.Context(), "npipe:ours", c.proto); err != nil {
					t.Fatal(err)
				}
				c.good = campusStart(t, campusOther, c.dir, "good")
				c.good.do("connect", dmtpFields{"to": "ours"})
				if e := c.events.await(bellpull.EventUp); e.Name != "good" {
					t.Fatalf("%+v", e)
				}
				c.bad = campusStart(t, campusOther, c.dir, c.name, "--misbehave", kinds)
				f(t, c)
				c.served()
			})
		}
	})
}

// connect connects the process that misbehaves, which must come about.
func (c *campusCrowd) connect(opts ...bellpull.DialOption) {
	c.t.Helper()
	if c.weDial {
		if _, err := c.node.Dial(dmtpBounded(c.t), "npipe:"+c.name, c.proto, opts...); err != nil {
			c.t.Fatal(err)
		}
	} else {
		c.bad.do("connect", dmtpFields{"to": "ours"})
	}
	e := c.events.await(bellpull.EventUp)
	if c.peer = e.Peer; e.Name != c.name {
		c.t.Fatalf("%q is up, want %q", e.Name, c.name)
	}
}

// ask sends a request without a route.
func (c *campusCrowd) ask(body string) (string, error) {
	got, err := campus.Raw(c.peer).Request(dmtpBounded(c.t), 0, []byte(body))
	return string(got), err
}

// asks has a process send us one.
func (c *campusCrowd) asks(by *dmtpProc, body string) string {
	c.t.Helper()
	var got struct{ Hex string }
	json.Unmarshal(by.do("request", dmtpFields{"to": "ours", "hex": hex.EncodeToString([]byte(body))}), &got)
	b, _ := hex.DecodeString(got.Hex)
	return string(b)
}

// notified has the other side send a message, which must arrive.
func (c *campusCrowd) notified(by *dmtpProc, text string) {
	c.t.Helper()
	by.do("notify_string", dmtpFields{"to": "ours", "text": text})
	c.hears(text)
}

// hears waits for a message.
func (c *campusCrowd) hears(want string) {
	c.t.Helper()
	select {
	case got := <-c.heard:
		if got != want {
			c.t.Errorf("heard %.60q, want %.60q", got, want)
		}
	case <-time.After(dmtpPatience):
		c.t.Fatalf("%.60q did not arrive", want)
	}
}

// alive shows that the link works in both directions, with everything it carries.
func (c *campusCrowd) alive() {
	c.t.Helper()
	for _, n := range []int{1, 300, 5000, 70_000} {
		body := strings.Repeat("x", n)
		if got, err := c.ask(body); got != "echo:"+body || err != nil {
			c.t.Errorf("request of %d bytes: %.30q, %v", n, got, err)
		}
	}
	if got, err := bellpull.Call[answered](dmtpBounded(c.t), c.peer, "/echo", echoed{"grüß", 1}); got.Value != "grüß" || err != nil {
		c.t.Error(got, err)
	}
	if got, err := c.peer.CallBytes(dmtpBounded(c.t), "/raw/echo", nil, []byte("x")); string(got) != "echo:x" || err != nil {
		c.t.Errorf("%q, %v", got, err)
	}
	if err := campus.Raw(c.peer).String(dmtpBounded(c.t), "to you"); err != nil {
		c.t.Error(err)
	}
	if e := c.bad.event("message"); e.text("from") != "ours" || e.text("hex") != hex.EncodeToString([]byte("to you")) {
		c.t.Error(e)
	}
	for _, body := range []string{"hello", strings.Repeat("y", 50_000)} {
		if got := c.asks(c.bad, body); got != "echo:"+body {
			c.t.Errorf("their request: %.30q", got)
		}
	}
	c.notified(c.bad, "to us")
}

// served shows that the well-behaved process is, as if nothing had happened.
func (c *campusCrowd) served() {
	c.t.Helper()
	if got := c.asks(c.good, "still there?"); got != "echo:still there?" {
		c.t.Errorf("the well-behaved process is answered %q", got)
	}
	peer, err := c.node.Wait(dmtpBounded(c.t), "good")
	if err != nil {
		c.t.Fatal(err)
	}
	if got, err := campus.Raw(peer).Request(dmtpBounded(c.t), 0, []byte("and you?")); string(got) != "echo:and you?" || err != nil {
		c.t.Errorf("it answers %q, %v", got, err)
	}
	if c.good.seen("broken") {
		c.t.Error("the well-behaved process has lost its connection")
	}
}

// down waits until the link with the other has ended, with the error.
func (c *campusCrowd) down(is error) {
	c.t.Helper()
	if e := c.events.await(bellpull.EventDown); e.Name != c.name || !errors.Is(e.Err, is) {
		c.t.Errorf("%q ended with %v, want %v", e.Name, e.Err, is)
	}
	for p := range c.node.Peers() {
		if p.Name() == c.name {
			c.t.Error("it is still a peer that is up")
		}
	}
}

// wantCampusError checks the code of an error, and what it says of the call.
func wantCampusError(t *testing.T, err error, code bellpull.Code, ran bellpull.Executed) {
	t.Helper()
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok || e.Code != code || e.Ran != ran {
		t.Errorf("%v, want %v, %v", err, code, ran)
	}
}

// TestCampusWritesComeInAnyPieces: frames that come byte by byte, cut behind their header, or many in one write.
func TestCampusWritesComeInAnyPieces(t *testing.T) {
	for _, kind := range []string{"byte-writes", "split-header", "coalesce"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect()
			c.alive()
			if c.events.seen(bellpull.EventDown) || c.bad.seen("broken") {
				t.Error("the link has ended")
			}
		})
	}
}

// TestCampusFieldsThatMayBeAnything: bits of old versions, another version, reserved bytes, any ack number, and frames
// of no kind between the others.
func TestCampusFieldsThatMayBeAnything(t *testing.T) {
	for _, kind := range []string{"legacy-bits", "version-2@*", "reserved@*", "ack-0@*", "unknown-command@*"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect()
			c.alive()
			c.alive()
			if c.events.seen(bellpull.EventDown) || c.bad.seen("broken") {
				t.Error("the link has ended")
			}
		})
	}
}

// TestCampusAnswersFindTheirRequests: late ones, those in another order, unknown ones and doubled ones.
func TestCampusAnswersFindTheirRequests(t *testing.T) {
	for _, kind := range []string{"late-answer", "reverse-answers", "unknown-id", "answer-twice"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect()
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					body := fmt.Sprint("number ", i)
					if got, err := c.ask(body); got != "echo:"+body || err != nil {
						t.Errorf("%q: %q, %v", body, got, err)
					}
				})
			}
			for i := range 5 { // other traffic goes on meanwhile
				if got := c.asks(c.bad, fmt.Sprint(i)); got != fmt.Sprint("echo:", i) {
					t.Errorf("%d: %q", i, got)
				}
			}
			wg.Wait()
			if kind != "late-answer" {
				c.alive()
			}
		})
	}
}

// TestCampusOddRegistrations: twice, with bytes behind the name, behind a message, with a second name, over two
// connections: one peer comes up, under the right name, and works.
func TestCampusOddRegistrations(t *testing.T) {
	for _, kind := range []string{"register-twice", "register-trailing", "register-late", "register-other", "two-connections"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect()
			if kind == "register-late" {
				c.hears("too early")
			}
			c.alive()
			if c.events.seen(bellpull.EventUp) || c.events.seen(bellpull.EventDown) || c.bad.seen("broken") {
				t.Error("more came up, or something went down")
			}
			if c.peer.Name() != "bad" {
				t.Errorf("it is called %q", c.peer.Name())
			}
		})
	}
}

// TestCampusEmptyFramesAreEmptyMessages: a .NET reader breaks on one.
func TestCampusEmptyFramesAreEmptyMessages(t *testing.T) {
	campusMisbehave(t, "zero-content", func(t *testing.T, c *campusCrowd) {
		c.connect()
		if got, err := c.ask("x"); got != "echo:x" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		c.hears("")
		c.alive()
	})
}
