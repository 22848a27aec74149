package campus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// heap gives what this process holds, after what can go has gone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// crowd gives the processes of a test that is about many: one that listens, under many names.
type crowd struct {
	p     *place
	node  *bellpull.Node
	other *rawProc // well-behaved
}

func newCrowd(t *testing.T, kind string, names int, proto *campus.Protocol) *crowd {
	t.Helper()
	c := &crowd{p: newPlace(t, kind)}
	c.node = c.p.echoNode(t, "node", proto, "other")
	for i := range names {
		must(t, c.node.Know(fmt.Sprint("raw", i), c.p.at("raw")))
	}
	c.other = c.p.raw(t, "other")
	return c
}

// carriersWithoutNames can have one process under many names.
func carriersWithoutNames() []string {
	if runtime.GOOS == "windows" {
		return []string{"tcp"}
	}
	return []string{"unix", "tcp"}
}

// TestAnnouncedBytesAreNotClaimed: hundreds of connections that announce the longest frame there is, and send nothing
// of it, or a kilobyte, cost what they have sent and 64 KiB at most, registered or not.
func TestAnnouncedBytesAreNotClaimed(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a thousand connections")
	}
	const conns, each = 500, 64 << 10
	for _, kind := range carriersWithoutNames() {
		for _, body := range []int{0, 1 << 10} {
			t.Run(fmt.Sprintf("%s, %d bytes of it", kind, body), func(t *testing.T) {
				c := newCrowd(t, kind, conns, &campus.Protocol{MaxPending: 2 * conns, RegisterTimeout: patience})
				raw := c.p.raw(t, "raw")
				before := heap() // all that a connection costs counts, at both ends
				var list, quiet []*rawConn
				for i := range conns {
					out := raw.dial("node")
					out.frame(typeRegister, registration(fmt.Sprint("raw", i)))
					list = append(list, out)
				}
				for range conns {
					raw.accept().registered("node")
				}
				for i := range conns {
					list[i].request(uint64(i), "x") // the link is up, and has a buffer
				}
				for range conns {
					quiet = append(quiet, raw.dial("node"))
				}
				out, in := c.other.meet("node")
				alive(t, c.node, c.other, out, in)
				some := make([]byte, body)
				for i := range conns {
					must(t, list[i].send(head(typeNotify, campuswire.MaxContent), some))
					must(t, quiet[i].send(head(typeNotify, 60<<10), some)) // more is refused at once
				}
				alive(t, c.node, c.other, out, in)
				grown := int64(0)
				for range 10 { // all of it has been read by the last look
					time.Sleep(10 * time.Millisecond)
					grown = max(grown, (heap()-before)/(2*conns))
				}
				t.Logf("%d bytes a connection", grown)
				if grown > int64(each+body) {
					t.Errorf("the heap grew by %d bytes a connection, want at most %d", grown, each+body)
				}
			})
		}
	}
}

// TestIdleConnectionsMakeRoom: of those that never register the oldest goes when there are too many, and a process that
// registers gets through all the same.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			fdtest.Same(t)
			p := newPlace(t, kind)
			node := p.echoNode(t, "node", &campus.Protocol{RegisterTimeout: patience}, "raw")
			raw := p.raw(t, "raw")
			var idle []*rawConn
			for range 250 {
				idle = append(idle, raw.dial("node"))
			}
			out, in := raw.meet("node") // all of them leave room for it
			alive(t, node, raw, out, in)
			for range 250 {
				idle = append(idle, raw.dial("node"))
			}
			for _, c := range idle[:244] { // 256 may be there
				c.ends()
			}
			idle[499].SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			if _, err := idle[499].Read(make([]byte, 1)); err == io.EOF {
				t.Error("the youngest was closed")
			}
			alive(t, node, raw, out, in)
			other := p.raw(t, "raw2")
			if p.kind == "mem" || p.kind == "npipe" {
				out, in = other.meet("node")
				alive(t, node, other, out, in)
			}
		})
	}
}

// silent is a carrier on which a dial to some names does not end by itself.
type silent struct {
	transport.Transport
	began chan struct{}
}

func (s silent) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	if strings.HasPrefix(a.Rest, "silent") {
		s.began <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Transport.Dial(ctx, a)
}

