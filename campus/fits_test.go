package campus_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

const (
	ruleOfResults   = "JsonIpcDirectRouted: the result of a JSON route must be an object"
	ruleOfArguments = "JsonIpcDirectRouted: a JSON route has one argument at most"
)

// unfit are functions that no JSON route can call.
var unfit = map[string]struct {
	f    any
	rule string
}{
	"a number":      {func() int { return 0 }, ruleOfResults},
	"a text":        {func(sum) (string, error) { return "", nil }, ruleOfResults},
	"a list":        {func() []sum { return nil }, ruleOfResults},
	"an array":      {func() [2]byte { return [2]byte{} }, ruleOfResults},
	"a pointer":     {func() *bool { return nil }, ruleOfResults},
	"text in JSON":  {func() netip.Addr { return netip.Addr{} }, ruleOfResults},
	"two arguments": {func(int, int) sum { return sum{} }, ruleOfArguments},
}

// fit are those that one can, or that cannot be told before they run.
var fit = map[string]any{
	"nothing":         func() {},
	"an error":        func(sum) error { return nil },
	"a struct":        func(context.Context, sum) (sum, error) { return sum{}, nil },
	"a pointer":       func() *sum { return nil },
	"a map":           func() map[string]int { return nil },
	"bytes":           func([]byte) []byte { return nil },
	"anything":        func() any { return nil },
	"its own writing": func() time.Time { return time.Time{} },
	"JSON":            func() json.RawMessage { return nil },
}

// TestAFunctionThatNoRouteCanCallIsRefusedWhenItIsRegistered: with the rule's name, whether the Mux is served before the
// function comes or after; and the Mux is free again when the node is closed.
func TestAFunctionThatNoRouteCanCallIsRefusedWhenItIsRegistered(t *testing.T) {
	for name, c := range unfit {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
				m := bellpull.NewMux()
				bellpull.HandleFunc(m, "bad", c.f)
				_, err := campus.Listen(t.Context(), "mem:b", m, network)
				if !errors.Is(err, bellpull.ErrBadArgument) || !strings.Contains(err.Error(), c.rule) || !strings.Contains(err.Error(), `"bad"`) {
					t.Error("listening:", err)
				}
				m = bellpull.NewMux()
				node, err := campus.Listen(t.Context(), "mem:b", m, network)
				if err != nil {
					t.Fatal(err)
				}
				func() {
					defer func() {
						if said, _ := recover().(string); !strings.Contains(said, c.rule) {
							t.Error("added:", said)
						}
					}()
					bellpull.HandleFunc(m, "bad", c.f)
				}()
				if len(m.Methods()) != 0 {
					t.Error("it was registered all the same:", m.Methods())
				}
				node.Close(t.Context())
				bellpull.HandleFunc(m, "bad", c.f)
			})
		})
	}
}

// TestAFunctionThatARouteCanCallIsTaken: and those whose result is not known before they run.
func TestAFunctionThatARouteCanCallIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := bellpull.NewMux()
		for name, f := range fit {
			bellpull.HandleFunc(m, name, f)
		}
		bellpull.Handle(m, "without a result", func(context.Context, sum) (struct{}, error) { return struct{}{}, nil })
		node, err := campus.Listen(t.Context(), "mem:b", m, campus.NodeOptions(bellpull.WithTransports(mem.New())))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(t.Context())
		for name, f := range fit {
			bellpull.HandleFunc(m, "later: "+name, f)
		}
	})
}
