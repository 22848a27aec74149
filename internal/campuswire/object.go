package campuswire

import "github.com/bellpull/bellpull/internal/netjson"

// CallType says how a member of a contract is used. Section 6.2.
type CallType int32

// The call types. A joint keeps a table of members for each: using another than the member's finds nothing.
const (
	CallUnknown CallType = 0
	CallGet     CallType = 1 // a property is read
	CallSet     CallType = 2 // a property is written
	CallMethod  CallType = 3
	CallAsync   CallType = 4 // a method that returns Task or Task<T>
)

func (c CallType) String() string {
	switch c {
	case CallGet:
		return "get"
	case CallSet:
		return "set"
	case CallMethod:
		return "method"
	case CallAsync:
		return "async method"
	}
	return "unknown"
}

// A Value is an argument or a result: the object model of section 6.3.
type Value struct {
	// Null: there is null in place of the model. As an argument it is how null is passed where a contract is declared:
	// a model without contract becomes an object with an empty id in .NET (section 6.8).
	Null bool
	// ID is the id of an object that the sender keeps; nil for the empty id and for none.
	ID Str
	// Contract is the name of its contract, nil when the value is no object.
	Contract Str
	// JSON is a plain value, nil for null and for objects. It is written as it is.
	JSON []byte
}

// Plain gives a plain value; nil is null.
func Plain(json []byte) Value { return Value{JSON: json} }

// Reference gives an object that the sender keeps under an id.
func Reference(id, contract string) Value { return Value{ID: Str(id), Contract: Str(contract)} }

// Object reports whether the value is an object of the sender: whether it names a contract, which any text does that is
// not blank.
func (v *Value) Object() bool { return !v.Null && !v.Contract.Blank() }

// None reports whether the value is null wherever a contract is declared: neither contract nor id.
func (v *Value) None() bool { return v.Null || len(v.ID) == 0 && v.Contract.Blank() }

// parse reads a model or null. Absent members are null.
func (v *Value) parse(r *jsonReader) {
	*v = Value{}
	if r.Null() {
		v.Null = true
		return
	}
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "i":
			if v.ID = r.text(); len(v.ID) == 0 {
				v.ID = nil
			}
		case "t":
			v.Contract = r.text()
		case "v":
			if v.JSON = r.Value(); string(v.JSON) == "null" {
				v.JSON = nil
			}
		default:
			r.Skip()
		}
	}
}

// appendTo appends the model, or null.
func (v *Value) appendTo(w *jsonWriter) {
	if v.Null {
		w.null()
		return
	}
	w.open('{')
	w.text("i", string(v.ID))
	w.str("t", v.Contract)
	w.raw("v", v.JSON)
	w.close('}')
}

// An Invocation is a request to a remote object, behind [BusinessObject]. Section 6.2.
type Invocation struct {
	ID       Str      // of the object; nil for the default object
	Contract Str      // full name of the contract, nested types joined with a plus
	Member   uint64   // see MemberID; 0 when it is absent
	Name     Str      // of the member; for people, Member decides
	Call     CallType // may be one that does not exist
	Args     []Value  // nil where the member takes none
}

// ParseInvocation reads the JSON of an invocation into m, whose Args it uses again. Members come in any order, unknown
// ones are ignored, names are case-sensitive, and an absent or null ID is that of the default object. The error is a
// [*JSONError]; then a .NET joint would not handle the request, whose answer is empty: it is no JSON object, a member has
// another type, the contract or the name is blank, the call type is unknown or absent. So is an error more than [MaxArgs]
// arguments. A byte order mark is no JSON here.
func ParseInvocation(doc []byte, m *Invocation) error {
	*m = Invocation{Args: m.Args[:0]}
	args := false
	r := newReader(doc, "Invocation")
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "i":
			if m.ID = r.text(); len(m.ID) == 0 {
				m.ID = nil
			}
		case "t":
			m.Contract = r.text()
		case "d":
			m.Member = r.Uint64()
		case "m":
			m.Name = r.text()
		case "c":
			m.Call = CallType(r.Int32())
		case "a":
			args = m.parseArgs(&r)
		default:
			r.Skip()
		}
	}
	if r.end() == nil {
		switch {
		case m.Contract.Blank():
			r.Missing("t", ErrBlank)
		case m.Name.Blank():
			r.Missing("m", ErrBlank)
		case m.Call == CallUnknown:
			r.Missing("c", ErrMissing)
		}
	}
	if err := r.failure(); err != nil {
		*m = Invocation{}
		return err
	}
	if !args {
		m.Args = nil
	}
	return nil
}

func (m *Invocation) parseArgs(r *jsonReader) (some bool) {
	m.Args = m.Args[:0]
	if r.Null() {
		return false
	}
	if m.Args == nil {
		m.Args = []Value{}
	}
	for r.Array(); r.Item(); {
		if len(m.Args) == MaxArgs {
			r.Fail(r.Offset(), ErrTooMany)
			break
		}
		var v Value
		name := r.Name()
		v.parse(r)
		r.In(name)
		m.Args = append(m.Args, v)
	}
	return true
}

// AppendJSON appends the JSON of the invocation as .NET orders it.
func (m *Invocation) AppendJSON(b []byte, style netjson.Escape) []byte {
	w := jsonWriter{b: b, style: style}
	w.open('{')
	w.text("i", string(m.ID))
	w.str("t", m.Contract)
	w.uint("d", m.Member)
	w.str("m", m.Name)
	w.int("c", int64(m.Call))
	w.name("a")
	if m.Args == nil {
		w.null()
	} else {
		w.open('[')
		for i := range m.Args {
			w.next()
			m.Args[i].appendTo(&w)
		}
		w.close(']')
	}
	w.close('}')
	return w.b
}
