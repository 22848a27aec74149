//go:build linux || darwin

package survival

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// delay is how long user code may keep a link from being read: the promise's millisecond, which the monitor counts from
// its next tick on, and what a round trip takes on top.
const delay = 2*time.Millisecond + 500*time.Microsecond

// TestP08UserCodeDoesNotDelayReading: a peer makes the node run code that blocks, and sends a ping right behind it, in
// one write. The ping is answered though the code still runs.
func TestP08UserCodeDoesNotDelayReading(t *testing.T) {
	blocks := func(b *besieged) { <-b.over }
	for _, c := range []struct {
		name  string
		opts  func(b *besieged) option
		frame func(w way, method string) []byte
	}{
		{name: "a handler", frame: func(w way, method string) []byte { return w.call(1, 0, method, nil) }},
		{name: "the handler of a notify", frame: func(w way, method string) []byte { return w.call(0, 0, method, nil) }},
		{name: "OnFrame",
			opts: func(b *besieged) option {
				return only(dmtp.OnFrame(func(*dmtp.Frame) { blocks(b) }))
			},
			frame: func(way, string) []byte { return dmtpwire.AppendFrame(nil, 1000, nil) }},
		{name: "an interceptor",
			opts: func(b *besieged) option {
				return nodeOptions(bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
					return bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { blocks(b) })
				}))
			},
			frame: func(w way, _ string) []byte { return w.call(1, 0, "echo", nil) }},
		{name: "Verify, of a link that is up",
			opts: func(b *besieged) option {
				return only(dmtp.OnVerify(func(v *dmtp.Verify) error {
					if v.ID == "block" {
						blocks(b)
					}
					return nil
				}))
			},
			frame: func(w way, _ string) []byte { return w.hello("block") }},
		{name: "a loop over events",
			opts: func(*besieged) option { return option{} },
			frame: func(way, string) []byte {
				return kernel(dmtpwire.FlagResetIDRequest, `{"NewId":"r%d","Sign":1}`, rawIDs.Add(1))
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachSocket(t, func(t *testing.T, w way) {
				var watching sync.WaitGroup
				t.Cleanup(watching.Wait) // after what b has to clean up
				b := &besieged{}
				var opts option
				if c.opts != nil {
					opts = c.opts(b)
				}
				*b = *besiege(t, w, opts)
				if c.name == "a loop over events" {
					for _, seq := range []func(func(bellpull.Event) bool){b.node.Watch(t.Context()), b.node.Watch(context.Background())} {
						watching.Go(func() {
							for range seq {
								blocks(b)
								return
							}
						})
					}
				}
				n := 0
				best(t, 20, delay, "a ping behind it was answered", func() time.Duration {
					n++
					method := fmt.Sprint("block-", n) // one that is not known to be slow
					b.handleBlock(method)
					r, _ := b.inside(t)
					defer r.Close()
					start := time.Now()
					if err := r.put(append(c.frame(w, method), kernel(dmtpwire.FlagPingRequest, `{"Sign":7}`)...)); err != nil {
						t.Fatal(err)
					}
					r.until(dmtpwire.FlagPingResponse)
					return time.Since(start)
				})
			})
		})
	}
}

// TestP08AFloodOfConnectionsKeepsNobodyOut: somebody opens connections as fast as it can and never says a word on them.
// 3,000 are open already when a good client comes: it connects within 100 ms.
func TestP08AFloodOfConnectionsKeepsNobodyOut(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		const held = 3000
		stop, flooded := make(chan struct{}), make(chan int, 1)
		full := make(chan struct{})
		go func() {
			var kept [held]*raw
			n := 0
			defer func() {
				for _, r := range kept {
					if r != nil {
						r.Close()
					}
				}
				flooded <- n
			}()
			for ; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if n == held {
					close(full)
				}
				at := n
				if n >= held { // those that were there first stay
					at = held/2 + n%(held/2)
					kept[at].Close()
				}
				r, err := b.tryConnect(t)
				if err != nil {
					t.Error(err)
					return
				}
				kept[at] = r
			}
		}()
		arrives(t, "the flood", full)
		best(t, 10, 100*time.Millisecond, "a good client connects", func() time.Duration {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			start := time.Now()
			p, err := w.tryDial(ctx, b.addr)
			took := time.Since(start)
			if err != nil {
				t.Fatal(err)
			}
			works(t, p, 1)
			hangUp(p)
			t.Log(took)
			return took
		})
		close(stop)
		t.Log(arrives(t, "the end of the flood", flooded), "connections in all")
	})
}

// TestP08AVerifyThatBlocksKeepsNobodyElseOut: it decides about connections apart from each other.
func TestP08AVerifyThatBlocksKeepsNobodyElseOut(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := &besieged{}
		*b = *besiege(t, w, only(dmtp.OnVerify(func(v *dmtp.Verify) error {
			if v.ID == "block" {
				<-b.over
			}
			return nil
		})))
		good := w.dial(t, b.addr)
		for range 100 {
			if err := b.connect(t).put(w.hello("block")); err != nil {
				t.Fatal(err)
			}
		}
		works(t, good, 10)
		works(t, w.dial(t, b.addr), 10)
	})
}
