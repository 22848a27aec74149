//go:build linux || darwin

package survival

import (
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestP10OverPipesNothingRunsBeforeTheRegistration: nor before the process that registers was dialled back, under the name
// that it says. What it has sent by then runs afterwards.
func TestP10OverPipesNothingRunsBeforeTheRegistration(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		var ran atomic.Int32
		b := besiege(t, w, nodeOptions(bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
			return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { ran.Add(1); next.ServeBell(w, r) })
		})))
		good := w.dial(t, b.addr)
		early := append(append(ask(1, "echo", ding), tell("echo", ding)...), reply(1, ding)...)
		silent := b.connect(t)
		if err := silent.put(early); err != nil {
			t.Fatal(err)
		}
		name, _ := w.self(b.addr) // where nobody listens
		stranger := b.connect(t)
		if err := stranger.put(append(append(early, register(name)...), early...)); err != nil {
			t.Fatal(err)
		}
		if e := b.events.until(bellpull.EventRefused); e.Name != name {
			t.Errorf("%q was refused: %v", e.Name, e.Err)
		}
		works(t, good, 1)
		if n := ran.Load(); n != 1 {
			t.Errorf("%d requests reached user code", n-1)
		}
		m := b.join(t)
		if err := m.put(early); err != nil {
			t.Fatal(err)
		}
		if a := m.answered(t); a.ID != 1 || string(a.Body) != "ding" {
			t.Errorf("answered %d with %q", a.ID, a.Body)
		}
	})
}

// TestP10OverPipesFiveSecondsToRegister: whatever a connection says, unless it has registered by then, it ends.
func TestP10OverPipesFiveSecondsToRegister(t *testing.T) {
	for name, say := range map[string]func(c transport.Conn){
		"nothing":             func(transport.Conn) {},
		"half a registration": func(c transport.Conn) { c.Write(register("x")[:40]) },
		"a byte now and then": func(c transport.Conn) {
			for _, b := range claimOf(1000) {
				c.Write([]byte{b})
				time.Sleep(300 * time.Millisecond)
			}
		},
		"requests": func(c transport.Conn) {
			for err, n := error(nil), 0; err == nil && n < 60; n++ {
				_, err = c.Write(ask(1, "echo", ding))
				time.Sleep(100 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := way{carrier: "mem", campus: true, network: mem.New()}
				node, err := w.listen(t.Context(), "mem:x", nil)
				if err != nil {
					t.Fatal(err)
				}
				defer closeNode(node)
				c, err := w.network.Dial(t.Context(), transport.Addr{Scheme: "mem", Rest: "x"})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				start := time.Now()
				go say(c)
				io.Copy(io.Discard, c)
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("it was closed after %v", took)
				}
				time.Sleep(time.Minute) // say is over
			})
		})
	}
}
