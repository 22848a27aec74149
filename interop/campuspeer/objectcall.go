package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// ref is an INested that commands know by a name: one of this process, or one of another.
type ref struct {
	local *campus.Object
	peer  string // whose it is
	id    string // under which that has it
}

// objectCall invokes a member of a remote object.
func (s *session) objectCall(ctx context.Context, c *command) (result any, err error) {
	to, id, contract := *c.To, c.Object, calculator
	s.mu.Lock()
	if r := s.refs[id]; r != nil && r.local == nil {
		to, id, contract = r.peer, r.id, nested
	} else if c.Member == "Title" || c.Member == "Hit" {
		contract = nested
	}
	s.mu.Unlock()
	m, err := memberOf(contract, c)
	if err != nil {
		return nil, err
	}
	args := make([]any, len(c.Args))
	for i, a := range c.Args {
		if args[i], err = s.argument(m, i, a); err != nil {
			return nil, err
		}
	}
	err = s.with(ctx, to, func(ctx context.Context, p *bellpull.Peer) error {
		list := make([]any, len(args))
		for i, a := range args {
			list[i] = a
			if r, ok := a.(*ref); ok {
				if list[i], err = s.given(r); err != nil {
					return err
				}
			}
		}
		result, err = s.invoke(ctx, campus.ObjectOf(p, contract, id), m, list)
		return objectFailure(err)
	})
	return result, err
}

// memberOf finds what a command invokes and looks at the number of its arguments.
func memberOf(contract *campus.Contract, c *command) (*campus.Member, error) {
	for i := range contract.Members {
		m := &contract.Members[i]
		want := len(m.Params)
		switch {
		case m.Name != c.Member:
			continue
		case m.Kind&campus.Set != 0 && len(c.Args) > 0:
			want = 1
		case m.Kind == campus.Get && len(c.Args) > 0:
			continue
		}
		if len(c.Args) != want {
			return nil, badArgument("%s takes %d arguments, got %d", c.Member, want, len(c.Args))
		}
		return m, nil
	}
	return nil, &control.Failure{Type: "MissingMethodException", Message: fmt.Sprintf("%s has no member %q", contract.Name, c.Member)}
}

// pointArgument is a Point with what the command says, which need not fit.
type pointArgument struct{ X, Y, Label json.RawMessage }

// argument makes an argument of what a command has: a value as it is, a Point, or an object.
func (s *session) argument(m *campus.Member, i int, v json.RawMessage) (any, error) {
	if i < len(m.Params) && m.Params[i] == namespace+".Point" && !isNull(v) {
		members := map[string]json.RawMessage{}
		if json.Unmarshal(v, &members) != nil {
			return nil, badArgument("%s is written as a JSON object", m.Params[i])
		}
		p := pointArgument{members["X"], members["Y"], members["Label"]}
		for _, n := range []*json.RawMessage{&p.X, &p.Y} {
			if *n == nil {
				*n = json.RawMessage("0")
			}
		}
		return p, nil
	}
	var o struct {
		Title *string
		Hits  int32
		Ref   *string
	}
	if len(v) == 0 || v[0] != '{' || json.Unmarshal(v, &o) != nil || o.Title == nil && o.Ref == nil {
		if len(m.Args) > i && m.Args[i] != nil {
			if !isNull(v) {
				return nil, badArgument("%s is no object", v)
			}
			return (*campus.Object)(nil), nil
		}
		return v, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.Title == nil {
		if r := s.refs[*o.Ref]; r != nil {
			return r, nil
		}
		return nil, &control.Failure{Type: "KeyNotFoundException", Message: fmt.Sprintf("no object is known as %q", *o.Ref)}
	}
	local, err := newNested(*o.Title, o.Hits)
	r := &ref{local: local}
	if o.Ref != nil {
		s.refs[*o.Ref] = r
	}
	return r, err
}

// given makes the object that is given away.
func (s *session) given(r *ref) (*campus.Object, error) {
	if r.local != nil {
		return r.local, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.others[r.peer]
	if o == nil || o.peer == nil {
		return nil, &control.Failure{Type: "NotConnectedException", Message: fmt.Sprintf("not connected to %q, whose object it is", r.peer)}
	}
	return campus.ObjectOf(o.peer, nested, r.id), nil
}

// invoke invokes a member and reads its result as the dialect does.
func (s *session) invoke(ctx context.Context, o *campus.Object, m *campus.Member, args []any) (any, error) {
	if m.Result != nil {
		var got *campus.Object
		if err := o.Invoke(ctx, m.Name, &got, args...); err != nil || got == nil {
			return nil, err
		}
		return control.Fields{"ref": s.keep(&ref{peer: nameOf(o.Peer()), id: got.ID()})}, nil
	}
	var v json.RawMessage
	var err error
	switch {
	case m.Kind&(campus.Get|campus.Set) == 0:
		err = o.Invoke(ctx, m.Name, &v, args...)
	case len(args) == 0:
		err = o.Get(ctx, m.Name, &v)
	default:
		return nil, o.Set(ctx, m.Name, args[0])
	}
	if err != nil {
		return nil, err
	}
	result, err := s.opts.dialect.result(m.Name, v)
	if x, ok := errors.AsType[*campus.Exception](err); ok {
		return nil, &control.Failure{Type: strings.TrimPrefix(path.Ext(x.Type), "."), Message: x.Message}
	}
	return result, err
}

// keep gives a name to an object of another process.
func (s *session) keep(r *ref) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 1
	for s.refs[fmt.Sprint("n", n)] != nil {
		n++
	}
	name := fmt.Sprint("n", n)
	s.refs[name] = r
	return name
}

// result reads what a member gives.
func (d dialect) result(member string, v json.RawMessage) (any, error) {
	switch shapes[member] {
	case "int":
		return d.integer(v)
	case "string":
		return d.text(v)
	case "point":
		return d.point(v)
	case "list":
		var list []json.RawMessage
		if json.Unmarshal(v, &list) != nil {
			return nil, d.exception(v, "a list")
		}
		if list == nil {
			return nil, nil
		}
		return d.integers(list...)
	case "map":
		members, err := d.object(v, "a dictionary")
		if members == nil {
			return nil, err
		}
		counts := map[string]int32{}
		for key, n := range members {
			if counts[key], err = d.integer(n); err != nil {
				return nil, err
			}
		}
		return counts, nil
	}
	return nil, nil
}
