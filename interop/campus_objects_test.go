package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// The contracts that the peers of both protocols' tests have.
var (
	campusNested = &campus.Contract{Name: "Bellpull.Peers.INested", Members: []campus.Member{
		{Name: "Title", Kind: campus.Get},
		{Name: "Hit", Kind: campus.Method},
	}}
	campusCalculator = &campus.Contract{Name: "Bellpull.Peers.ICalculator", Members: []campus.Member{
		{Name: "Add", Kind: campus.Method, Params: []string{"int", "int"}},
		{Name: "AddAsync", Kind: campus.Async, Params: []string{"int", "int"}},
		{Name: "Echo", Kind: campus.Method, Params: []string{"string"}},
		{Name: "EchoAsync", Kind: campus.Async, Params: []string{"string"}},
		{Name: "Counter", Kind: campus.Get | campus.Set},
		{Name: "Name", Kind: campus.Get},
		{Name: "Fire", Kind: campus.Method, Params: []string{"int"}},
		{Name: "FireAsync", Kind: campus.Async, Params: []string{"int"}},
		{Name: "Move", Kind: campus.Method, Params: []string{"Bellpull.Peers.Point", "int"}},
		{Name: "Range", Kind: campus.Method, Params: []string{"int", "int"}},
		{Name: "Count", Kind: campus.Method, Params: []string{"string"}},
		{Name: "Fail", Kind: campus.Method, Params: []string{"string"}},
		{Name: "Slow", Kind: campus.Async, Params: []string{"int"}},
		{Name: "Child", Kind: campus.Method, Params: []string{"string"}, Result: campusNested},
		{Name: "Use", Kind: campus.Method, Params: []string{"Bellpull.Peers.INested"}, Args: []*campus.Contract{campusNested}},
	}}
)

// campusKinds are the exceptions of Fail.
var campusKinds = map[string]string{"invalid": campus.ExceptionInvalidOperation, "argument": campus.ExceptionArgument,
	"argumentnull": campus.ExceptionArgumentNull, "notsupported": campus.ExceptionNotSupported,
	"notimplemented": campus.ExceptionNotImplemented, "invalidcast": campus.ExceptionInvalidCast,
	"badimage": campus.ExceptionBadImageFormat, "nullref": campus.ExceptionNullReference,
	"custom": "Bellpull.Peers.CustomException", "io": "System.IO.IOException"}

type campusPoint struct {
	X, Y  int
	Label *string
}

func campusNew(title string, hits int64) (*campus.Object, error) {
	var n atomic.Int64
	n.Store(hits)
	return campus.NewObject(campusNested, map[string]any{
		"get_Title": func() string { return title },
		"Hit":       func() int64 { return n.Add(1) },
	})
}

func campusTable(t *testing.T) *campus.Objects {
	t.Helper()
	var counter atomic.Int64
	echo := func(s *string) *string { return s }
	table := campus.NewObjects()
	if _, err := table.Serve(campusCalculator, "", map[string]any{
		"Add":         func(a, b int) int { return a + b },
		"AddAsync":    func(a, b int) int { return a + b },
		"Echo":        echo,
		"EchoAsync":   echo,
		"get_Counter": func() int64 { return counter.Load() },
		"set_Counter": func(n int64) { counter.Store(n) },
		"get_Name":    func() string { return "ours" },
		"Fire":        func(n int64) { counter.Add(n) },
		"FireAsync":   func(n int64) { counter.Add(n) },
		"Move":        func(p campusPoint, dx int) campusPoint { p.X += dx; return p },
		"Range": func(from, n int) []int {
			list := make([]int, n)
			for i := range list {
				list[i] = from + i
			}
			return list
		},
		"Count": func(s string) map[string]int {
			m := map[string]int{}
			for _, c := range s {
				m[string(c)]++
			}
			return m
		},
		"Fail": func(kind string) (int, error) {
			return 0, &campus.Exception{Type: campusKinds[kind], Message: "fail:" + kind}
		},
		"Slow":  func(ms int) int { return ms },
		"Child": func(name string) (*campus.Object, error) { return campusNew(name, 0) },
		"Use": func(ctx context.Context, n *campus.Object) (string, error) {
			if n == nil {
				return "", &campus.Exception{Type: campus.ExceptionNullReference, Message: "n"}
			}
			var title string
			var hit int
			if err := n.Get(ctx, "Title", &title); err != nil {
				return "", err
			}
			err := n.Invoke(ctx, "Hit", &hit)
			return title + fmt.Sprint(hit), err
		},
	}); err != nil {
		t.Fatal(err)
	}
	return table
}

// TestCampusObjectsBothWays: every member, every exception, nested objects, in both spellings.
func TestCampusObjectsBothWays(t *testing.T) {
	for i, dialect := range []string{"stj", "stjctx", "camel", "newtonsoft"} {
		t.Run(dialect, func(t *testing.T) {
			c := newCampusPair(t, "--json", dialect)
			peer := c.connect(t, i%2 == 0)
			campusInvoke(t, campus.ObjectOf(peer, campusCalculator, ""))
			campusInvoked(t, c)
		})
	}
}

