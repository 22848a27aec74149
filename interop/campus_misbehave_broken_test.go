package interop_test

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// TestCampusBrokenFramingEndsTheLink: at once, with its own code, which the call under way gets too. .NET sits on it.
func TestCampusBrokenFramingEndsTheLink(t *testing.T) {
	for _, kind := range []string{"bad-magic", "magic-length", "version-0", "length-huge", "length-over", "garbage"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect(bellpull.WithoutReconnect())
			_, err := c.ask("x") // the answer is the first frame they write
			wantCampusError(t, err, bellpull.CodeProtocol, bellpull.Maybe)
			c.down(bellpull.ErrProtocol)
			c.bad.event("broken")
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err = campus.Raw(c.peer).Request(ctx, 0, []byte("y"))
			if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Ran != bellpull.Never {
				t.Errorf("behind its end: %v", err)
			}
		})
	}
}

// TestCampusWrongLengthsEndTheLink: a length that is one off is seen with the next frame; what came of the first is not
// taken for an answer.
func TestCampusWrongLengthsEndTheLink(t *testing.T) {
	for _, kind := range []string{"length-short", "length-long"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect(bellpull.WithoutReconnect())
			first := make(chan error, 1)
			go func() {
				_, err := c.ask("x")
				first <- err
			}()
			c.bad.event("request")
			c.bad.try("notify_string", dmtpFields{"to": "ours", "text": "never whole"}) // if it still can
			wantCampusError(t, <-first, bellpull.CodeProtocol, bellpull.Maybe)
			c.down(bellpull.ErrProtocol)
			c.bad.event("broken")
			if len(c.heard) > 0 {
				t.Errorf("heard %q", <-c.heard)
			}
		})
	}
}

// TestCampusStreamsThatEndInsideAFrame: the link ends, the call under way is told, nothing of the frame is handed on.
func TestCampusStreamsThatEndInsideAFrame(t *testing.T) {
	for _, kind := range []string{"truncate", "die-mid-frame"} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect(bellpull.WithoutReconnect())
			if kind == "die-mid-frame" {
				c.bad.killed = true // it kills itself
			}
			_, err := c.ask("x")
			wantCampusError(t, err, bellpull.CodeUnavailable, bellpull.Maybe)
			c.down(bellpull.ErrUnavailable)
		})
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			c.connect(bellpull.WithoutReconnect())
			if kind == "die-mid-frame" {
				c.bad.killed = true
			}
			c.bad.begin("notify", dmtpFields{"to": "ours", "fill": 30_000})
			c.down(bellpull.ErrUnavailable)
			if len(c.heard) > 0 {
				t.Errorf("heard %.40q", <-c.heard)
			}
		})
	}
}

// TestCampusConnectionsThatCloseAtOnce: behind the registration. A dial ends with an error, or what came up goes down.
func TestCampusConnectionsThatCloseAtOnce(t *testing.T) {
	campusMisbehave(t, "close-after-register", func(t *testing.T, c *campusCrowd) {
		if c.weDial {
			peer, err := c.node.Dial(dmtpBounded(t), "npipe:bad", c.proto, bellpull.WithoutReconnect())
			if errors.Is(err, context.DeadlineExceeded) {
				// Its end was seen before it was taken for the other half. Another might have come: it may be that of a
				// predecessor.
				wantCampusError(t, err, bellpull.CodeDeadline, bellpull.Never)
				return
			}
			if err != nil {
				wantCampusError(t, err, bellpull.CodeUnavailable, bellpull.Never)
				return
			}
			<-peer.Done()
			if !errors.Is(peer.Err(), bellpull.ErrUnavailable) {
				t.Error(peer.Err())
			}
			return
		}
		c.bad.begin("connect", dmtpFields{"to": "ours", "timeout_ms": 500})
		dmtpUntil(t, "its connection is over", func() bool {
			for p := range c.node.Peers() {
				if p.Name() == "bad" {
					return false
				}
			}
			return c.events.seen(bellpull.EventDown) || c.events.seen(bellpull.EventRefused) || !c.events.seen(bellpull.EventUp)
		})
	})
}

// TestCampusEnvelopesThatLie: an answer of another length than it says is no answer, and the caller is told at once; a
// request is cut to its length, or not answered. The link goes on.
func TestCampusEnvelopesThatLie(t *testing.T) {
	for kind, answered := range map[string]string{"envelope-long": "", "envelope-short": "echo:hell", "envelope-magic": "", "both-bits": ""} {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) { // of an answer
			c.connect()
			switch kind {
			case "both-bits": // as in .NET the bit of answers is looked at first
				if got, err := c.ask("hello"); got != "echo:hello" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			case "envelope-magic": // to which request it belongs nobody can tell
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				_, err := campus.Raw(c.peer).Request(ctx, 0, []byte("hello"))
				wantCampusError(t, err, bellpull.CodeDeadline, bellpull.Maybe)
				if got := <-c.heard; !strings.HasPrefix(got, "Requezt\x00") {
					t.Errorf("it became %q", got)
				}
			default:
				_, err := c.ask("hello")
				wantCampusError(t, err, bellpull.CodeProtocol, bellpull.Maybe)
			}
			c.alive()
		})
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) { // of a request
			c.connect()
			body := hex.EncodeToString([]byte("hello"))
			if answered != "" {
				if got := c.asks(c.bad, "hello"); got != answered {
					t.Errorf("answered %q, want %q", got, answered)
				}
			} else if _, err := c.bad.try("request", dmtpFields{"to": "ours", "hex": body, "timeout_ms": 500}); err == nil || !strings.Contains(err.Error(), "TimeoutException") {
				t.Errorf("answered, %v", err)
			}
			for len(c.heard) > 0 { // what is no request is a message, as in .NET
				if got := <-c.heard; kind == "envelope-long" || !strings.HasSuffix(got, "hello") {
					t.Errorf("heard %q", got)
				}
			}
			c.alive()
		})
	}
}

