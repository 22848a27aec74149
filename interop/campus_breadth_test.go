package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// What a frame of dotnetCampus.Ipc can hold (section 2.1).
const (
	campusContent = 65535 * 255        // 16,711,425 bytes: a message
	campusBody    = campusContent - 20 // a request or an answer
)

// campusOrders runs f for either side that dials, with a connection, both at once.
func campusOrders(t *testing.T, start func(t *testing.T) *campusPair, f func(t *testing.T, c *campusPair, peer *bellpull.Peer)) {
	for _, weDial := range []bool{true, false} {
		t.Run(map[bool]string{true: "we dial", false: "we are dialled"}[weDial], func(t *testing.T) {
			t.Parallel()
			c := start(t)
			f(t, c, c.connect(t, weDial))
		})
	}
}

// campusBounded gives a context for what another process is to do: all of a test, so it has more patience than one wait.
func campusBounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 4*dmtpPatience)
	t.Cleanup(cancel)
	return ctx
}

// TestCampusCarriesBodiesOfEverySize: from nothing to the most that a frame holds, both ways and of each kind; one byte
// more is refused before anything is written, and what follows is not harmed.
func TestCampusCarriesBodiesOfEverySize(t *testing.T) {
	start := func(t *testing.T) *campusPair { return newCampusPair(t) }
	campusOrders(t, start, func(t *testing.T, c *campusPair, peer *bellpull.Peer) {
		ctx, raw := campusBounded(t), campus.Raw(peer)
		const inRoute = 8 + 1 + len("/raw/echo") // what is in front of the payload
		echoed := func(what string, n int, ask func(body []byte) ([]byte, error)) {
			t.Helper()
			body := dmtpFill(n, n)
			if got, err := ask(body); string(got[:min(len(got), 5)]) != "echo:" || !bytes.Equal(got[5:], body) || err != nil {
				t.Errorf("a %s of %d bytes: %d bytes, %v", what, n, len(got), err)
			}
		}
		request := func(body []byte) ([]byte, error) { return raw.Request(ctx, 0, body) }
		call := func(body []byte) ([]byte, error) { return peer.CallBytes(ctx, "/raw/echo", nil, body) }
		for _, n := range []int{0, 1, 64 << 10, 64<<10 + 1} {
			echoed("request", n, request)
			echoed("call", n, call)
			campusEchoes(t, c, "request", dmtpFields{"fill": n, "seed": n})
			campusEchoes(t, c, "raw_get", dmtpFields{"route": "/raw/echo", "fill": n, "seed": n})
		}
		if c.weDial { // so many bytes take their time: one of two kinds in each order
			echoed("request", campusBody-len("echo:"), request)
		} else {
			echoed("call", campusBody-inRoute, call)
		}
		most := dmtpFill(campusContent+1, 0)
		if err := raw.Notify(ctx, 0, most[:campusContent]); err != nil {
			t.Error(err)
		}
		if e := c.other.event("message"); !dmtpSameBody(e, most[:campusContent]) {
			t.Error("the longest message:", e)
		}
		if _, err := raw.Request(ctx, 0, most[:campusBody]); bellpull.ExecutedOf(err) != bellpull.Maybe || !errors.Is(err, bellpull.ErrFailed) {
			t.Error("an answer that is too long is one of no bytes:", err)
		}
		if e := c.other.await("request", func(e dmtpFields) bool { return e["body"] != nil && dmtpSameBody(e, most[:campusBody]) }); e.text("from") != c.ours {
			t.Error("the longest request:", e)
		}
		if c.weDial {
			c.other.do("notify", dmtpFields{"to": c.ours, "fill": campusContent})
			if got := <-c.heard; got != string(most[:campusContent]) {
				t.Errorf("the longest message: %d bytes", len(got))
			}
		} else {
			campusEchoes(t, c, "request", dmtpFields{"fill": campusBody - len("echo:"), "seed": 1})
		}
		campusRefusesOneMore(t, ctx, c, peer, most)
	})
}

// campusEchoes has the other side ask, and looks at what it gets.
func campusEchoes(t *testing.T, c *campusPair, do string, f dmtpFields) {
	t.Helper()
	f["to"] = c.ours
	got := dmtpFields{}
	json.Unmarshal(c.other.do(do, f), &got)
	if want := append([]byte("echo:"), dmtpFill(f["fill"].(int), f["seed"].(int))...); !dmtpSameBody(got, want) {
		t.Errorf("%s of %d bytes from the other side: %v", do, f["fill"], got)
	}
}

// campusRefusesOneMore tries each kind with one byte too many.
func campusRefusesOneMore(t *testing.T, ctx context.Context, c *campusPair, peer *bellpull.Peer, most []byte) {
	t.Helper()
	raw := campus.Raw(peer)
	sends := map[string]func() error{
		"message":               func() error { return raw.Notify(ctx, 0, most[:campusContent+1]) },
		"message with a header": func() error { return raw.Notify(ctx, 1, most[:campusContent-7]) },
		"text":                  func() error { return raw.String(ctx, string(most[:campusContent+1])) },
		"request":               func() error { _, err := raw.Request(ctx, 0, most[:campusBody+1]); return err },
		"request with a header": func() error { _, err := raw.Request(ctx, 1, most[:campusBody-7]); return err },
		"call of bytes":         func() error { _, err := peer.CallBytes(ctx, "/raw/echo", nil, most[:campusBody-17]); return err },
		"notify of bytes":       func() error { return peer.Notify(ctx, "/raw/notify", most[:campusContent-19]) },
	}
	text := json.RawMessage(`"` + strings.Repeat("x", campusBody) + `"`)
	if c.weDial {
		sends["call"] = func() error { _, err := bellpull.Call[answered](ctx, peer, "/echo", text); return err }
	} else {
		sends["invocation"] = func() error { return campus.ObjectOf(peer, campusCalculator, "").Invoke(ctx, "Echo", nil, text) }
	}
	for name, send := range sends {
		if err := send(); !errors.Is(err, bellpull.ErrTooLarge) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Errorf("a %s of one byte too many: %.200v", name, err)
		}
		if got, err := raw.Request(ctx, 0, []byte(name)); string(got) != "echo:"+name || err != nil {
			t.Errorf("after a %s of one byte too many: %q, %v", name, got, err)
		}
	}
}

