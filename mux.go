package bellpull

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// A Mux maps method names to handlers. Names are compared byte by byte. Handlers may be added while it serves; a name
// that is taken twice, empty, longer than [MaxMethod] or not UTF-8 panics, as it does with http.ServeMux; so does a
// function that a protocol which serves the Mux already has no way to call (package campus says which those are).
// Use [NewMux]; all methods may be called concurrently.
type Mux struct {
	mu      sync.RWMutex
	methods map[string]*Method
	others  *Method           // for methods without a handler of their own; nil: they are answered with CodeNoMethod
	changes atomic.Uint64     // counts changes, so that engines may keep what they found
	rules   map[Engine]Fitter // of the protocols that serve it
}

// NewMux gives an empty Mux.
func NewMux() *Mux { return &Mux{methods: map[string]*Method{}} }

// A Method is a registered handler. Engines keep it between requests.
type Method struct {
	name    string
	handler Handler
	params  []reflect.Type          // of the function behind it, a context left out
	result  reflect.Type            // nil: none
	typed   bool                    // these two are known
	raw     bool                    // wants EncodingBytes where the wire leaves a choice
	wrap    atomic.Pointer[wrapped] // inside the interceptors of the node that used it last
	slow    atomic.Int32
}

// NewMethod makes a method that no Mux holds, for messages of a protocol that have no method name. For engines.
func NewMethod(name string, h Handler) *Method { return &Method{name: name, handler: h, raw: true} }

// Name is the method's name.
func (m *Method) Name() string { return m.name }

// Types gives the types of a function's arguments and of its result, nil when it has none. ok is false for a handler
// that works on requests itself: what it takes and gives is not known.
func (m *Method) Types() (params []reflect.Type, result reflect.Type, ok bool) {
	return m.params, m.result, m.typed
}

// Raw says that the handler wants the caller's bytes rather than JSON where the wire leaves the choice.
func (m *Method) Raw() bool { return m.raw }

// Slow says that the handler used to take long lately: an engine gives it a goroutine of its own at once.
func (m *Method) Slow() bool { return m.slow.Load() > 0 }

// slowScore is how many quick runs in a row it takes to count as quick again.
const slowScore = 64

// Observe tells how the handler behaved: slow means that somebody had to take over reading.
func (m *Method) Observe(slow bool) {
	switch n := m.slow.Load(); {
	case slow && n < slowScore:
		m.slow.Store(slowScore)
	case !slow && n > 0:
		m.slow.CompareAndSwap(n, n-1)
	}
}

// Handle registers a handler that works on the request's bytes.
func (m *Mux) Handle(method string, h Handler) {
	if h == nil {
		panic("bellpull: nil handler for " + method)
	}
	m.add(&Method{name: method, handler: h, raw: true})
}

// HandleOthers registers the handler of all requests whose method has none; [Request.Method] tells its name, which may
// be any text of the other side. A handler that does not know it either fails with [CodeNoMethod]. Without it such
// calls are answered so and such notifies dropped. Registering it twice panics.
func (m *Mux) HandleOthers(h Handler) {
	if h == nil {
		panic("bellpull: nil handler for other methods")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.others != nil {
		panic("bellpull: a handler for other methods is registered already")
	}
	m.others = &Method{handler: h, raw: true}
	m.changes.Add(1)
}

func (m *Mux) add(e *Method) {
	if err := checkMethod(e.name); err != nil {
		panic("bellpull: " + err.Error())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.methods[e.name]; taken {
		panic(fmt.Sprintf("bellpull: method %q is registered already", e.name))
	}
	for _, rule := range m.rules {
		if err := rule.Fits(e); err != nil {
			panic("bellpull: " + err.Error())
		}
	}
	m.methods[e.name] = e
	m.changes.Add(1)
}

// serve has a protocol's rules held for all methods, those that are here and those to come.
func (m *Mux) serve(e Engine, rule Fitter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.methods)) {
		if err := rule.Fits(m.methods[name]); err != nil {
			errs = append(errs, err)
		}
	}
	if errs != nil {
		return &Error{Code: CodeBadArgument, Op: "open", Ran: Never, Err: errors.Join(errs...),
			Advice: "give the protocol a node and a Mux of its own, without these methods"}
	}
	if m.rules == nil {
		m.rules = map[Engine]Fitter{}
	}
	m.rules[e] = rule
	return nil
}