// TestDialsBackMakeRoom: whoever registers under names where nobody answers holds up so many dials and no more, and
// nobody else.
func TestDialsBackMakeRoom(t *testing.T) {
	p := newPlace(t, "mem")
	began := make(chan struct{}, 100)
	p.carrier = silent{p.carrier, began}
	node := p.echoNode(t, "node", &campus.Protocol{MaxPending: 20, RegisterTimeout: patience})
	refused := watch(t, node, bellpull.EventRefused)
	raw := p.raw(t, "raw")
	var waiting []*rawConn
	for i := range 50 {
		out := raw.dial("node")
		out.frame(typeRegister, registration(fmt.Sprint("silent ", i)))
		waiting = append(waiting, out)
		<-began
		if i >= 20 {
			if e := refused(); !strings.Contains(e.Err.Error(), "too many to dial back at once") {
				t.Errorf("%q refused with %v", e.Name, e.Err)
			}
		}
	}
	out, in := raw.meet("node")
	if e := refused(); !strings.Contains(e.Err.Error(), "too many to dial back at once") {
		t.Errorf("%q refused with %v", e.Name, e.Err)
	}
	alive(t, node, raw, out, in)
	open := 0
	for _, c := range waiting {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			open++
		}
	}
	if open != 19 {
		t.Errorf("%d wait to be dialled back, want 19", open)
	}
}

// TestWhoNeverReadsHoldsUpNobody: what is sent to such a process ends with its deadline and has not run; what waits for
// it is bounded; others are served meanwhile.
func TestWhoNeverReadsHoldsUpNobody(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node := p.echoNode(t, "node", &campus.Protocol{}, "raw", "other")
			raw, other := p.raw(t, "raw"), p.raw(t, "other")
			otherOut, otherIn := other.meet("node")
			raw.meet("node")
			deaf, err := node.Wait(t.Context(), "raw")
			must(t, err)
			before := heap()
			text := strings.Repeat("x", 100_000)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			for err = error(nil); err == nil; { // fills the pipe and what waits for it
				err = campus.Raw(deaf).String(ctx, text)
			}
			cancel()
			wantError(t, err, bellpull.CodeDeadline, bellpull.Never)

			const senders = 20
			over := make(chan error, senders)
			late, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			for i := range senders {
				go func() {
					if i%2 == 0 {
						over <- campus.Raw(deaf).String(late, text)
						return
					}
					_, err := campus.Raw(deaf).Request(late, 0, []byte(text))
					over <- err
				}()
			}
			meanwhile := 0
			for range 50 {
				alive(t, node, other, otherOut, otherIn)
				if len(over) == 0 {
					meanwhile++
				}
			}
			if meanwhile == 0 {
				t.Error("nobody else was served while it held others up")
			}
			for range senders {
				select {
				case err := <-over:
					// The system may find room for one more after all: that one may have run.
					if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) == bellpull.Yes {
						t.Error(err)
					}
				case <-time.After(patience):
					t.Fatal("a sender hangs")
				}
			}
			if grown := heap() - before; grown > 8<<20 {
				t.Errorf("%d bytes are held for it", grown)
			}
		})
	}
}

// TestWhoAsksAndTakesNoAnswerIsLeft: what answers hold is bounded, and then the link ends.
func TestWhoAsksAndTakesNoAnswerIsLeft(t *testing.T) {
	p := newPlace(t, "mem")
	answer := make([]byte, 64<<10)
	node := p.echoNode(t, "node", &campus.Protocol{OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		if string(r.Borrow()) == "much" {
			w.Write(answer)
			return
		}
		w.Write(append([]byte("echo:"), r.Borrow()...))
	})})
	down := watch(t, node, bellpull.EventDown)
	other := p.raw(t, "other")
	otherOut, otherIn := other.meet("node")
	raw := p.raw(t, "raw")
	out, _ := raw.meet("node")
	before := heap()
	most := make(chan int64, 1)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		top := int64(0)
		for {
			select {
			case <-stop:
				most <- top
				return
			case <-time.After(10 * time.Millisecond):
				top = max(top, heap())
			}
		}
	})
	for i := range 100_000 {
		if out.send(frame(typeRequest, envelope(markRequest, uint64(i), "much"))) != nil {
			break
		}
	}
	if e := down(); e.Name != "raw" || !errors.Is(e.Err, bellpull.ErrBusy) {
		t.Errorf("%q ended with %v", e.Name, e.Err)
	}
	close(stop)
	wg.Wait()
	if grown := <-most - before; grown > 96<<20 {
		t.Errorf("%d MiB were held for it", grown>>20)
	}
	alive(t, node, other, otherOut, otherIn)
}
