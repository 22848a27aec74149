//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"testing"

	"github.com/bellpull/bellpull"
)

// TestP02OverPipesWhatThereIsNotIsRefusedAtOnce: pings, channels, acknowledgements and metadata. The service is stopped,
// so whatever asked it would wait.
func TestP02OverPipesWhatThereIsNotIsRefusedAtOnce(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr)
		works(t, peer, 1)
		s.proc.stop(t)
		defer s.proc.cont()
		call := func(opts ...bellpull.CallOption) error {
			_, err := peer.CallBytes(bellpull.WithCall(context.Background(), opts...), "note", nil, ding)
			return err
		}
		_, ping := peer.Ping(context.Background())
		_, channel := peer.OpenChannel(context.Background(), "x")
		for what, err := range map[string]error{
			"ping": ping, "channel": channel, "acknowledgement": call(bellpull.Accepted()),
			"metadata": call(bellpull.Metadata(bellpull.Pair{Key: "k", Value: "v"})),
		} {
			if !errors.Is(err, errors.ErrUnsupported) || verdictOf(err) != local(bellpull.CodeUnsupported, bellpull.Never) {
				t.Errorf("%s: %v, want unsupported, never: %v", what, verdictOf(err), err)
			}
		}
		if tr := peer.Traits(); tr.Pings || tr.Channels || tr.Cancels || tr.Deadlines || !tr.Calls || !tr.Notifies || !tr.Messages {
			t.Errorf("traits: %+v", tr)
		}
	})
}

// TestP02OverPipesJSONRoutesSayMore: an answer of a JSON route has room for what became of the request, where that of a
// raw-byte route has none.
func TestP02OverPipesJSONRoutesSayMore(t *testing.T) {
	type some struct{ Value int }
	eachCampusWay(t, func(t *testing.T, w way) {
		m := bellpull.NewMux()
		entered, release := make(chan struct{}), make(chan struct{})
		bellpull.HandleFunc(m, "fail", func() (some, error) { return some{}, errors.New("it failed") })
		bellpull.HandleFunc(m, "panic", func() some { panic("it panicked") })
		bellpull.HandleFunc(m, "wait", func() some {
			close(entered)
			<-release
			return some{1}
		})
		node, addr := w.listenHere(t, m, maxHandlers(w, 1))
		peer := w.dial(t, addr, dialOptions(bellpull.WithoutReconnect()))
		want := func(method string, want verdict) {
			t.Helper()
			_, err := bellpull.Call[some](t.Context(), peer, method, some{})
			if got := verdictOf(err); got != want {
				t.Errorf("%s: %v, want %v: %v", method, got, want, err)
			}
		}
		want("nobody", remote(bellpull.CodeNoMethod, bellpull.Never))
		want("fail", remote(bellpull.CodeFailed, bellpull.Yes))
		want("panic", remote(bellpull.CodePanic, bellpull.Yes))
		waited := make(chan error, 1)
		go func() {
			got, err := bellpull.Call[some](t.Context(), peer, "wait", some{})
			if err == nil && got.Value != 1 {
				err = errors.New("another answer")
			}
			waited <- err
		}()
		arrives(t, "the handler runs", entered)
		want("fail", remote(bellpull.CodeBusy, bellpull.Never))
		closed := make(chan error, 1)
		go func() { closed <- node.Close(context.Background()) }()
		eventually(t, "the node closes", func() bool {
			_, err := bellpull.Call[some](t.Context(), peer, "fail", some{})
			return verdictOf(err) == remote(bellpull.CodeUnavailable, bellpull.Never)
		})
		close(release)
		if err := arrives(t, "the answer of the handler that ran", waited); err != nil {
			t.Error(err)
		}
		if err := arrives(t, "Close returns", closed); err != nil {
			t.Error(err)
		}
	})
}
