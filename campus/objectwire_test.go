package campus_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

const objectHeader = 0x526D4F6A // "jOmR", section 2.5

// foo is the contract of the examples of sections 6.2 and 6.3.
var foo = &campus.Contract{Name: "IpcRemotingObjectServerDemo.IFoo", Members: []campus.Member{
	{Name: "Name", Kind: campus.Get | campus.Set},
	{Name: "Add", Kind: campus.Method, Params: []string{"int", "int"}},
	{Name: "AddAsync", Kind: campus.Async, Params: []string{"string", "int"}},
	{Name: "ShutdownAsync", Kind: campus.Async},
	{Name: "Use", Kind: campus.Method, Params: []string{"Bellpull.Peers.INested"}, Args: []*campus.Contract{nested}},
}}

// exchanges are requests as .NET writes them and their answers.
var exchanges = []struct{ request, answer string }{
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":15467761036679698775,"m":"Name","c":1,"a":null}`,
		`{"r":{"i":"","t":null,"v":"Foo"},"e":null}`},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":4154127377049786217,"m":"Name","c":2,"a":[{"i":"","t":null,"v":"Bar"}]}`,
		`{"r":{"i":"","t":null,"v":null},"e":null}`},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":4212367674473054951,"m":"Add","c":3,"a":[{"i":"","t":null,"v":1},{"i":"","t":null,"v":2}]}`,
		`{"r":{"i":"","t":null,"v":3},"e":null}`},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":3818398923662137203,"m":"AddAsync","c":4,"a":[{"i":"","t":null,"v":"a"},{"i":"","t":null,"v":1}]}`,
		`{"r":{"i":"","t":null,"v":"a1"},"e":null}`},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":3541289667477347357,"m":"ShutdownAsync","c":4,"a":null}`,
		`{"r":null,"e":{"t":"System.InvalidOperationException","m":"boom","s":"   at ...","x":null}}`},
}

func fooImpl() map[string]any {
	return map[string]any{
		"get_Name": func() string { return "Foo" },
		"set_Name": func(string) {},
		"Add":      func(a, b int) int { return a + b },
		"AddAsync": func(s string, n int) string { return s + fmt.Sprint(n) },
		"ShutdownAsync": func() error {
			return &campus.Exception{Type: campus.ExceptionInvalidOperation, Message: "boom", Stack: "   at ..."}
		},
		"Use": func(_ context.Context, o *campus.Object) string {
			if o == nil {
				return "null"
			}
			return "object " + o.ID()
		},
	}
}

// wire gives a peer whose other side serves an IFoo.
func wire(t *testing.T, opts ...campus.Option) *bellpull.Peer {
	t.Helper()
	served := campus.NewObjects()
	_, err := served.Serve(foo, "", fooImpl())
	must(t, err)
	_, peer := two(t, append(opts, campus.ServeObjects(served))...)
	return peer
}

// ask sends the JSON of an invocation and gives that of the answer; "" when there are no bytes.
func ask(t *testing.T, peer *bellpull.Peer, doc string) string {
	t.Helper()
	got, err := campus.Raw(peer).Request(t.Context(), objectHeader, []byte(doc))
	if err != nil {
		if bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error(doc, err)
		}
		return ""
	}
	doc, ok := strings.CutPrefix(string(got), "jOmR\x00\x00\x00\x00")
	if !ok {
		t.Errorf("without the header: %q", got)
	}
	return doc
}

// TestAnswersOfObjectsAreThoseOfDotNET: byte for byte, and for what .NET reads besides.
func TestAnswersOfObjectsAreThoseOfDotNET(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := wire(t)
		for _, x := range exchanges {
			if got := ask(t, peer, x.request); got != x.answer {
				t.Errorf("%s\n got %s\nwant %s", x.request, got, x.answer)
			}
		}
		is := func(what, doc, want string) {
			t.Helper()
			if got := ask(t, peer, doc); !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("%s: %s\n got %s\nwant %s", what, doc, got, want)
			}
		}
		of := func(rest string) string { return `{"t":"IpcRemotingObjectServerDemo.IFoo",` + rest + `}` }
		const add, use = `"d":4212367674473054951,"m":"Add","c":3,`, `"d":ID,"m":"Use","c":3,`
		is("no id, other order", ` `+of(`"z":[],"c":3,"a":[{"v":1},{"v":2}],"d":4212367674473054951,"m":"?"`)+"\n", `"v":3`)
		is("null for a value", of(add+`"a":[null,{"v":null}]`), `"v":0`)
		is("the id of an explicit property", of(fmt.Sprintf(`"d":%d,"m":"Name","c":1`, uint64(aliasID))), `"v":"Foo"`)
		is("no number", of(`"m":"Add","c":3`), campus.ExceptionMemberNotFound)
		is("a call type of its own", of(`"d":4212367674473054951,"m":"Add","c":9`), campus.ExceptionMemberNotFound)
		is("an argument for a property", of(`"d":15467761036679698775,"m":"Name","c":1,"a":[{"v":1}]`), campus.ExceptionIndexOutOfRange)
		is("nothing to write", of(`"d":4154127377049786217,"m":"Name","c":2`), campus.ExceptionIndexOutOfRange)
		is("one too many", of(add+`"a":[{"v":1},{"v":2},{"v":3}]`), campus.ExceptionIndexOutOfRange)
		is("not of that type", of(add+`"a":[{"v":1},{"v":"2"}]`), campus.ExceptionJSON)
		for what, doc := range map[string]string{
			"no call type": of(`"d":4212367674473054951,"m":"Add"`), "no name": of(`"d":4212367674473054951,"m":" ","c":3`), "no JSON": "{",
			"another id": of(add + `"i":"x"`), "another contract": `{"t":"X",` + add + `"a":[]}`, "a byte order mark": "\uFEFF" + of(add+`"a":[]`)} {
			is(what, doc, "")
		}
		use1 := func(arg string) string {
			return of(strings.Replace(use, "ID", fmt.Sprint(uint64(useID)), 1) + `"a":[` + arg + `]`)
		}
		for _, null := range []string{`null`, `{}`, `{"i":"","t":null,"v":null}`, `{"i":null,"t":" "}`} { // Q14
			is("null", use1(null), `"v":"null"`)
		}
		is("an id is enough", use1(`{"i":"G1"}`), `"v":"object G1"`)
		is("a default object", use1(`{"t":"N.Any"}`), `"v":"object "`)
	})
}

