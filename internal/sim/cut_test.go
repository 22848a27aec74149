package sim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/recorded"
	"github.com/bellpull/bellpull/internal/sim"
)

// A recording is what one side of a recorded session wrote, to be cut behind each of its bytes.
type recording struct {
	name string
	side recorded.Side
	data []byte
	deaf bool // the dial gets no answer, so what follows it changes nothing: some cuts are enough
}

// recordings gives all that were made, each content once.
func recordings(t *testing.T) (list []recording) {
	sessions, err := recorded.Sessions()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	add := func(r recording) {
		if key := string(r.side) + string(r.data); !seen[key] {
			seen[key] = true
			list = append(list, r)
		}
	}
	for _, s := range sessions {
		streams, err := s.Streams()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range streams {
			r := recording{name: fmt.Sprintf("%s, connection %d, side %s", s.Name, x.Conn, x.Side), side: x.Side, data: x.Data}
			if answers := answering(x.Data); x.Side == recorded.B && answers != nil {
				r.deaf = true
				add(recording{name: r.name + ", as an answer to us", side: x.Side, data: answers})
			}
			add(r)
		}
	}
	return list
}

var signPattern = regexp.MustCompile(`"Sign"\s*:\s*-?[0-9]+`)

// firstSign is the number of the first request that a link of ours sends, its handshake.
const firstSign = "4096"

// answering gives what a service wrote with the number of our handshake in its answer, so that the dial succeeds. nil:
// there is no such answer.
func answering(data []byte) (out []byte) {
	frames, rest, _ := recorded.Frames(data, true)
	found := false
	for _, f := range frames {
		body := f.Body
		if f.Flags == dmtpwire.FlagVerifyResponse && !found {
			found = true
			body = signPattern.ReplaceAll(body, []byte(`"Sign":`+firstSign))
		}
		out = dmtpwire.AppendFrame(out, f.Flags, body)
	}
	if !found {
		return nil
	}
	return append(out, rest...)
}

// cuts gives the places to cut at. By default these are the first hundreds, where the handshake is, and some of the
// rest. With BELLPULL_SIM_CUTS=bodies they are all there are, but for each sixteenth only in the midst of a body above
// 4 KiB, where a link does nothing but wait for the rest; with BELLPULL_SIM_CUTS=all they are all, which takes minutes.
// Of resets there are fewer behind the first 20,000 bytes.
func (r recording) cuts(reset bool) (list []int) {
	level := os.Getenv("BELLPULL_SIM_CUTS")
	near, step := 300, len(r.data)/100+1
	var midst func(k int) bool
	switch {
	case testing.Short():
		near, step = 8, len(r.data)/8+1
	case raced && level == "":
		near, step = 30, len(r.data)/30+1
	case level == "" || r.deaf:
	case reset:
		near, step = 20_000, 64
		midst = r.midst()
	case level == "bodies":
		step = 1
		midst = r.midst()
	default:
		step = 1
	}
	for k := 0; k <= len(r.data); {
		if midst == nil || k%16 == 0 || !midst(k) {
			list = append(list, k)
		}
		if k < near {
			k++
		} else {
			k += step
		}
	}
	return list
}

// midst says of rising offsets whether they lie in the midst of a large body.
func (r recording) midst() func(k int) bool {
	const large, border = 4 << 10, 256
	frames, _, _ := recorded.Frames(r.data, true)
	return func(k int) bool {
		for len(frames) > 0 && k > frames[0].Offset+dmtpwire.HeaderLen+len(frames[0].Body) {
			frames = frames[1:]
		}
		if len(frames) == 0 || len(frames[0].Body) < large {
			return false
		}
		from := frames[0].Offset + dmtpwire.HeaderLen
		return k > from+border && k < from+len(frames[0].Body)-border
	}
}

// echo answers small bodies as they are.
func echo(w *bellpull.Reply, q *bellpull.Request) {
	if b := q.Borrow(); len(b) < 1000 {
		w.Write(b)
	}
}

// TestCutBehindEveryByte plays what .NET processes wrote against a service and a client of ours and cuts the connection
// behind every byte, once as an end and once as a reset: nothing hangs, every error is typed, and nothing stays behind.
func TestCutBehindEveryByte(t *testing.T) {
	list := recordings(t)
	var next, done atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				for _, reset := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						if list[i].side == recorded.A {
							done.Add(cutClient(t, list[i], reset))
						} else {
							done.Add(cutService(t, list[i], reset))
						}
					})
				}
			}
		})
	}
	t.Cleanup(func() { t.Log(done.Load(), "cuts in", len(list), "recordings") })
}

