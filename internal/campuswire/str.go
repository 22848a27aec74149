package campuswire

// Str is a text in a document that may be null: nil is null, a Str that is not nil but has no bytes is the empty text.
// A Str of a parsed document aliases it unless there were escapes in it, and is valid UTF-8.
//
// Str("x") converts a text, Str("") is not null. Comparing string(s) == "x" and looking string(s) up in a map does not
// allocate.
type Str []byte

// Null reports whether s is null.
func (s Str) Null() bool { return s == nil }

// Blank reports whether s is null, or white space alone.
func (s Str) Blank() bool {
	for _, r := range string(s) {
		if !isSpace(r) {
			return false
		}
	}
	return true
}

// isSpace is Char.IsWhiteSpace of .NET.
func isSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r == ' ', r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a:
		return true
	}
	return r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000
}

// String gives a copy of the text; null gives "".
func (s Str) String() string { return string(s) }

// Clone gives a copy that does not alias the document. It keeps null apart from empty.
func (s Str) Clone() Str {
	if s == nil {
		return nil
	}
	return append(Str{}, s...)
}
