//go:build linux || darwin

package survival

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// TestP06OverPipesAnswersThatNobodyAskedForAreDropped: answers to requests never made, to the one before, and the right
// one twice. Each call gets its own, once.
func TestP06OverPipesAnswersThatNobodyAskedForAreDropped(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		m := b.join(t)
		p := b.peerOf(t, m)
		const calls = 300
		var reading sync.WaitGroup
		reading.Go(func() {
			last := uint64(1)
			for i := range calls {
				id := m.asked(t)
				var out []byte
				for _, other := range []uint64{id ^ 1, id + 4096, id ^ 1<<30, id | 1<<32, 1, 0, 1<<64 - 1, last} {
					if other != id {
						out = append(out, reply(other, []byte("wrong"))...)
					}
				}
				out = append(out, reply(id, fmt.Append(nil, i))...)
				for range 3 {
					out = append(out, reply(id, []byte("again"))...)
				}
				last = id
				if err := m.put(out); err != nil {
					t.Error(err)
					return
				}
			}
		})
		for i := range calls {
			got, err := p.CallBytes(bounded(t), "x", nil, ding)
			if err != nil || string(got) != fmt.Sprint(i) {
				t.Fatalf("call %d: %q, %v", i, got, err)
			}
		}
		reading.Wait()
	})
}

// TestP06OverPipesMemoryIsClaimedAsBytesArrive: 200 processes claim the largest content that there is, and 1,000
// connections the largest that is taken before a registration. They send a few bytes of it.
func TestP06OverPipesMemoryIsClaimedAsBytesArrive(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		good := w.dial(t, b.addr)
		works(t, good, 1)
		members, strangers := 200, 1000
		if testing.Short() {
			members, strangers = 70, 100
		}
		from := heap()
		for range members {
			if err := b.join(t).put(claim(campuswire.CommandRequest, campuswire.MaxContent)); err != nil {
				t.Fatal(err)
			}
		}
		for range strangers {
			if err := b.connect(t).put(claim(campuswire.CommandBusiness, 60<<10)); err != nil {
				t.Fatal(err)
			}
		}
		works(t, good, 300) // the others' bytes are read by then
		grows(t, fmt.Sprint(members+strangers, " claims"), from, 64<<20)
	})
}

// TestP06OverPipesAPeerThatNeverReads: what a node has to say to it, answers and calls, is bounded, ends typed and in
// time, and costs nobody else anything.
func TestP06OverPipesAPeerThatNeverReads(t *testing.T) {
	const body = 64 << 10
	eachPipe(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		good := w.dial(t, b.addr)
		works(t, good, 1)
		from := heap()
		t.Run("answers", func(t *testing.T) {
			m := b.join(t)
			var wg sync.WaitGroup
			wg.Go(func() {
				for m.put(ask(1, "echo", make([]byte, body))) == nil {
				}
			})
			if down := b.events.until(bellpull.EventDown); down.Name != m.name || !errors.Is(down.Err, bellpull.ErrBusy) {
				t.Errorf("%s is down: %v", down.Name, down.Err)
			}
			works(t, good, 10)
			wg.Wait()
		})
		t.Run("calls", func(t *testing.T) {
			m := b.join(t)
			p := b.peerOf(t, m)
			best(t, 5, grace, "a call returned behind its deadline", func() time.Duration {
				most := allLate(t, p, 64, body, 300*time.Millisecond)
				works(t, good, 10)
				return most
			})
			m.leave()
			b.events.until(bellpull.EventDown)
		})
		grows(t, "nobody reads", from, 64<<20)
	})
}

// TestP06OverPipesWhatWaitsBehindAStuckHandlerEndsWithItsLink: a hostile process fills the line behind a handler that
// never returns, is cut off, and comes back; another hangs up in the middle of a large frame. What came behind is not
// kept.
func TestP06OverPipesWhatWaitsBehindAStuckHandlerEndsWithItsLink(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		frame := tell("block", make([]byte, 8<<10))
		half := append(tell("block", ding), claim(campuswire.CommandBusiness, campuswire.MaxContent)...)
		half = append(half, make([]byte, 4<<20)...)
		from := heap()
		for range 10 {
			m := b.join(t)
			for m.put(frame) == nil {
			}
			if e := b.events.until(bellpull.EventDown); e.Name != m.name || !errors.Is(e.Err, bellpull.ErrBusy) {
				t.Errorf("%s is down: %v", e.Name, e.Err)
			}
			m = b.join(t)
			if err := m.put(half); err != nil {
				t.Fatal(err)
			}
			m.leave()
			if e := b.events.until(bellpull.EventDown); e.Name != m.name {
				t.Errorf("%s is down: %v", e.Name, e.Err)
			}
		}
		grows(t, "10 times 4 MiB in line, and in half a frame", from, 32<<20)
	})
}
