package campus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

const fakes = "dotnetCampus.Ipc.FakeTests.FakeApis."

// The contracts are like those of the original's own tests, with the types of .NET.
var (
	fakeArgument = &campus.Contract{Name: fakes + "IRemoteFakeIpcArgumentOrReturn", Members: []campus.Member{
		{Name: "Value", Kind: campus.Get | campus.Set},
	}}
	fakeRemote = &campus.Contract{Name: fakes + "IRemoteFakeIpcObject", Members: []campus.Member{
		{Name: "MethodWithIpcParameterAsync", Kind: campus.Async, Params: []string{fakeArgument.Name, "string"},
			Args: []*campus.Contract{fakeArgument}, Result: fakeArgument},
		{Name: "Shutdown", Kind: campus.Method},
	}}
	fakeObject = &campus.Contract{Name: fakes + "IFakeIpcObject", Members: []campus.Member{
		{Name: "NullableStringProperty", Kind: campus.Get},
		{Name: "NonNullableStringProperty", Kind: campus.Get},
		{Name: "EnumProperty", Kind: campus.Get},
		{Name: "IntPtrProperty", Kind: campus.Get},
		{Name: "ListProperty", Kind: campus.Get | campus.Set},
		{Name: "ArrayProperty", Kind: campus.Get},
		{Name: "WaitsVoidMethod", Kind: campus.Method},
		{Name: "Done", Kind: campus.Get},
		{Name: "MethodThatHasTimeout", Kind: campus.Method},
		{Name: "MethodWithStructParameters", Kind: campus.Method, Params: []string{fakes + "BindingFlags"}},
		{Name: "MethodWithStructReturn", Kind: campus.Method},
		{Name: "MethodWithSameParameterCountOverloading", Kind: campus.Method, Params: []string{"int", "int"}},
		{Name: "MethodWithSameParameterCountOverloading", Kind: campus.Method, Params: []string{"long", "long"}},
		{Name: "AsyncMethod", Kind: campus.Async},
		{Name: "AsyncMethodWithStructParametersAndStructReturn", Kind: campus.Async, Params: []string{"int", "double", "bool", "char", "System.DateTime"}},
		{Name: "AsyncMethodWithComplexParametersAndComplexReturn", Kind: campus.Async, Params: []string{fakes + "Complex"}},
		{Name: "AsyncMethodWithPrimaryParameters", Kind: campus.Async, Params: []string{"string"}},
		{Name: "MethodWithListParametersAndListReturn", Kind: campus.Async, Params: []string{"System.Collections.Generic.List<string>", "System.Collections.Generic.List<string>"}},
		{Name: "MethodWithCollectionParametersAndCollectionReturn", Kind: campus.Async,
			Params: []string{"System.Collections.Generic.IReadOnlyList<string>", "System.Collections.Generic.IList<int>"}},
		{Name: "MethodWithArrayParametersAndArrayReturn", Kind: campus.Async, Params: []string{"string[]", "byte[]"}},
	}}
)

type (
	fakeFlags   int32 // an enum of flags
	fakeComplex struct {
		Text  string
		Child *fakeComplex
		When  time.Time
	}
	fakeTuple struct { // a ValueTuple of .NET
		Item1 int
		Item2 double
		Item3 bool
		Item4 string
		Item5 time.Time
	}
	double = float64
)

var fakeTime = time.Date(2021, 2, 3, 4, 5, 6, 7_000_000, time.UTC)

func fakeImpl() map[string]any {
	list := []string{"a", "b"}
	var done atomic.Bool
	return map[string]any{
		"get_NullableStringProperty":                         func() *string { return nil },
		"get_NonNullableStringProperty":                      func() string { return "Title ü" },
		"get_EnumProperty":                                   func() fakeFlags { return 4 | 8 },
		"get_IntPtrProperty":                                 func() uintptr { return 1<<53 + 1 },
		"get_ListProperty":                                   func() []string { return list },
		"set_ListProperty":                                   func(l []string) { list = l },
		"get_ArrayProperty":                                  func() [2]int { return [2]int{1, 2} },
		"WaitsVoidMethod":                                    func() { time.Sleep(time.Second); done.Store(true) },
		"get_Done":                                           func() bool { return done.Load() },
		"MethodThatHasTimeout":                               func(ctx context.Context) { <-ctx.Done() },
		"MethodWithStructParameters":                         func(f fakeFlags) fakeFlags { return f | 1 },
		"MethodWithStructReturn":                             func() bool { return true },
		"MethodWithSameParameterCountOverloading(int,int)":   func(a, b int32) string { return fmt.Sprint("int ", a, " ", b) },
		"MethodWithSameParameterCountOverloading(long,long)": func(a, b int64) string { return fmt.Sprint("long ", a, " ", b) },
		"AsyncMethod":                                        func() error { done.Store(true); return nil },
		"AsyncMethodWithStructParametersAndStructReturn": func(a int, b double, c bool, d string, e time.Time) fakeTuple {
			return fakeTuple{a, b, c, d, e}
		},
		"AsyncMethodWithComplexParametersAndComplexReturn":  func(c fakeComplex) *fakeComplex { return &fakeComplex{Text: "of", Child: &c} },
		"AsyncMethodWithPrimaryParameters":                  func(s string) string { return s + s },
		"MethodWithListParametersAndListReturn":             func(a, b []string) []string { return append(a, b...) },
		"MethodWithCollectionParametersAndCollectionReturn": func(a []string, b []int) map[string]int { return map[string]int{a[0]: b[0]} },
		"MethodWithArrayParametersAndArrayReturn":           func(a []string, b []byte) []byte { return append([]byte(a[0]), b...) },
	}
}