// campusInvoke has this side ask.
func campusInvoke(t *testing.T, calc *campus.Object) {
	t.Helper()
	ctx := t.Context()
	is := func(want, method string, args ...any) {
		t.Helper()
		var v any
		err := calc.Invoke(ctx, method, &v, args...)
		// Members have the names of the dialect, keys of maps do not.
		if got, _ := json.Marshal(v); string(got) != want && (method != "Move" || !strings.EqualFold(string(got), want)) || err != nil {
			t.Errorf("%s%v: %s, want %s; %v", method, args, got, want, err)
		}
	}
	is("3", "Add", 1, 2)
	is("7", "AddAsync", 3, 4)
	is(`"grüß 服务"`, "Echo", "grüß 服务")
	is(`null`, "EchoAsync", nil)
	is(`null`, "FireAsync", 5)
	is(`null`, "Fire", 6)
	is(`{"Label":"l","X":4,"Y":2}`, "Move", campusPoint{1, 2, new("l")}, 3)
	is(`[5,6,7]`, "Range", 5, 3)
	is(`{"a":2,"b":1}`, "Count", "aba")
	is(`1`, "Slow", 1)
	var n int
	if err := calc.Get(ctx, "Counter", &n); n != 11 || err != nil {
		t.Error(n, err)
	}
	if err := calc.Set(ctx, "Counter", 0); err != nil {
		t.Error(err)
	}
	var name string
	if err := calc.Get(ctx, "Name", &name); name != "theirs" || err != nil {
		t.Error(name, err)
	}
	for kind, typ := range campusKinds {
		err := calc.Invoke(ctx, "Fail", nil, kind)
		if x, ok := errors.AsType[*campus.Exception](err); !ok || x.Type != typ || !errors.Is(err, bellpull.ErrFailed) {
			t.Error(kind, err)
		}
	}
	mine, err := campusNew("mine", 4)
	if err != nil {
		t.Fatal(err)
	}
	is(`"mine5"`, "Use", mine)
	is(`"mine6"`, "Use", mine)
	if err := calc.Invoke(ctx, "Use", nil, nil); !errors.Is(err, bellpull.ErrFailed) {
		t.Error("null:", err)
	}
	var child *campus.Object
	if err := calc.Invoke(ctx, "Child", &child, "kid"); err != nil {
		t.Fatal(err)
	}
	if err := child.Get(ctx, "Title", &name); name != "kid" || err != nil {
		t.Error(name, err)
	}
	is(`"kid1"`, "Use", child)
	err = campus.ObjectOf(calc.Peer(), campusCalculator, "nowhere").Get(ctx, "Counter", &n)
	if !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Maybe {
		t.Error(err)
	}
	wrong := &campus.Contract{Name: campusCalculator.Name, Members: []campus.Member{{Name: "Add", Kind: campus.Async, Params: []string{"int", "int"}}}}
	err = campus.ObjectOf(calc.Peer(), wrong, "").Invoke(ctx, "Add", nil, 1, 2)
	if !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error(err)
	}
}

// campusInvoked has the other side ask.
func campusInvoked(t *testing.T, c *campusPair) {
	t.Helper()
	call := func(object, member string, args ...any) (string, error) {
		t.Helper()
		if args == nil {
			args = []any{}
		}
		r, err := c.other.try("object_call", dmtpFields{"to": "ours", "object": object, "member": member, "args": args})
		return string(r), err
	}
	for _, x := range []struct {
		want, member string
		args         []any
	}{
		{"3", "Add", []any{1, 2}}, {"7", "AddAsync", []any{3, 4}}, {"null", "FireAsync", []any{5}}, {"5", "Counter", nil},
		{"null", "Counter", []any{9}}, {"9", "Counter", nil}, {`"ours"`, "Name", nil}, {"[5, 6, 7]", "Range", []any{5, 3}},
		{`"kid"`, "Echo", []any{"kid"}}, {`{"X": 4, "Y": 2, "Label": "l"}`, "Move", []any{campusPoint{1, 2, new("l")}, 3}},
		{`{"X": 3, "Y": 0, "Label": null}`, "Move", []any{campusPoint{}, 3}}, {`{"a": 2, "b": 1}`, "Count", []any{"aba"}}, {`{"ref": "n1"}`, "Child", []any{"kid"}},
		{`"T5"`, "Use", []any{map[string]any{"title": "T", "hits": 4}}},
		{`"kid1"`, "Use", []any{map[string]any{"ref": "n1"}}},
	} {
		got, err := call("", x.member, x.args...)
		var a, b any
		json.Unmarshal([]byte(got), &a)
		json.Unmarshal([]byte(x.want), &b)
		if fmt.Sprint(a) != fmt.Sprint(b) || err != nil {
			t.Errorf("%s%v: %s, want %s; %v", x.member, x.args, got, x.want, err)
		}
	}
	if got, err := call("n1", "Hit"); got != "2" || err != nil {
		t.Error(got, err)
	}
	for kind, typ := range campusKinds {
		_, err := call("", "Fail", kind)
		name, ok := strings.CutPrefix(typ, "System.")
		if !ok || kind == "io" {
			name = "IpcInvokingException"
		}
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "fail:"+kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := call("nowhere", "Hit"); err == nil {
		t.Error("an object that is not there")
	}
}
