//go:build linux || darwin

package survival

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bellpull/bellpull"
)

// TestP04AnAnswerMeansThatTheHandlerReturned: whoever has an answer finds in the journal that the handler got to its
// end. A handler that has written its answer and then dies, or waits, has not answered.
func TestP04AnAnswerMeansThatTheHandlerReturned(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, dialOptions(bellpull.WithoutReconnect()))
		for i := range 20 {
			id := fmt.Sprint(i)
			got, err := peer.CallBytes(t.Context(), "note", nil, []byte(id))
			if err != nil || string(got) != id {
				t.Fatal(string(got), err)
			}
			if n := s.noted(t); n["in "+id] != 1 || n["out "+id] != 1 {
				t.Fatalf("call %s was answered, and the journal has it %d times begun and %d times ended", id, n["in "+id], n["out "+id])
			}
		}
		got, err := peer.CallBytes(t.Context(), "lastword", nil, []byte("last"))
		if len(got) != 0 || !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Errorf("a handler that wrote its answer and died before it returned: %q, %v", got, err)
		}
	})
}

// TestP04NothingIsAnsweredBeforeTheHandlerReturns: what a handler has written stays with it while it runs on, however
// much else goes over the link meanwhile. The same for its error.
func TestP04NothingIsAnsweredBeforeTheHandlerReturns(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		m := bellpull.NewMux()
		written, release := make(chan struct{}), make(chan struct{})
		handle := func(name string, f func(w *bellpull.Reply)) {
			m.Handle(name, bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				f(w)
				written <- struct{}{}
				<-release
			}))
		}
		handle("value", func(w *bellpull.Reply) { w.Write([]byte("done")) })
		handle("error", func(w *bellpull.Reply) { w.Fail(errors.New("it failed")) })
		m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
		_, addr := w.listenHere(t, m)
		peer := w.dial(t, addr)
		ended := make(chan string, 2)
		for _, method := range []string{"value", "error"} {
			go func() {
				got, err := peer.CallBytes(t.Context(), method, nil, nil)
				ended <- fmt.Sprint(method, " ", string(got), " ", err != nil)
			}()
			arrives(t, "the handler has written", written)
		}
		for range 50 {
			if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case got := <-ended:
			t.Errorf("while its handler ran, a call was over: %s", got)
		default:
		}
		close(release)
		for range 2 {
			if got := arrives(t, "the answers", ended); got != "value done false" && got != "error  true" {
				t.Errorf("when the handlers returned, a call ended with %q", got)
			}
		}
	})
}
