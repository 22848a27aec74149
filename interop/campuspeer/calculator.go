package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull/campus"
)

// raw is an argument as it came: how it is read is up to the dialect.
type raw = json.RawMessage

var errNull = &campus.Exception{Type: campus.ExceptionNullReference, Message: "Object reference not set to an instance of an object."}

// serveCalculators serves the two calculators that every peer has.
func (s *session) serveCalculators(t *campus.Objects) error {
	for id, name := range map[string]*string{"": &s.opts.name, "second": nil} {
		if _, err := t.Serve(calculator, id, s.calculator(name)); err != nil {
			return err
		}
	}
	return nil
}

// calculator gives the functions of an ICalculator. name is what its property Name has.
func (s *session) calculator(name *string) map[string]any {
	d := s.opts.dialect
	var counter atomic.Int32
	add := func(a, b raw) (int32, error) {
		n, err := d.integers(a, b)
		if err != nil {
			return 0, err
		}
		return n[0] + n[1], nil // unchecked, as in C#
	}
	fire := func(x raw) error {
		n, err := d.integer(x)
		counter.Add(n)
		return err
	}
	return map[string]any{
		"Add":         add,
		"AddAsync":    add,
		"Echo":        d.text,
		"EchoAsync":   d.text,
		"get_Counter": func() int32 { return counter.Load() },
		"set_Counter": func(v raw) error {
			n, err := d.integer(v)
			if err == nil {
				counter.Store(n)
			}
			return err
		},
		"get_Name":  func() *string { return name },
		"Fire":      fire,
		"FireAsync": fire,
		"Move": func(p, dx raw) (*point, error) {
			at, err := d.point(p)
			if err != nil {
				return nil, err
			}
			n, err := d.integer(dx)
			if err != nil {
				return nil, err
			}
			if at == nil {
				return nil, errNull
			}
			at.X += n
			return at, nil
		},
		"Range": func(from, n raw) ([]int32, error) {
			v, err := d.integers(from, n)
			if err != nil {
				return nil, err
			}
			if v[1] < 0 {
				return nil, &campus.Exception{Type: "System.ArgumentOutOfRangeException", Message: "n"}
			}
			list := make([]int32, v[1])
			for i := range list {
				list[i] = v[0] + int32(i)
			}
			return list, nil
		},
		"Count": func(v raw) (map[string]int32, error) {
			text, err := d.text(v)
			m := map[string]int32{}
			if text != nil {
				for _, c := range *text {
					m[string(c)]++
				}
			}
			return m, err
		},
		"Fail": func(v raw) (int32, error) {
			kind, err := d.text(v)
			if err != nil {
				return 0, err
			}
			if kind == nil {
				kind = new("")
			}
			x := &campus.Exception{Type: "System.IO.IOException", Message: "fail:" + *kind}
			if t, ok := thrown[*kind]; ok {
				x.Type = t
			}
			return 0, x
		},
		"Slow": func(ctx context.Context, ms raw) (int32, error) {
			n, err := d.integer(ms)
			if err == nil {
				pause(ctx, time.Duration(n)*time.Millisecond)
			}
			return n, err
		},
		"Child": func(v raw) (*campus.Object, error) {
			title, err := d.text(v)
			if err != nil {
				return nil, err
			}
			if title == nil {
				title = new("")
			}
			return newNested(*title, 0)
		},
		"Use": func(ctx context.Context, n *campus.Object) (string, error) {
			if n == nil {
				return "", errNull
			}
			return use(ctx, n)
		},
	}
}

// use asks an object of the caller for its title, and hits it.
func use(ctx context.Context, n *campus.Object) (string, error) {
	var title *string
	var hit int32
	if err := n.Get(ctx, "Title", &title); err != nil {
		return "", err
	}
	if err := n.Invoke(ctx, "Hit", &hit); err != nil {
		return "", err
	}
	if title == nil {
		title = new("")
	}
	return *title + fmt.Sprint(hit), nil
}

// newNested makes an INested of this process, which was hit so often already.
func newNested(title string, hits int32) (*campus.Object, error) {
	var n atomic.Int32
	n.Store(hits)
	return campus.NewObject(nested, map[string]any{
		"get_Title": func() string { return title },
		"Hit":       func() int32 { return n.Add(1) },
	})
}

// point reads a Point; null is nil.
func (d dialect) point(v raw) (*point, error) {
	members, err := d.object(v, namespace+".Point")
	if err != nil || members == nil {
		return nil, err
	}
	n, err := d.integers(d.member(members, "X"), d.member(members, "Y"))
	if err != nil {
		return nil, err
	}
	label, err := d.text(d.member(members, "Label"))
	return &point{n[0], n[1], label}, err
}