// fakeServed gives the fake object of node b as node a sees it.
func fakeServed(t *testing.T, opts ...campus.Option) *campus.Object {
	t.Helper()
	served := campus.NewObjects()
	_, err := served.Serve(fakeObject, "", fakeImpl())
	must(t, err)
	_, peer := two(t, append(opts, campus.ServeObjects(served))...)
	return campus.ObjectOf(peer, fakeObject, "")
}

// TestValuesOfEveryKindAreThoseThatWereMeant: as properties, arguments and results: texts and null, numbers and flags,
// structures and tuples, lists and arrays; of overloads the one whose types were named.
func TestValuesOfEveryKindAreThoseThatWereMeant(t *testing.T) {
	for _, d := range []campus.Dialect{campus.STJ, campus.Newtonsoft} {
		synctest.Test(t, func(t *testing.T) {
			o := fakeServed(t, campus.With(campus.Protocol{Dialect: d}))
			for name, want := range map[string]any{
				"NullableStringProperty": (*string)(nil), "NonNullableStringProperty": "Title ü", "EnumProperty": fakeFlags(12),
				"IntPtrProperty": uintptr(1<<53 + 1), "ListProperty": []string{"a", "b"}, "ArrayProperty": [2]int{1, 2},
			} {
				got := reflect.New(reflect.TypeOf(want))
				if err := o.Get(t.Context(), name, got.Interface()); !reflect.DeepEqual(got.Elem().Interface(), want) || err != nil {
					t.Errorf("%s: %v, %v; want %v", name, got.Elem(), err, want)
				}
			}
			must(t, o.Set(t.Context(), "ListProperty", []string{"c"}))
			var list []string
			if err := o.Get(t.Context(), "ListProperty", &list); fmt.Sprint(list) != "[c]" || err != nil {
				t.Error(list, err)
			}
			complex := fakeComplex{Text: "<ü>", When: fakeTime}
			for _, c := range []struct {
				want   any
				method string
				args   []any
			}{
				{fakeFlags(7), "MethodWithStructParameters", []any{fakeFlags(6)}},
				{true, "MethodWithStructReturn", nil},
				{"int 1 2", "MethodWithSameParameterCountOverloading(int,int)", []any{1, 2}},
				{"long 1 9223372036854775807", "MethodWithSameParameterCountOverloading(long,long)", []any{1, int64(1<<63 - 1)}},
				{fakeTuple{1, 2.5, true, "c", fakeTime}, "AsyncMethodWithStructParametersAndStructReturn", []any{1, 2.5, true, "c", fakeTime}},
				{fakeComplex{Text: "of", Child: &complex}, "AsyncMethodWithComplexParametersAndComplexReturn", []any{complex}},
				{"xüxü", "AsyncMethodWithPrimaryParameters", []any{"xü"}},
				{[]string{"a", "b", "c"}, "MethodWithListParametersAndListReturn", []any{[]string{"a"}, []string{"b", "c"}}},
				{map[string]int{"k": 3}, "MethodWithCollectionParametersAndCollectionReturn", []any{[]string{"k"}, [1]int{3}}},
				{[]byte("b\x00\xff"), "MethodWithArrayParametersAndArrayReturn", []any{[]string{"b"}, []byte{0, 255}}},
			} {
				got := reflect.New(reflect.TypeOf(c.want))
				if err := o.Invoke(t.Context(), c.method, got.Interface(), c.args...); !reflect.DeepEqual(got.Elem().Interface(), c.want) || err != nil {
					t.Errorf("%s: %v, %v; want %v", c.method, got.Elem(), err, c.want)
				}
			}
			if err := o.Invoke(t.Context(), "MethodWithSameParameterCountOverloading", nil, 1, 2); !errors.Is(err, bellpull.ErrBadArgument) {
				t.Error("an overload without its types:", err)
			}
		})
	}
}

// TestAMethodWithoutResultIsDoneWhenInvokeReturns: of either kind; and others go on beside it.
func TestAMethodWithoutResultIsDoneWhenInvokeReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, method := range []string{"WaitsVoidMethod", "AsyncMethod"} {
			o := fakeServed(t)
			done := make(chan error, 1)
			var is bool
			if method == "WaitsVoidMethod" {
				go func() { done <- o.Invoke(t.Context(), method, nil) }()
				synctest.Wait()
				if err := o.Get(t.Context(), "Done", &is); is || err != nil {
					t.Error("while it runs:", is, err)
				}
			} else {
				done <- o.Invoke(t.Context(), method, nil)
			}
			must(t, <-done)
			if err := o.Get(t.Context(), "Done", &is); !is || err != nil {
				t.Errorf("%s: %v, %v", method, is, err)
			}
		}
	})
}

