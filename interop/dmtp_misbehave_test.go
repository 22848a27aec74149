package interop_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// dmtpBothRoles runs f with this process in either role, against a reference peer that misbehaves.
func dmtpBothRoles(t *testing.T, mux *bellpull.Mux, opts []dmtp.Option, f func(t *testing.T, l *dmtpLink), kinds ...string) {
	t.Helper()
	dmtpReference(t)
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		f(t, dmtpConnect(t, transport, serving, mux, opts, kinds...))
	})
}

// dmtpAlive shows that the link works in both directions.
func dmtpAlive(t *testing.T, l *dmtpLink) {
	t.Helper()
	if got, err := bellpull.Call[int](dmtpBounded(t), l.peer, "add", 1, 2); err != nil || got != 3 {
		t.Errorf("add: %v, %v", got, err)
	}
	if _, err := l.peer.Ping(dmtpBounded(t)); err != nil {
		t.Errorf("ping: %v", err)
	}
	if got := l.far.do("ping", nil); string(got) != "true" {
		t.Errorf("their ping: %s", got)
	}
}

// TestDmtpWritesComeInAnyPieces: frames that come byte by byte, or many in one write, are the frames they are.
func TestDmtpWritesComeInAnyPieces(t *testing.T) {
	for _, kind := range []string{"bytewise", "coalesce"} {
		t.Run(kind, func(t *testing.T) {
			frames := make(chan *dmtp.Frame, 100)
			mux := bellpull.NewMux()
			bellpull.HandleFunc(mux, "echo", func(s string) string { return s })
			dmtpBothRoles(t, mux, []dmtp.Option{dmtp.OnFrame(func(f *dmtp.Frame) { frames <- f })}, func(t *testing.T, l *dmtpLink) {
				for i, n := range []int{0, 1, 300, 5000} {
					l.far.do("send", dmtpFields{"flags": 100 + i, "fill": n, "seed": i})
					if f := <-frames; int(f.Flags) != 100+i || string(f.Body) != string(dmtpFill(n, i)) {
						t.Errorf("%d bytes came as %d under %d", n, len(f.Body), f.Flags)
					}
				}
				if got, err := bellpull.Call[string](dmtpBounded(t), l.peer, "callback", "x"); err != nil || got != "x" {
					t.Errorf("callback: %q, %v", got, err)
				}
				dmtpAlive(t, l)
				l.far.do("close", dmtpFields{"reason": "bye"})
				l.events.await(bellpull.EventDown)
			}, kind)
		})
	}
}

// TestDmtpBrokenStreamsEndTheLink: a stream that breaks off or loses its framing ends this link at once, with its own
// code, and harms no other.
func TestDmtpBrokenStreamsEndTheLink(t *testing.T) {
	dmtpReference(t)
	for kind, is := range map[string]error{
		"truncate": bellpull.ErrUnavailable, "bad-magic": bellpull.ErrProtocol,
		"negative-length": bellpull.ErrProtocol, "huge-length": bellpull.ErrTooLarge,
	} {
		t.Run(kind, func(t *testing.T) {
			dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
				var ran atomic.Bool
				opts := []dmtp.Option{dmtp.OnFrame(func(*dmtp.Frame) { ran.Store(true) })}
				var good *dmtpLink
				if serving {
					good = &dmtpLink{serving: true}
					good.node, good.url = dmtpServe(t, dmtpURL(t, transport), nil, opts...)
					good.events = dmtpWatch(t, good.node)
					good.far = dmtpStart(t, dmtpOther, "dial", "--to", good.url)
					up := good.events.await(bellpull.EventUp)
					good.peer = up.Peer
					dmtpStart(t, dmtpOther, "dial", "--to", good.url, "--misbehave", kind)
				} else {
					good = dmtpConnect(t, transport, false, nil, opts)
					bad := dmtpStart(t, dmtpOther, "serve", "--listen", dmtpURL(t, transport), "--misbehave", kind)
					if _, err := good.node.Dial(dmtpBounded(t), bad.url(0), dmtp.Protocol{Plain: true}, bellpull.WithoutReconnect()); err != nil {
						t.Fatal(err)
					}
				}
				if e := good.events.await(bellpull.EventDown); !errors.Is(e.Err, is) || e.Peer == good.peer {
					t.Errorf("%s ended with %v", e.Name, e.Err)
				}
				dmtpAlive(t, good)
				if ran.Load() {
					t.Error("what never arrived as a whole was handed on")
				}
			})
		})
	}
}

