package dmtpwire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// quoted takes a text in quotes. With value it gives the text, which aliases the body unless there are escapes in
// it, and looks at its UTF-8 and surrogates; without it only the syntax counts.
func (r *jsonReader) quoted(value bool) Str {
	at := r.off
	if r.peek() != '"' {
		r.fail(at, ErrSyntax)
		return nil
	}
	from := r.off + 1
	escaped := false
	for i := from; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.off = i + 1
			if !value {
				return nil
			}
			raw := r.b[from:i:i]
			if !utf8.Valid(raw) {
				r.fail(at, ErrText)
				return nil
			}
			if !escaped {
				return raw
			}
			s, ok := unescape(raw)
			if !ok {
				r.fail(at, ErrText)
				return nil
			}
			return s
		case c < 0x20:
			r.fail(i, ErrSyntax)
			return nil
		case c == '\\':
			n := escapeLen(r.b[i:])
			if n == 0 {
				r.fail(i, ErrSyntax)
				return nil
			}
			escaped = true
			i += n - 1
		}
	}
	r.fail(len(r.b), ErrSyntax)
	return nil
}

// escapeLen gives the length of the escape at the beginning of b, 0 when it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && hex4(b[2:6]) >= 0 {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) rune {
	var v rune
	for _, c := range b[:4] {
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

// unescape resolves the escapes of a text whose syntax is right; not ok when it holds half a surrogate pair.
func unescape(raw []byte) (s Str, ok bool) {
	s = make(Str, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			s = append(s, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
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
			c := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(c) {
				if len(raw)-i < 7 || raw[i+1] != '\\' || raw[i+2] != 'u' {
					return nil, false
				}
				if c = utf16.DecodeRune(c, hex4(raw[i+3:])); c == utf8.RuneError {
					return nil, false
				}
				i += 6
			}
			s = utf8.AppendRune(s, c)
		default:
			s = append(s, c)
		}
	}
	return s, true
}
