package campus

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// A joint is what serves an object: a function for each member, or a remote object that everything is passed on to.
type joint struct {
	contract *Contract
	members  *compiled
	funcs    map[*member]*function
	to       *Object
}

// function is a Go function made ready for a member.
type function struct {
	f              reflect.Value
	ctx, out, fail bool
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
	objectType  = reflect.TypeFor[*Object]()
)

// newJoint checks a table of functions against the contract.
func newJoint(c *Contract, impl map[string]any) (*joint, error) {
	k, err := c.compile()
	if err != nil {
		return nil, err
	}
	j := &joint{contract: c, members: k, funcs: map[*member]*function{}}
	for key, f := range impl {
		m := k.byKey[key]
		switch {
		case m == nil:
			return nil, contractError(c.Name, fmt.Sprintf("no member %q for a function; properties are get_Name and set_Name, overloads Name(int,string)", key))
		case j.funcs[m] != nil:
			return nil, contractError(c.Name, "two functions for "+m.key)
		}
		if j.funcs[m], err = newFunction(m, f); err != nil {
			return nil, contractError(c.Name, m.key+": "+err.Error())
		}
	}
	for _, m := range k.all {
		if j.funcs[m] == nil {
			return nil, contractError(c.Name, "no function for "+m.key)
		}
	}
	return j, nil
}

func newFunction(m *member, f any) (*function, error) {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.IsNil() || v.Type().IsVariadic() {
		return nil, fmt.Errorf("%T is no function without variadic arguments", f)
	}
	t := v.Type()
	fn := &function{f: v, ctx: t.NumIn() > 0 && t.In(0) == contextType}
	outs := t.NumOut()
	if fn.fail = outs > 0 && t.Out(outs-1) == errorType; fn.fail {
		outs--
	}
	fn.out = outs == 1
	switch {
	case outs > 1:
		return nil, fmt.Errorf("%s has more than one result beside the error", t)
	case t.NumIn()-fn.first() != len(m.args):
		return nil, fmt.Errorf("%s takes %d arguments, the member has %d", t, t.NumIn()-fn.first(), len(m.args))
	case m.call == campuswire.CallGet && !fn.out:
		return nil, fmt.Errorf("%s gives nothing, and a property is read", t)
	case fn.out && (t.Out(0) == objectType) != (m.result != nil && m.call != campuswire.CallSet):
		return nil, fmt.Errorf("%s: a result that has a contract is a %s, and no other is", t, objectType)
	}
	for i, c := range m.args {
		if in := t.In(i + fn.first()); (in == objectType) != (c != nil) {
			return nil, fmt.Errorf("%s: argument %d: one that has a contract is a %s, and no other is", t, i+1, objectType)
		}
	}
	return fn, nil
}

func (f *function) first() int {
	if f.ctx {
		return 1
	}
	return 0
}

// newArgument gives a pointer to a value that argument i is decoded into.
func (j *joint) newArgument(m *member, i int) reflect.Value {
	switch f := j.funcs[m]; {
	case f != nil:
		return reflect.New(f.f.Type().In(i + f.first()))
	case m.args[i] != nil:
		return reflect.New(objectType)
	}
	return reflect.New(reflect.TypeFor[json.RawMessage]())
}

// invoke runs a member. Values of contracts are *Object.
func (j *joint) invoke(ctx context.Context, m *member, args []reflect.Value) (result any, err error) {
	f := j.funcs[m]
	if f == nil {
		return j.pass(ctx, m, args)
	}
	if f.ctx {
		args = slices.Insert(args, 0, reflect.ValueOf(ctx))
	}
	out := f.f.Call(args)
	if f.fail {
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			return nil, err
		}
	}
	if !f.out {
		return nil, nil
	}
	return out[0].Interface(), nil
}

// pass invokes the member of the remote object that stands behind.
func (j *joint) pass(ctx context.Context, m *member, args []reflect.Value) (any, error) {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a.Interface()
	}
	if m.result != nil && m.call != campuswire.CallSet {
		var o *Object
		err := j.to.do(ctx, m, &o, list)
		return o, err
	}
	var v json.RawMessage
	err := j.to.do(ctx, m, &v, list)
	return v, err
}

// decode reads the arguments for a member of j that the peer p has sent.
func (j *joint) decode(p *bellpull.Peer, m *member, sent []campuswire.Value) ([]reflect.Value, *Exception) {
	if len(sent) != len(m.args) {
		return nil, &Exception{Type: ExceptionIndexOutOfRange,
			Message: fmt.Sprintf("%s takes %d arguments, not %d", m.full, len(m.args), len(sent))}
	}
	args := make([]reflect.Value, len(sent), len(sent)+1)
	for i := range sent {
		v, into := &sent[i], j.newArgument(m, i)
		args[i] = into.Elem()
		switch {
		case m.args[i] != nil:
			if !v.None() {
				into.Elem().Set(reflect.ValueOf(remote(p, m.args[i], v.ID.String())))
			}
		case v.JSON != nil && !v.Null:
			if err := json.Unmarshal(v.JSON, into.Interface()); err != nil {
				return nil, &Exception{Type: ExceptionJSON, Message: fmt.Sprintf("argument %d of %s: %v", i+1, m.full, err)}
			}
		}
	}
	return args, nil
}
