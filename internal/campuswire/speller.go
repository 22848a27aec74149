package campuswire

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"unicode"

	"github.com/bellpull/bellpull/internal/netjson"
)

// A speller writes a document again in a dialect. Beside the document it walks the Go value that encoding/json made it
// of, as far as there is one, since only that tells the members of an object from the entries of a map.
type speller struct {
	r jsonReader
	w jsonWriter
	d Dialect

	fields map[reflect.Type][]reflect.StructField
}

// value spells the next value; v is what it was made of, or the zero Value where names stay as they are.
func (s *speller) value(v reflect.Value) {
	r, w := &s.r, &s.w
	switch c := r.Peek(); c {
	case '{':
		r.Nest()
		s.object(origin(v))
	case '[':
		r.Nest()
		s.array(origin(v))
	case '"':
		text := r.Quoted()
		w.b = netjson.AppendQuoted(w.b, text, w.style)
	default:
		w.b = append(w.b, r.Value()...)
	}
}

func (s *speller) array(v reflect.Value) {
	r, w := &s.r, &s.w
	w.open('[')
	for i := 0; r.Item(); i++ {
		w.next()
		var of reflect.Value
		if (v.Kind() == reflect.Slice || v.Kind() == reflect.Array) && i < v.Len() {
			of = v.Index(i)
		}
		s.value(of)
	}
	w.close(']')
}

func (s *speller) object(v reflect.Value) {
	r, w := &s.r, &s.w
	w.open('{')
	for r.Member() {
		name, of := string(r.Name()), reflect.Value{}
		switch v.Kind() {
		case reflect.Struct:
			var tagged bool
			of, tagged = s.member(v, name)
			switch {
			case !of.IsValid():
			case s.d.OmitNull && r.Peek() == 'n':
				r.Skip()
				continue
			case s.d.Camel && !tagged:
				name = camel(name)
			}
		case reflect.Map:
			of = entry(v, name)
		}
		w.next()
		w.b = netjson.AppendQuoted(w.b, name, w.style)
		w.b = append(w.b, ':')
		s.value(of)
	}
	w.close('}')
}

// origin follows pointers and interfaces to what a value was made of: the zero Value where a method of its type, or
// nobody known, made the JSON.
func origin(v reflect.Value) reflect.Value {
	for v.IsValid() {
		if writesItself(v) {
			return reflect.Value{}
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			v = v.Elem()
		default:
			return v
		}
	}
	return v
}

// writesItself reports whether encoding/json leaves a value to a method of its type.
func writesItself(v reflect.Value) bool {
	t := v.Type()
	for _, i := range [...]reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Kind() != reflect.Interface && t.Implements(i) || v.CanAddr() && reflect.PointerTo(t).Implements(i) {
			return true
		}
	}
	return false
}

// member finds the field that encoding/json wrote under a name, and whether its tag says so. Of several the least nested
// one counts.
func (s *speller) member(v reflect.Value, name string) (field reflect.Value, tagged bool) {
	t := v.Type()
	fields, ok := s.fields[t]
	if !ok {
		if s.fields == nil {
			s.fields = map[reflect.Type][]reflect.StructField{}
		}
		fields = reflect.VisibleFields(t)
		s.fields[t] = fields
	}
	var found *reflect.StructField
	for i := range fields {
		f := &fields[i]
		whole := f.Tag.Get("json")
		tag, _, _ := strings.Cut(whole, ",")
		if whole == "-" || tag == "" && (f.Name != name || !f.IsExported()) || tag != "" && tag != name {
			continue
		}
		if found == nil || len(f.Index) < len(found.Index) {
			found, tagged = f, tag != ""
		}
	}
	if found == nil {
		return reflect.Value{}, false
	}
	field, _ = v.FieldByIndexErr(found.Index) // the error: an embedded pointer is nil, and nothing was written
	return field, tagged
}

// entry gives what a map has under a name; the zero Value where keys are no texts.
func entry(v reflect.Value, name string) reflect.Value {
	if v.Type().Key().Kind() != reflect.String {
		return reflect.Value{}
	}
	return v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key()))
}

// camel gives a name as JsonNamingPolicy.CamelCase does: a run of capitals at the beginning becomes small, except its
// last where something else follows.
func camel(name string) string {
	chars := []rune(name)
	for i, c := range chars {
		last := i+1 == len(chars)
		if !unicode.IsUpper(c) && i < 2 || i > 0 && !last && !unicode.IsUpper(chars[i+1]) {
			break
		}
		chars[i] = unicode.ToLower(c)
	}
	return string(chars)
}
