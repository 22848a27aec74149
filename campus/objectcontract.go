package campus

import (
	"fmt"
	"strings"
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// Kind says how a member of a contract is used. A property that is read and written is Get|Set.
type Kind uint8

// The kinds of members.
const (
	Get    Kind = 1 << iota // a property is read
	Set                     // a property is written
	Method                  // a method, unless it returns Task or Task<T>
	Async                   // a method that returns Task or Task<T>
)

// A Contract describes an interface of .NET that is marked IpcPublic. It must not be changed or copied once it is used;
// then any number of goroutines, tables and peers may use it. What is wrong with it is told by whatever uses it.
type Contract struct {
	Name    string // full name of the CLR type: namespaces with dots, nested types with a plus
	Members []Member

	once     sync.Once
	compiled *compiled
	err      error
}

// A Member is a property or a method of a contract. Inherited ones are members of the derived contract. The id on the
// wire is made of the name and, of a method, the types of the parameters: they must be those of the .NET declaration.
type Member struct {
	Name string
	Kind Kind
	// Params are the types of a method's parameters as the C# compiler shows them: int, string?,
	// System.Collections.Generic.List<int>, My.IFoo. A property has none. Section 6.4.
	Params []string
	// Args are the contracts of those parameters that are remote objects, by position, nil for plain values; what is
	// missing at the end is plain. For a property that is written Result counts instead.
	Args []*Contract
	// Result is the contract of the result, or of the property, when it is a remote object.
	Result *Contract
	// ID overrides the id, for a declaration whose types are shown otherwise where it was compiled; 0 for none. A member
	// that is Get|Set has two ids; declare it twice to override them.
	ID uint64
}

// member is one thing that can be invoked.
type member struct {
	name   string // of the member
	full   string // with that of the contract, for people
	key    string // of its function in a table: the signature, for a property without the parentheses
	call   campuswire.CallType
	id     uint64
	args   []*Contract // one for each parameter
	result *Contract
}

// memberID is how a request names a member.
type memberID struct {
	call campuswire.CallType
	id   uint64
}

type compiled struct {
	all   []*member
	byID  map[memberID]*member // with the aliases of properties
	byKey map[string]*member   // by key, and by the name of a method that has no overloads
}

// compile computes the ids once.
func (c *Contract) compile() (*compiled, error) {
	if c == nil {
		return nil, contractError("", "no contract")
	}
	c.once.Do(func() { c.compiled, c.err = c.compileNow() })
	return c.compiled, c.err
}

func (c *Contract) compileNow() (*compiled, error) {
	if strings.TrimSpace(c.Name) == "" {
		return nil, contractError(c.Name, "a contract without a name")
	}
	k := &compiled{byID: map[memberID]*member{}, byKey: map[string]*member{}}
	methods := map[string]int{}
	for i := range c.Members {
		d := &c.Members[i]
		if err := d.check(); err != "" {
			return nil, contractError(c.Name, fmt.Sprintf("member %q: %s", d.Name, err))
		}
		for _, m := range d.compile(c) {
			id := memberID{m.call, m.id}
			if k.byID[id] != nil || k.byKey[m.key] != nil {
				return nil, contractError(c.Name, "declared twice: "+m.key)
			}
			k.all, k.byID[id], k.byKey[m.key] = append(k.all, m), m, m
			if m.call >= campuswire.CallMethod {
				methods[m.name]++
			}
		}
	}
	for _, m := range k.all {
		switch {
		case m.call < campuswire.CallMethod:
			k.alias(c.Name, m)
		case methods[m.name] == 1:
			k.byKey[m.name] = m
		}
	}
	return k, nil
}

// alias adds the id that the proxy of an IpcShape asks for when its property is an explicit implementation: it is made
// of the qualified name (section 14, Q18).
func (k *compiled) alias(contract string, m *member) {
	name := campuswire.TypeText(contract) + "." + m.name
	signature := campuswire.GetterSignature(name)
	if m.call == campuswire.CallSet {
		signature = campuswire.SetterSignature(name)
	}
	if id := (memberID{m.call, campuswire.MemberID(signature)}); k.byID[id] == nil {
		k.byID[id] = m
	}
}

func (d *Member) check() string {
	switch {
	case strings.TrimSpace(d.Name) == "":
		return "no name"
	case d.Kind != Get && d.Kind != Set && d.Kind != Get|Set && d.Kind != Method && d.Kind != Async:
		return "the kind must be Get, Set, Get|Set, Method or Async"
	case d.Kind&(Get|Set) != 0 && len(d.Params) > 0:
		return "a property has no parameters"
	case len(d.Args) > len(d.Params):
		return "more Args than Params"
	case len(d.Params) > 16:
		return "more than 16 parameters, which .NET has no proxies for"
	case d.ID != 0 && d.Kind == Get|Set:
		return "ID for a property that is read and written: declare it twice"
	}
	return ""
}

func (d *Member) compile(c *Contract) []*member {
	full := c.Name + "." + d.Name
	if d.Kind&(Method|Async) != 0 {
		m := &member{name: d.Name, full: full, key: campuswire.MethodSignature(d.Name, d.Params...),
			call: campuswire.CallMethod, args: make([]*Contract, len(d.Params)), result: d.Result}
		if d.Kind == Async {
			m.call = campuswire.CallAsync
		}
		copy(m.args, d.Args)
		m.id = d.id(m.key)
		return []*member{m}
	}
	var list []*member
	if d.Kind&Get != 0 {
		list = append(list, &member{name: d.Name, full: full, key: "get_" + d.Name, call: campuswire.CallGet,
			id: d.id(campuswire.GetterSignature(d.Name)), result: d.Result})
	}
	if d.Kind&Set != 0 {
		list = append(list, &member{name: d.Name, full: full, key: "set_" + d.Name, call: campuswire.CallSet,
			id: d.id(campuswire.SetterSignature(d.Name)), args: []*Contract{d.Result}})
	}
	return list
}

func (d *Member) id(signature string) uint64 {
	if d.ID != 0 {
		return d.ID
	}
	return campuswire.MemberID(signature)
}

func contractError(name, what string) *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "contract", Method: name, Ran: bellpull.Never, Msg: what,
		Advice: "describe the interface as it is declared in .NET"}
}