// The ids of get_IpcRemotingObjectServerDemo.IFoo.Name() and Use(Bellpull.Peers.INested), computed apart from this code.
const (
	aliasID = 9994378449563593118
	useID   = 14238582410476694998
)

// TestInvocationsAreThoseOfDotNET: byte for byte. A null object is null and no model, which .NET would take for an object
// with an empty id.
func TestInvocationsAreThoseOfDotNET(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got, answer string
		own := campus.NewObjects()
		network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
		node, err := campus.Listen(t.Context(), "mem:b", nil, network, campus.OnRequest(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			got = string(r.Borrow())
			w.Write([]byte(answer))
		})))
		must(t, err)
		defer node.Close(context.Background())
		peer, err := campus.Dial(t.Context(), "mem:b", network, campus.Name("a"), campus.ServeObjects(own))
		must(t, err)
		defer peer.Close(context.Background())
		o := campus.ObjectOf(peer, foo, "")
		const header = "jOmR\x00\x00\x00\x00"
		for i, call := range []func(out any) error{
			func(out any) error { return o.Get(t.Context(), "Name", out) },
			func(any) error { return o.Set(t.Context(), "Name", "Bar") },
			func(out any) error { return o.Invoke(t.Context(), "Add", out, 1, 2) },
			func(out any) error { return o.Invoke(t.Context(), "AddAsync", out, "a", 1) },
			func(out any) error { return o.Invoke(t.Context(), "ShutdownAsync", out) },
		} {
			answer = header + exchanges[i].answer
			var out any
			err := call(&out)
			if got != header+exchanges[i].request {
				t.Errorf("\n got %q\nwant %q", got, exchanges[i].request)
			}
			if x, _ := errors.AsType[*campus.Exception](err); (i == 4) != (x != nil && *x == campus.Exception{Type: "System.InvalidOperationException", Message: "boom", Stack: "   at ..."}) {
				t.Error(i, err)
			}
			if i == 2 && out != 3.0 || i == 3 && out != "a1" {
				t.Error(i, out)
			}
		}
		answer = header + `{"e":null}`
		must(t, o.Invoke(t.Context(), "Use", nil, nil))
		if !strings.HasSuffix(got, `"a":[null]}`) {
			t.Error(got)
		}
		must(t, o.Invoke(t.Context(), "Use", nil, newNested(t, "", 0)))
		if !regexp.MustCompile(`"a":\[\{"i":"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}","t":"Bellpull.Peers.INested","v":null\}\]\}$`).MatchString(got) {
			t.Error(got)
		}
		for odd, want := range map[string]bellpull.Error{
			"":                              {Code: bellpull.CodeNoMethod, Ran: bellpull.Maybe},
			`{"r":null,"e":null}`:           {Code: bellpull.CodeBadArgument, Ran: bellpull.Maybe},
			header + `{"r":`:                {Code: bellpull.CodeBadArgument, Ran: bellpull.Yes},
			header + `{"r":{"v":"x"}}`:      {Code: bellpull.CodeBadArgument, Ran: bellpull.Yes},
			header + `{"e":{"m":"no"}}`:     {Code: bellpull.CodeFailed, Ran: bellpull.Yes},
			header + `{"r":{"v":1},"e":{}}`: {Code: bellpull.CodeFailed, Ran: bellpull.Yes},
			header + `{"e":{"t":"Bellpull.busy.of.My","m":""}}`:     {Code: bellpull.CodeFailed, Ran: bellpull.Yes},
			header + `{"e":{"t":"Bellpull.Mine.yes"}}`:              {Code: bellpull.CodeFailed, Ran: bellpull.Yes},
			header + `{"e":{"t":"Bellpull.busy.never","m":"full"}}`: {Code: bellpull.CodeBusy, Ran: bellpull.Never},
		} {
			answer = odd
			var n int
			err := o.Invoke(t.Context(), "Add", &n, 1, 2)
			if e, _ := errors.AsType[*bellpull.Error](err); e == nil || e.Code != want.Code || e.Ran != want.Ran {
				t.Errorf("%q: %v", odd, err)
			}
		}
		n := 7
		for _, none := range []string{`{}`, `{"r":null}`, `{"r":{"i":"","t":null,"v":null},"e":null}`} {
			answer = header + none
			if n = 7; o.Invoke(t.Context(), "Add", &n, 1, 2) != nil || n != 0 {
				t.Error(none, n)
			}
		}
	})
}

