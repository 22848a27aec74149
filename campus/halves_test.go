package campus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// deathBound is how soon a call must have ended whose pair has lost a pipe.
const deathBound = 250 * time.Millisecond

// A cut is what is closed of a pair, as the node sees it.
type cut int

const (
	cutInbound cut = 1 << iota
	cutOutbound
	cutBoth = cutInbound | cutOutbound
)

func (c cut) String() string { return [...]string{"", "inbound", "outbound", "both"}[c] }

// held makes a node whose handler of requests without a route waits until it is told to stop, and says so.
func held(t testing.TB, p *place, stopped chan<- error) (*bellpull.Node, *campus.Protocol) {
	proto := &campus.Protocol{OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		if string(r.Borrow()) != "wait" {
			w.Write(append([]byte("echo:"), r.Borrow()...))
			return
		}
		ctx := r.Context()
		<-ctx.Done()
		stopped <- context.Cause(ctx)
	})}
	return p.echoNode(t, "node", proto, "raw"), proto
}

// TestAPipeThatEndsTakesItsTwinAlong: whichever pipe of a pair the other process closes, the calls under way end at once
// with what is known of them, handlers are told, the other pipe is closed too, and the two can meet again.
func TestAPipeThatEndsTakesItsTwinAlong(t *testing.T) {
	for _, kind := range places() {
		for _, weDial := range []bool{true, false} {
			for _, what := range []cut{cutInbound, cutOutbound, cutBoth} {
				t.Run(fmt.Sprintf("%s, we dial %v, %v", kind, weDial, what), func(t *testing.T) {
					cutPair(t, kind, weDial, what)
				})
			}
		}
	}
}

func cutPair(t *testing.T, kind string, weDial bool, what cut) {
	p := newPlace(t, kind)
	stopped := make(chan error, 10)
	node, proto := held(t, p, stopped)
	down := watch(t, node, bellpull.EventDown)
	raw := p.raw(t, "raw")
	var out, in *rawConn
	if weDial {
		dialled := make(chan error, 1)
		go func() {
			_, err := node.Dial(t.Context(), p.at("raw"), proto)
			dialled <- err
		}()
		out, in = raw.met("node")
		must(t, <-dialled)
	} else {
		out, in = raw.meet("node")
	}
	alive(t, node, raw, out, in)
	least := time.Duration(1<<63 - 1)
	for try := 0; try < 3 && least > deathBound; try++ {
		least = min(least, cutOnce(t, node, raw, out, in, what, stopped))
		e := down()
		if ee, ok := errors.AsType[*bellpull.Error](e.Err); !ok || ee.Code != bellpull.CodeUnavailable {
			t.Errorf("ended with %v", e.Err)
		}
		if weDial { // it comes back by itself
			out, in = raw.met("node")
		} else {
			out, in = raw.meet("node")
		}
		alive(t, node, raw, out, in)
		if len(raw.in) > 0 {
			t.Error("the node has dialled once more")
		}
	}
	if least > deathBound {
		t.Errorf("the calls under way ended %v later at best, promised within %v", least, deathBound)
	}
}

// cutOnce cuts a pair on which calls are under way, both ways, and gives how long those of the node took to end.
func cutOnce(t *testing.T, node *bellpull.Node, raw *rawProc, out, in *rawConn, what cut, stopped <-chan error) time.Duration {
	t.Helper()
	peer, err := node.Wait(t.Context(), raw.name)
	must(t, err)
	const calls = 4
	ended := make(chan error, calls)
	for range calls {
		go func() {
			_, err := campus.Raw(peer).Request(t.Context(), 0, []byte("never answered"))
			ended <- err
		}()
	}
	for range calls {
		in.enveloped(markRequest)
	}
	out.request(1, "wait")
	out.request(2, "x")
	in.answers(2, "echo:x") // so the one before is running
	from := time.Now()
	if what&cutInbound != 0 {
		out.Close()
	}
	if what&cutOutbound != 0 {
		in.Close()
	}
	for range calls {
		select {
		case err := <-ended:
			wantError(t, err, bellpull.CodeUnavailable, bellpull.Maybe)
		case <-time.After(patience):
			t.Fatal("a call hangs")
		}
	}
	took := time.Since(from)
	select {
	case err := <-stopped:
		if !errors.Is(err, bellpull.ErrUnavailable) {
			t.Errorf("the handler was stopped with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the handler was not told")
	}
	if what == cutInbound {
		in.ends()
	}
	if what == cutOutbound {
		out.ends()
	}
	return took
}