// TestDmtpSilentClientsAreDropped: a client that never shakes hands, or brings what cannot be read, is cut off when
// the verify timeout is over, and nobody else notices.
func TestDmtpSilentClientsAreDropped(t *testing.T) {
	dmtpReference(t)
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		node, url := dmtpServe(t, dmtpURL(t, transport), nil, dmtp.With(dmtp.Protocol{VerifyTimeout: 300 * time.Millisecond}))
		events := dmtpWatch(t, node)
		silent := dmtpTry(t, dmtpOther, "dial", "--to", url, "--misbehave", "no-verify")
		if e := events.await(bellpull.EventRefused); !errors.Is(e.Err, os.ErrDeadlineExceeded) {
			t.Errorf("refused with %v", e.Err)
		}
		if got := silent.first.text("event"); got != "offline" && got != "ready" {
			t.Errorf("the client says %v", silent.first)
		}
		dmtpStart(t, dmtpOther, "dial", "--to", url)
		events.await(bellpull.EventUp)
	})
}

// TestDmtpEarlyFramesReachNobody: what a client sends before its handshake runs nothing, and its handshake is
// answered all the same.
func TestDmtpEarlyFramesReachNobody(t *testing.T) {
	dmtpReference(t)
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		var ran atomic.Int32
		mux := bellpull.NewMux()
		bellpull.HandleFunc(mux, "add", func(a, b int) int { ran.Add(1); return a + b })
		l := dmtpConnect(t, transport, true, mux, []dmtp.Option{dmtp.OnFrame(func(*dmtp.Frame) { ran.Add(1) })}, "early-frames")
		dmtpAlive(t, l)
		if n := ran.Load(); n != 0 {
			t.Errorf("%d handlers ran", n)
		}
		if got := l.far.do("call", dmtpFields{"method": "add", "args": []any{1, 2}}); string(got) != "3" || ran.Load() != 1 {
			t.Errorf("once online: %s after %d", got, ran.Load())
		}
	})
}

// TestDmtpFramesRightBehindTheHandshakeArrive: the handshake and a frame in one write are both taken.
func TestDmtpFramesRightBehindTheHandshakeArrive(t *testing.T) {
	dmtpReference(t)
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		frames := make(chan *dmtp.Frame, 1)
		l := dmtpConnect(t, transport, true, nil, []dmtp.Option{dmtp.OnFrame(func(f *dmtp.Frame) { frames <- f })}, "pipelined")
		if f := <-frames; f.Flags != 1001 || string(f.Body) != "pipelined" || f.Peer != l.peer {
			t.Errorf("got %+v", f)
		}
		dmtpAlive(t, l)
	})
}

// TestDmtpMetadataAsAnObjectIsTaken: the 4.0 documents write metadata as a JSON object. 4.2 does not answer that; a
// service of Bellpull takes it, and refuses a wrong token as ever.
func TestDmtpMetadataAsAnObjectIsTaken(t *testing.T) {
	dmtpReference(t)
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		var saw atomic.Pointer[dmtp.Verify]
		node, url := dmtpServe(t, dmtpURL(t, transport), nil, dmtp.With(dmtp.Protocol{Token: "x", VerifyTimeout: time.Second,
			Verify: func(v *dmtp.Verify) error {
				saw.Store(v)
				return errors.New("seen")
			}}))
		events := dmtpWatch(t, node)
		client := dmtpTry(t, dmtpOther, "dial", "--to", url, "--misbehave", "bad-json")
		if e := events.await(bellpull.EventRefused); e.Err.Error() != "seen" {
			t.Errorf("refused with %v", e.Err)
		}
		if v := saw.Load(); v == nil || len(v.Metadata) != 1 || v.Metadata[0] != (bellpull.Pair{Key: "a", Value: "b"}) {
			t.Errorf("the callback saw %+v", v)
		}
		events.await(bellpull.EventRefused) // by the verify timeout
		client.event("violation")
		client.forgive("metadata must be an array") // we answer in the form we were asked in
	})
}

// TestDmtpShortestAnswerIsEnough: an answer with Status, Sign and Id, compact and in another order, lets us in.
func TestDmtpShortestAnswerIsEnough(t *testing.T) {
	dmtpReference(t)
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		l := dmtpConnect(t, transport, false, nil, []dmtp.Option{dmtp.ID("me"), dmtp.Metadata(bellpull.Pair{Key: "a", Value: "b"})}, "minimal-json")
		if l.id != "me" || len(l.peer.Metadata()) > 0 {
			t.Errorf("%q with %v", l.id, l.peer.Metadata())
		}
		dmtpAlive(t, l)
	})
}

