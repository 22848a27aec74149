package dmtpwire

import (
	"strconv"

	"github.com/bellpull/bellpull/internal/netjson"
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
	w.b = netjson.AppendQuoted(w.b, name, netjson.EscapeAll)
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
	w.b = netjson.AppendQuoted(w.b, s, netjson.EscapeAll)
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

// AppendJSONString appends a text in quotes, escaped as .NET escapes it; arguments of calls are written the same way
// (section 4.2). null is the word null.
func AppendJSONString(b []byte, s Str) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return netjson.AppendQuoted(b, s, netjson.EscapeAll)
}
