package campuswire

import (
	"strconv"

	"github.com/bellpull/bellpull/internal/netjson"
)

// A jsonWriter appends one document without white space.
type jsonWriter struct {
	b     []byte
	style netjson.Escape
	first bool
}

func (w *jsonWriter) open(c byte) {
	w.b = append(w.b, c)
	w.first = true
}

func (w *jsonWriter) close(c byte) {
	w.b = append(w.b, c)
	w.first = false
}

// next goes to the place of the next member or item.
func (w *jsonWriter) next() {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
}

// name appends the name of a member of a model; those need no escapes.
func (w *jsonWriter) name(name string) {
	w.next()
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *jsonWriter) null() { w.b = append(w.b, "null"...) }

// str appends a text or null.
func (w *jsonWriter) str(name string, s Str) {
	w.name(name)
	if s == nil {
		w.null()
		return
	}
	w.b = netjson.AppendQuoted(w.b, s, w.style)
}

func (w *jsonWriter) text(name, s string) {
	w.name(name)
	w.b = netjson.AppendQuoted(w.b, s, w.style)
}

// raw appends a value that is JSON already; nothing is null.
func (w *jsonWriter) raw(name string, value []byte) {
	w.name(name)
	if value == nil {
		w.null()
		return
	}
	w.b = append(w.b, value...)
}

func (w *jsonWriter) uint(name string, v uint64) {
	w.name(name)
	w.b = strconv.AppendUint(w.b, v, 10)
}

func (w *jsonWriter) int(name string, v int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, v, 10)
}