// TestCampusCarriesNamesOfEveryAlphabet: of processes and of routes.
func TestCampusCarriesNamesOfEveryAlphabet(t *testing.T) {
	start := func(t *testing.T) *campusPair {
		c := &campusPair{ours: "uns-grüß 服务 😀", theirs: "ñandú-Ж #1?%"}
		c.begin(t, nil)
		return c
	}
	campusOrders(t, start, func(t *testing.T, c *campusPair, peer *bellpull.Peer) {
		ctx := campusBounded(t)
		if peer.Name() != c.theirs {
			t.Errorf("they are %q", peer.Name())
		}
		const route = "/ü/服务/😀 ?#"
		asked := make(chan string, 1)
		bellpull.Handle(c.mux, route, func(ctx context.Context, e echoed) (answered, error) {
			asked <- bellpull.Caller(ctx).Name()
			return answered{Value: e.Value + "!"}, nil
		})
		var a answered
		r := c.other.do("json_get", dmtpFields{"to": c.ours, "route": route, "json": dmtpFields{"Value": "服"}})
		if json.Unmarshal(r, &a); a.Value != "服!" || <-asked != c.theirs {
			t.Errorf("%s", r)
		}
		if _, err := bellpull.Call[answered](ctx, peer, route, echoed{}); !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
		if err := peer.Notify(ctx, route, []byte("x")); err != nil {
			t.Error(err)
		}
		if e := c.other.event("message"); e.text("from") != c.ours || e.text("hex") != fmt.Sprintf("%x%02x%x", "RwBtDrRt", len(route), route+"x") {
			t.Error(e)
		}
		if got, err := campus.Raw(peer).Request(ctx, 0, []byte("x")); string(got) != "echo:x" || err != nil {
			t.Error(string(got), err)
		}
	})
}

// TestCampusHasAThousandRequestsInFlight: both ways at once; ours are held back until all of theirs are here.
func TestCampusHasAThousandRequestsInFlight(t *testing.T) {
	const count = 1000
	start := func(t *testing.T) *campusPair {
		var here atomic.Int32
		all := make(chan struct{})
		hold := bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			if here.Add(1) == count {
				close(all)
			}
			select {
			case <-all:
				w.Write(append([]byte("held:"), r.Borrow()...))
			case <-r.Context().Done():
			}
		})
		c := &campusPair{ours: "ours", theirs: "theirs"}
		c.begin(t, func(p *campus.Protocol) { p.MaxHandlers, p.OnRequest = count, hold })
		return c
	}
	campusOrders(t, start, func(t *testing.T, c *campusPair, peer *bellpull.Peer) {
		ctx := campusBounded(t)
		var wg sync.WaitGroup
		for i := range count {
			wg.Go(func() {
				value := fmt.Sprint("ours ", i)
				if got, err := bellpull.Call[answered](ctx, peer, "/slow", echoed{Value: value}); got.Value != value || err != nil {
					t.Errorf("%q: %q, %v", value, got.Value, err)
				}
			})
		}
		answers := make([]<-chan dmtpAnswer, count)
		for i := range answers {
			answers[i] = c.other.begin("request", dmtpFields{"to": c.ours, "hex": fmt.Sprintf("%04x", i)})
		}
		for i, a := range answers {
			got, err := c.other.finish("request", a)
			if want := fmt.Sprintf(`{"hex":"%x%04x"}`, "held:", i); err != nil || !dmtpSameJSON(got, []byte(want)) {
				t.Errorf("theirs %d: %s, %v", i, got, err)
			}
		}
		wg.Wait()
	})
}

// TestCampusAsksInsideHandlers: a handler asks the one that asks it, which asks again, many times at once.
func TestCampusAsksInsideHandlers(t *testing.T) {
	start := func(t *testing.T) *campusPair {
		c := &campusPair{ours: "ours", theirs: "theirs"}
		c.begin(t, func(p *campus.Protocol) {
			p.OnRequest = bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				next := map[string]string{"deep": "nested", "inner": "x"}[string(r.Borrow())]
				got, err := campus.Raw(r.Peer()).Request(r.Context(), 0, []byte(next))
				if err != nil {
					w.Fail(err)
					return
				}
				w.Write(append([]byte("in:"), got...))
			})
		})
		return c
	}
	campusOrders(t, start, func(t *testing.T, c *campusPair, peer *bellpull.Peer) {
		ctx := campusBounded(t)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got, err := campus.Raw(peer).Request(ctx, 0, []byte("nested")); string(got) != "nested:in:echo:x" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		var answers []<-chan dmtpAnswer
		for range 50 {
			answers = append(answers, c.other.begin("request", dmtpFields{"to": c.ours, "hex": fmt.Sprintf("%x", "deep")}))
		}
		for _, a := range answers {
			got, err := c.other.finish("request", a)
			if want := fmt.Sprintf(`{"hex":"%x"}`, "in:nested:in:echo:x"); err != nil || !dmtpSameJSON(got, []byte(want)) {
				t.Errorf("%s, %v", got, err)
			}
		}
		wg.Wait()
	})
}
