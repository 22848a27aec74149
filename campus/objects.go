package campus

import (
	"crypto/rand"
	"fmt"
	"reflect"
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// Objects is a table of the objects that a process keeps for others: those it serves under ids of its choice, and those
// it has given away as arguments and results, each under an id of its own. It is for [Protocol].Objects; several
// protocols may share one. All methods may be called concurrently.
//
// The protocol has no word with which another process says that it no longer needs an object. So one that was given away
// is kept, for that peer alone, until [Objects.Release], or until the peer has ended for good (its Done is closed): a
// broken link is not the end, for a peer that reconnects goes on using its ids. A peer can be given at most 65,536
// objects at a time; the next fails as [bellpull.CodeBusy].
type Objects struct {
	mu     sync.Mutex
	table  map[objectKey]*entry
	leases map[origin]*entry                      // the entries of objects that were given away
	held   map[*bellpull.Peer]map[*entry]struct{} // what each peer was given
}

const maxLeases = 1 << 16

type objectKey struct{ contract, id string }

// origin is what makes an object the same one as before.
type origin struct {
	local        *joint
	peer         *bellpull.Peer
	contract, id string
}

// An entry is an object under its key.
type entry struct {
	key     objectKey
	what    *joint
	from    origin
	holders map[*bellpull.Peer]struct{} // those it was given to; nil: everybody may use it
}

// NewObjects makes an empty table.
func NewObjects() *Objects {
	return &Objects{table: map[objectKey]*entry{}, leases: map[origin]*entry{}, held: map[*bellpull.Peer]map[*entry]struct{}{}}
}

// Serve has the functions of impl serve a contract under an id, "" for the default object: Go functions, with a context
// first and an error last if they like, and the arguments and one result or none between. A function's key is the name of
// its method, or the signature of an overloaded one, "Add(int,int)"; get_Name and set_Name are those of a property. Every
// member must have one. Arguments and results whose type has a contract are *Object, nil for null.
//
// Functions run like handlers, concurrently; [bellpull.Caller] of their context is the peer that asks. They may invoke
// objects of that peer, which may invoke objects here, and so on. For what they return as an error see [Exception].
//
// It may be called before or after the node listens. A key that is taken, a contract or a table that is not sound is
// CodeBadArgument. cancel takes the object away again; what runs goes on.
func (t *Objects) Serve(c *Contract, id string, impl map[string]any) (cancel func(), err error) {
	j, err := newJoint(c, impl)
	if err != nil {
		return nil, err
	}
	e := &entry{key: objectKey{c.Name, id}, what: j}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.table[e.key] != nil {
		return nil, contractError(c.Name, fmt.Sprintf("an object of the id %q is served already", id))
	}
	t.table[e.key] = e
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.table[e.key] == e {
			delete(t.table, e.key)
		}
	}, nil
}

// Release ends the use of an object that was given away: who invokes it now gets what an unknown object answers. What
// runs goes on. Given away again it has a new id.
func (t *Objects) Release(o *Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.leases[o.origin()]; e != nil {
		for p := range e.holders {
			t.drop(p, e)
		}
	}
}

// Leased gives the number of objects that were given away and not released.
func (t *Objects) Leased() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	return len(t.leases)
}

// linkEnded releases what a peer was given, if it has ended with its link. t may be nil.
func (t *Objects) linkEnded(p *bellpull.Peer) {
	if t != nil && over(p) {
		t.Leased()
	}
}

// sweep releases what peers were given that have ended. Called with mu held.
func (t *Objects) sweep() {
	for p, list := range t.held {
		if over(p) {
			for e := range list {
				t.drop(p, e)
			}
		}
	}
}

func over(p *bellpull.Peer) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// drop takes an object from one peer. Called with mu held.
func (t *Objects) drop(p *bellpull.Peer, e *entry) {
	delete(e.holders, p)
	if delete(t.held[p], e); len(t.held[p]) == 0 {
		delete(t.held, p)
	}
	if len(e.holders) == 0 {
		delete(t.table, e.key)
		delete(t.leases, e.from)
	}
}

// find gives the object that a peer asks for. t may be nil.
func (t *Objects) find(p *bellpull.Peer, m *campuswire.Invocation) *joint {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.table[objectKey{string(m.Contract), string(m.ID)}]
	if e == nil {
		return nil
	}
	if _, ok := e.holders[p]; !ok && e.holders != nil {
		return nil
	}
	return e.what
}

func (o *Object) origin() origin { return origin{o.local, o.peer, o.contract.Name, o.id} }

// give leases an object to a peer and gives its id.
func (t *Objects) give(p *bellpull.Peer, o *Object) (string, error) {
	if t == nil {
		return "", &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Msg: "an object is given away, and nothing here keeps it",
			Advice: "set Protocol.Objects"}
	}
	j := o.local
	if j == nil {
		k, err := o.contract.compile()
		if err != nil {
			return "", err
		}
		j = &joint{contract: o.contract, members: k, to: o}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held[p] == nil {
		t.sweep()
	}
	e := t.leases[o.origin()]
	if e != nil {
		if _, ok := e.holders[p]; ok {
			return e.key.id, nil
		}
	}
	switch {
	case over(p):
		return "", &bellpull.Error{Code: bellpull.CodeClosed, Ran: bellpull.Never, Msg: "the peer has ended"}
	case len(t.held[p]) >= maxLeases:
		return "", &bellpull.Error{Code: bellpull.CodeBusy, Ran: bellpull.Never,
			Msg: fmt.Sprintf("the peer has been given %d objects", maxLeases), Advice: "release objects that are no longer needed"}
	}
	if e == nil {
		e = &entry{key: objectKey{o.contract.Name, newID()}, what: j, from: o.origin(), holders: map[*bellpull.Peer]struct{}{}}
		t.table[e.key], t.leases[e.from] = e, e
	}
	e.holders[p] = struct{}{}
	if t.held[p] == nil {
		t.held[p] = map[*entry]struct{}{}
	}
	t.held[p][e] = struct{}{}
	return e.key.id, nil
}

// newID gives a random GUID in the form D.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// value makes the model of an argument or a result for a peer. declared is its contract, nil for a plain value.
func (t *Objects) value(p *bellpull.Peer, d campuswire.Dialect, declared *Contract, v any) (campuswire.Value, error) {
	if declared == nil {
		doc, err := d.AppendValue(nil, v)
		return campuswire.Plain(doc), err
	}
	o, ok := v.(*Object)
	switch {
	case v == nil || ok && o == nil:
		return campuswire.Value{}, nil
	case !ok:
		return campuswire.Value{}, fmt.Errorf("%s is no *campus.Object", reflect.TypeOf(v))
	case o.contract.Name != declared.Name:
		return campuswire.Value{}, fmt.Errorf("an object of %s, want one of %s", o.contract.Name, declared.Name)
	}
	id, err := t.give(p, o)
	return campuswire.Reference(id, declared.Name), err
}
