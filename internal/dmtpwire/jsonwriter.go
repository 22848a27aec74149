package dmtpwire

import (
	"strconv"
	"unicode/utf8"
)

// JSONStyle is the white space between the tokens of a message. Readers do not care.
type JSONStyle uint8

const (
	// Compact has no white space.
	Compact JSONStyle = iota
	// Indented is what .NET writes, byte by byte: two spaces a level, a line a member, line feeds.
	Indented
)

// A jsonWriter appends one message. The escapes are those of .NET in either style, so the output is ASCII.
type jsonWriter struct {
	b     []byte
	style JSONStyle
	depth int
	first bool
}

func (w *jsonWriter) open(c byte) {
	w.b = append(w.b, c)
	w.depth++
	w.first = true
}

func (w *jsonWriter) close(c byte) {
	w.depth--
	if !w.first {
		w.line()
	}
	w.first = false
	w.b = append(w.b, c)
}

// next goes to the place of the next member or item.
func (w *jsonWriter) next() {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.line()
}

func (w *jsonWriter) line() {
	if w.style != Indented {
		return
	}
	w.b = append(w.b, '\n')
	for range w.depth {
		w.b = append(w.b, ' ', ' ')
	}
}

// name appends the name of a member.
func (w *jsonWriter) name(name Str) {
	w.next()
	w.b = appendQuoted(w.b, name)
	w.b = append(w.b, ':')
	if w.style == Indented {
		w.b = append(w.b, ' ')
	}
}

func (w *jsonWriter) null() { w.b = append(w.b, "null"...) }

func (w *jsonWriter) value(s Str) {
	if s == nil {
		w.null()
		return
	}
	w.b = appendQuoted(w.b, s)
}

func (w *jsonWriter) text(name string, s Str) {
	w.name(Str(name))
	w.value(s)
}

func (w *jsonWriter) int(name string, v int64) {
	w.name(Str(name))
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *jsonWriter) bool(name string, v bool) {
	w.name(Str(name))
	w.b = strconv.AppendBool(w.b, v)
}

const upperHex = "0123456789ABCDEF"

// appendQuoted appends a text as .NET escapes it: quote, & ' + < > ` and 7f, the controls and all from 80 up as
// \uXXXX; backslash and \b \t \n \f \r short. A byte that is no UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s Str) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			i += n
			if r > 0xffff {
				r -= 0x10000
				b = appendUnicode(b, 0xd800+r>>10)
				r = 0xdc00 + r&0x3ff
			}
			b = appendUnicode(b, r)
			continue
		}
		i++
		switch c {
		case '\\':
			b = append(b, '\\', '\\')
		case '\b':
			b = append(b, '\\', 'b')
		case '\t':
			b = append(b, '\\', 't')
		case '\n':
			b = append(b, '\\', 'n')
		case '\f':
			b = append(b, '\\', 'f')
		case '\r':
			b = append(b, '\\', 'r')
		case '"', '&', '\'', '+', '<', '>', '`', 0x7f:
			b = appendUnicode(b, rune(c))
		default:
			if c < 0x20 {
				b = appendUnicode(b, rune(c))
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}

func appendUnicode(b []byte, r rune) []byte {
	return append(b, '\\', 'u', upperHex[r>>12&15], upperHex[r>>8&15], upperHex[r>>4&15], upperHex[r&15])
}

// AppendJSONString appends a text in quotes, escaped as .NET escapes it; arguments of calls are written the same way
// (section 4.2). null is the word null.
func AppendJSONString(b []byte, s Str) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendQuoted(b, s)
}
