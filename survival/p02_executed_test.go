//go:build linux || darwin

package survival

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// A verdict is what an error says of a call.
type verdict struct {
	code   bellpull.Code
	ran    bellpull.Executed
	remote bool
}

func (v verdict) String() string {
	who := "this side concluded it"
	if v.remote {
		who = "the other side said so"
	}
	return fmt.Sprintf("%v, %v, %s", v.code, v.ran, who)
}

func verdictOf(err error) (v verdict) {
	if e, ok := errors.AsType[*bellpull.Error](err); ok {
		v = verdict{e.Code, e.Ran, e.Remote}
	}
	return v
}

// A failure is one way for a call to fail, and what its error has to say.
type failure struct {
	name  string
	want  verdict
	plain verdict // where plain DMTP has no word for it; the zero verdict means: as want
	empty bool    // dotnetCampus.Ipc has one word for it, an answer of no bytes
	call  func(t *testing.T, w way, s *service, p *bellpull.Peer) error
}

// does calls a method of the service.
func does(method, body string) func(*testing.T, way, *service, *bellpull.Peer) error {
	return func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
		_, err := p.CallBytes(t.Context(), method, nil, []byte(body))
		return err
	}
}

// On plain DMTP, TouchSocket's status 4 stands for every failure of a method.
var (
	local     = func(c bellpull.Code, ran bellpull.Executed) verdict { return verdict{c, ran, false} }
	remote    = func(c bellpull.Code, ran bellpull.Executed) verdict { return verdict{c, ran, true} }
	plainFail = remote(bellpull.CodeFailed, bellpull.Yes)
	noAnswer  = remote(bellpull.CodeFailed, bellpull.Maybe) // nobody handled it, or it failed
)

// failures leave the peer alive, all but the last.
var failures = []failure{
	{name: "deadline over before the call", want: local(bellpull.CodeDeadline, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
			defer cancel()
			_, err := p.CallBytes(ctx, "note", nil, []byte("x"))
			return err
		}},
	{name: "cancelled before the call", want: local(bellpull.CodeCanceled, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := p.CallBytes(ctx, "note", nil, []byte("x"))
			return err
		}},
	{name: "deadline over after it was sent", want: local(bellpull.CodeDeadline, bellpull.Maybe),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			_, err := late(t.Context(), p, "stuck", nil, 10*time.Millisecond)
			return err
		}},
	{name: "cancelled after it was sent", want: local(bellpull.CodeCanceled, bellpull.Maybe),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer time.AfterFunc(10*time.Millisecond, cancel).Stop()
			_, err := p.CallBytes(ctx, "stuck", nil, nil)
			return err
		}},
	{name: "no such method", want: remote(bellpull.CodeNoMethod, bellpull.Never), empty: true, call: does("nobody", "")},
	{name: "handler error", want: remote(bellpull.CodeFailed, bellpull.Yes), empty: true, call: does("fail", "")},
	{name: "handler panic", want: remote(bellpull.CodePanic, bellpull.Yes), plain: plainFail, empty: true, call: does("panic", "")},
	{name: "request too large", want: local(bellpull.CodeTooLarge, bellpull.Never),
		call: does("note", strings.Repeat("x", 17<<20))},
	{name: "answer too large", want: remote(bellpull.CodeTooLarge, bellpull.Yes), plain: plainFail, empty: true,
		call: does("size", fmt.Sprint(17<<20))},
	{name: "method name too long", want: local(bellpull.CodeBadArgument, bellpull.Never),
		call: does(strings.Repeat("x", 300), "")},
	{name: "arguments that JSON cannot hold", want: local(bellpull.CodeBadArgument, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			_, err := bellpull.Call[any](t.Context(), p, "note", func() {})
			return err
		}},
	{name: "answer of another type", want: local(bellpull.CodeBadArgument, bellpull.Yes),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			_, err := bellpull.Call[int](t.Context(), p, "echo", []byte("x"))
			return err
		}},
	{name: "channel", want: local(bellpull.CodeUnsupported, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			_, err := p.OpenChannel(t.Context(), "x")
			return err
		}},
	{name: "link lost after it was sent", want: local(bellpull.CodeUnavailable, bellpull.Maybe), call: does("die", "died")},
	{name: "peer away, fail fast", want: local(bellpull.CodeUnavailable, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			eventually(t, "the peer is down", func() bool { return !p.Up() })
			return does("note", "x")(t, way{}, nil, p)
		}},
	{name: "ping of a peer that is away", want: local(bellpull.CodeUnavailable, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			_, err := p.Ping(t.Context())
			return err
		}},
	{name: "notify to a peer that is away", want: local(bellpull.CodeUnavailable, bellpull.Never),
		call: func(t *testing.T, _ way, _ *service, p *bellpull.Peer) error {
			return p.Notify(t.Context(), "note", []byte("x"))
		}},
	{name: "closed peer", want: local(bellpull.CodeClosed, bellpull.Never),
		call: func(t *testing.T, w way, s *service, p *bellpull.Peer) error {
			hangUp(p)
			return does("note", "x")(t, w, s, p)
		}},
}