// TestInvocationsThatNothingServesGoOn: what takes requests without a route is asked next, with the header.
func TestInvocationsThatNothingServesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := wire(t, campus.OnRequest(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			w.Write(append(r.Borrow()[:8:8], `{"r":{"v":"other"}}`...))
		})))
		var s string
		if err := campus.ObjectOf(peer, foo, "other").Get(t.Context(), "Name", &s); s != "other" || err != nil {
			t.Error(s, err)
		}
		if err := campus.ObjectOf(peer, foo, "").Get(t.Context(), "Name", &s); s != "Foo" || err != nil {
			t.Error(s, err)
		}
	})
}

// TestContractsAndTablesAreChecked: before anything is served.
func TestContractsAndTablesAreChecked(t *testing.T) {
	with := func(key string, f any) map[string]any {
		m := fooImpl()
		if m[key] = f; f == nil {
			delete(m, key)
		}
		return m
	}
	one := func(m ...campus.Member) *campus.Contract { return &campus.Contract{Name: "C", Members: m} }
	for what, c := range map[string]struct {
		contract *campus.Contract
		impl     map[string]any
	}{
		"no contract":            {nil, nil},
		"no name":                {&campus.Contract{}, nil},
		"no kind":                {one(campus.Member{Name: "X"}), nil},
		"a property with types":  {one(campus.Member{Name: "X", Kind: campus.Get, Params: []string{"int"}}), nil},
		"twice":                  {one(campus.Member{Name: "X", Kind: campus.Method}, campus.Member{Name: "X", Kind: campus.Async}), nil},
		"one id for two":         {one(campus.Member{Name: "X", Kind: campus.Get | campus.Set, ID: 1}), nil},
		"a function missing":     {foo, with("Add", nil)},
		"a function too many":    {foo, with("Sub", func() {})},
		"no function":            {foo, with("Add", 1)},
		"too few arguments":      {foo, with("Add", func(int) int { return 0 })},
		"two results":            {foo, with("Add", func(int, int) (int, int) { return 0, 0 })},
		"a property of nothing":  {foo, with("get_Name", func() {})},
		"a number for an object": {foo, with("Use", func(int) {})},
		"an object for a number": {foo, with("Add", func(int, *campus.Object) {})},
	} {
		if _, err := campus.NewObjects().Serve(c.contract, "", c.impl); !errors.Is(err, bellpull.ErrBadArgument) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestValuesOfObjectsAreInTheDialect: arguments and results, not the models.
func TestValuesOfObjectsAreInTheDialect(t *testing.T) {
	type value struct {
		Word string
		None *int
	}
	c := &campus.Contract{Name: "C", Members: []campus.Member{{Name: "Turn", Kind: campus.Method, Params: []string{"C.V"}}}}
	for name, x := range map[string]struct {
		dialect campus.Dialect
		want    string
	}{
		"stj":        {campus.STJ, `"v":{"Word":"\u00FC","None":null}}`},
		"camel":      {campus.Camel, `"v":{"word":"\u00FC"}}`},
		"newtonsoft": {campus.Newtonsoft, `"v":{"Word":"ü","None":null}}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				served := campus.NewObjects()
				_, err := served.Serve(c, "", map[string]any{"Turn": func(v value) value { return v }})
				must(t, err)
				var sent, got string
				proto := campus.Protocol{Dialect: x.dialect, Objects: served}
				spy := bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
					return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
						sent = string(r.Borrow())
						next.ServeBell(w, r)
						_, b, _ := w.Result()
						got = string(b)
					})
				})
				network := bellpull.WithTransports(mem.New())
				node, err := campus.Listen(t.Context(), "mem:b", nil, campus.With(proto), campus.NodeOptions(network, spy))
				must(t, err)
				defer node.Close(context.Background())
				peer, err := campus.Dial(t.Context(), "mem:b", campus.With(proto), campus.NodeOptions(network), campus.Name("a"))
				must(t, err)
				defer peer.Close(context.Background())
				var v value
				if err := campus.ObjectOf(peer, c, "").Invoke(t.Context(), "Turn", &v, value{Word: "ü"}); v.Word != "ü" || err != nil {
					t.Error(v, err)
				}
				if !strings.Contains(sent, x.want) || !strings.Contains(got, x.want) {
					t.Errorf("%s\n%s\nwant %s", sent, got, x.want)
				}
			})
		})
	}
}
