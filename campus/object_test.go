package campus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

type point struct {
	X, Y  int
	Label *string
}

// The contracts of the reference peers, and a member to call back with.
var (
	nested = &campus.Contract{Name: "Bellpull.Peers.INested", Members: []campus.Member{
		{Name: "Title", Kind: campus.Get},
		{Name: "Hit", Kind: campus.Method},
	}}
	calculator = &campus.Contract{Name: "Bellpull.Peers.ICalculator", Members: []campus.Member{
		{Name: "Add", Kind: campus.Method, Params: []string{"int", "int"}},
		{Name: "AddAsync", Kind: campus.Async, Params: []string{"int", "int"}},
		{Name: "Counter", Kind: campus.Get | campus.Set},
		{Name: "Name", Kind: campus.Get},
		{Name: "Fire", Kind: campus.Method, Params: []string{"int"}},
		{Name: "Fire", Kind: campus.Method, Params: []string{"string"}},
		{Name: "Move", Kind: campus.Method, Params: []string{"Bellpull.Peers.Point", "int"}},
		{Name: "Fail", Kind: campus.Method, Params: []string{"string"}},
		{Name: "Child", Kind: campus.Method, Params: []string{"string"}, Result: nested},
		{Name: "Use", Kind: campus.Method, Params: []string{"Bellpull.Peers.INested"}, Args: []*campus.Contract{nested}},
		{Name: "Keep", Kind: campus.Get | campus.Set, Result: nested},
	}}
	deep = &campus.Contract{Name: "Bellpull.Peers.IDeep", Members: []campus.Member{
		{Name: "Down", Kind: campus.Async, Params: []string{"int"}},
	}}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newNested(t *testing.T, title string, hits int64) *campus.Object {
	t.Helper()
	var n atomic.Int64
	n.Store(hits)
	o, err := campus.NewObject(nested, map[string]any{
		"get_Title": func() string { return title },
		"Hit":       func() int64 { return n.Add(1) },
	})
	must(t, err)
	return o
}

type custom struct{}

func (custom) Error() string { return "a text" }

func calculatorImpl(t *testing.T) map[string]any {
	var counter atomic.Int64
	var kept atomic.Pointer[campus.Object]
	child := newNested(t, "child", 0)
	return map[string]any{
		"Add":         func(a, b int) int { return a + b },
		"AddAsync":    func(_ context.Context, a, b int) (int, error) { time.Sleep(time.Second); return a + b, nil },
		"get_Counter": func() int64 { return counter.Load() },
		"set_Counter": func(v int64) { counter.Store(v) },
		"get_Name":    func() *string { return nil },
		"Fire(int)":   func(n int64) { counter.Add(n) },
		"Fire(string)": func(s string) error {
			counter.Add(int64(len(s)))
			return nil
		},
		"Move": func(p point, dx int) point { p.X += dx; return p },
		"Fail": func(kind string) (int, error) {
			switch kind {
			case "panic":
				panic("fell")
			case "text":
				return 0, custom{}
			case "unsupported":
				return 0, fmt.Errorf("no: %w", errors.ErrUnsupported)
			}
			return 0, fmt.Errorf("wrapped: %w", &campus.Exception{Type: kind, Message: "fail:" + kind, Stack: "   at F()", Extra: "x"})
		},
		"Child": func(name string) (*campus.Object, error) {
			switch name {
			case "":
				return nil, nil
			case "same":
				return child, nil
			}
			return newNested(t, name, 0), nil
		},
		"Use": func(ctx context.Context, n *campus.Object) (string, error) {
			if n == nil {
				return "null", nil
			}
			var title string
			var hit int
			if err := n.Get(ctx, "Title", &title); err != nil {
				return "", err
			}
			err := n.Invoke(ctx, "Hit", &hit)
			return title + fmt.Sprint(hit), err
		},
		"get_Keep": func() *campus.Object { return kept.Load() },
		"set_Keep": func(o *campus.Object) { kept.Store(o) },
	}
}

// objects gives a calculator at node b as node a sees it, and the tables of both.
func objects(t *testing.T, opts ...campus.Option) (calc *campus.Object, a, b *campus.Objects, node *bellpull.Node) {
	t.Helper()
	network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
	a, b = campus.NewObjects(), campus.NewObjects()
	_, err := b.Serve(calculator, "", calculatorImpl(t))
	must(t, err)
	node, err = campus.Listen(t.Context(), "mem:b", nil, append(opts, network, campus.ServeObjects(b))...)
	must(t, err)
	t.Cleanup(func() { node.Close(context.Background()) })
	peer, err := campus.Dial(t.Context(), "mem:b", network, campus.Name("a"), campus.ServeObjects(a))
	must(t, err)
	t.Cleanup(func() { peer.Close(context.Background()) })
	return campus.ObjectOf(peer, calculator, ""), a, b, node
}

// TestMembersOfObjects: methods of both kinds, overloads, properties, values and nulls.
func TestMembersOfObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, _, _, _ := objects(t)
		ctx := t.Context()
		var n int
		if err := calc.Invoke(ctx, "Add", &n, 1, 2); n != 3 || err != nil {
			t.Error(n, err)
		}
		if err := calc.Invoke(ctx, "AddAsync", &n, 3, 4); n != 7 || err != nil {
			t.Error(n, err)
		}
		must(t, calc.Set(ctx, "Counter", 5))
		must(t, calc.Invoke(ctx, "Fire(int)", nil, 10))
		must(t, calc.Invoke(ctx, "Fire(string)", nil, "hundred"))
		if err := calc.Get(ctx, "Counter", &n); n != 22 || err != nil {
			t.Error(n, err)
		}
		name := "before"
		if err := calc.Get(ctx, "Name", &name); name != "" || err != nil {
			t.Errorf("null into a string: %q %v", name, err)
		}
		label := "ü<"
		var p point
		if err := calc.Invoke(ctx, "Move", &p, point{1, 2, &label}, 3); p.X != 4 || p.Y != 2 || *p.Label != label || err != nil {
			t.Error(p, err)
		}
		if err := calc.Invoke(ctx, "Move", &p, nil, 3); p.X != 3 || err != nil {
			t.Error("null for a value:", p, err)
		}
		var wait context.CancelFunc
		ctx, wait = context.WithTimeout(ctx, time.Millisecond)
		defer wait()
		if err := calc.Invoke(ctx, "AddAsync", &n, 3, 4); !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error("a deadline:", err)
		}
	})
}

