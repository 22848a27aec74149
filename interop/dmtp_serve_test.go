package interop_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/fdtest"
)

// TestDmtpHandlersAnswer: functions registered here are called from over there, by position, with what .NET leaves
// out and adds; errors and panics arrive as words.
func TestDmtpHandlersAnswer(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		mux := bellpull.NewMux()
		bellpull.HandleFunc(mux, "sum", func(a, b int, c *int) int {
			if c == nil {
				c = new(100)
			}
			return a + b + *c
		})
		bellpull.Handle(mux, "age", func(_ context.Context, p dmtpPoco) (int, error) { return p.Age, nil })
		bellpull.HandleFunc(mux, "fail", func(words string) error { return errors.New(words) })
		bellpull.HandleFunc(mux, "panic", func(words string) { panic(words) })
		bellpull.HandleFunc(mux, "nothing", func() {})
		mux.Handle("reverse", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			b := r.Body()
			slices.Reverse(b)
			w.Write(b)
		}))
		l := dmtpConnect(t, transport, serving, mux, nil)
		for _, c := range []struct {
			method string
			f      dmtpFields
			want   string
		}{
			{"sum", dmtpFields{"args": []any{1, 2, 3}}, "6"},
			{"sum", dmtpFields{"args": []any{1, 2}}, "103"},
			{"sum", dmtpFields{"args": []any{1, 2, 3, 4}}, "6"},
			{"sum", dmtpFields{}, "100"},
			{"age", dmtpFields{"args": []any{dmtpFields{"Name": "n", "Age": 41}}, "types": []string{"poco"}}, "41"},
			{"nothing", dmtpFields{"args": []any{1}, "returns": "none"}, "null"},
			{"reverse", dmtpFields{"args": []any{"010203"}, "types": []string{"bytes"}, "returns": "bytes"}, `"030201"`},
			{"reverse", dmtpFields{"args": []any{""}, "types": []string{"bytes"}, "returns": "bytes"}, `""`},
		} {
			if c.f["returns"] == nil {
				c.f["returns"] = "int"
			}
			c.f["method"] = c.method
			if got, err := l.far.try("call", c.f); err != nil || string(got) != c.want {
				t.Errorf("%v gave %s, %v, want %s", c.f, got, err, c.want)
			}
		}
		for _, method := range []string{"fail", "panic"} {
			if _, err := l.far.try("call", dmtpFields{"method": method, "args": []any{"ouch 中"}}); !dmtpFailsWith(err, "StatusException") || !strings.Contains(err.Error(), "ouch 中") {
				t.Errorf("%s: %v", method, err)
			}
		}
		if _, err := l.far.try("call", dmtpFields{"method": "sum", "args": []any{"one"}}); !dmtpFailsWith(err, "StatusException") {
			t.Errorf("an argument that does not fit: %v", err)
		}
		for _, serialization := range []string{"fastbinary", "xml"} {
			if _, err := l.far.try("call", dmtpFields{"method": "sum", "args": []any{1}, "serialization": serialization}); !dmtpFailsWith(err, "StatusException") || !strings.Contains(err.Error(), "Json") {
				t.Errorf("%s: %v", serialization, err)
			}
		}
	})
}

// TestDmtpCallersCancelHandlers: a caller that gives up ends the context of the handler, with itself as the cause, and
// the node tells of it.
func TestDmtpCallersCancelHandlers(t *testing.T) {
	fdtest.Same(t)
	dmtpReference(t)
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		causes := make(chan error, 1)
		mux := bellpull.NewMux()
		bellpull.HandleFunc(mux, "hold", func(ctx context.Context) error {
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return ctx.Err()
		})
		l := dmtpConnect(t, transport, serving, mux, nil)
		if _, err := l.far.try("call", dmtpFields{"method": "hold", "cancel_after_ms": 100}); !dmtpFailsWith(err, "OperationCanceledException") {
			t.Errorf("the caller got %v", err)
		}
		if e, ok := errors.AsType[*bellpull.Error](<-causes); !ok || e.Code != bellpull.CodeCanceled || !e.Remote {
			t.Errorf("the cause is %v", e)
		}
		if e := l.events.await(bellpull.EventCancelled); e.Method != "hold" || e.Peer != l.peer {
			t.Errorf("the event is %+v", e)
		}

		// So does the end of the connection, which is no cancelling.
		l.far.begin("call", dmtpFields{"method": "hold"})
		dmtpUntil(t, "the handler runs", func() bool { return l.far.stat("pending") >= 1 })
		l.far.do("ping", nil) // behind it, so the call is here
		l.far.kill()
		if err := <-causes; !errors.Is(err, bellpull.ErrUnavailable) {
			t.Errorf("the cause is %v", err)
		}
		if l.events.seen(bellpull.EventCancelled) {
			t.Error("the end of the link counts as cancelled")
		}
	})
}

