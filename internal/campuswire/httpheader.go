package campuswire

import (
	"strings"

	"github.com/bellpull/bellpull/internal/netjson"
)

// A Header is one header of an HTTP message with its values in order.
type Header struct {
	Name   string
	Values []string
}

// ContentHeader reports whether a header belongs to the content for .NET, which keeps two lists and throws where one
// stands in the wrong list. Names are compared without regard to case. Section 8.
func ContentHeader(name string) bool {
	for _, h := range [...]string{"Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
		"Content-Location", "Content-MD5", "Content-Range", "Content-Type", "Expires", "Last-Modified"} {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

// parseHeaders reads one of the two lists, and adds it to what is there.
func parseHeaders(r *jsonReader, list []Header, content bool, count *int) []Header {
	of := r.Name()
	for r.Array(); r.Item(); {
		r.In(of)
		at := r.Offset()
		var h Header
		named, valued := false, false
		for r.Object(); r.Member(); {
			switch string(r.Name()) {
			case "Key":
				h.Name, named = string(r.text()), true
			case "Value":
				valued = true
				h.Values = h.Values[:0]
				for r.Array(); r.Item(); {
					h.Values = append(h.Values, string(r.required()))
					if *count++; *count > MaxHeaders {
						r.Fail(r.Offset(), ErrTooMany)
					}
				}
			default:
				r.Skip()
			}
		}
		if !r.OK() {
			return nil
		}
		r.In(of)
		if len(h.Values) == 0 {
			*count++
		}
		switch {
		case *count > MaxHeaders:
			r.Fail(at, ErrTooMany)
		case !named || !valued:
			r.Fail(at, ErrMissing)
		case !validHeader(&h) || ContentHeader(h.Name) != content:
			r.Fail(at, ErrValue)
		}
		list = append(list, h)
	}
	r.In(of)
	return list
}

// required takes a text that is not null.
func (r *jsonReader) required() Str {
	at := r.Offset()
	s := r.text()
	if s == nil {
		r.Fail(at, ErrMissing)
	}
	return s
}

// appendHeaders appends one of the two lists, taken from all headers.
func appendHeaders(w *jsonWriter, list []Header, content bool) {
	w.open('[')
	for i := range list {
		h := &list[i]
		if ContentHeader(h.Name) != content {
			continue
		}
		w.next()
		w.open('{')
		w.text("Key", h.Name)
		w.name("Value")
		w.open('[')
		for _, v := range h.Values {
			w.next()
			w.b = netjson.AppendQuoted(w.b, v, w.style)
		}
		w.close(']')
		w.close('}')
	}
	w.close(']')
}

// checkHeaders looks at headers that are to be written.
func checkHeaders(r *jsonReader, list []Header) {
	count := 0
	for i := range list {
		h := &list[i]
		count += max(len(h.Values), 1)
		of := "Headers"
		if ContentHeader(h.Name) {
			of = "ContentHeaders"
		}
		switch {
		case !validHeader(h):
			r.Missing(of, ErrValue)
		case count > MaxHeaders:
			r.Missing(of, ErrTooMany)
		}
	}
}

func hasContentHeader(list []Header) bool {
	for i := range list {
		if ContentHeader(list[i].Name) {
			return true
		}
	}
	return false
}

// validHeader reports whether a header can be one of HTTP: its name a token, no line end or NUL in its values.
func validHeader(h *Header) bool {
	for _, v := range h.Values {
		if strings.ContainsAny(v, "\r\n\x00") {
			return false
		}
	}
	return token(h.Name)
}

// token reports whether s is a token of HTTP, as names of headers and methods are.
func token(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// httpVersion reports whether s is a version as .NET reads one: two to four numbers with dots between them.
func httpVersion(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 4 {
		return false
	}
	for _, p := range parts {
		if p == "" || len(p) > 9 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return true
}
