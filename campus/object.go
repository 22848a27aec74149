package campus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// An Object is a remote object: one that another process keeps, on which members can be invoked, or one of this process
// that others may invoke once it was given to them, as an argument or a result whose type has a contract. Its methods
// may be called concurrently, also inside functions of other objects.
//
// It is what a generated stub of a contract would hold; there is none yet.
type Object struct {
	contract *Contract
	peer     *bellpull.Peer // nil: of this process
	id       string
	local    *joint
}

// ObjectOf gives the object that a peer keeps under a contract and an id, "" for the default one. Nothing is sent:
// whether it is there, and whether the contract is sound, shows when a member is invoked.
func ObjectOf(p *bellpull.Peer, c *Contract, id string) *Object { return remote(p, c, id) }

func remote(p *bellpull.Peer, c *Contract, id string) *Object {
	return &Object{contract: c, peer: p, id: id}
}

// NewObject makes an object of this process to be given to others, whose members are the functions of impl; see
// [Objects.Serve] for those. The same *Object has the same id wherever it is given, a new one has a new id: who gives an
// instance often keeps its *Object. See [Objects] for how long others can use it.
func NewObject(c *Contract, impl map[string]any) (*Object, error) {
	j, err := newJoint(c, impl)
	if err != nil {
		return nil, err
	}
	return &Object{contract: c, local: j}, nil
}

// Contract gives the contract under which the object is known here.
func (o *Object) Contract() *Contract { return o.contract }

// Peer gives the process that keeps the object, nil when it is this one.
func (o *Object) Peer() *bellpull.Peer { return o.peer }

// ID gives the id under which the other process keeps it; "" is that of a default object, or one of this process.
func (o *Object) ID() string { return o.id }

// Get reads a property into *out.
func (o *Object) Get(ctx context.Context, property string, out any) error {
	return o.find(ctx, "get", "get_"+property, out, nil)
}

// Set writes a property.
func (o *Object) Set(ctx context.Context, property string, value any) error {
	return o.find(ctx, "set", "set_"+property, nil, []any{value})
}

// Invoke invokes a method, of either kind, and reads its result into *out; nil drops it. An overloaded method is named
// by its signature, "Add(int,int)". Arguments and results are JSON as encoding/json has it, spelled in the protocol's
// dialect; where the type has a contract they are *Object, which may be nil.
//
// Invoke, Get and Set run as [bellpull.Peer.Do] says: they wait for a peer that is away, go through the node's
// interceptors and block until answered, ctx or the node's timeout is over, or the link ends, also for methods without result, whose .NET proxies do not wait. Errors are [*bellpull.Error]: an exception is CodeFailed and
// wraps an [*Exception]; a member that is not there is CodeNoMethod, Never; an object that is not there CodeNoMethod,
// Maybe, because the answer of no bytes is all that the protocol has for it. The other side is not told of ctx.
func (o *Object) Invoke(ctx context.Context, method string, out any, args ...any) error {
	return o.find(ctx, "invoke", method, out, args)
}

func (o *Object) find(ctx context.Context, op, key string, out any, args []any) error {
	k, err := o.contract.compile()
	if err != nil {
		return err
	}
	m := k.byKey[key]
	if m == nil || (op == "invoke") != (m.call >= campuswire.CallMethod) {
		return o.bad(op, key, fmt.Sprintf("%s has no such member, or more than one: give the types of parameters then", o.contract.Name))
	}
	return o.do(ctx, m, out, args)
}

func (o *Object) bad(op, method, msg string) *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeBadArgument, Op: op, Method: method, Ran: bellpull.Never, Msg: msg,
		Advice: "see the Contract for what the member takes and gives"}
}

// do invokes a member. Its operation and member are those of every error that comes from it.
func (o *Object) do(ctx context.Context, m *member, out any, args []any) error {
	switch {
	case o.peer == nil:
		return o.bad("call", m.full, "an object of this process has no remote members")
	case len(args) != len(m.args):
		return o.bad("call", m.full, fmt.Sprintf("%d arguments, want %d", len(args), len(m.args)))
	}
	if _, ok := out.(**Object); out != nil && ok != (m.result != nil) {
		return o.bad("call", m.full, fmt.Sprintf("%T for the result: one that has a contract is read into a **campus.Object, and no other is", out))
	}
	return o.peer.Do(ctx, &bellpull.Exchange{Verb: &invocation{o, m, out, args}, Method: m.full})
}

// An invocation is an exchange with a member of a remote object.
type invocation struct {
	o    *Object
	m    *member
	out  any
	args []any
}

// run runs it on a link.
func (v *invocation) run(l *link, x *bellpull.Exchange) error {
	if x.Notify {
		return l.unsupported("notify")
	}
	o, m, d := v.o, v.m, l.e.cfg.Dialect.d
	q := campuswire.Invocation{ID: campuswire.Str(o.id), Contract: campuswire.Str(o.contract.Name), Member: m.id,
		Name: campuswire.Str(m.name), Call: m.call}
	for i, a := range v.args {
		v, err := l.e.cfg.Objects.value(o.peer, d, m.args[i], a)
		if err != nil {
			return badArgument(i, err)
		}
		// A model without contract would be an object with an empty id to .NET (section 14, Q14).
		v.Null = m.args[i] != nil && !v.Object()
		q.Args = append(q.Args, v)
	}
	b := campuswire.Raw(campuswire.BusinessObject, q.AppendJSON(nil, d.Escape))
	if err := l.request(x, &b); err != nil {
		return err
	}
	return o.result(x.Answer[len(x.Dst):], m, v.out)
}

// badArgument is what an argument that cannot be sent answers; what was found out of it stays in the error.
func badArgument(i int, err error) error {
	err = fmt.Errorf("argument %d: %w", i+1, err)
	e := &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Err: err}
	if cause, ok := errors.AsType[*bellpull.Error](err); ok {
		e.Code, e.Err, e.Msg, e.Advice = cause.Code, cause.Err, cause.Msg, cause.Advice
	}
	return e
}

// result reads an answer into *out.
func (o *Object) result(answer []byte, m *member, out any) error {
	if len(answer) == 0 {
		return nothingThere()
	}
	bad := func(err error) error {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Yes, Msg: "the answer of the object", Err: err}
	}
	doc, ok := campuswire.BusinessObject.Strip(answer)
	if !ok {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Maybe, Msg: "the answer is not that of an object"}
	}
	var r campuswire.Return
	if err := campuswire.ParseReturn(doc, &r); err != nil {
		return bad(err)
	}
	switch {
	case r.Exception != nil:
		return errorOfException(r.Exception)
	case out == nil:
		return nil
	case m.result != nil:
		into := out.(**Object)
		if *into = nil; r.Result.Object() {
			*into = remote(o.peer, m.result, r.Result.ID.String())
		}
		return nil
	case r.Result.JSON == nil:
		if v := reflect.ValueOf(out); v.Kind() == reflect.Pointer && !v.IsNil() {
			v.Elem().SetZero()
		}
		return nil
	}
	if err := json.Unmarshal(r.Result.JSON, out); err != nil {
		return bad(err)
	}
	return nil
}
