package netjson

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

// AppendQuoted appends a text in quotes. A byte that is no UTF-8 becomes U+FFFD.
func AppendQuoted[T ~string | ~[]byte](b []byte, s T, style Escape) []byte {
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
