package dmtpwire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// primitives are the examples and the null and empty marks of sections 4.7 and 4.8.
var primitives = []struct {
	name string
	hex  string
	want any
	read func(r *Reader) any
	add  func(w *Writer)
}{
	{"u8", "2a", uint8(42), func(r *Reader) any { return r.U8("f") }, func(w *Writer) { w.U8(42) }},
	{"u16", "0201", uint16(0x0102), func(r *Reader) any { return r.U16("f") }, func(w *Writer) { w.U16(0x0102) }},
	{"i32", "fdffffff", int32(-3), func(r *Reader) any { return r.I32("f") }, func(w *Writer) { w.I32(-3) }},
	{"i64", "fdffffffffffffff", int64(-3), func(r *Reader) any { return r.I64("f") }, func(w *Writer) { w.I64(-3) }},
	{"nf null", "00", false, func(r *Reader) any { return r.NullFlag("f") }, func(w *Writer) { w.NullFlag(false) }},
	{"nf", "01", true, func(r *Reader) any { return r.NullFlag("f") }, func(w *Writer) { w.NullFlag(true) }},
	{"str8 k", "01 6b", Str("k"), func(r *Reader) any { return r.Str8("f") }, func(w *Writer) { w.Str8("f", Str("k")) }},
	{"str8 id", vS, Str("01-00-00-00"), func(r *Reader) any { return r.Str8("f") }, func(w *Writer) { w.Str8("f", sid()) }},
	{"str8 null", "ff", Str(nil), func(r *Reader) any { return r.Str8("f") }, func(w *Writer) { w.Str8("f", nil) }},
	{"str8 empty", "00", Str(""), func(r *Reader) any { return r.Str8("f") }, func(w *Writer) { w.Str8("f", Str("")) }},
	{"str16 fin", "0300 66696e", Str("fin"), func(r *Reader) any { return r.Str16("f") }, func(w *Writer) { w.Str16("f", Str("fin")) }},
	{"str16 null", "ffff", Str(nil), func(r *Reader) any { return r.Str16("f") }, func(w *Writer) { w.Str16("f", nil) }},
	{"str16 empty", "0000", Str(""), func(r *Reader) any { return r.Str16("f") }, func(w *Writer) { w.Str16("f", Str("")) }},
	{"str32", "01000000 61", Str("a"), func(r *Reader) any { return r.Str32("f") }, func(w *Writer) { w.Str32("f", Str("a")) }},
	{"str32 null", "ffffff7f", Str(nil), func(r *Reader) any { return r.Str32("f") }, func(w *Writer) { w.Str32("f", nil) }},
	{"str32 empty", "00000000", Str(""), func(r *Reader) any { return r.Str32("f") }, func(w *Writer) { w.Str32("f", Str("")) }},
	{"varuint 0", "00", uint32(0), func(r *Reader) any { return r.VarUint("f") }, func(w *Writer) { w.VarUint(0) }},
	{"varuint 127", "7f", uint32(127), func(r *Reader) any { return r.VarUint("f") }, func(w *Writer) { w.VarUint(127) }},
	{"varuint 1001", "e907", uint32(1001), func(r *Reader) any { return r.VarUint("f") }, func(w *Writer) { w.VarUint(1001) }},
	{"varuint max", "ffffffff0f", uint32(1<<32 - 1), func(r *Reader) any { return r.VarUint("f") }, func(w *Writer) { w.VarUint(1<<32 - 1) }},
	{"varstr a", "02 61", Str("a"), func(r *Reader) any { return r.VarStr("f") }, func(w *Writer) { w.VarStr("f", Str("a")) }},
	{"varstr null", "00", Str(nil), func(r *Reader) any { return r.VarStr("f") }, func(w *Writer) { w.VarStr("f", nil) }},
	{"varstr empty", "01", Str(""), func(r *Reader) any { return r.VarStr("f") }, func(w *Writer) { w.VarStr("f", Str("")) }},
	{"bytespan", "03 010203", []byte{1, 2, 3}, func(r *Reader) any { return r.ByteSpan("f") }, func(w *Writer) { w.ByteSpan("f", []byte{1, 2, 3}) }},
	{"bytespan empty", "00", []byte{}, func(r *Reader) any { return r.ByteSpan("f") }, func(w *Writer) { w.ByteSpan("f", nil) }},
	{"byteblock 1000", "e907" + strings.Repeat("00", 1000), make([]byte, 1000), func(r *Reader) any { return r.ByteBlock("f") }, func(w *Writer) { w.ByteBlock("f", make([]byte, 1000)) }},
	{"byteblock null", "00", []byte(nil), func(r *Reader) any { return r.ByteBlock("f") }, func(w *Writer) { w.ByteBlock("f", nil) }},
	{"byteblock empty", "01", []byte{}, func(r *Reader) any { return r.ByteBlock("f") }, func(w *Writer) { w.ByteBlock("f", []byte{}) }},
	{"bytes32", "02000000 0102", []byte{1, 2}, func(r *Reader) any { return r.Bytes32("f") }, func(w *Writer) { w.Bytes32("f", []byte{1, 2}) }},
	{"bytes32 null", "ffffffff", []byte(nil), func(r *Reader) any { return r.Bytes32("f") }, func(w *Writer) { w.Bytes32("f", nil) }},
	{"DateTime", "80c0bf7a3f0bdc48", UTC(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)), func(r *Reader) any { return r.DateTime("f", G42) }, func(w *Writer) { w.DateTime(UTC(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)), G42) }},
	{"DateTime 3", "48dc0b3f7abfc080", UTC(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)), func(r *Reader) any { return r.DateTime("f", G3) }, func(w *Writer) { w.DateTime(UTC(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)), G3) }},
	{"TimeSpan", "0046c32300000000", Span(time.Minute), func(r *Reader) any { return r.TimeSpan("f", G40) }, func(w *Writer) { w.TimeSpan(Span(time.Minute), G40) }},
	{"Decimal -1.5", "00000180 00000000 0f000000 00000000", Decimal{0x80010000, 0, 15, 0}, func(r *Reader) any { return r.Decimal("f") }, func(w *Writer) { w.Decimal(Decimal{0x80010000, 0, 15, 0}) }},
	{"Guid", "33221100 5544 7766 8899aabbccddeeff", GUID([]byte("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff")), func(r *Reader) any { return r.GUID("f") }, func(w *Writer) {
		w.GUID(GUID([]byte("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff")))
	}},
}