// patience bounds what follows a cut, on virtual time.
const patience = 100 * time.Millisecond

// typed complains of an error that does not say what it is.
func typed(t *testing.T, what string, err error) {
	t.Helper()
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		t.Errorf("%s: an error that is not typed: %v", what, err)
		return
	}
	switch e.Code {
	case bellpull.CodeUnavailable, bellpull.CodeProtocol, bellpull.CodeTooLarge, bellpull.CodeRefused, bellpull.CodeNameTaken, bellpull.CodeBusy:
	default:
		t.Errorf("%s: an error of another kind: %v: %v", what, e.Code, err)
	}
}

// cutClient plays a client against our service.
func cutClient(t *testing.T, r recording, reset bool) (n int64) {
	network := sim.New(1, sim.Calm)
	mux := bellpull.NewMux()
	mux.HandleOthers(bellpull.HandlerFunc(echo))
	node := bellpull.NewNode("", bellpull.WithMux(mux), bellpull.WithTransports(network.Host("service")))
	anybody := &dmtp.Protocol{Verify: func(*dmtp.Verify) error { return nil }, MaxHandshakes: 1}
	if err := node.Listen(t.Context(), address, anybody); err != nil {
		t.Fatal(err)
	}
	p := newPlayer(nil)
	if err := node.Serve(p, anybody); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	events := node.Watch(ctx)
	go func() {
		for e := range events {
			if e.Kind == bellpull.EventDown {
				typed(t, r.name+", the link went down", e.Err)
			}
		}
	}()
	for _, k := range r.cuts(reset) {
		n++
		c := newTape(r.data[:k], reset)
		p.tapes <- c
		awaitClose(t, r, k, c.closed)
		synctest.Wait()
		for q := range node.Peers() {
			t.Errorf("%s, cut at %d: the peer %s is still there", r.name, k, q.Name())
		}
		if t.Failed() {
			break
		}
	}
	// One handshake at a time is allowed: had any cut left one behind, this one were refused.
	peer, err := dmtp.Dial(t.Context(), address, dmtp.NodeOptions(bellpull.WithTransports(network.Host("client"))))
	if err != nil {
		t.Errorf("%s: after the cuts a good client is not let in: %v", r.name, err)
	} else {
		if _, err := peer.CallBytes(t.Context(), "x", nil, nil); err != nil {
			t.Errorf("%s: after the cuts a good client is not answered: %v", r.name, err)
		}
		peer.Close(ctx)
	}
	node.Close(ctx)
	stop()
	return n
}

func awaitClose(t *testing.T, r recording, k int, gone <-chan struct{}) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-gone:
	case <-late.C:
		t.Fatalf("%s, cut at %d: still there after %v", r.name, k, patience)
	}
}

// cutService plays a service against our client.
func cutService(t *testing.T, r recording, reset bool) (n int64) {
	p := newPlayer(sim.New(1, sim.Calm).Host("client"))
	node := bellpull.NewNode("", bellpull.WithTransports(p))
	node.Mux().HandleOthers(bellpull.HandlerFunc(echo))
	proto := &dmtp.Protocol{}
	for _, k := range r.cuts(reset) {
		n++
		c := newTape(r.data[:k], reset)
		p.tapes <- c
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		peer, err := node.Dial(ctx, address, proto, bellpull.WithoutReconnect())
		cancel()
		what := fmt.Sprintf("%s, cut at %d", r.name, k)
		if err == nil {
			_, err = peer.CallBytes(t.Context(), "x", nil, nil)
			if err == nil {
				t.Errorf("%s: a call was answered", what)
			}
			typed(t, what+", a call", err)
			awaitClose(t, r, k, peer.Done())
			err = peer.Err()
		}
		typed(t, what, err)
		awaitClose(t, r, k, c.closed)
		synctest.Wait()
		for q := range node.Peers() {
			t.Errorf("%s: the peer %s is still there", what, q.Name())
		}
		if t.Failed() {
			break
		}
	}
	node.Close(t.Context())
	return n
}
