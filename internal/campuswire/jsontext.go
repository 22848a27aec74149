package campuswire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Escape is how a text is written in JSON. Readers take either.
type Escape uint8

const (
	// EscapeAll is the style of System.Text.Json: the output is ASCII; all else, the controls, and " & ' + < > ` are
	// \uXXXX in upper case, backslash and \b \t \n \f \r short.
	EscapeAll Escape = iota
	// EscapeLeast is the style of Newtonsoft.Json: raw UTF-8; the controls and the line ends of Unicode are \uxxxx in
	// lower case, quote, backslash and \b \t \n \f \r short.
	EscapeLeast
)

// quoted takes a text in quotes. With value it gives the text, which aliases the document unless there are escapes in
// it; without it the same is checked.
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
			switch {
			case !value:
				return nil
			case escaped:
				return unescape(r.b[from:i])
			}
			return r.b[from:i:i]
		case c < 0x20:
			r.fail(i, ErrSyntax)
			return nil
		case c == '\\':
			n, what := escapeLen(r.b[i:])
			if what != nil {
				r.fail(i, what)
				return nil
			}
			escaped = true
			i += n - 1
		}
	}
	r.fail(len(r.b), ErrSyntax)
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
func unescape(raw []byte) Str {
	s := make(Str, 0, len(raw))
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

// appendQuoted appends a text in quotes. A byte that is no UTF-8 becomes U+FFFD.
func appendQuoted[T ~string | ~[]byte](b []byte, s T, style Escape) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			i += n
			b = appendRune(b, r, style)
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
			switch {
			case style == EscapeAll:
				b = appendUnicode(b, rune(c), upperHex)
			case c == '"':
				b = append(b, '\\', '"')
			default:
				b = append(b, c)
			}
		default:
			switch {
			case c >= 0x20:
				b = append(b, c)
			case style == EscapeAll:
				b = appendUnicode(b, rune(c), upperHex)
			default:
				b = appendUnicode(b, rune(c), lowerHex)
			}
		}
	}
	return append(b, '"')
}

// appendRune appends what is not ASCII.
func appendRune(b []byte, r rune, style Escape) []byte {
	if style == EscapeLeast {
		if r == 0x85 || r == 0x2028 || r == 0x2029 {
			return appendUnicode(b, r, lowerHex)
		}
		return utf8.AppendRune(b, r)
	}
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendUnicode(appendUnicode(b, high, upperHex), low, upperHex)
	}
	return appendUnicode(b, r, upperHex)
}

const (
	upperHex = "0123456789ABCDEF"
	lowerHex = "0123456789abcdef"
)

func appendUnicode(b []byte, r rune, hex string) []byte {
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