// TestAnInvocationEndsWithItsTime: the caller's context is the member's timeout. Its late answer is nobody's.
func TestAnInvocationEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fakeServed(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := o.Invoke(ctx, "WaitsVoidMethod", nil)
		if wantError(t, err, bellpull.CodeDeadline, bellpull.Maybe); time.Since(began) != 100*time.Millisecond {
			t.Error(time.Since(began))
		}
		time.Sleep(2 * time.Second)
		var is bool
		if err := o.Get(t.Context(), "Done", &is); !is || err != nil {
			t.Error("behind the late answer:", is, err)
		}
	})
}

// TestObjectsAreReferredToAndNotCopied: what is passed in is changed by the one that it is passed to, and what is returned
// changes the one at the other end.
func TestObjectsAreReferredToAndNotCopied(t *testing.T) {
	newFake := func(value string) (*campus.Object, *atomic.Value) {
		var v atomic.Value
		v.Store(value)
		o, err := campus.NewObject(fakeArgument, map[string]any{
			"get_Value": func() string { return v.Load().(string) }, "set_Value": func(s string) { v.Store(s) }})
		must(t, err)
		return o, &v
	}
	synctest.Test(t, func(t *testing.T) {
		own, served := campus.NewObjects(), campus.NewObjects()
		returned, theirs := newFake("private")
		_, err := served.Serve(fakeRemote, "", map[string]any{
			"MethodWithIpcParameterAsync": func(ctx context.Context, o *campus.Object, value string) (*campus.Object, error) {
				return returned, o.Set(ctx, "Value", value)
			},
			"Shutdown": func() {},
		})
		must(t, err)
		network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
		node, err := campus.Listen(t.Context(), "mem:b", nil, network, campus.ServeObjects(served))
		must(t, err)
		defer node.Close(context.Background())
		peer, err := campus.Dial(t.Context(), "mem:b", network, campus.ServeObjects(own))
		must(t, err)
		defer peer.Close(context.Background())
		passed, mine := newFake("before")
		var back *campus.Object
		must(t, campus.ObjectOf(peer, fakeRemote, "").Invoke(t.Context(), "MethodWithIpcParameterAsync", &back, passed, "changed"))
		if mine.Load() != "changed" {
			t.Errorf("what was passed in is %q", mine.Load())
		}
		var s string
		if err := back.Get(t.Context(), "Value", &s); s != "private" || err != nil {
			t.Errorf("what was returned is %q, %v", s, err)
		}
		if must(t, back.Set(t.Context(), "Value", "set here")); theirs.Load() != "set here" {
			t.Errorf("the one at the other end is %q", theirs.Load())
		}
	})
}

// TestAContractIsItsNameAndItsMembers: each side has its own description of it, and the caller's need not be whole.
func TestAContractIsItsNameAndItsMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fakeServed(t)
		part := &campus.Contract{Name: fakeObject.Name, Members: []campus.Member{
			{Name: "AsyncMethodWithPrimaryParameters", Kind: campus.Async, Params: []string{"string"}}}}
		var s string
		if err := campus.ObjectOf(o.Peer(), part, "").Invoke(t.Context(), "AsyncMethodWithPrimaryParameters", &s, "x"); s != "xx" || err != nil {
			t.Error(s, err)
		}
		other := &campus.Contract{Name: "Other.IFakeIpcObject", Members: part.Members}
		err := campus.ObjectOf(o.Peer(), other, "").Invoke(t.Context(), "AsyncMethodWithPrimaryParameters", &s, "x")
		wantError(t, err, bellpull.CodeNoMethod, bellpull.Maybe)
	})
}

// TestTheEndOfAProcessEndsInvocations: at once, and nobody knows whether they ran; one that tells the process to end as
// well.
func TestTheEndOfAProcessEndsInvocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, "mem")
		node := p.node(t, "a", nil, &campus.Protocol{})
		out, in := p.raw(t, "b").meet("a")
		peer, err := node.Wait(t.Context(), "b")
		must(t, err)
		result := make(chan error, 1)
		go func() { result <- campus.ObjectOf(peer, fakeRemote, "").Invoke(t.Context(), "Shutdown", nil) }()
		_, body := in.enveloped(markRequest)
		doc, _ := strings.CutPrefix(body, "jOmR\x00\x00\x00\x00")
		var asked struct{ T, M string }
		if err := json.Unmarshal([]byte(doc), &asked); asked.T != fakeRemote.Name || asked.M != "Shutdown" || err != nil {
			t.Error(asked, err)
		}
		began := time.Now()
		in.Close()
		out.Close()
		wantError(t, <-result, bellpull.CodeUnavailable, bellpull.Maybe)
		if time.Since(began) > 2*time.Second {
			t.Error("after", time.Since(began))
		}
	})
}
