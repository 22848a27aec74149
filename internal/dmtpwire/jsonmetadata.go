package dmtpwire

// metadata takes the metadata of a message: null, an array of objects with Key and Value (since 4.1.6), or an object
// (before). In the array form the two names match in any case, Value may be null or missing, and a pair whose Key is
// null or missing does not count. A repeated key keeps its last value.
func (r *jsonReader) metadata() Metadata {
	var m Metadata
	size := 0
	of := r.Name()
	switch r.Peek() {
	case 'n':
		r.Null()
	case '[':
		m.Form = FormArray
		for r.Array(); r.Item(); {
			r.jsonPair(&m, &size)
			r.In(of)
		}
	case '{':
		m.Form = FormObject
		for r.Object(); r.Member(); {
			at, key := r.Offset(), Str(r.Name())
			r.In(of)
			r.add(&m, &size, at, key, r.text())
		}
	default:
		r.Wrong(ErrType)
	}
	if !r.OK() {
		return Metadata{}
	}
	return m
}

func (r *jsonReader) jsonPair(m *Metadata, size *int) {
	var key, value Str
	of, at := r.Name(), r.Offset()
	for r.Object(); r.Member(); {
		name := Str(r.Name())
		r.In(of)
		switch {
		case equalFold(name, "key"):
			key = r.text()
		case equalFold(name, "value"):
			value = r.text()
		default:
			r.Skip()
		}
	}
	if key != nil {
		r.add(m, size, at, key, value)
	}
}

// add sets a pair, within the bounds; repeated keys count as often as they come.
func (r *jsonReader) add(m *Metadata, size *int, at int, key, value Str) {
	if !r.OK() {
		return
	}
	*size += len(key) + len(value)
	switch {
	case len(m.Pairs) == MaxMetadataPairs:
		if _, known := m.Get(string(key)); !known {
			r.Fail(at, ErrTooMany)
			return
		}
	case *size > MaxMetadataBytes:
		r.Fail(at, ErrTooLong)
		return
	}
	m.set(key, value)
}

// equalFold compares a name with a lower-case word, ASCII letters in any case.
func equalFold(s Str, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := range s {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

func (w *jsonWriter) metadata(m *Metadata) {
	w.name(Str("Metadata"))
	switch m.Form {
	case FormArray:
		w.open('[')
		for i := range m.Pairs {
			w.next()
			w.open('{')
			w.text("Key", m.Pairs[i].Key)
			w.text("Value", m.Pairs[i].Value)
			w.close('}')
		}
		w.close(']')
	case FormObject:
		w.open('{')
		for i := range m.Pairs {
			w.name(m.Pairs[i].Key)
			w.value(m.Pairs[i].Value)
		}
		w.close('}')
	default:
		w.null()
	}
}
