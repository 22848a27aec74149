package dmtpwire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"runtime"
	"testing"
)

// hostile are lengths and counts that a body may claim, in the encodings that lengths have.
func hostile() [][]byte {
	var list [][]byte
	for _, v := range []uint32{0, 1, 2, 0xfe, 0xff, 0x100, 0x101, 0xfffe, 0xffff, 0x10000, 0x10001, 1<<31 - 2, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		list = append(list, binary.LittleEndian.AppendUint32(nil, v))
		w := NewWriter(nil, "T")
		w.VarUint(v)
		list = append(list, w.b)
		if v <= 0xffff {
			list = append(list, binary.LittleEndian.AppendUint16(nil, uint16(v)))
		}
		if v <= 0xff {
			list = append(list, []byte{byte(v)})
		}
	}
	return append(list, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
}

// TestHostileLengths writes every such value over every place of every vector. Whatever comes of it is a typed error
// or a package that goes round.
func TestHostileLengths(t *testing.T) {
	values := hostile()
	for _, v := range packageVectors(t) {
		body := unhex(t, v.hex)
		for at := range body {
			for _, x := range values {
				in := bytes.Clone(body)
				in = append(in[:at], append(bytes.Clone(x), in[min(at+len(x), len(in)):]...)...)
				if err := goRound(v.g, v.want, in); err != nil {
					t.Fatalf("%s, %x at %d: %v", v.name, x, at, err)
				}
			}
		}
	}
}

// goRound parses a body; what can be parsed must stay the same when it is appended and parsed again, and must not
// hold more than the body has.
func goRound(g Generation, like any, body []byte) error {
	p, err := parsePackage(g, like, body)
	if err != nil {
		var pe *PackageError
		if !errors.As(err, &pe) || pe.Offset < 0 || pe.Offset > len(body) {
			return err
		}
		return nil
	}
	if n := held(reflect.ValueOf(p)); n > len(body) {
		return errors.New("holds more bytes than the body has")
	}
	out, err := appendPackage(g, nil, p)
	if err != nil {
		return err
	}
	if len(out) > len(body) {
		return errors.New("appends more bytes than the body has")
	}
	q, err := parsePackage(g, like, out)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(p, q) {
		return errors.New("is another package after appending and parsing")
	}
	return nil
}

// held sums the lengths of all slices of bytes in a value.
func held(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = held(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += held(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Len()
		}
		for i := range v.Len() {
			n += held(v.Index(i))
		}
	}
	return n
}

// TestClaimedLengthAllocatesNothing gives bodies of a few bytes that claim gigabytes.
func TestClaimedLengthAllocatesNothing(t *testing.T) {
	var q Request
	var f SmallFilePackage
	bodies := [][]byte{
		unhex(t, "01 ff ff 01 ffffffff0f"),
		unhex(t, "01 ff ff 01 8002"),
		unhex(t, "01 ff ff 01 01 ffffffff0f"),
		unhex(t, "01 ff ff 00 03000000 00 ffff feffff7f"),
		unhex(t, "01 ff ff 00 03000000 00 ffff 00000000 00 ffffffff0f"),
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, b := range bodies {
		if ParseRequest(b, &q) == nil && G42.ParseSmallFile(b, &f) == nil {
			t.Errorf("%x was taken", b)
		}
		_, _ = G42.ParseMetadata(b[4:])
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes allocated", n)
	}
}
