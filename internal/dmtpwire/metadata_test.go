package dmtpwire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestMetadata(t *testing.T) {
	ab := Metadata{[]Pair{{Str("a"), Str("1")}, {Str("b"), nil}}, FormArray}
	for _, c := range []struct {
		g    Generation
		hex  string
		want Metadata
	}{
		{G42, "02 0261 0231 0262 00", ab}, // section 4.8
		{G42, "00", array()},
		{G42, "01 01 01", array("", "")},
		{G42, "03 0261 0231 0262 00 0271 04e4b8ad", Metadata{append(ab.Pairs[:2:2], Pair{Str("q"), Str("中")}), FormArray}},
		{G40, "01000000 016b 0176", array("k", "v")},
		{G3, "02000000 0161 0131 0162 ff", ab},
	} {
		raw := unhex(t, c.hex)
		got, err := c.g.ParseMetadata(raw)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v %s: %v, %v", c.g, c.hex, got, err)
		}
		if out, err := c.g.AppendMetadata([]byte("x"), c.want); err != nil || !bytes.Equal(out[1:], raw) {
			t.Errorf("%v %s: appended %x, %v", c.g, c.hex, out[1:], err)
		}
		for i := range raw {
			_, err := c.g.ParseMetadata(raw[:i])
			checkPackageError(t, c.hex, err, ErrTruncated)
		}
	}
	// A repeated key: the last value, in the first place.
	if got, err := G42.ParseMetadata(unhex(t, "03 0261 0231 0262 00 0261 0232")); err != nil || !reflect.DeepEqual(got, Metadata{[]Pair{{Str("a"), Str("2")}, {Str("b"), nil}}, FormArray}) {
		t.Errorf("repeated: %v, %v", got, err)
	}
	if got, err := G42.ParseMetadata(nil); err != nil || got.Form != FormNull || got.Pairs != nil {
		t.Errorf("null: %v, %v", got, err)
	}
	if out, err := G42.AppendMetadata(nil, Metadata{}); err != nil || out != nil {
		t.Errorf("null: %x, %v", out, err)
	}
	for i := range G42.MetadataPairs(nil) {
		t.Errorf("null has %s", i)
	}
}

func TestMetadataBounds(t *testing.T) {
	for _, c := range []struct {
		g    Generation
		hex  string
		what error
	}{
		{G42, "8102" + strings.Repeat("0100", 257), ErrTooMany},
		{G42, "8002" + strings.Repeat("0100", 256), nil},
		{G42, "ffffffff0f", ErrTooMany},
		{G42, "8080808010", ErrVarUint},
		{G42, "01 00 0261", ErrNull},
		{G42, "01 0261 80800400", ErrTruncated},
		{G40, "01010000", ErrTooMany},
		{G40, "ffffffff", ErrNegative},
		{G40, "ffffff7f", ErrTooMany},
		{G3, "01000000 ff 0161", ErrNull},
	} {
		_, err := c.g.ParseMetadata(unhex(t, c.hex))
		if c.what == nil {
			if err != nil {
				t.Errorf("%.20s: %v", c.hex, err)
			}
			continue
		}
		checkPackageError(t, c.hex[:min(20, len(c.hex))], err, c.what)
	}
	// The bound of the whole block, in a package.
	for _, n := range []int{MaxMetadataBytes - 6, MaxMetadataBytes - 5} {
		raw, err := G42.AppendMetadata(nil, array("a", strings.Repeat("x", n)))
		body := append(append([]byte{1, 0xff, 0xff, 1}, raw...), make([]byte, 8)...)
		if want := 1 + 2 + 3 + n; err == nil && len(raw) != want {
			t.Errorf("%d bytes, want %d", len(raw), want)
		}
		if fits := 1+2+3+n <= MaxMetadataBytes; fits != (err == nil) {
			t.Errorf("%d bytes: %v", n, err)
		} else if fits {
			var c Cancel
			if err := ParseCancel(body, &c); err != nil || !bytes.Equal(c.Metadata, raw) {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	}
	long := append([]byte{1, 0xff, 0xff, 1, 1, 2, 'a', 0x81, 0x80, 0x04}, make([]byte, MaxMetadataBytes+8)...)
	var c Cancel
	checkPackageError(t, "a long block", ParseCancel(long, &c), ErrTooLong)

	many := Metadata{Form: FormArray, Pairs: make([]Pair, 257)}
	if _, err := G42.AppendMetadata(nil, many); !errors.Is(err, ErrTooMany) {
		t.Errorf("257 pairs: %v", err)
	}
	if _, err := G42.AppendMetadata(nil, Metadata{Form: FormArray, Pairs: make([]Pair, 1)}); !errors.Is(err, ErrNull) {
		t.Errorf("a null key: %v", err)
	}
	if _, err := G40.AppendMetadata(nil, array("a", strings.Repeat("x", 255))); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long value before 4.2: %v", err)
	}
}

func TestMetadataGetSet(t *testing.T) {
	var m Metadata
	m.Set("a", Str("1"))
	m.Set("b", nil)
	m.Set("a", Str("2"))
	if !reflect.DeepEqual(m, Metadata{[]Pair{{Str("a"), Str("2")}, {Str("b"), nil}}, FormArray}) {
		t.Errorf("%v", m)
	}
	if v, ok := m.Get("a"); !ok || !v.Is("2") {
		t.Errorf("a: %s, %v", v, ok)
	}
	if v, ok := m.Get("b"); !ok || v != nil {
		t.Errorf("b: %s, %v", v, ok)
	}
	if _, ok := m.Get("A"); ok {
		t.Error("keys are case-sensitive")
	}
}

func TestRouter(t *testing.T) {
	for _, c := range []struct {
		source, target Str
		want           bool
	}{
		{Str("a"), Str("b"), true}, {Str("a"), nil, false}, {nil, Str("b"), false}, {Str("a"), Str(""), false}, {Str(""), Str("b"), false},
	} {
		h := Router{Version: 9, Source: c.source, Target: c.target, Metadata: []byte{0}}
		p := WaitPing{Source: c.source, Target: c.target}
		if h.Routed() != c.want || p.Routed() != c.want {
			t.Errorf("%q to %q: %v", c.source, c.target, h.Routed())
		}
		if back := h.Reply(); !reflect.DeepEqual(back, Router{9, c.target, c.source, nil}) {
			t.Errorf("the answer: %v", back)
		}
	}
	for _, v := range packageVectors(t) {
		f := reflect.ValueOf(v.want).Elem().FieldByName("Router")
		if !f.IsValid() {
			continue
		}
		want := f.Interface().(Router)
		if v.g != G42 {
			want.Metadata = nil // is elsewhere
		}
		var h Router
		if err := v.g.ParseRouter(unhex(t, v.hex), &h); err != nil || !reflect.DeepEqual(h, want) {
			t.Errorf("%s: %v, %v", v.name, h, err)
		}
	}
}
