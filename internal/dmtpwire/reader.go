package dmtpwire

import "encoding/binary"

// A Reader takes the primitives of section 4.7 off a body, front to back. The first thing that does not fit becomes
// the error of the Reader ([*PackageError]); from then on every method gives zero values. So a parser reads all its
// fields and asks for the error once. A length from the body is compared with the bytes that are left before it is
// used; nothing is allocated and what is returned aliases the body.
//
// The field names given to the methods only show in errors.
type Reader struct {
	b   []byte
	off int
	pkg string
	err *PackageError
}

// NewReader gives a Reader of a body. pkg is the name of the package, for errors.
func NewReader(body []byte, pkg string) Reader { return Reader{b: body, pkg: pkg} }

// Err gives the first error, of type [*PackageError], or nil.
func (r *Reader) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// Offset gives how many bytes have been read. After an error it is the length of the body.
func (r *Reader) Offset() int { return r.off }

// Len gives how many bytes are left.
func (r *Reader) Len() int { return len(r.b) - r.off }

// Rest takes all that is left. It is not nil unless the body is, or there was an error.
func (r *Reader) Rest() []byte {
	if r.err != nil {
		return nil
	}
	b := r.b[r.off:len(r.b):len(r.b)]
	r.off = len(r.b)
	return b
}

// fail records the first error and makes everything behind it fail at once.
func (r *Reader) fail(field string, off int, what error, value, limit int64) {
	if r.err == nil {
		r.err = &PackageError{Package: r.pkg, Field: field, Offset: off, What: what, Value: value, Limit: limit}
	}
	r.off = len(r.b)
}

// bytes takes n bytes; n comes from the field that began at offset at.
func (r *Reader) bytes(field string, at int, n int64) []byte {
	if n > int64(len(r.b)-r.off) {
		r.fail(field, at, ErrTruncated, n, int64(len(r.b)-r.off))
		return nil
	}
	end := r.off + int(n)
	b := r.b[r.off:end:end]
	r.off = end
	return b
}

// Raw takes n bytes, n >= 0.
func (r *Reader) Raw(field string, n int) []byte { return r.bytes(field, r.off, int64(n)) }

// U8 takes one byte.
func (r *Reader) U8(field string) uint8 {
	if r.off >= len(r.b) {
		r.fail(field, r.off, ErrTruncated, 1, 0)
		return 0
	}
	v := r.b[r.off]
	r.off++
	return v
}

// U16 takes two bytes, little endian.
func (r *Reader) U16(field string) uint16 {
	if b := r.bytes(field, r.off, 2); len(b) == 2 {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 takes four bytes, little endian.
func (r *Reader) U32(field string) uint32 {
	if b := r.bytes(field, r.off, 4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// I32 takes four bytes, little endian.
func (r *Reader) I32(field string) int32 { return int32(r.U32(field)) }

// U64 takes eight bytes, little endian.
func (r *Reader) U64(field string) uint64 {
	if b := r.bytes(field, r.off, 8); len(b) == 8 {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// I64 takes eight bytes, little endian.
func (r *Reader) I64(field string) int64 { return int64(r.U64(field)) }

// NullFlag takes a null flag: true when a value follows. Any byte but 0 and 1 is an error.
func (r *Reader) NullFlag(field string) (present bool) {
	at := r.off
	switch v := r.U8(field); v {
	case 0:
		return false
	case 1:
		return true
	default:
		r.fail(field, at, ErrNullFlag, int64(v), 1)
		return false
	}
}

// Str8 takes a text behind a one byte length; length ff is null.
func (r *Reader) Str8(field string) Str {
	at := r.off
	n := r.U8(field)
	if n == 0xff {
		return nil
	}
	return r.bytes(field, at, int64(n))
}

// Str16 takes a text behind a two byte length; length ffff is null.
func (r *Reader) Str16(field string) Str {
	at := r.off
	n := r.U16(field)
	if n == 0xffff {
		return nil
	}
	return r.bytes(field, at, int64(n))
}

// Str32 takes a text behind a four byte length; length 7fffffff is null, a negative one an error.
func (r *Reader) Str32(field string) Str {
	at := r.off
	n := r.I32(field)
	switch {
	case n == nullLen32:
		return nil
	case n < 0:
		r.fail(field, at, ErrNegative, int64(n), nullLen32-1)
		return nil
	}
	return r.bytes(field, at, int64(n))
}

// VarUint takes an integer of 7-bit groups, least significant first, of at most 32 bits.
func (r *Reader) VarUint(field string) uint32 {
	at := r.off
	var v uint32
	for shift := uint(0); ; shift += 7 {
		c := r.U8(field)
		if shift == 28 && c > 0x0f {
			r.fail(field, at, ErrVarUint, int64(c), 0x0f)
			return 0
		}
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
}

// VarStr takes a text behind its length + 1; 0 is null.
func (r *Reader) VarStr(field string) Str { return r.ByteBlock(field) }

// ByteBlock takes bytes behind their number + 1; 0 is null.
func (r *Reader) ByteBlock(field string) []byte {
	at := r.off
	n := r.VarUint(field)
	if n == 0 {
		return nil
	}
	return r.bytes(field, at, int64(n)-1)
}

// ByteSpan takes bytes behind their number. There is no null.
func (r *Reader) ByteSpan(field string) []byte {
	at := r.off
	return r.bytes(field, at, int64(r.VarUint(field)))
}

// Bytes32 takes bytes behind a four byte length; length -1 is null, other negative ones are an error. Only
// generation 3 has it.
func (r *Reader) Bytes32(field string) []byte {
	at := r.off
	n := r.I32(field)
	switch {
	case n == -1:
		return nil
	case n < 0:
		r.fail(field, at, ErrNegative, int64(n), nullLen32)
		return nil
	}
	return r.bytes(field, at, int64(n))
}

// DateTime takes a time: eight bytes, little endian, in generation 3 big endian.
func (r *Reader) DateTime(field string, g Generation) DateTime {
	return DateTime(r.ticks(field, g))
}

// TimeSpan takes a duration: eight bytes, little endian, in generation 3 big endian.
func (r *Reader) TimeSpan(field string, g Generation) TimeSpan {
	return TimeSpan(r.ticks(field, g))
}

func (r *Reader) ticks(field string, g Generation) uint64 {
	b := r.bytes(field, r.off, 8)
	switch {
	case len(b) != 8:
		return 0
	case g == G3:
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// Decimal takes the 16 bytes of a decimal.
func (r *Reader) Decimal(field string) (d Decimal) {
	d.Flags, d.High, d.Low, d.Mid = r.U32(field), r.U32(field), r.U32(field), r.U32(field)
	return d
}

// GUID takes 16 bytes in .NET's mixed order.
func (r *Reader) GUID(field string) (u GUID) {
	if b := r.bytes(field, r.off, 16); len(b) == 16 {
		u = guidSwap([16]byte(b))
	}
	return u
}