// leave ends what serve began.
func (m *Mux) leave(e Engine) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rules, e)
}

func (m *Mux) remove(e *Method) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.methods[e.name] == e {
		delete(m.methods, e.name)
	}
	m.changes.Add(1)
}

// Methods lists the names that are registered, in no order.
func (m *Mux) Methods() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	list := make([]string, 0, len(m.methods))
	for name := range m.methods {
		list = append(list, name)
	}
	return list
}

func (m *Mux) find(method []byte) *Method {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if e, ok := m.methods[string(method)]; ok {
		return e
	}
	return m.others
}

func checkMethod(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("empty method name")
	case len(name) > MaxMethod:
		return fmt.Errorf("method name of %d bytes, at most %d", len(name), MaxMethod)
	case !utf8.ValidString(name):
		return fmt.Errorf("method name %q is not UTF-8", name)
	}
	return nil
}

// Handle registers a function that takes one argument and gives one result. In and Out travel as JSON; a []byte
// travels as it is. A call without arguments leaves In zero, further arguments are ignored. The error's text goes to
// the caller. ctx is the request's, see [Request.Context] and [Caller]. It panics as [Mux] says.
func Handle[In, Out any](m *Mux, method string, f func(context.Context, In) (Out, error)) {
	e := &Method{name: method, params: []reflect.Type{reflect.TypeFor[In]()}, result: reflect.TypeFor[Out](), typed: true}
	if e.result == reflect.TypeFor[struct{}]() {
		e.result = nil
	}
	e.handler = HandlerFunc(func(w *Reply, r *Request) {
		var in In
		if err := r.Decode(&in); err != nil {
			w.Fail(err)
			return
		}
		out, err := f(r.Context(), in)
		if err != nil {
			w.Fail(err)
			return
		}
		if any(out) != any(struct{}{}) {
			w.set(out)
		}
	})
	m.add(e)
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// HandleFunc registers any Go function: an optional context first, then the positional arguments, as .NET services
// have them; results are nothing, a value, an error, or a value and an error, the error last. Arguments that the
// caller leaves out are zero (use a pointer to tell), further ones are ignored. Anything else panics.
func HandleFunc(m *Mux, method string, f any) {
	fv := reflect.ValueOf(f)
	if fv.Kind() != reflect.Func || fv.IsNil() || fv.Type().IsVariadic() {
		panic(fmt.Sprintf("bellpull: method %q: %T is no function without variadic arguments", method, f))
	}
	t := fv.Type()
	withCtx := t.NumIn() > 0 && t.In(0) == contextType
	first := 0
	if withCtx {
		first = 1
	}
	withErr := t.NumOut() > 0 && t.Out(t.NumOut()-1) == errorType
	values := t.NumOut()
	if withErr {
		values--
	}
	if values > 1 {
		panic(fmt.Sprintf("bellpull: method %q: %s has more than one result beside the error", method, t))
	}
	e := &Method{name: method, typed: true}
	for i := first; i < t.NumIn(); i++ {
		e.params = append(e.params, t.In(i))
	}
	if values == 1 {
		e.result = t.Out(0)
	}
	e.handler = HandlerFunc(func(w *Reply, r *Request) {
		in := make([]reflect.Value, t.NumIn())
		ptrs := make([]any, 0, t.NumIn())
		if withCtx {
			in[0] = reflect.ValueOf(r.Context())
		}
		for i := first; i < t.NumIn(); i++ {
			p := reflect.New(t.In(i))
			ptrs = append(ptrs, p.Interface())
			in[i] = p.Elem()
		}
		if err := r.Decode(ptrs...); err != nil {
			w.Fail(err)
			return
		}
		out := fv.Call(in)
		if withErr {
			if err, _ := out[len(out)-1].Interface().(error); err != nil {
				w.Fail(err)
				return
			}
		}
		if values == 1 {
			w.set(out[0].Interface())
		}
	})
	m.add(e)
}