// TestDmtpNotifiesRunInOrder: what only sends arrives as notifies, one after another, and a caller that waits until
// its call was taken has its answer before the handler is done.
func TestDmtpNotifiesRunInOrder(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		var mu sync.Mutex
		var got []int
		wrong := 0
		mux := bellpull.NewMux()
		mux.Handle("note", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			var n int
			err := r.Decode(&n)
			mu.Lock()
			defer mu.Unlock()
			if got = append(got, n); err != nil || !r.Notify() {
				wrong++
			}
		}))
		release, taken := make(chan struct{}), make(chan struct{})
		bellpull.HandleFunc(mux, "hold", func() {
			close(taken)
			<-release
		})
		l := dmtpConnect(t, transport, serving, mux, nil)
		var want []int
		for i := range 100 {
			want = append(want, i)
			l.far.do("call", dmtpFields{"method": "note", "args": []any{i}, "feedback": "onlysend"})
		}
		dmtpUntil(t, "all are here", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == len(want) })
		if !slices.Equal(got, want) || wrong > 0 {
			t.Errorf("%d wrong: %v", wrong, got)
		}
		if got := l.far.do("call", dmtpFields{"method": "hold", "feedback": "waitsend"}); string(got) != "null" {
			t.Errorf("waitsend: %s", got)
		}
		<-taken
		if got := l.far.do("ping", nil); string(got) != "true" {
			t.Errorf("a ping while the handler holds on: %s", got)
		}
		close(release)
	})
}

// TestDmtpHandlersKnowTheirCaller: a handler sees the metadata, the ids and the peer of its caller, and can call it
// back while it runs.
func TestDmtpHandlersKnowTheirCaller(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		type sight struct {
			meta           []bellpull.Pair
			source, target string
			peer           *bellpull.Peer
		}
		sights := make(chan sight, 1)
		mux := bellpull.NewMux()
		mux.Handle("look", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			sights <- sight{slices.Clone(r.Metadata()), r.Source(), r.Target(), r.Peer()}
		}))
		bellpull.HandleFunc(mux, "back", func(ctx context.Context, s string) (string, error) {
			got, err := bellpull.Call[string](ctx, bellpull.Caller(ctx), "echo", s)
			return "heard " + got, err
		})
		l := dmtpConnect(t, transport, serving, mux, nil)
		l.far.do("call", dmtpFields{"method": "look", "meta": dmtpJSON(`{"中":"文","n":null,"e":""}`)})
		want := sight{[]bellpull.Pair{{Key: "中", Value: "文"}, {Key: "n", Null: true}, {Key: "e"}}, l.id, "", l.peer}
		if got := <-sights; !reflect.DeepEqual(got, want) {
			t.Errorf("saw %+v, want %+v", got, want)
		}
		l.far.do("call", dmtpFields{"method": "look"})
		if got := <-sights; len(got.meta) > 0 {
			t.Errorf("metadata out of nothing: %v", got.meta)
		}
		var calls []<-chan dmtpAnswer
		for i := range 20 {
			calls = append(calls, l.far.begin("call", dmtpFields{"method": "back", "args": []any{fmt.Sprint(i)}}))
		}
		for i, c := range calls {
			if got, err := l.far.finish("call", c); err != nil || string(got) != fmt.Sprintf(`"heard %d"`, i) {
				t.Errorf("%s, %v", got, err)
			}
		}
	})
}

// TestDmtpSlowHandlersHoldUpNobody: calls, pings and frames go on while handlers are at work, up to the bound, and
// beyond it callers are told to come later.
func TestDmtpSlowHandlersHoldUpNobody(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		release := make(chan struct{})
		mux := bellpull.NewMux()
		bellpull.HandleFunc(mux, "hold", func() string { <-release; return "late" })
		bellpull.HandleFunc(mux, "quick", func() string { return "at once" })
		l := dmtpConnect(t, transport, serving, mux, nil)
		var held []<-chan dmtpAnswer
		for range 20 {
			held = append(held, l.far.begin("call", dmtpFields{"method": "hold"}))
		}
		for range 20 {
			if got := l.far.do("call", dmtpFields{"method": "quick"}); string(got) != `"at once"` {
				t.Errorf("quick: %s", got)
			}
			if got := l.far.do("ping", nil); string(got) != "true" {
				t.Errorf("ping: %s", got)
			}
		}
		close(release)
		for _, c := range held {
			if got, err := l.far.finish("call", c); err != nil || string(got) != `"late"` {
				t.Errorf("hold: %s, %v", got, err)
			}
		}
	})
}
