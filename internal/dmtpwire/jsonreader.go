package dmtpwire

// MaxJSONDepth bounds the nesting of a kernel message, the outermost object counting as one; .NET has the same.
const MaxJSONDepth = 64

// A jsonReader takes one JSON object off a body as System.Text.Json does it for the kernel messages (section 4.2),
// which encoding/json does not: names are case-sensitive, and null is an error for anything but a text or metadata.
// Errors are also another wrong type, a comment, a byte order mark, bytes behind the end and half a surrogate pair.
// The first error sticks.
//
// Use:
//
//	r := jsonReader{b: body, msg: "WaitPing"}
//	r.open()
//	for r.member() {
//		switch string(r.name) {
//		case "Sign": m.Sign = r.int32()
//		default: r.skip()
//		}
//	}
//	return r.end()
type jsonReader struct {
	b     []byte
	off   int
	msg   string
	name  Str // of the member just read
	depth int
	first bool
	err   *JSONError
}

// maxMemberName bounds how much of a name shows in an error.
const maxMemberName = 64

func (r *jsonReader) fail(off int, what error) {
	if r.err == nil {
		r.err = &JSONError{Message: r.msg, Member: string(r.name[:min(len(r.name), maxMemberName)]), Offset: off, What: what}
	}
	r.off = len(r.b)
}

func (r *jsonReader) space() {
	for r.off < len(r.b) {
		switch r.b[r.off] {
		case ' ', '\t', '\n', '\r':
			r.off++
		default:
			return
		}
	}
}

// peek gives the first byte of the next token, 0 at the end.
func (r *jsonReader) peek() byte {
	r.space()
	if r.off == len(r.b) {
		return 0
	}
	return r.b[r.off]
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

// open begins the message.
func (r *jsonReader) open() { r.nest('{') }

// nest takes an opening bracket.
func (r *jsonReader) nest(c byte) {
	at := r.off
	switch got := r.peek(); {
	case got == c:
	case got == '{' || got == '[' || got == '"' || got == 't' || got == 'f' || got == 'n' || got == '-' || digit(got):
		r.fail(r.off, ErrType)
		return
	default:
		r.fail(r.off, ErrSyntax)
		return
	}
	r.off++
	r.first = true
	if r.depth++; r.depth > MaxJSONDepth {
		r.fail(at, ErrDepth)
	}
}

// item goes to the next item of an array, or the next name of an object; false behind the last one, which takes the
// closing bracket as well.
func (r *jsonReader) item(closing byte) bool {
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

// member reads the name of the next member; false behind the last one, and after an error.
func (r *jsonReader) member() bool {
	if !r.item('}') {
		return false
	}
	r.space()
	r.name = nil
	r.name = r.quoted(true)
	return r.err == nil && r.take(':')
}

// end finishes the message: nothing but white space may follow.
func (r *jsonReader) end() error {
	r.name = nil
	if r.err == nil {
		if r.space(); r.off != len(r.b) {
			r.fail(r.off, ErrSyntax)
		}
	}
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
	at := r.off
	if r.skip(); r.err == nil {
		r.fail(at, ErrType)
	}
	return nil
}

// integer takes a number that has neither fraction nor exponent and lies within the bounds.
func (r *jsonReader) integer(low, high int64) int64 {
	c := r.peek()
	at := r.off
	if c != '-' && !digit(c) {
		if r.skip(); r.err == nil {
			r.fail(at, ErrType)
		}
		return 0
	}
	whole := r.number()
	if r.err != nil {
		return 0
	}
	text := r.b[at:r.off]
	if !whole || len(text) > 19 {
		r.fail(at, ErrRange)
		return 0
	}
	var v int64
	for _, c := range text {
		if c != '-' {
			v = v*10 + int64(c-'0')
		}
	}
	if c == '-' {
		v = -v
	}
	if v < low || v > high || c == '-' && low == 0 {
		r.fail(at, ErrRange)
		return 0
	}
	return v
}

func (r *jsonReader) int32() int32 { return int32(r.integer(-1<<31, 1<<31-1)) }
func (r *jsonReader) uint8() uint8 { return uint8(r.integer(0, 255)) }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number takes a number and reports whether it is written as an integer.
func (r *jsonReader) number() (whole bool) {
	at, b := r.off, r.b
	i := r.off
	digits := func() bool {
		from := i
		for i < len(b) && digit(b[i]) {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	lead := i
	if !digits() || b[lead] == '0' && i-lead > 1 {
		r.fail(at, ErrSyntax)
		return false
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		i++
		whole = false
		if !digits() {
			r.fail(at, ErrSyntax)
			return false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		whole = false
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			r.fail(at, ErrSyntax)
			return false
		}
	}
	r.off = i
	return whole
}

// skip takes a value of any kind. Its depth is bounded by MaxJSONDepth, and so is the recursion.
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
		for r.nest('{'); r.item('}'); {
			r.space()
			r.quoted(false)
			if r.err == nil && r.take(':') {
				r.skip()
			}
		}
	case c == '[':
		for r.nest('['); r.item(']'); {
			r.skip()
		}
	default:
		r.fail(r.off, ErrSyntax)
	}
}