// campusNobodies are the misbehaviours that end with the time for a registration.
var campusNobodies = []string{"never-register", "register-wrong", "register-empty", "register-negative", "register-bad-utf8", "never-dial-back"}

// TestCampusNobodyWhoRegisters: a dial ends with its time; who dials us and says no name, or none that can be dialled, is
// left.
func TestCampusNobodyWhoRegisters(t *testing.T) {
	for _, kind := range campusNobodies {
		campusMisbehave(t, kind, func(t *testing.T, c *campusCrowd) {
			if c.weDial {
				_, err := c.node.Dial(dmtpBounded(t), "npipe:bad", c.proto)
				wantCampusError(t, err, bellpull.CodeDeadline, bellpull.Never)
			} else if kind == "never-dial-back" { // which it need not, who dials
				c.connect()
				c.alive()
				return
			} else {
				connected := c.bad.begin("connect", dmtpFields{"to": "ours", "timeout_ms": 1500})
				e := c.events.await(bellpull.EventRefused)
				if kind == "register-wrong" != errors.Is(e.Err, bellpull.ErrNoServer) || kind == "register-wrong" && e.Name != "bad-wrong" {
					t.Errorf("%q refused with %v", e.Name, e.Err)
				}
				if _, err := c.bad.finish("connect", connected); err == nil {
					t.Error("it believes that it is connected")
				}
			}
			for p := range c.node.Peers() {
				if p.Name() != "good" {
					t.Error("there is a peer", p.Name())
				}
			}
		})
	}
}

// TestCampusWritesOnTheWrongHalf: a frame on the connection that we dialled is for nobody, and no end of the link.
func TestCampusWritesOnTheWrongHalf(t *testing.T) {
	campusMisbehave(t, "wrong-half", func(t *testing.T, c *campusCrowd) {
		c.connect()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := campus.Raw(c.peer).Request(ctx, 0, []byte("hello"))
		wantCampusError(t, err, bellpull.CodeDeadline, bellpull.Maybe)
		c.alive()
	})
}

// TestCampusNoAnswers: a call ends with its time; those under way when the other process is killed end with it.
func TestCampusNoAnswers(t *testing.T) {
	campusMisbehave(t, "never-answer", func(t *testing.T, c *campusCrowd) {
		c.connect(bellpull.WithoutReconnect())
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := campus.Raw(c.peer).Request(ctx, 0, []byte("hello"))
		wantCampusError(t, err, bellpull.CodeDeadline, bellpull.Maybe)
		if got := c.asks(c.bad, "hello"); got != "echo:hello" {
			t.Errorf("their request: %q", got)
		}
		c.notified(c.bad, "hello")
		over := make(chan error, 10)
		for range cap(over) {
			go func() {
				_, err := c.ask("hello")
				over <- err
			}()
		}
		for range cap(over) + 1 {
			c.bad.event("request")
		}
		c.bad.kill()
		for range cap(over) {
			wantCampusError(t, <-over, bellpull.CodeUnavailable, bellpull.Maybe)
		}
		c.down(bellpull.ErrUnavailable)
	})
}

// TestCampusADyingProcessFoolsNobody: one whose listening socket outlives its connections takes a redial and never
// serves it. The next try does not wait for it longer than it lives, and finds its successor.
func TestCampusADyingProcessFoolsNobody(t *testing.T) {
	campusMisbehave(t, "slow-death", func(t *testing.T, c *campusCrowd) {
		c.connect()
		c.bad.killed = true // it ends by itself
		if got, err := c.ask("your last words"); got != "echo:your last words" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		c.down(bellpull.ErrUnavailable)
		waiting := make(chan error, 1)
		if c.weDial {
			go func() { // is for whoever comes next
				got, err := c.ask("x")
				if err == nil && got != "echo:x" {
					err = errors.New(got)
				}
				waiting <- err
			}()
			e := c.events.await(bellpull.EventRetry) // taken, hung up on, and known to be
			if !errors.Is(e.Err, bellpull.ErrUnavailable) && !errors.Is(e.Err, bellpull.ErrNoServer) {
				t.Errorf("the first redial ended with %v", e.Err)
			}
		}
		<-c.bad.done
		c.bad = campusStart(t, campusOther, c.dir, "bad")
		if c.weDial {
			if err := <-waiting; err != nil {
				t.Error("the request that waited:", err)
			}
		} else {
			c.bad.do("connect", dmtpFields{"to": "ours"})
		}
		if e := c.events.await(bellpull.EventUp); e.Name != "bad" {
			t.Errorf("%q is up", e.Name)
		}
		var err error
		if c.peer, err = c.node.Wait(dmtpBounded(t), "bad"); err != nil {
			t.Fatal(err)
		}
		c.alive()
	})
}
