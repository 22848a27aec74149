package campus

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/bellpull/bellpull"
)

var _ bellpull.Fitter = (*Protocol)(nil)

// Fits refuses functions that no JSON direct route can call (section 7.2): those with more than one argument, and those
// whose result is never a JSON object. Bytes travel by a raw-byte route. What an interface or a type with a MarshalJSON
// of its own will give is not known before it runs; a result that is no object is then a failure to the caller.
func (p *Protocol) Fits(m *bellpull.Method) error {
	params, result, ok := m.Types()
	switch {
	case !ok:
		return nil
	case len(params) > 1:
		return fmt.Errorf("campus: method %q: JsonIpcDirectRouted: a JSON route has one argument at most, and this function %d; put them into one struct", m.Name(), len(params))
	case result != nil && !mayBeObject(result):
		return fmt.Errorf("campus: method %q: JsonIpcDirectRouted: the result of a JSON route must be an object, and that of this function is %s; put it into a struct", m.Name(), result)
	}
	return nil
}

var (
	bytesType  = reflect.TypeFor[[]byte]()
	jsonType   = reflect.TypeFor[json.Marshaler]()
	textType   = reflect.TypeFor[encoding.TextMarshaler]()
	numberType = reflect.TypeFor[json.Number]()
)

// mayBeObject says whether a value of the type can be a JSON object, null, or plain bytes.
func mayBeObject(t reflect.Type) bool {
	switch {
	case t == bytesType || t.Implements(jsonType):
		return true
	case t.Implements(textType) || t == numberType:
		return false
	}
	switch t.Kind() {
	case reflect.Pointer:
		return mayBeObject(t.Elem())
	case reflect.Struct, reflect.Map, reflect.Interface:
		return true
	}
	return false
}
