package interop_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// TestCampusTellsWhatBreaksAndReturns: the other process is killed and started again. What was under way has failed, and
// may have run; the peer stays the same one, with its handlers, whoever dials; what is asked meanwhile is answered.
func TestCampusTellsWhatBreaksAndReturns(t *testing.T) {
	for _, weDial := range []bool{true, false} {
		t.Run(fmt.Sprint("we dial ", weDial), func(t *testing.T) {
			c := newCampusPair(t)
			events, ctx := dmtpWatch(t, c.node), campusBounded(t)
			peer := c.connect(t, weDial)
			if e := events.await(bellpull.EventUp); e.Peer != peer || e.Name != c.theirs || e.Reconnects != 0 {
				t.Errorf("up: %+v", e)
			}
			peer.Handle("/own", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.JSON(answered{Value: "own"}) }))
			under := make(chan error, 1)
			go func() {
				under <- campus.ObjectOf(peer, campusCalculator, "").Invoke(ctx, "Slow", nil, 600_000)
			}()
			go func() {
				_, err := campus.Raw(peer).Request(ctx, 0, []byte("slow"))
				under <- err
			}()
			c.other.await("request", func(e dmtpFields) bool { return e.text("hex") == fmt.Sprintf("%x", "slow") })
			c.other.kill()
			for range 2 {
				if err := <-under; !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
					t.Error("under way:", err)
				}
			}
			if e := events.await(bellpull.EventDown); e.Peer != peer || !errors.Is(e.Err, bellpull.ErrUnavailable) {
				t.Errorf("down: %+v", e)
			}
			for range 2 {
				go func() {
					got, err := campus.Raw(peer).Request(ctx, 0, []byte("x"))
					if err == nil && string(got) != "echo:x" {
						err = errors.New(string(got))
					}
					under <- err
				}()
			}
			c.other = dmtpStart(t, campusOther, c.other.args...)
			if !weDial {
				c.other.do("connect", dmtpFields{"to": c.ours})
			}
			if e := events.await(bellpull.EventUp); e.Peer != peer || e.Reconnects != 1 {
				t.Errorf("up again: %+v", e)
			}
			for range 2 {
				if err := <-under; err != nil {
					t.Error("what waited:", err)
				}
			}
			if got := c.other.do("json_get", dmtpFields{"to": c.ours, "route": "/own"}); !dmtpSameJSON(got, []byte(`{"Value":"own","Seen":0}`)) {
				t.Errorf("the peer's own handler: %s", got)
			}
		})
	}
}

// TestCampusIsMissedAndFoundAgain: our node ends and comes again; the other side notices, says so, and with --reconnect
// finds us, whoever had dialled; what it asks meanwhile is answered by the node that came.
func TestCampusIsMissedAndFoundAgain(t *testing.T) {
	for _, weDial := range []bool{true, false} {
		for _, reconnect := range []bool{true, false} {
			t.Run(fmt.Sprint("we dial ", weDial, ", they reconnect ", reconnect), func(t *testing.T) {
				c := newCampusPair(t, map[bool][]string{true: {"--reconnect"}}[reconnect]...)
				c.connect(t, weDial)
				ctx := campusBounded(t)
				if err := c.node.Close(ctx); err != nil {
					t.Fatal(err)
				}
				if e := c.other.event("broken"); e.text("peer") != c.ours {
					t.Error(e)
				}
				ask := dmtpFields{"to": c.ours, "hex": fmt.Sprintf("%x", "x")}
				if !reconnect {
					if _, err := c.other.try("request", ask); !dmtpFailsWith(err, "IpcPeerConnectionBrokenException") {
						t.Error(err)
					}
					c.listen(t)
					c.other.do("connect", dmtpFields{"to": c.ours})
				}
				answer := c.other.begin("request", ask)
				if reconnect {
					c.listen(t)
					if e := c.other.event("reconnected"); e.text("peer") != c.ours {
						t.Error(e)
					}
				}
				got, err := c.other.finish("request", answer)
				if err != nil || !dmtpSameJSON(got, fmt.Appendf(nil, `{"hex":"%x"}`, "echo:x")) {
					t.Errorf("%s, %v", got, err)
				}
				peer, err := c.node.Wait(ctx, c.theirs)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := campus.Raw(peer).Request(ctx, 0, []byte("y")); string(got) != "echo:y" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
}

// TestCampusEndsOnePeerAlone: closing a peer ends both of its pipes, which the other side sees, and leaves the node as it
// was: either side can connect again.
func TestCampusEndsOnePeerAlone(t *testing.T) {
	c := newCampusPair(t)
	ctx := campusBounded(t)
	for _, weDial := range []bool{true, false, true, false} {
		peer := c.connect(t, weDial)
		if got, err := campus.Raw(peer).Request(ctx, 0, []byte("x")); string(got) != "echo:x" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if err := peer.Close(ctx); err != nil {
			t.Error(err)
		}
		c.other.event("broken")
		if _, err := campus.Raw(peer).Request(ctx, 0, []byte("x")); bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error("of a peer that was closed:", err)
		}
		for p := range c.node.Peers() {
			t.Error("still there:", p.Name())
		}
	}
}