// TestExceptionsKeepTheirTypes: those that .NET rebuilds, any other, and what is made of Go's errors and panics.
func TestExceptionsKeepTheirTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, _, _, _ := objects(t)
		for _, kind := range []string{campus.ExceptionArgument, campus.ExceptionArgumentNull, campus.ExceptionBadImageFormat,
			campus.ExceptionInvalidCast, campus.ExceptionInvalidOperation, campus.ExceptionNotImplemented, campus.ExceptionNotSupported,
			campus.ExceptionNullReference, campus.ExceptionIndexOutOfRange, "My.CustomException", "Bellpull.Peers.CustomException", ""} {
			err := calc.Invoke(t.Context(), "Fail", nil, kind)
			x, _ := errors.AsType[*campus.Exception](err)
			want := campus.Exception{Type: kind, Message: "fail:" + kind, Stack: "   at F()", Extra: "x"}
			e, _ := errors.AsType[*bellpull.Error](err)
			if x == nil || *x != want || e.Code != bellpull.CodeFailed || e.Ran != bellpull.Yes || !e.Remote {
				t.Errorf("%q: %v", kind, err)
			}
		}
		for kind, want := range map[string]campus.Exception{
			"text":                         {Type: campus.ExceptionInvalidOperation, Message: "a text"},
			"panic":                        {Type: campus.ExceptionInvalidOperation, Message: "fell"},
			"unsupported":                  {Type: campus.ExceptionNotSupported, Message: "no: unsupported operation"},
			campus.ExceptionMemberNotFound: {Type: campus.ExceptionInvalidOperation, Message: "fail:" + campus.ExceptionMemberNotFound, Stack: "   at F()"},
		} {
			err := calc.Invoke(t.Context(), "Fail", nil, kind)
			if x, ok := errors.AsType[*campus.Exception](err); !ok || *x != want || !errors.Is(err, bellpull.ErrFailed) {
				t.Errorf("%q: %v", kind, err)
			}
		}
	})
}

