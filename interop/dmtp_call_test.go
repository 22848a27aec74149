package interop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/fdtest"
)

type dmtpPoco struct {
	Name string
	Age  int
	Tags []string
}

// TestDmtpCallGivesTypedResults: Go values go out as positional Json arguments and come back as Go values.
func TestDmtpCallGivesTypedResults(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		ctx := dmtpBounded(t)
		if got, err := bellpull.Call[int](ctx, l.peer, "add", 3, 4); err != nil || got != 7 {
			t.Errorf("add: %v, %v", got, err)
		}
		if got, err := bellpull.Call[string](ctx, l.peer, "echo", "<中文>&\u2028\x00"); err != nil || got != "<中文>&\u2028\x00" {
			t.Errorf("echo: %q, %v", got, err)
		}
		poco := dmtpPoco{"n", 41, []string{"a", "b"}}
		if got, err := bellpull.Call[dmtpPoco](ctx, l.peer, "poco", poco); err != nil || got.Age != 42 || !reflect.DeepEqual(got.Tags, poco.Tags) {
			t.Errorf("poco: %+v, %v", got, err)
		}
		if got, err := bellpull.Call[map[string]int](ctx, l.peer, "dict", map[string]int{"a": 1}); err != nil || got["a"] != 2 {
			t.Errorf("dict: %v, %v", got, err)
		}
		if got, err := bellpull.Call[*int](ctx, l.peer, "maybe", nil); err != nil || got != nil {
			t.Errorf("maybe: %v, %v", got, err)
		}
		if _, err := bellpull.Call[struct{}](ctx, l.peer, "void", 1); err != nil {
			t.Errorf("void: %v", err)
		}
		moment := time.Date(2024, 5, 6, 7, 8, 9, 123456700, time.UTC)
		if got, err := bellpull.Call[time.Time](ctx, l.peer, "when", moment); err != nil || !got.Equal(moment) {
			t.Errorf("when: %v, %v", got, err)
		}
		for _, n := range []int{0, 1, 70000} {
			want := dmtpFill(n, 5)
			if got, err := l.peer.CallBytes(ctx, "bytes", []byte("x"), want); err != nil || !bytes.Equal(got, append([]byte("x"), want...)) {
				t.Errorf("CallBytes of %d: %d bytes, %v", n, len(got), err)
			}
			if got, err := bellpull.Call[[]byte](ctx, l.peer, "bytes", want); err != nil || !bytes.Equal(got, want) {
				t.Errorf("Call of %d bytes: %d bytes, %v", n, len(got), err)
			}
		}
		if got, err := bellpull.Call[string](ctx, l.peer, "who"); err != nil || got != l.id+">" {
			t.Errorf("who: %q, %v, want %q", got, err, l.id+">")
		}
	})
}

// TestDmtpCallFailsTyped: each way in which a call can fail has its code, and says whether the method ran.
func TestDmtpCallFailsTyped(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		fails := func(what string, err error, is error, ran bellpull.Executed, remote bool, words string) {
			t.Helper()
			e, ok := errors.AsType[*bellpull.Error](err)
			if !ok || !errors.Is(err, is) || e.Ran != ran || e.Remote != remote || !strings.Contains(e.Msg, words) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := bellpull.Call[string](dmtpBounded(t), l.peer, "throw", "boom 中")
		fails("throw", err, bellpull.ErrFailed, bellpull.Yes, true, "boom 中")
		if !dmtpLive() { // .NET does not answer these
			_, err = bellpull.Call[string](dmtpBounded(t), l.peer, "nobody knows")
			fails("an unknown method", err, bellpull.ErrNoMethod, bellpull.Never, true, "")
		}
		_, err = bellpull.Call[int](dmtpBounded(t), l.peer, "echo", "no number")
		fails("an answer of another type", err, bellpull.ErrBadArgument, bellpull.Yes, false, "no number")
		_, err = bellpull.Call[int](dmtpBounded(t), l.peer, "echo", make(chan int))
		fails("an argument that is no Json", err, bellpull.ErrBadArgument, bellpull.Never, false, "")

		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err = bellpull.Call[string](ctx, l.peer, "delay", 600000)
		cancel()
		fails("a call past its deadline", err, os.ErrDeadlineExceeded, bellpull.Maybe, false, "")
		l.far.event("cancelled")
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err = bellpull.Call[string](ctx, l.peer, "delay", 600000)
		fails("a call that was cancelled", err, context.Canceled, bellpull.Maybe, false, "")
		if e := l.far.event("cancelled"); e.text("method") != "delay" {
			t.Errorf("cancelled: %v", e)
		}

		// The link has lived through all of it.
		if got, err := bellpull.Call[int](dmtpBounded(t), l.peer, "add", 1, 1); err != nil || got != 2 {
			t.Errorf("add: %v, %v", got, err)
		}
	})
}