// TestDmtpLatePongsHoldUpNobody: other traffic goes on while a ping is under way, and its answer counts when it comes.
func TestDmtpLatePongsHoldUpNobody(t *testing.T) {
	dmtpBothRoles(t, nil, nil, func(t *testing.T, l *dmtpLink) {
		pong := make(chan error, 1)
		go func() {
			took, err := l.peer.Ping(dmtpBounded(t))
			if took < 250*time.Millisecond && err == nil {
				err = fmt.Errorf("answered after %v", took)
			}
			pong <- err
		}()
		for i := range 10 {
			if got, err := bellpull.Call[int](dmtpBounded(t), l.peer, "add", i, 1); err != nil || got != i+1 {
				t.Errorf("add: %v, %v", got, err)
			}
		}
		if err := <-pong; err != nil {
			t.Error(err)
		}
	}, "late-pong=300")
}

// TestDmtpPingsWithoutAnswerFail: a ping that nobody answers ends with its context, as CodeDeadline.
func TestDmtpPingsWithoutAnswerFail(t *testing.T) {
	dmtpBothRoles(t, nil, nil, func(t *testing.T, l *dmtpLink) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := l.peer.Ping(ctx); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got, err := bellpull.Call[int](dmtpBounded(t), l.peer, "add", 1, 2); err != nil || got != 3 {
			t.Errorf("add: %v, %v", got, err)
		}
	}, "no-pong")
	t.Run("heartbeat", func(t *testing.T) {
		service := dmtpStart(t, dmtpOther, "serve", "--listen", dmtpURL(t, "tcp"), "--misbehave", "no-pong")
		client := dmtpStart(t, dmtpOwn, "dial", "--to", service.url(0), "--heartbeat-ms", "100")
		if e := client.event("offline"); e.text("reason") != "heartbeat failed" {
			t.Errorf("%v", e)
		}
	})
}

// TestDmtpGoodbyesWithoutAnswerEnd: whoever does not acknowledge a goodbye is left when the close timeout is over.
func TestDmtpGoodbyesWithoutAnswerEnd(t *testing.T) {
	dmtpBothRoles(t, nil, []dmtp.Option{dmtp.With(dmtp.Protocol{CloseTimeout: 200 * time.Millisecond})}, func(t *testing.T, l *dmtpLink) {
		if err := l.peer.CloseWith(dmtpBounded(t), "bye"); err != nil {
			t.Error(err)
		}
		if e := l.events.await(bellpull.EventDown); !errors.Is(e.Err, bellpull.ErrUnavailable) && e.Err == nil {
			t.Errorf("ended with %v", e.Err)
		}
		if e := l.far.event("offline"); e.text("reason") != "bye" {
			t.Errorf("over there: %v", e)
		}
	}, "no-close-ack")
}

// TestDmtpOddAnswersConfuseNobody: answers that come twice, that nobody asked for, that are of another kind, or with
// bytes behind their end, leave every call with the answer that is its own.
func TestDmtpOddAnswersConfuseNobody(t *testing.T) {
	for _, kind := range []string{"duplicate-sign", "unknown-sign", "wrong-kind", "trailing"} {
		t.Run(kind, func(t *testing.T) {
			mux := bellpull.NewMux()
			bellpull.HandleFunc(mux, "echo", func(s string) string { return s })
			dmtpBothRoles(t, mux, nil, func(t *testing.T, l *dmtpLink) {
				for i := range 20 {
					if got, err := bellpull.Call[string](dmtpBounded(t), l.peer, "echo", fmt.Sprint(i)); err != nil || got != fmt.Sprint(i) {
						t.Errorf("echo: %q, %v", got, err)
					}
					if got, err := bellpull.Call[string](dmtpBounded(t), l.peer, "callback", fmt.Sprint(i)); err != nil || got != fmt.Sprint(i) {
						t.Errorf("callback: %q, %v", got, err)
					}
				}
				dmtpAlive(t, l)
				if got := dmtp.SessionID(l.peer); got != l.id {
					t.Errorf("the id became %q", got)
				}
			}, kind)
		})
	}
}

// TestDmtpBytesOfOurOwnMakingAreSeen shows that the reference peer notices what we must not write, so that its
// silence in the other tests means something.
func TestDmtpBytesOfOurOwnMakingAreSeen(t *testing.T) {
	dmtpBothRoles(t, nil, nil, func(t *testing.T, l *dmtpLink) {
		frame, _ := hex.DecodeString("646d0006" + "0000000e" + hex.EncodeToString([]byte(`{"Sign":12345}`)))
		if err := dmtp.SendRaw(dmtpBounded(t), l.peer, frame); err != nil {
			t.Fatal(err)
		}
		l.far.event("violation")
		l.far.forgive("")
		dmtpAlive(t, l)
	})
}
