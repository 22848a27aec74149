package bellpull_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestHandleOthersTakesWhatNobodyElseDoes: methods without a handler reach the one for others, and only those; what it
// does not know either did not run.
func TestHandleOthersTakesWhatNobodyElseDoes(t *testing.T) {
	for name, opts := range map[string][]dmtp.Option{"compact": nil, "plain": {dmtp.Plain()}} {
		t.Run(name, func(t *testing.T) {
			m := bellpull.NewMux()
			bellpull.HandleFunc(m, "mine", func() string { return "own" })
			m.HandleOthers(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				if r.Method() == "unknown" {
					w.Fail(&bellpull.Error{Code: bellpull.CodeNoMethod})
					return
				}
				w.JSON("other " + r.Method())
			}))
			opts = append(opts, dmtp.NodeOptions(bellpull.WithTransports(mem.New())))
			node, err := dmtp.Listen(t.Context(), "mem:x", m, opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer node.Close(context.Background())
			peer, err := dmtp.Dial(t.Context(), "mem:x", opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close(context.Background())
			for method, want := range map[string]string{"mine": "own", "a": "other a", "b": "other b"} {
				if got, err := bellpull.Call[string](t.Context(), peer, method); err != nil || got != want {
					t.Errorf("%s gives %q, %v; want %q", method, got, err, want)
				}
			}
			_, err = bellpull.Call[string](t.Context(), peer, "unknown")
			if !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Errorf("got %v, want no_method that did not run", err)
			}
		})
	}
}

// TestAVerbOfAnotherProtocolIsUnsupported: nothing is sent, and the link lives on.
func TestAVerbOfAnotherProtocolIsUnsupported(t *testing.T) {
	m := bellpull.NewMux()
	bellpull.HandleFunc(m, "x", func() string { return "ran" })
	opts := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
	node, err := dmtp.Listen(t.Context(), "mem:x", m, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close(context.Background())
	peer, err := dmtp.Dial(t.Context(), "mem:x", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close(context.Background())
	err = peer.Do(t.Context(), &bellpull.Exchange{Verb: "another's", Method: "x"})
	if !errors.Is(err, errors.ErrUnsupported) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error(err)
	}
	if got, err := bellpull.Call[string](t.Context(), peer, "x"); got != "ran" || err != nil {
		t.Error(got, err)
	}
}
