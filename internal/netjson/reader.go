package netjson

import "unicode/utf8"

// A Reader takes one JSON document apart as System.Text.Json does it, which encoding/json does not: names are
// case-sensitive; errors are also a comment, a byte order mark, bytes behind the end, invalid UTF-8 and half a surrogate
// pair. Of a repeated name the last counts, if its reader has it so. The first error sticks, and nothing is read behind
// it. Texts and values alias the document, texts with escapes in them excepted. A Reader is for one goroutine.
//
// Use:
//
//	r := netjson.New(doc, "Invocation")
//	r.Object()
//	for r.Member() {
//		switch string(r.Name()) {
//		case "m": name = r.Text()
//		default: r.Skip()
//		}
//	}
//	return r.End()
type Reader struct {
	b     []byte
	off   int
	doc   string // name of the document, for errors
	name  []byte // of the member just read
	depth int
	first bool
	loose bool // texts that are skipped may be what they like
	err   *Error
}

// New begins to read a document, of a name for errors. All of it must be UTF-8.
func New(b []byte, doc string) Reader {
	r := Reader{b: b, doc: doc}
	if !utf8.Valid(b) {
		r.Fail(firstInvalid(b), ErrText)
	}
	return r
}

// NewLoose is New for a reader that looks at the UTF-8 and the surrogates of those texts only that it is asked for.
func NewLoose(b []byte, doc string) Reader { return Reader{b: b, doc: doc, loose: true} }

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

// Name gives the name of the member just read.
func (r *Reader) Name() []byte { return r.name }

// In has errors be about a member again, for a reader that has read an object inside it.
func (r *Reader) In(name []byte) { r.name = name }

// Offset gives where the reader is, in bytes from the beginning of the document.
func (r *Reader) Offset() int { return r.off }

// OK says that nothing was wrong so far.
func (r *Reader) OK() bool { return r.err == nil }

// MaxMember bounds how much of a name shows in an error.
const MaxMember = 64

// Fail ends the reading with an error at an offset, unless there was one before.
func (r *Reader) Fail(off int, what error) {
	if r.err == nil {
		r.err = &Error{Document: r.doc, Member: string(r.name[:min(len(r.name), MaxMember)]), Offset: off, What: what}
	}
	r.off = len(r.b)
}

// Missing fails for a member that must be there.
func (r *Reader) Missing(name string, what error) {
	r.name = []byte(name)
	r.Fail(len(r.b), what)
}

// Peek gives the first byte of the next token, 0 at the end.
func (r *Reader) Peek() byte {
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
func (r *Reader) take(c byte) bool {
	if r.Peek() != c {
		r.Fail(r.off, ErrSyntax)
		return false
	}
	r.off++
	return true
}

// Wrong fails with what for a value that is not the one wanted: as malformed when it is none at all.
func (r *Reader) Wrong(what error) {
	r.Peek()
	at := r.off
	if r.Skip(); r.err == nil {
		r.Fail(at, what)
	}
}

// BOM takes a byte order mark if there is one. It is for the beginning.
func (r *Reader) BOM() {
	if len(r.b)-r.off >= 3 && string(r.b[r.off:r.off+3]) == "\uFEFF" {
		r.off += 3
	}
}

// open takes an opening bracket, which must be there.
func (r *Reader) open(c byte) bool {
	if r.Peek() != c {
		r.Wrong(ErrType)
		return false
	}
	return r.Nest()
}

// Nest takes an opening bracket that is there.
func (r *Reader) Nest() bool {
	r.first = true
	if r.depth++; r.depth > MaxDepth {
		r.Fail(r.off, ErrDepth)
		return false
	}
	r.off++
	return true
}

// Object begins an object: its members follow.
func (r *Reader) Object() bool { return r.open('{') }

// Array begins an array: its items follow.
func (r *Reader) Array() bool { return r.open('[') }

// Null takes a null if there is one.
func (r *Reader) Null() bool { return r.Peek() == 'n' && r.literal("null") }

// more goes to the next item of an array, or the next name of an object; false behind the last one, which takes the
// closing bracket as well.
func (r *Reader) more(closing byte) bool {
	if r.err != nil {
		return false
	}
	if r.Peek() == closing {
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

// Item goes to the next item of an array.
func (r *Reader) Item() bool { return r.more(']') }

// Member reads the name of the next member; false behind the last one, and after an error.
func (r *Reader) Member() bool {
	if !r.more('}') {
		return false
	}
	r.Peek()
	r.name = nil
	r.name = r.Quoted()
	return r.err == nil && r.take(':')
}

// End finishes the document, behind which only white space may follow, and gives the first error.
func (r *Reader) End() *Error {
	r.name = nil
	if r.err == nil && (r.Peek() != 0 || r.off != len(r.b)) {
		r.Fail(r.off, ErrSyntax)
	}
	return r.err
}

// Err gives the first error so far.
func (r *Reader) Err() *Error { return r.err }

// literal takes a word.
func (r *Reader) literal(word string) bool {
	if len(r.b)-r.off < len(word) || string(r.b[r.off:r.off+len(word)]) != word {
		r.Fail(r.off, ErrSyntax)
		return false
	}
	r.off += len(word)
	return true
}

// Text takes a text or null, which is nil.
func (r *Reader) Text() []byte {
	switch r.Peek() {
	case '"':
		return r.Quoted()
	case 'n':
		r.literal("null")
		return nil
	}
	r.Wrong(ErrType)
	return nil
}

// Value takes a value of any kind and gives its bytes.
func (r *Reader) Value() []byte {
	r.Peek()
	from := r.off
	r.Skip()
	if r.err != nil {
		return nil
	}
	return r.b[from:r.off:r.off]
}

// Skip takes a value of any kind. Its depth is bounded by MaxDepth, and so is the recursion.
func (r *Reader) Skip() {
	if r.err != nil {
		return
	}
	switch c := r.Peek(); {
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
		for r.Nest(); r.more('}'); {
			r.Peek()
			r.quoted(false)
			if r.err == nil && r.take(':') {
				r.Skip()
			}
		}
	case c == '[':
		for r.Nest(); r.more(']'); {
			r.Skip()
		}
	default:
		r.Fail(r.off, ErrSyntax)
	}
}