func TestPrimitives(t *testing.T) {
	for _, c := range primitives {
		in := unhex(t, c.hex)
		r := NewReader(append(bytes.Clone(in), 0xcc), "T")
		if got := c.read(&r); r.Err() != nil || !reflect.DeepEqual(got, c.want) || r.Len() != 1 || r.Offset() != len(in) {
			t.Errorf("%s: read %#v, %v, %d bytes left, want %#v", c.name, got, r.Err(), r.Len()-1, c.want)
		}
		w := NewWriter([]byte("x"), "T")
		c.add(&w)
		if out, err := w.Done(); err != nil || !bytes.Equal(out[1:], in) || w.Len() != len(in) {
			t.Errorf("%s: wrote %x, %v, want %x", c.name, out[1:], err, in)
		}
		for i := range in {
			r := NewReader(in[:i], "T")
			c.read(&r)
			checkPackageError(t, fmt.Sprintf("%s, %d bytes", c.name, i), r.Err(), ErrTruncated)
			if r.U8("g") != 0 || r.Rest() != nil || r.Len() != 0 {
				t.Errorf("%s: something was read after an error", c.name)
			}
		}
	}
}

// TestLengths puts 0, 1, the largest, the one above it, 2^31-1, 2^31 and 2^32-1 into every kind of length field.
func TestLengths(t *testing.T) {
	str8 := func(r *Reader) []byte { return r.Str8("f") }
	str16 := func(r *Reader) []byte { return r.Str16("f") }
	str32 := func(r *Reader) []byte { return r.Str32("f") }
	block := func(r *Reader) []byte { return r.ByteBlock("f") }
	span := func(r *Reader) []byte { return r.ByteSpan("f") }
	bytes32 := func(r *Reader) []byte { return r.Bytes32("f") }
	const null = -1
	for _, c := range []struct {
		name, hex string
		read      func(r *Reader) []byte
		behind    int   // bytes that are there
		want      int   // length read
		what      error // or what is wrong
	}{
		{"str8 0", "00", str8, 0, 0, nil}, {"str8 1", "01", str8, 1, 1, nil}, {"str8 max", "fe", str8, 254, 254, nil}, {"str8 max", "fe", str8, 253, 0, ErrTruncated}, {"str8 max+1", "ff", str8, 255, null, nil},
		{"str16 0", "0000", str16, 0, 0, nil}, {"str16 1", "0100", str16, 1, 1, nil}, {"str16 max", "feff", str16, 65534, 65534, nil}, {"str16 max", "feff", str16, 65533, 0, ErrTruncated}, {"str16 max+1", "ffff", str16, 65535, null, nil},
		{"str32 0", "00000000", str32, 0, 0, nil}, {"str32 1", "01000000", str32, 1, 1, nil}, {"str32 max", "feffff7f", str32, 8, 0, ErrTruncated}, {"str32 2^31-1", "ffffff7f", str32, 8, null, nil}, {"str32 2^31", "00000080", str32, 8, 0, ErrNegative}, {"str32 2^32-1", "ffffffff", str32, 8, 0, ErrNegative},
		{"byteblock 0", "00", block, 0, null, nil}, {"byteblock 1", "01", block, 0, 0, nil}, {"byteblock 2", "02", block, 1, 1, nil}, {"byteblock 2^31-1", "ffffffff07", block, 8, 0, ErrTruncated}, {"byteblock 2^31", "8080808008", block, 8, 0, ErrTruncated}, {"byteblock 2^32-1", "ffffffff0f", block, 8, 0, ErrTruncated}, {"byteblock 2^32", "8080808010", block, 8, 0, ErrVarUint}, {"byteblock endless", "ffffffffffffffff", block, 8, 0, ErrVarUint},
		{"bytespan 0", "00", span, 0, 0, nil}, {"bytespan 1", "01", span, 1, 1, nil}, {"bytespan 1, long", "8180808000", span, 1, 1, nil}, {"bytespan 2^31-1", "ffffffff07", span, 8, 0, ErrTruncated}, {"bytespan 2^31", "8080808008", span, 8, 0, ErrTruncated}, {"bytespan 2^32-1", "ffffffff0f", span, 8, 0, ErrTruncated}, {"bytespan 2^32", "8080808010", span, 8, 0, ErrVarUint},
		{"bytes32 0", "00000000", bytes32, 0, 0, nil}, {"bytes32 1", "01000000", bytes32, 1, 1, nil}, {"bytes32 2^31-1", "ffffff7f", bytes32, 8, 0, ErrTruncated}, {"bytes32 2^31", "00000080", bytes32, 8, 0, ErrNegative}, {"bytes32 2^32-1", "ffffffff", bytes32, 8, null, nil},
	} {
		in := append(unhex(t, c.hex), make([]byte, c.behind)...)
		r := NewReader(in, "T")
		got := c.read(&r)
		n := len(got)
		if got == nil {
			n = null
		}
		if c.what == nil && (r.Err() != nil || n != c.want) {
			t.Errorf("%s: read %d bytes, %v, want %d", c.name, n, r.Err(), c.want)
		}
		if c.what != nil {
			checkPackageError(t, c.name, r.Err(), c.what)
		}
	}
}

