//go:build linux || darwin

package survival

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// TestP08OverPipesUserCodeDoesNotDelayReading: a process makes the node run code that blocks, and sends a request right
// behind it, in one write. It is answered though the code still runs.
func TestP08OverPipesUserCodeDoesNotDelayReading(t *testing.T) {
	for name, frame := range map[string]func(method string) []byte{
		"a handler":               func(method string) []byte { return ask(1, method, ding) },
		"the handler of a notify": func(method string) []byte { return tell(method, ding) },
	} {
		t.Run(name, func(t *testing.T) {
			eachPipe(t, func(t *testing.T, w way) {
				b := besiege(t, w)
				n := 0
				best(t, 20, delay, "a request behind it was answered", func() time.Duration {
					n++
					method := fmt.Sprint("block-", n) // one that is not known to be slow
					b.handleBlock(method)
					m := b.join(t)
					defer m.leave()
					start := time.Now()
					if err := m.put(append(frame(method), ask(7, "echo", ding)...)); err != nil {
						t.Fatal(err)
					}
					if a := m.answered(t); a.ID != 7 || string(a.Body) != "ding" {
						t.Errorf("answered %d with %q", a.ID, a.Body)
					}
					return time.Since(start)
				})
			})
		})
	}
}

// pipeStorms are what hostile processes do that have joined. A turn ends with an error, or when it has had enough.
var pipeStorms = []struct {
	name  string
	reads bool
	frame func(i int) []byte
}{
	{"garbage", true, rubbish},
	{"registrations again", true, func(i int) []byte { return register(fmt.Sprint("again-", i)) }},
	{"answers to nothing", true, func(i int) []byte { return reply(uint64(i+1), []byte("x")) }},
	{"routes that are not there", true, func(i int) []byte { return ask(uint64(i+1), fmt.Sprint("none-", i), ding) }},
	{"calls, and reads nothing", false, func(i int) []byte { return ask(uint64(i+1), "echo", make([]byte, 1<<10)) }},
	{"calls that block", true, func(i int) []byte { return ask(uint64(i+1), "block", ding) }},
	{"notifies to a handler that blocks", true, func(i int) []byte { return tell("block", ding) }},
	{"messages that nobody takes", true, func(i int) []byte { return tell("none", ding) }},
}

// TestP08OverPipesAHostileProcessCostsItsOwnConnectionOnly: while one storms, an honest peer makes its calls and every
// one is answered, in the time that TestP08AHostilePeerCostsItsOwnConnectionOnly allows.
func TestP08OverPipesAHostileProcessCostsItsOwnConnectionOnly(t *testing.T) {
	for _, s := range pipeStorms {
		t.Run(s.name, func(t *testing.T) {
			eachPipe(t, func(t *testing.T, w way) {
				b := besiege(t, w)
				b.storm(t, func(stop <-chan struct{}) {
					m, err := b.tryJoin(t)
					if err != nil {
						t.Errorf("no connection: %v", err)
						return
					}
					defer m.leave()
					m.rage(s.reads, s.frame, stop)
				})
			})
		})
	}
	for name, say := range map[string][]byte{"says nothing": nil, "garbage instead of a registration": rubbish(1),
		"half a registration": register("half")[:30], "a frame instead of a registration": ask(1, "echo", ding)} {
		t.Run(name, func(t *testing.T) {
			eachPipe(t, func(t *testing.T, w way) {
				b := besiege(t, w)
				b.storm(t, func(<-chan struct{}) {
					r, err := b.tryConnect(t)
					if err != nil {
						t.Errorf("no connection: %v", err)
						return
					}
					r.put(say)
					r.Close()
				})
			})
		})
	}
}

// rage writes frames until the node hangs up or it has been enough.
func (m *member) rage(reads bool, frame func(i int) []byte, stop <-chan struct{}) {
	var reading sync.WaitGroup
	defer reading.Wait()
	if reads {
		reading.Go(m.swallow)
	}
	done := make(chan struct{})
	defer close(done)
	go func() { // unblocks a storm that nobody reads
		select {
		case <-stop:
		case <-done:
		}
		m.Close()
		m.in.Close()
	}()
	var batch []byte
	for n := range 20_000 {
		if batch = append(batch, frame(n)...); len(batch) > 4<<10 {
			if m.put(batch) != nil {
				return
			}
			batch = batch[:0]
			runtime.Gosched()
		}
	}
}

// storm has a hostile process do something again and again while an honest one makes its calls.
func (b *besieged) storm(t *testing.T, turn func(stop <-chan struct{})) {
	bound := 20 * time.Millisecond
	if raced {
		bound *= 5
	}
	good := b.way.dial(t, b.addr)
	measure(t, good, 100)
	var said []string
	for range 10 {
		before := ninetyNine(measure(t, good, 200))
		within, turns := b.underStorm(t, good, turn)
		said = append(said, fmt.Sprintf("%v before, %v while there were %d storms", before, within, turns))
		if t.Failed() || within <= max(10*before, bound) {
			return
		}
	}
	t.Errorf("99 of 100 calls of an honest peer took at most\n\t%s", strings.Join(said, "\n\t"))
}

func (b *besieged) underStorm(t *testing.T, good *bellpull.Peer, turn func(stop <-chan struct{})) (within time.Duration, turns int) {
	stop, over := make(chan struct{}), make(chan int, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				over <- n
				return
			default:
				turn(stop)
			}
		}
	}()
	defer func() { // even when a call failed
		close(stop)
		turns = arrives(t, "the end of the storm", over)
	}()
	return ninetyNine(measure(t, good, 200)), 0
}

// TestP08OverPipesAFloodOfConnectionsKeepsNobodyOut: 3,000 connections are open on which nobody has registered. A good
// process connects within 100 ms.
func TestP08OverPipesAFloodOfConnectionsKeepsNobodyOut(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		for range 3000 {
			b.connect(t)
		}
		best(t, 10, 100*time.Millisecond, "a good process connects", func() time.Duration {
			start := time.Now()
			p := w.dial(t, b.addr)
			took := time.Since(start)
			works(t, p, 1)
			hangUp(p)
			return took
		})
	})
}