// TestDmtpCallsEndWithTheOtherProcess: a call under way when the other process dies fails as Maybe, one that comes
// later as Never.
func TestDmtpCallsEndWithTheOtherProcess(t *testing.T) {
	fdtest.Same(t)
	dmtpReference(t)
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		under := make(chan error)
		go func() {
			_, err := bellpull.Call[string](dmtpBounded(t), l.peer, "delay", 600000)
			under <- err
		}()
		dmtpUntil(t, "the call runs over there", func() bool { return l.far.stat("calls_in") == 1 })
		l.far.kill()
		if err := <-under; !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Errorf("under way: %v", err)
		}
		if e := l.events.await(bellpull.EventDown); !errors.Is(e.Err, bellpull.ErrUnavailable) {
			t.Errorf("the link ended with %v", e.Err)
		}
		<-l.peer.Done()
		_, err := bellpull.Call[string](dmtpBounded(t), l.peer, "echo", "x")
		if !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestDmtpCallsAreOverWhenWeClose: a call under way when we say goodbye fails as Maybe, unless the other side answers
// it in its last moment.
func TestDmtpCallsAreOverWhenWeClose(t *testing.T) {
	dmtpReference(t)
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		under := make(chan error)
		go func() {
			_, err := bellpull.Call[string](dmtpBounded(t), l.peer, "delay", 600000)
			under <- err
		}()
		dmtpUntil(t, "the call runs over there", func() bool { return l.far.stat("calls_in") == 1 })
		if err := l.peer.Close(dmtpBounded(t)); err != nil {
			t.Error(err)
		}
		if err := <-under; err != nil && (!errors.Is(err, net.ErrClosed) || bellpull.ExecutedOf(err) != bellpull.Maybe) {
			t.Errorf("got %v", err)
		}
	})
}

// TestDmtpCallsRunAtOnce: many calls of many goroutines get each its own answer, in whatever order these come.
func TestDmtpCallsRunAtOnce(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		mux := bellpull.NewMux()
		bellpull.HandleFunc(mux, "echo", func(s string) string { return s })
		l := dmtpConnect(t, transport, serving, mux, nil)
		ctx, cancel := context.WithCancel(dmtpBounded(t))
		var wg, late sync.WaitGroup
		late.Go(func() {
			if _, err := bellpull.Call[string](ctx, l.peer, "delay", 600000); !errors.Is(err, context.Canceled) {
				t.Errorf("delay: %v", err)
			}
		})
		for i := range 16 {
			wg.Go(func() {
				for j := range 20 {
					method, want := "echo", fmt.Sprint(i, "/", j)
					if j%5 == 0 {
						method = "callback"
					}
					if got, err := bellpull.Call[string](ctx, l.peer, method, want); err != nil || got != want {
						t.Errorf("%s: %q, %v, want %q", method, got, err, want)
						return
					}
				}
			})
		}
		wg.Wait()
		cancel()
		late.Wait()
	})
}

// TestDmtpNotifiesArrive: a notify runs over there without an answer here, and one that asks for it is told that it
// was taken.
func TestDmtpNotifiesArrive(t *testing.T) {
	dmtpReference(t)
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		ctx := dmtpBounded(t)
		for range 10 {
			if err := l.peer.Notify(ctx, "echo", "x"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := bellpull.Call[*string](bellpull.WithCall(ctx, bellpull.Accepted()), l.peer, "throw", "not heard"); err != nil || got != nil {
			t.Errorf("accepted: %v, %v", got, err)
		}
		dmtpUntil(t, "all have run", func() bool { return l.far.stat("calls_in") == 11 })
	})
}

// TestDmtpMetadataGoesWithACall: pairs of WithCall reach the method over there, a null among them.
func TestDmtpMetadataGoesWithACall(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		ctx := bellpull.WithCall(dmtpBounded(t), bellpull.Metadata(bellpull.Pair{Key: "中", Value: "文"}, bellpull.Pair{Key: "n", Null: true}, bellpull.Pair{Key: "e"}))
		for key, want := range map[string]*string{"中": new("文"), "n": nil, "e": new(""), "other": nil} {
			if got, err := bellpull.Call[*string](ctx, l.peer, "meta", key); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, %v", key, got, err)
			}
		}
	})
}
