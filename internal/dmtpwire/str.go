package dmtpwire

// Str is a text on the wire that may be null: nil is null, a Str that is not nil but has no bytes is the empty text.
// A Str of a parsed message aliases the body. It is UTF-8 when it comes from JSON; in binary packages nobody checks.
//
// Str("x") converts a text, Str("") is not null. Comparing string(s) == "x" does not allocate.
type Str []byte

// Null reports whether s is null.
func (s Str) Null() bool { return s == nil }

// Is reports whether s is the text t; null is no text.
func (s Str) Is(t string) bool { return s != nil && string(s) == t }

// Equal reports whether s and t are the same text or both null.
func (s Str) Equal(t Str) bool { return (s == nil) == (t == nil) && string(s) == string(t) }

// String gives a copy of the text; null gives "".
func (s Str) String() string { return string(s) }

// Clone gives a copy that does not alias the body. It keeps null apart from empty.
func (s Str) Clone() Str {
	if s == nil {
		return nil
	}
	return append(Str{}, s...)
}
