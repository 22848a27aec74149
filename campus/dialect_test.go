package campus_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestRoutesAreInTheDialect: arguments and results of JSON routes, and messages for them. Names of Go types are spelled,
// keys of maps and documents of the application are not.
func TestRoutesAreInTheDialect(t *testing.T) {
	type value struct {
		Word  string
		None  *int
		Named string `json:"NAMED"`
		Of    map[string]any
	}
	v := value{Word: "<ü>", Named: "x", Of: map[string]any{"Key": nil}}
	doc := json.RawMessage(`{"Word":"w","None":null}`)
	for name, c := range map[string]struct {
		dialect               campus.Dialect
		argument, result, raw string
	}{
		// In requests encoding/json's escapes are as good as any.
		"stj": {campus.STJ, `{"Word":"\u003cü\u003e","None":null,"NAMED":"x","Of":{"Key":null}}`,
			`{"Word":"\u003C\u00FC\u003E","None":null,"NAMED":"x","Of":{"Key":null}}`, `{"Word":"w","None":null}`},
		"camel": {campus.Camel, `{"word":"\u003C\u00FC\u003E","NAMED":"x","of":{"Key":null}}`,
			`{"word":"\u003C\u00FC\u003E","NAMED":"x","of":{"Key":null}}`, `{"Word":"w","None":null}`},
		"newtonsoft": {campus.Newtonsoft, `{"Word":"\u003cü\u003e","None":null,"NAMED":"x","Of":{"Key":null}}`,
			"\uFEFF" + `{"Word":"<ü>","None":null,"NAMED":"x","Of":{"Key":null}}`, `{"Word":"w","None":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				proto := campus.Protocol{Dialect: c.dialect}
				network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
				heard := make(chan string, 3)
				m := bellpull.NewMux()
				m.Handle("hear", bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
					heard <- string(r.Borrow())
				}))
				bellpull.HandleFunc(m, "value", func() value { return v })
				bellpull.Handle(m, "typed", func(context.Context, struct{}) (*value, error) { return &v, nil })
				bellpull.HandleFunc(m, "document", func() json.RawMessage { return doc })
				bellpull.HandleFunc(m, "null", func() *value { return nil })
				node, err := campus.Listen(t.Context(), "mem:b", m, campus.With(proto), network)
				must(t, err)
				defer node.Close(context.Background())
				peer, err := campus.Dial(t.Context(), "mem:b", campus.With(proto), network, campus.Name("a"))
				must(t, err)
				defer peer.Close(context.Background())
				for _, send := range []func(any) error{
					func(arg any) error { _, err := bellpull.Call[any](t.Context(), peer, "hear", arg); return err },
					func(arg any) error { return peer.Notify(t.Context(), "hear", arg) },
				} {
					for arg, want := range map[any]string{&v: c.argument, &doc: c.raw} {
						must(t, send(arg))
						if got := <-heard; got != "["+want+"]" {
							t.Errorf("sent %s\nwant %s", got, want)
						}
					}
				}
				for route, want := range map[string]string{"value": c.result, "typed": c.result} {
					got, err := campus.Raw(peer).Request(t.Context(), jsonHeader, []byte(string(rune(len(route)))+route+"{}"))
					if string(got) != want || err != nil {
						t.Errorf("%s: %s, %v\nwant %s", route, got, err, want)
					}
				}
				if got, err := bellpull.Call[json.RawMessage](t.Context(), peer, "document"); string(got) != c.raw || err != nil {
					t.Errorf("document: %s, %v", got, err)
				}
				if got, err := bellpull.Call[*value](t.Context(), peer, "value"); got == nil || got.Word != v.Word || err != nil {
					t.Errorf("read back: %+v, %v", got, err)
				}
				if got, err := bellpull.Call[*value](t.Context(), peer, "null"); got != nil && (got.Word != "" || got.Of != nil) || err != nil {
					t.Errorf("null: %+v, %v", got, err)
				}
			})
		})
	}
}