// TestP02EveryErrorSaysWhetherTheCallRan goes through all the ways a call can fail. Never and Yes are also held against
// what the service wrote into its journal: nothing that Never was said of.
func TestP02EveryErrorSaysWhetherTheCallRan(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, dialOptions(bellpull.FailFast()))
		for _, f := range failures {
			want := f.want
			switch {
			case w.plain && f.plain != (verdict{}):
				want = f.plain
			case w.campus && f.empty:
				want = noAnswer
			}
			err := f.call(t, w, s, peer)
			if got := verdictOf(err); got != want {
				t.Errorf("%s: %v, want %v: %v", f.name, got, want, err)
			}
		}
		if n := s.noted(t); n["in x"] != 0 || n["in died"] != 1 {
			t.Errorf("the journal has %v, want one line of the call that died", n)
		}
	})
}

// TestP02ARefusedCallNeverRan: what a service refuses because it is closing has not run, and the caller is told so in
// both modes. Plain DMTP has one status for every refusal.
func TestP02ARefusedCallNeverRan(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		m := bellpull.NewMux()
		begun, release := make(chan struct{}), make(chan struct{})
		m.Handle("running", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			close(begun)
			<-release
			w.Write([]byte("finished"))
		}))
		var ran sync.Map
		m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			ran.Store(string(r.Borrow()), true)
			w.Write(r.Borrow())
		}))
		node, addr := w.listenHere(t, m)
		peer := w.dial(t, addr, dialOptions(bellpull.WithoutReconnect()))
		answer := make(chan string, 1)
		go func() {
			got, err := peer.CallBytes(t.Context(), "running", nil, nil)
			answer <- fmt.Sprint(string(got), " ", err)
		}()
		arrives(t, "the handler runs", begun)
		closed := make(chan error, 1)
		go func() { closed <- node.Close(context.Background()) }()
		want := remote(bellpull.CodeUnavailable, bellpull.Never)
		switch {
		case w.plain:
			want = remote(bellpull.CodeRefused, bellpull.Never)
		case w.campus:
			want = noAnswer // JSON routes tell more: TestP02OverCampusJSONRoutesSayMore
		}
		for i := 0; ; i++ {
			id := fmt.Sprint(i)
			_, err := peer.CallBytes(t.Context(), "echo", nil, []byte(id))
			if err == nil {
				continue // the node has not got to its links yet
			}
			if got := verdictOf(err); got != want {
				t.Errorf("a call to a closing node: %v, want %v: %v", got, want, err)
			}
			if _, did := ran.Load(id); did {
				t.Error("a call that was refused has run")
			}
			break
		}
		close(release)
		if got := arrives(t, "the answer of the handler that ran", answer); got != "finished <nil>" {
			t.Error("the call that ran when the node was closed got", got)
		}
		if err := arrives(t, "Close returns", closed); err != nil {
			t.Error(err)
		}
		if _, err := node.Dial(t.Context(), addr, nil); verdictOf(err) != local(bellpull.CodeClosed, bellpull.Never) {
			t.Errorf("dial of a closed node: %v", err)
		}
	})
}

// TestP02ACallThatGotNoRoomNeverRan: a service that is stopped takes no more bytes, so some calls are sent and some wait
// for room. When it is killed, the first end with Maybe and the others with Never.
func TestP02ACallThatGotNoRoomNeverRan(t *testing.T) {
	eachProcessWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, dialOptions(bellpull.WithoutReconnect()))
		if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
			t.Fatal(err)
		}
		s.proc.stop(t)
		const calls = 64
		var (
			wg     sync.WaitGroup
			counts [3]int
			mu     sync.Mutex
			filled = make(chan struct{}, calls)
		)
		for i := range calls {
			wg.Go(func() {
				body := append([]byte(fmt.Sprint(i, " ")), bytes.Repeat([]byte("x"), 512<<10)...)
				filled <- struct{}{}
				_, err := peer.CallBytes(context.Background(), "note", nil, body)
				v := verdictOf(err)
				if v.code != bellpull.CodeUnavailable || v.remote {
					t.Errorf("a call whose service was killed: %v: %v", v, err)
				}
				mu.Lock()
				defer mu.Unlock()
				counts[v.ran]++
			})
		}
		for range calls {
			<-filled
		}
		time.Sleep(20 * time.Millisecond) // lets most of them come as far as they can; any order will do
		s.kill()
		wg.Wait()
		// What can be on its way is the batch of 1 MiB and what the system buffers, which is less than 10 MiB.
		const most = 24
		if counts[bellpull.Maybe] == 0 || counts[bellpull.Maybe] > most || counts[bellpull.Yes] != 0 {
			t.Errorf("of %d calls %d say never, %d maybe and %d yes; want 1 to %d maybe and no yes", calls,
				counts[bellpull.Never], counts[bellpull.Maybe], counts[bellpull.Yes], most)
		}
	})
}
