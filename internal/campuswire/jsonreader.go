package campuswire

import "unicode/utf8"

// A jsonReader takes one JSON document apart as System.Text.Json does it, which encoding/json does not: names are
// case-sensitive; errors are also a comment, a byte order mark, bytes behind the end, invalid UTF-8 and half a surrogate
// pair. Of a repeated name the last counts. The first error sticks.
//
// Use:
//
//	r := newReader(doc, "Invocation")
//	r.object()
//	for r.member() {
//		switch string(r.name) {
//		case "m": name = r.text()
//		default: r.skip()
//		}
//	}
//	return r.end()
type jsonReader struct {
	b     []byte
	off   int
	doc   string // name of the document, for errors
	name  Str    // of the member just read
	depth int
	first bool
	err   *JSONError
}

func newReader(b []byte, doc string) jsonReader {
	r := jsonReader{b: b, doc: doc}
	if !utf8.Valid(b) {
		r.fail(firstInvalid(b), ErrText)
	}
	return r
}

// firstInvalid gives where b stops being UTF-8.
func firstInvalid(b []byte) (i int) {
	for {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n < 2 {
			return i
		}
		i += n
	}
}

// maxMemberName bounds how much of a name shows in an error.
const maxMemberName = 64

func (r *jsonReader) fail(off int, what error) {
	if r.err == nil {
		r.err = &JSONError{Document: r.doc, Member: string(r.name[:min(len(r.name), maxMemberName)]), Offset: off, What: what}
	}
	r.off = len(r.b)
}

// missing fails for a member that must be there.
func (r *jsonReader) missing(name string, what error) {
	r.name = Str(name)
	r.fail(len(r.b), what)
}

// peek gives the first byte of the next token, 0 at the end.
func (r *jsonReader) peek() byte {
	for r.off < len(r.b) {
		switch c := r.b[r.off]; c {
		case ' ', '\t', '\n', '\r':
			r.off++
		default:
			return c
		}
	}
	return 0
}

// take takes a byte that must be there.
func (r *jsonReader) take(c byte) bool {
	if r.peek() != c {
		r.fail(r.off, ErrSyntax)
		return false
	}
	r.off++
	return true
}

// wrong fails for a value that is not of the type wanted: as malformed when it is none at all.
func (r *jsonReader) wrong() {
	r.peek()
	at := r.off
	if r.skip(); r.err == nil {
		r.fail(at, ErrType)
	}
}

// open takes an opening bracket, which must be there.
func (r *jsonReader) open(c byte) bool {
	if r.peek() != c {
		r.wrong()
		return false
	}
	return r.nest()
}

// nest takes an opening bracket that is there.
func (r *jsonReader) nest() bool {
	r.first = true
	if r.depth++; r.depth > MaxDepth {
		r.fail(r.off, ErrDepth)
		return false
	}
	r.off++
	return true
}

// object begins an object: its members follow.
func (r *jsonReader) object() bool { return r.open('{') }

// array begins an array: its items follow.
func (r *jsonReader) array() bool { return r.open('[') }

// null takes a null if there is one.
func (r *jsonReader) null() bool { return r.peek() == 'n' && r.literal("null") }

// more goes to the next item of an array, or the next name of an object; false behind the last one, which takes the
// closing bracket as well.
func (r *jsonReader) more(closing byte) bool {
	if r.err != nil {
		return false
	}
	if r.peek() == closing {
		r.off++
		r.depth--
		r.first = false
		return false
	}
	if !r.first && !r.take(',') {
		return false
	}
	r.first = false
	return true
}

// item goes to the next item of an array.
func (r *jsonReader) item() bool { return r.more(']') }

// member reads the name of the next member; false behind the last one, and after an error.
func (r *jsonReader) member() bool {
	if !r.more('}') {
		return false
	}
	r.peek()
	r.name = nil
	r.name = r.quoted(true)
	return r.err == nil && r.take(':')
}

// end finishes the document: nothing but white space may follow.
func (r *jsonReader) end() error {
	r.name = nil
	if r.err == nil && (r.peek() != 0 || r.off != len(r.b)) {
		r.fail(r.off, ErrSyntax)
	}
	return r.failure()
}

// failure gives the first error.
func (r *jsonReader) failure() error {
	if r.err != nil {
		return r.err
	}
	return nil
}

// literal takes a word.
func (r *jsonReader) literal(word string) bool {
	if len(r.b)-r.off < len(word) || string(r.b[r.off:r.off+len(word)]) != word {
		r.fail(r.off, ErrSyntax)
		return false
	}
	r.off += len(word)
	return true
}

// text takes a text or null.
func (r *jsonReader) text() Str {
	switch r.peek() {
	case '"':
		return r.quoted(true)
	case 'n':
		r.literal("null")
		return nil
	}
	r.wrong()
	return nil
}

// value takes a value of any kind and gives its bytes.
func (r *jsonReader) value() []byte {
	r.peek()
	from := r.off
	r.skip()
	if r.err != nil {
		return nil
	}
	return r.b[from:r.off:r.off]
}

// skip takes a value of any kind. Its depth is bounded by MaxDepth, and so is the recursion.
func (r *jsonReader) skip() {
	if r.err != nil {
		return
	}
	switch c := r.peek(); {
	case c == '"':
		r.quoted(false)
	case c == '-' || digit(c):
		r.number()
	case c == 't':
		r.literal("true")
	case c == 'f':
		r.literal("false")
	case c == 'n':
		r.literal("null")
	case c == '{':
		for r.nest(); r.more('}'); {
			r.peek()
			r.quoted(false)
			if r.err == nil && r.take(':') {
				r.skip()
			}
		}
	case c == '[':
		for r.nest(); r.more(']'); {
			r.skip()
		}
	default:
		r.fail(r.off, ErrSyntax)
	}
}
