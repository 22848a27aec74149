package netjson

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Quoted takes a text, which must be there.
func (r *Reader) Quoted() []byte { return r.quoted(true) }

// quoted takes a text in quotes. With value it gives the text, which aliases the document unless there are escapes in
// it; without it the same is checked, or by a loose reader its syntax alone.
func (r *Reader) quoted(value bool) []byte {
	at := r.off
	if r.Peek() != '"' {
		r.Fail(at, ErrSyntax)
		return nil
	}
	from := r.off + 1
	escaped := false
	for i := from; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.off = i + 1
			switch {
			case !value:
				return nil
			case r.loose && !utf8.Valid(r.b[from:i]):
				r.Fail(at, ErrText)
				return nil
			case escaped:
				return unescape(r.b[from:i])
			}
			return r.b[from:i:i]
		case c < 0x20:
			r.Fail(i, ErrSyntax)
			return nil
		case c == '\\':
			n, what := escapeLen(r.b[i:])
			if what == ErrText && !value && r.loose {
				n, what = 6, nil
			}
			if what != nil {
				r.Fail(i, what)
				return nil
			}
			escaped = true
			i += n - 1
		}
	}
	r.Fail(len(r.b), ErrSyntax)
	return nil
}

// escapeLen gives the length of the escape at the beginning of b: both halves of a surrogate pair count as one.
func escapeLen(b []byte) (n int, err error) {
	if len(b) < 2 {
		return 0, ErrSyntax
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, nil
	case 'u':
		switch c := hex4(b); {
		case c < 0:
			return 0, ErrSyntax
		case !utf16.IsSurrogate(c):
			return 6, nil
		case utf16.DecodeRune(c, hex4(b[6:])) == utf8.RuneError:
			return 0, ErrText
		}
		return 12, nil
	}
	return 0, ErrSyntax
}

// hex4 gives the number of the \uXXXX at the beginning of b, -1 when it is none.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var v rune
	for _, c := range b[2:6] {
		switch {
		case digit(c):
			v = v<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return v
}

// unescape resolves the escapes of a text that quoted found right.
func unescape(raw []byte) []byte {
	s := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			s = append(s, raw[i])
			continue
		}
		switch c := raw[i+1]; c {
		case 'b':
			s = append(s, '\b')
		case 'f':
			s = append(s, '\f')
		case 'n':
			s = append(s, '\n')
		case 'r':
			s = append(s, '\r')
		case 't':
			s = append(s, '\t')
		case 'u':
			c := hex4(raw[i:])
			if utf16.IsSurrogate(c) {
				i += 6
				c = utf16.DecodeRune(c, hex4(raw[i:]))
			}
			s = utf8.AppendRune(s, c)
			i += 4
		default:
			s = append(s, c)
		}
		i++
	}
	return s
}
