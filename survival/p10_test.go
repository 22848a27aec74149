//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestP10NothingRunsBeforeAuthentication: frames of every kind, in both modes, before a handshake, behind one that was
// refused, and between them. None reaches user code, and no peer comes up; the service only says no.
func TestP10NothingRunsBeforeAuthentication(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		var ran atomic.Int32
		var asked atomic.Int32
		refuse := errors.New("no")
		b := besiege(t, w, only(dmtp.Token("secret"), dmtp.OnFrame(func(*dmtp.Frame) { ran.Add(1) }),
			dmtp.OnVerify(func(v *dmtp.Verify) error {
				if asked.Add(1); v.ID == "welcome" {
					return nil
				}
				return refuse
			})),
			nodeOptions(bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
				return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { ran.Add(1); next.ServeBell(w, r) })
			})))
		b.mux.HandleOthers(bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { ran.Add(1) }))

		r := b.connect(t)
		everything := func() {
			for _, plain := range []bool{false, true} {
				w := way{plain: plain}
				for _, frame := range [][]byte{
					w.call(1, 0, "echo", []byte("x")), w.call(0, 1, "echo", []byte("x")), w.call(2, 2, "none", nil),
					w.answer(4096, []byte("x")),
				} {
					if err := r.put(frame); err != nil {
						t.Fatal(err)
					}
				}
			}
			for f := range dmtpwire.Flags(300) {
				switch f {
				case dmtpwire.FlagVerifyRequest, dmtpwire.FlagClose, dmtpwire.Flags(bellwire.FlagCall):
					continue
				}
				if err := r.put(kernel(f, `{"NewId":"mine","Sign":1,"Status":1}`)); err != nil {
					t.Fatal(f, err)
				}
			}
			r.put(kernel(dmtpwire.FlagPingRequest, `{"Sign":7}`)) // is answered, when all that came before is over
			for {
				f, body, err := r.next()
				if err != nil {
					t.Fatal(err)
				}
				var pong dmtpwire.WaitPing
				switch {
				case f == dmtpwire.FlagPingResponse && dmtpwire.ParseWaitPing(body, &pong) == nil && pong.Sign == 7:
					return
				case f != dmtpwire.FlagPingResponse && f != dmtpwire.FlagVerifyResponse:
					t.Errorf("answered with %v %q", f, body)
				}
			}
		}
		everything()
		hello := func(token, id string) {
			if err := r.put(kernel(dmtpwire.FlagVerifyRequest, `{"Token":%q,"Id":%q,"Sign":3}`, token, id)); err != nil {
				t.Fatal(err)
			}
		}
		hello("wrong", "welcome")
		everything()
		if n := asked.Load(); n != 0 {
			t.Error("Verify was asked about a client without the token")
		}
		hello("secret", "other")
		everything()
		if n := ran.Load(); n != 0 {
			t.Errorf("%d requests reached user code", n)
		}
		for range b.node.Peers() {
			t.Error("it is a peer")
		}
		for range 2 {
			if e := b.events.next(); e.Kind != bellpull.EventRefused {
				t.Error(e.Kind)
			}
		}
		hello("secret", "welcome")
		b.peer(t, "welcome")
		if err := r.put(way{plain: true}.call(5, 0, "echo", []byte("x"))); err != nil {
			t.Fatal(err)
		}
		r.until(dmtpwire.FlagCallResponse)
		if n := ran.Load(); n != 1 {
			t.Errorf("%d requests ran, want the one behind the handshake", n)
		}
	})
}

// TestP10ThreeSecondsForTheHandshake: whatever a connection says, unless the handshake is accepted by then, it ends.
func TestP10ThreeSecondsForTheHandshake(t *testing.T) {
	for name, say := range map[string]func(c transport.Conn){
		"nothing": func(transport.Conn) {},
		"half a handshake": func(c transport.Conn) {
			c.Write(way{}.hello("x")[:15])
		},
		"a byte now and then": func(c transport.Conn) {
			for _, b := range dmtpwire.AppendHeader(nil, dmtpwire.FlagVerifyRequest, 1000) {
				c.Write([]byte{b})
				time.Sleep(400 * time.Millisecond)
			}
		},
		"pings": func(c transport.Conn) {
			for err := error(nil); err == nil; time.Sleep(100 * time.Millisecond) {
				_, err = c.Write(kernel(dmtpwire.FlagPingRequest, `{"Sign":1}`))
			}
		},
		"wrong tokens": func(c transport.Conn) {
			for err := error(nil); err == nil; time.Sleep(300 * time.Millisecond) {
				_, err = c.Write(way{}.hello("x"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				node, err := dmtp.Listen(t.Context(), "mem:x", nil, dmtp.Token("secret"), dmtp.NodeOptions(bellpull.WithTransports(network)))
				if err != nil {
					t.Fatal(err)
				}
				defer node.Close(context.Background())
				c, err := network.Dial(t.Context(), transport.Addr{Scheme: "mem", Rest: "x"})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				start := time.Now()
				go say(c)
				io.Copy(io.Discard, c)
				if took := time.Since(start); took != 3*time.Second {
					t.Errorf("it was closed after %v", took)
				}
				time.Sleep(time.Minute) // say is over
			})
		})
	}
}