// TestWhatCannotBeInvoked: each with the exception, or without an answer, that section 6.5 says.
func TestWhatCannotBeInvoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, _, _, _ := objects(t)
		as := func(contract, id string, m campus.Member) *campus.Object {
			return campus.ObjectOf(calc.Peer(), &campus.Contract{Name: contract, Members: []campus.Member{m}}, id)
		}
		name := calculator.Name
		for what, c := range map[string]struct {
			o    *campus.Object
			args []any
			typ  string
			code bellpull.Code
			ran  bellpull.Executed
		}{
			"contract": {as("My.INothing", "", campus.Member{Name: "X", Kind: campus.Method}), nil, "", bellpull.CodeNoMethod, bellpull.Maybe},
			"object":   {as(name, "second", campus.Member{Name: "X", Kind: campus.Method}), nil, "", bellpull.CodeNoMethod, bellpull.Maybe},
			"member": {as(name, "", campus.Member{Name: "X", Kind: campus.Method}), nil,
				campus.ExceptionMemberNotFound, bellpull.CodeNoMethod, bellpull.Never},
			"id": {as(name, "", campus.Member{Name: "X", Kind: campus.Method, Params: []string{"int", "int"}, ID: 7}), []any{1, 2},
				campus.ExceptionMemberNotFound, bellpull.CodeNoMethod, bellpull.Never},
			"call type": {as(name, "", campus.Member{Name: "X", Kind: campus.Async, Params: []string{"int", "int"}, ID: addID}), []any{1, 2},
				campus.ExceptionMemberNotFound, bellpull.CodeNoMethod, bellpull.Never},
			"too few": {as(name, "", campus.Member{Name: "X", Kind: campus.Method, ID: addID}), nil,
				campus.ExceptionIndexOutOfRange, bellpull.CodeFailed, bellpull.Yes},
			"too many": {as(name, "", campus.Member{Name: "X", Kind: campus.Method, Params: []string{"", "", ""}, ID: addID}), []any{1, 2, 3},
				campus.ExceptionIndexOutOfRange, bellpull.CodeFailed, bellpull.Yes},
			"type": {as(name, "", campus.Member{Name: "X", Kind: campus.Method, Params: []string{"", ""}, ID: addID}), []any{1, "2"},
				campus.ExceptionJSON, bellpull.CodeFailed, bellpull.Yes},
		} {
			err := c.o.Invoke(t.Context(), "X", nil, c.args...)
			e, _ := errors.AsType[*bellpull.Error](err)
			x, _ := errors.AsType[*campus.Exception](err)
			if e == nil || e.Code != c.code || e.Ran != c.ran || !e.Remote || (x == nil) != (c.typ == "") || x != nil && x.Type != c.typ {
				t.Errorf("%s: %v", what, err)
			}
		}
		var n int
		for what, err := range map[string]error{
			"unknown here":      calc.Invoke(t.Context(), "Nothing", nil),
			"a property":        calc.Invoke(t.Context(), "get_Counter", &n),
			"an overloaded one": calc.Invoke(t.Context(), "Fire", nil, 1),
			"too few":           calc.Invoke(t.Context(), "Add", &n, 1),
			"no object":         calc.Invoke(t.Context(), "Use", nil, 1),
			"into a number":     calc.Invoke(t.Context(), "Child", &n, "x"),
			"another contract":  calc.Invoke(t.Context(), "Use", nil, calc),
		} {
			if !errors.Is(err, bellpull.ErrBadArgument) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// addID is the id of Add(int,int), section 6.4.
const addID = 4212367674473054951

// TestObjectsAsArgumentsAndResults: both ways, the same one with the same id, null, and passed on to a third.
func TestObjectsAsArgumentsAndResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, a, b, node := objects(t)
		ctx := t.Context()
		var s string
		mine := newNested(t, "mine", 4)
		for _, want := range []string{"mine5", "mine6"} {
			if err := calc.Invoke(ctx, "Use", &s, mine); s != want || err != nil {
				t.Error(s, err)
			}
		}
		if n := a.Leased(); n != 1 {
			t.Errorf("%d leases of one object", n)
		}
		for _, null := range []any{nil, (*campus.Object)(nil)} {
			if err := calc.Invoke(ctx, "Use", &s, null); s != "null" || err != nil {
				t.Error(s, err)
			}
		}
		var child, same, other *campus.Object
		must(t, calc.Invoke(ctx, "Child", &child, "same"))
		must(t, calc.Invoke(ctx, "Child", &same, "same"))
		must(t, calc.Invoke(ctx, "Child", &other, "other"))
		if child.ID() != same.ID() || child.ID() == other.ID() || len(child.ID()) != 36 || strings.Count(child.ID(), "-") != 4 || b.Leased() != 2 {
			t.Error(child.ID(), same.ID(), other.ID(), b.Leased())
		}
		if err := other.Get(ctx, "Title", &s); s != "other" || err != nil {
			t.Error(s, err)
		}
		var hit int
		for range 2 {
			must(t, child.Invoke(ctx, "Hit", &hit))
		}
		if err := calc.Invoke(ctx, "Use", &s, child); s != "child3" || err != nil { // back to where it is: by way of us
			t.Error(s, err)
		}
		if err := calc.Invoke(ctx, "Child", &other, ""); other != nil || err != nil {
			t.Error(other, err)
		}
		must(t, calc.Set(ctx, "Keep", mine))
		must(t, calc.Get(ctx, "Keep", &other))
		if err := other.Get(ctx, "Title", &s); s != "mine" || err != nil || other.ID() == child.ID() {
			t.Error(s, err)
		}
		must(t, calc.Set(ctx, "Keep", nil))
		if must(t, calc.Get(ctx, "Keep", &other)); other != nil {
			t.Error("a null property:", other)
		}
		back, err := node.Wait(ctx, "a")
		must(t, err)
		if err := campus.ObjectOf(back, nested, child.ID()).Get(ctx, "Title", &s); !errors.Is(err, bellpull.ErrNoMethod) {
			t.Error("an id of the other side's table:", err)
		}
	})
}

