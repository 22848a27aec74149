package campuswire

import (
	"encoding/binary"
	"unicode/utf8"
)

// markRegister begins the content of a registration; the blank belongs to it.
const markRegister = "PeerRegisterHeader "

const registerName = len(markRegister) + 4

// ParseRegister reads the content of a registration and gives a copy of the name.
//
//	offset size field  (little endian)
//	0      19   mark   "PeerRegisterHeader "
//	19     4    length of the name in bytes, signed
//	23     n    name   UTF-8
//
// What is behind the name does not belong to it; of a length beyond the end the rest is taken, as .NET does. The error
// is a [*ContentError]: another mark, a content that ends too early, a negative length, a name that is empty, invalid
// UTF-8 or longer than [MaxName]. Section 2.4.
func ParseRegister(content []byte) (name string, err error) {
	fail := func(field string, offset int, what error, value, limit int) (string, error) {
		return "", &ContentError{Content: "registration", Field: field, Offset: offset, What: what, Value: int64(value), Limit: int64(limit)}
	}
	switch {
	case len(content) < len(markRegister) || string(content[:len(markRegister)]) != markRegister:
		return fail("mark", 0, ErrMark, len(content), len(markRegister))
	case len(content) < registerName:
		return fail("length", len(markRegister), ErrTruncated, 4, len(content)-len(markRegister))
	}
	size := int(int32(binary.LittleEndian.Uint32(content[len(markRegister):])))
	raw := content[registerName:]
	switch {
	case size < 0:
		return fail("length", len(markRegister), ErrNegative, size, 0)
	case size < len(raw):
		raw = raw[:size]
	}
	switch {
	case len(raw) == 0:
		return fail("name", registerName, ErrEmpty, 0, 1)
	case len(raw) > MaxName:
		return fail("name", registerName, ErrTooLong, len(raw), MaxName)
	case !utf8.Valid(raw):
		return fail("name", registerName, ErrText, len(raw), MaxName)
	}
	return string(raw), nil
}

// RegisterLen gives the length of the frame that registers a name. A name that [ParseRegister] would refuse is the same
// error here.
func (f Framing) RegisterLen(name string) (int, error) {
	var what error
	switch {
	case name == "":
		what = ErrEmpty
	case len(name) > MaxName:
		what = ErrTooLong
	case !utf8.ValidString(name):
		what = ErrText
	default:
		return f.HeaderLen() + registerName + len(name), nil
	}
	return 0, &ContentError{Content: "registration", Field: "name", Offset: registerName, What: what, Value: int64(len(name)), Limit: MaxName}
}

// AppendRegister appends the frame that registers a name, the first on each pipe. Its length is that of
// [Framing.RegisterLen], whose errors it gives; b is then as it was.
func (f Framing) AppendRegister(b []byte, ack uint64, name string) ([]byte, error) {
	if _, err := f.RegisterLen(name); err != nil {
		return b, err
	}
	b = f.appendHeader(b, CommandRegister, ack, registerName+len(name))
	b = append(b, markRegister...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)))
	return append(b, name...), nil
}
