package interop_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// objects are those of the control protocol, with the types that they have in .NET.
func (a *recApp) objects() *campus.Objects {
	t := campus.NewObjects()
	for id, name := range map[string]*string{"": &a.name, "second": nil} {
		if _, err := t.Serve(campusCalculator, id, a.calculator(name)); err != nil {
			a.play.t.Fatal(err)
		}
	}
	return t
}

func (a *recApp) calculator(name *string) map[string]any {
	var counter atomic.Int32
	add := func(x, y int32) int32 { return x + y }
	echo := func(s *string) *string { return s }
	return map[string]any{
		"Add": add, "AddAsync": add, "Echo": echo, "EchoAsync": echo,
		"get_Counter": func() int32 { return counter.Load() },
		"set_Counter": func(n int32) { counter.Store(n) },
		"get_Name":    func() *string { return name },
		"Fire":        func(n int32) { counter.Add(n) },
		"FireAsync":   func(n int32) { counter.Add(n) },
		"Move": func(p *campusPoint, dx int32) (*campusPoint, error) {
			if p == nil {
				return nil, &campus.Exception{Type: campus.ExceptionNullReference, Message: recNullReference}
			}
			p.X += int(dx)
			return p, nil
		},
		"Range": func(from, n int32) []int32 {
			list := make([]int32, n)
			for i := range list {
				list[i] = from + int32(i)
			}
			return list
		},
		"Count": func(s string) map[string]int32 {
			m := map[string]int32{}
			for _, c := range s {
				m[string(c)]++
			}
			return m
		},
		"Fail": func(kind string) (int32, error) {
			x := &campus.Exception{Type: campusKinds[kind], Message: "fail:" + kind}
			switch kind {
			case "argumentnull":
				x.Message += " (Parameter 'which')"
			case "other":
				x.Type = campusKinds["io"]
			}
			return 0, x
		},
		"Slow": func(ctx context.Context, ms int32) int32 {
			a.await(ctx)
			return ms
		},
		"Child": func(title string) (*campus.Object, error) { return campusNew(title, 0) },
		"Use":   recUse,
	}
}

// recUse gives the title and the next hit of an object.
func recUse(ctx context.Context, n *campus.Object) (string, error) {
	if n == nil {
		return "", &campus.Exception{Type: campus.ExceptionNullReference, Message: recNullReference}
	}
	var title string
	var hit int32
	if err := n.Get(ctx, "Title", &title); err != nil {
		return "", err
	}
	err := n.Invoke(ctx, "Hit", &hit)
	return title + fmt.Sprint(hit), err
}

// recFoo is the contract of the specification's examples.
var recFoo = &campus.Contract{Name: "IpcRemotingObjectServerDemo.IFoo", Members: []campus.Member{
	{Name: "Name", Kind: campus.Get | campus.Set},
	{Name: "Add", Kind: campus.Method, Params: []string{"int", "int"}},
	{Name: "AddAsync", Kind: campus.Async, Params: []string{"string", "int"}},
}}

// vectors is the process that the specification's examples are about.
func (a *recApp) vectors(m *bellpull.Mux) {
	table := campus.NewObjects()
	if _, err := table.Serve(recFoo, "", map[string]any{
		"get_Name": func() string { return "Foo" },
		"set_Name": func(string) {},
		"Add":      func(x, y int32) int32 { return x + y },
		"AddAsync": func(s string, n int32) string { return s + fmt.Sprint(n) },
	}); err != nil {
		a.play.t.Fatal(err)
	}
	a.proto.Objects = table
	a.proto.OnRequest = bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		if string(r.Borrow()) == "\xf1" {
			w.Write([]byte("\xf1\xf2"))
		}
	})
	m.Handle("Foo1", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		if r.Encoding() == bellpull.EncodingJSON {
			w.JSON(struct{ Name string }{"Ok"})
		} else {
			w.Write([]byte("\t"))
		}
	}))
}