// TestReleasedObjectsAreUnknown: by Release, and when the peer has ended; a cancelled service too.
func TestReleasedObjectsAreUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, a, b, node := objects(t)
		ctx := t.Context()
		var s string
		mine := newNested(t, "mine", 0)
		must(t, calc.Set(ctx, "Keep", mine))
		a.Release(mine)
		a.Release(mine)
		var o *campus.Object
		must(t, calc.Get(ctx, "Keep", &o))
		if err := o.Get(ctx, "Title", &s); !errors.Is(err, bellpull.ErrFailed) || a.Leased() != 0 {
			t.Error("released:", err, a.Leased())
		}
		cancel, err := a.Serve(nested, "x", map[string]any{"get_Title": func() string { return "x" }, "Hit": func() int { return 0 }})
		must(t, err)
		if _, err := a.Serve(nested, "x", map[string]any{"get_Title": func() string { return "x" }, "Hit": func() int { return 0 }}); !errors.Is(err, bellpull.ErrBadArgument) {
			t.Error("served twice:", err)
		}
		back, err := node.Wait(ctx, "a")
		must(t, err)
		x := campus.ObjectOf(back, nested, "x")
		must(t, x.Get(ctx, "Title", &s))
		cancel()
		cancel()
		if err := x.Get(ctx, "Title", &s); !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error("cancelled:", err)
		}
		must(t, calc.Set(ctx, "Keep", mine))
		if b.Leased() != 1 || a.Leased() != 1 {
			t.Error(a.Leased(), b.Leased())
		}
		calc.Peer().Close(ctx)
		back.Close(ctx)
		if b.Leased() != 0 || a.Leased() != 0 {
			t.Error("peers have ended:", a.Leased(), b.Leased())
		}
	})
}

// TestObjectsCallBackDeeply: 32 invocations inside each other, to and fro.
func TestObjectsCallBackDeeply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, a, b, _ := objects(t)
		down := map[string]any{"Down": func(ctx context.Context, n int) (int, error) {
			if n == 0 {
				return 0, nil
			}
			var below int
			err := campus.ObjectOf(bellpull.Caller(ctx), deep, "").Invoke(ctx, "Down", &below, n-1)
			return below + 1, err
		}}
		for _, table := range []*campus.Objects{a, b} {
			_, err := table.Serve(deep, "", down)
			must(t, err)
		}
		var n int
		if err := campus.ObjectOf(calc.Peer(), deep, "").Invoke(t.Context(), "Down", &n, 32); n != 32 || err != nil {
			t.Error(n, err)
		}
	})
}
