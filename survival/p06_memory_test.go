//go:build linux || darwin

package survival

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// heap gives the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// grows checks what the heap has grown by since from.
func grows(t testing.TB, what string, from, limit int64) {
	t.Helper()
	if n := heap() - from; n > limit {
		t.Errorf("%s: the heap grew by %d KiB, want less than %d KiB", what, n>>10, limit>>10)
	} else {
		t.Logf("%s: the heap grew by %d KiB", what, n>>10)
	}
}

// works has an honest peer make calls, one after another.
func works(t testing.TB, p *bellpull.Peer, n int) {
	t.Helper()
	for range n {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		got, err := p.CallBytes(ctx, "echo", nil, []byte("ding"))
		cancel()
		if err != nil || string(got) != "ding" {
			t.Fatalf("the call of an honest peer: %q, %v", got, err)
		}
	}
}

// TestP06MemoryIsClaimedAsBytesArrive: 1,000 clients claim the largest frame that there is, and 1,000 connections the
// largest that is taken before the handshake. They send a few bytes of it.
func TestP06MemoryIsClaimedAsBytesArrive(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		good := w.dial(t, b.addr)
		works(t, good, 1)
		from := heap()
		for range 1000 {
			r, _ := b.inside(t)
			if err := r.put(append(dmtpwire.AppendHeader(nil, 1000, 16<<20), make([]byte, 100)...)); err != nil {
				t.Fatal(err)
			}
		}
		for range 1000 {
			r := b.connect(t)
			if err := r.put(append(dmtpwire.AppendHeader(nil, dmtpwire.FlagVerifyRequest, 64<<10), make([]byte, 100)...)); err != nil {
				t.Fatal(err)
			}
		}
		works(t, good, 300) // the others' bytes are read by then
		grows(t, "2,000 claims", from, 64<<20)
	})
}

// TestP06APeerThatNeverReads: what a node has to say to it, answers and calls, is bounded, ends typed and in time, and
// costs nobody else anything.
func TestP06APeerThatNeverReads(t *testing.T) {
	const body = 64 << 10
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		good := w.dial(t, b.addr)
		works(t, good, 1)
		from := heap()

		for _, c := range []struct {
			name  string
			frame []byte
		}{
			{"answers", w.call(1, 0, "echo", make([]byte, body))},
			{"pongs", kernel(dmtpwire.FlagPingRequest, `{"Sign":1,"SourceId":%q}`, strings.Repeat("x", 1<<10))},
		} {
			t.Run(c.name, func(t *testing.T) {
				r, id := b.inside(t)
				var wg sync.WaitGroup
				wg.Go(func() {
					for r.put(c.frame) == nil {
					}
				})
				down := b.events.until(bellpull.EventDown)
				if down.Name != id || !errors.Is(down.Err, bellpull.ErrBusy) {
					t.Errorf("%s is down: %v", down.Name, down.Err)
				}
				works(t, good, 10)
				wg.Wait()
			})
		}

		t.Run("calls", func(t *testing.T) {
			r, id := b.inside(t)
			p := b.peer(t, id)
			best(t, 5, grace, "a call returned behind its deadline", func() time.Duration {
				most := allLate(t, p, 64, body, 300*time.Millisecond)
				works(t, good, 10)
				return most
			})
			r.Close()
			b.events.until(bellpull.EventDown)
		})
		grows(t, "nobody reads", from, 64<<20)
	})
}

// allLate makes calls at once to a peer that does not answer, and gives how long after the deadline the last returned.
func allLate(t testing.TB, p *bellpull.Peer, calls, size int, timeout time.Duration) (most time.Duration) {
	var wg sync.WaitGroup
	took := make([]time.Duration, calls)
	body := make([]byte, size)
	for i := range took {
		wg.Go(func() {
			var err error
			took[i], err = late(context.Background(), p, "x", body, timeout)
			if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) == bellpull.Yes {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return slices.Max(took)
}

// TestP06APeerThatReadsOneByteASecond: it is alive, so its link stays; the calls to it end by their deadlines, and what
// waits for it is bounded.
func TestP06APeerThatReadsOneByteASecond(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		good := w.dial(t, b.addr)
		works(t, good, 1)
		r, id := b.inside(t)
		p := b.peer(t, id)
		from := heap()
		stop := make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			for one := make([]byte, 1); ; {
				r.Read(one)
				select {
				case <-stop:
					return
				case <-time.After(time.Second):
				}
			}
		})
		best(t, 5, grace, "a call returned behind its deadline", func() time.Duration {
			most := allLate(t, p, 8, 1<<20, 400*time.Millisecond)
			works(t, good, 10)
			return most
		})
		if !p.Up() {
			t.Error("its link is gone")
		}
		grows(t, "one byte a second", from, 64<<20)
		close(stop)
		r.Close()
		reading.Wait()
	})
}

// TestP06FramesThatTrickle: a session that comes one byte at a time is a session.
func TestP06FramesThatTrickle(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		r := b.connect(t)
		trickle := func(frame []byte) {
			for i := range frame {
				if err := r.put(frame[i : i+1]); err != nil {
					t.Fatal(err)
				}
			}
		}
		trickle(w.hello("slow"))
		r.until(dmtpwire.FlagVerifyResponse)
		for i := range uint32(3) {
			sent := bytes.Repeat([]byte{byte(i), 'x'}, 1+3000*int(i)) // and longer than the buffer that a connection has
			trickle(w.call(i+1, 0, "echo", sent))
			f, body, err := r.next()
			want := w.answer(i+1, sent)[dmtpwire.HeaderLen:]
			same := string(body) == string(want)
			if w.plain { // the node says who it is in the header, too
				var p, q dmtpwire.Response
				same = dmtpwire.ParseResponse(body, &p) == nil && dmtpwire.ParseResponse(want, &q) == nil &&
					p.Sign == q.Sign && string(p.Return) == string(q.Return)
			}
			if err != nil || !same {
				t.Fatalf("answer %d is a frame %v of %d bytes, want the %d that were sent: %v", i, f, len(body), len(want), err)
			}
		}
	})
}

// TestP06WhatWaitsBehindAStuckHandlerEndsWithItsLink: a hostile peer fills the line behind a handler that never returns,
// is cut off, and comes back; another hangs up in the middle of a large frame. Handlers cannot be ended, but what came
// behind them is not kept.
func TestP06WhatWaitsBehindAStuckHandlerEndsWithItsLink(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		frame := w.call(0, 0, "block", make([]byte, 8<<10))
		half := append(w.call(0, 0, "block", nil), dmtpwire.AppendHeader(nil, 1000, 16<<20)...)
		half = append(half, make([]byte, 4<<20)...)
		from := heap()
		for range 20 {
			r, id := b.inside(t)
			for r.put(frame) == nil {
			}
			if e := b.events.until(bellpull.EventDown); e.Name != id || !errors.Is(e.Err, bellpull.ErrBusy) {
				t.Errorf("%s is down: %v", e.Name, e.Err)
			}
			r, id = b.inside(t)
			if err := r.put(half); err != nil {
				t.Fatal(err)
			}
			r.Close()
			if e := b.events.until(bellpull.EventDown); e.Name != id {
				t.Errorf("%s is down: %v", e.Name, e.Err)
			}
		}
		grows(t, "20 times 4 MiB in line, and in half a frame", from, 32<<20)
	})
}
