package dmtpwire

import "encoding/binary"

const (
	maxStr8   = 0xff - 1   // longest text of a str8: ff is the null mark
	maxStr16  = 0xffff - 1 // the same for str16
	nullLen32 = 1<<31 - 1  // the null mark of str32
)

// A Writer appends the primitives of section 4.7 to a slice. The first value that its field cannot carry becomes the
// error of the Writer ([*PackageError]); [Writer.Done] then gives the slice as it was.
type Writer struct {
	b     []byte
	start int
	pkg   string
	err   *PackageError
}

// NewWriter gives a Writer that appends to b. pkg is the name of the package, for errors.
func NewWriter(b []byte, pkg string) Writer { return Writer{b: b, start: len(b), pkg: pkg} }

// Done gives the slice with all that was appended, or the original one and the first error.
func (w *Writer) Done() ([]byte, error) {
	if w.err != nil {
		return w.b[:w.start], w.err
	}
	return w.b, nil
}

// Len gives the number of bytes appended so far.
func (w *Writer) Len() int { return len(w.b) - w.start }

func (w *Writer) fail(field string, what error, value, limit int64) {
	if w.err == nil {
		w.err = &PackageError{Package: w.pkg, Field: field, Offset: w.Len(), What: what, Value: value, Limit: limit}
	}
}

// Raw appends bytes as they are.
func (w *Writer) Raw(b []byte) { w.b = append(w.b, b...) }

// U8 appends one byte.
func (w *Writer) U8(v uint8) { w.b = append(w.b, v) }

// U16 appends two bytes, little endian.
func (w *Writer) U16(v uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, v) }

// U32 appends four bytes, little endian.
func (w *Writer) U32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }

// I32 appends four bytes, little endian.
func (w *Writer) I32(v int32) { w.U32(uint32(v)) }

// U64 appends eight bytes, little endian.
func (w *Writer) U64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }

// I64 appends eight bytes, little endian.
func (w *Writer) I64(v int64) { w.U64(uint64(v)) }

// NullFlag appends 1 when a value follows, 0 when it is null.
func (w *Writer) NullFlag(present bool) {
	if present {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

// Str8 appends a text of at most 254 bytes behind a one byte length.
func (w *Writer) Str8(field string, s Str) {
	switch {
	case s == nil:
		w.b = append(w.b, 0xff)
	case len(s) > maxStr8:
		w.fail(field, ErrTooLong, int64(len(s)), maxStr8)
	default:
		w.b = append(append(w.b, byte(len(s))), s...)
	}
}

// Str16 appends a text of at most 65,534 bytes behind a two byte length.
func (w *Writer) Str16(field string, s Str) {
	switch {
	case s == nil:
		w.b = append(w.b, 0xff, 0xff)
	case len(s) > maxStr16:
		w.fail(field, ErrTooLong, int64(len(s)), maxStr16)
	default:
		w.U16(uint16(len(s)))
		w.b = append(w.b, s...)
	}
}

// Str32 appends a text behind a four byte length.
func (w *Writer) Str32(field string, s Str) {
	switch {
	case s == nil:
		w.U32(nullLen32)
	case int64(len(s)) >= nullLen32:
		w.fail(field, ErrTooLong, int64(len(s)), nullLen32-1)
	default:
		w.U32(uint32(len(s)))
		w.b = append(w.b, s...)
	}
}

// VarUint appends an integer in 7-bit groups, least significant first.
func (w *Writer) VarUint(v uint32) {
	for v >= 0x80 {
		w.b = append(w.b, byte(v)|0x80)
		v >>= 7
	}
	w.b = append(w.b, byte(v))
}

// VarStr appends a text behind its length + 1.
func (w *Writer) VarStr(field string, s Str) { w.ByteBlock(field, s) }

// ByteBlock appends bytes behind their number + 1; nil is null.
func (w *Writer) ByteBlock(field string, b []byte) {
	if b == nil {
		w.b = append(w.b, 0)
		return
	}
	if !w.fits(field, b) {
		return
	}
	w.VarUint(uint32(len(b)) + 1)
	w.b = append(w.b, b...)
}

// ByteSpan appends bytes behind their number; nil goes as no bytes.
func (w *Writer) ByteSpan(field string, b []byte) {
	if !w.fits(field, b) {
		return
	}
	w.VarUint(uint32(len(b)))
	w.b = append(w.b, b...)
}

// Bytes32 appends bytes behind a four byte length; nil is null. Only generation 3 has it.
func (w *Writer) Bytes32(field string, b []byte) {
	if b == nil {
		w.I32(-1)
		return
	}
	if !w.fits(field, b) {
		return
	}
	w.U32(uint32(len(b)))
	w.b = append(w.b, b...)
}

// fits bounds a block by what a frame can carry at all.
func (w *Writer) fits(field string, b []byte) bool {
	if int64(len(b)) > MaxBody {
		w.fail(field, ErrTooLong, int64(len(b)), MaxBody)
		return false
	}
	return true
}

// DateTime appends a time: eight bytes, little endian, in generation 3 big endian.
func (w *Writer) DateTime(t DateTime, g Generation) { w.ticks(uint64(t), g) }

// TimeSpan appends a duration: eight bytes, little endian, in generation 3 big endian.
func (w *Writer) TimeSpan(d TimeSpan, g Generation) { w.ticks(uint64(d), g) }

func (w *Writer) ticks(v uint64, g Generation) {
	if g == G3 {
		w.b = binary.BigEndian.AppendUint64(w.b, v)
		return
	}
	w.U64(v)
}

// Decimal appends the 16 bytes of a decimal.
func (w *Writer) Decimal(d Decimal) {
	w.U32(d.Flags)
	w.U32(d.High)
	w.U32(d.Low)
	w.U32(d.Mid)
}

// GUID appends 16 bytes in .NET's mixed order.
func (w *Writer) GUID(u GUID) {
	v := guidSwap(u)
	w.b = append(w.b, v[:]...)
}

// varLen gives the length of a varuint, for the Len functions of the hot packages.
func varLen(v uint32) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}