func TestTooLong(t *testing.T) {
	for name, add := range map[string]func(w *Writer){
		"str8":  func(w *Writer) { w.Str8("f", make(Str, 255)) },
		"str16": func(w *Writer) { w.Str16("f", make(Str, 65535)) },
	} {
		w := NewWriter([]byte("x"), "T")
		w.U8(1)
		add(&w)
		w.U8(2)
		out, err := w.Done()
		checkPackageError(t, name, err, ErrTooLong)
		if string(out) != "x" {
			t.Errorf("%s: left %x", name, out)
		}
	}
	w := NewWriter(nil, "T")
	w.Str8("f", make(Str, 254))
	w.Str16("f", make(Str, 65534))
	if out, err := w.Done(); err != nil || len(out) != 255+65536 {
		t.Errorf("the longest: %d bytes, %v", len(out), err)
	}
	if _, err := AppendRequest(nil, &Request{Key: make(Str, 255)}); !errors.Is(err, ErrTooLong) || err.(*PackageError).Field != "InvokeKey" {
		t.Errorf("a long key: %v", err)
	}
}

func TestScalars(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 123456700, time.UTC)
	d := UTC(at)
	if !d.Time().Equal(at) || d.Kind() != KindUTC {
		t.Errorf("%v of kind %d", d.Time(), d.Kind())
	}
	if d := DateTime(0x08dc0b3f7ad29707); !d.Time().Equal(at) || d.Kind() != KindUnspecified { // section 8.6
		t.Errorf("%v of kind %d", d.Time(), d.Kind())
	}
	for _, far := range []time.Time{{}, time.Unix(-1<<62, 0), time.Unix(1<<62, 0), time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC)} {
		if y := UTC(far).Time().Year(); y != 1 && y != 9999 || UTC(far).Kind() != KindUTC {
			t.Errorf("%v became %v", far, UTC(far).Time())
		}
	}
	for v := range DateTime(4) {
		_ = (v<<62 | 1<<62 - 1).Time()
		if k := (v << 62).Kind(); k != min(int(v), 2) {
			t.Errorf("kind %d", k)
		}
	}
	if d := Span(90 * time.Second).Duration(); d != 90*time.Second {
		t.Errorf("%v", d)
	}
	if TimeSpan(1<<62).Duration() != 1<<63-1 || TimeSpan(-1<<62).Duration() != -1<<63 {
		t.Error("the longest durations")
	}
}

func TestStr(t *testing.T) {
	var null Str
	empty, x := Str(""), Str("x")
	if !null.Null() || empty.Null() || null.Is("") || !empty.Is("") || !x.Is("x") || null.Equal(empty) || !null.Equal(nil) || !x.Equal(Str("x")) {
		t.Error("null, empty or equal")
	}
	if null.Clone() != nil || empty.Clone() == nil || !x.Clone().Equal(x) || x.String() != "x" || null.String() != "" {
		t.Error("copies")
	}
	c := x.Clone()
	c[0] = 'y'
	if !x.Is("x") {
		t.Error("the clone is none")
	}
}
