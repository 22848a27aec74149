package campuswire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// registration gives the content of a registration with any length field.
func registration(size int32, name string) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte(markRegister), uint32(size)), name...)
}

// TestParseRegister are the rules of section 2.4, and T04 to T07 of section 12.
func TestParseRegister(t *testing.T) {
	for _, c := range []struct {
		in      []byte
		want    string
		err     error
		message string
	}{
		{registration(1, "A"), "A", nil, ""},
		{registration(9, "阿尔法"), "阿尔法", nil, ""},
		{registration(5, "alphaXYZ"), "alpha", nil, ""}, // T04
		{registration(3, "ét35"), "ét", nil, ""},
		{registration(1000, "rest"), "rest", nil, ""}, // all there is
		{registration(1<<31-1, "rest"), "rest", nil, ""},
		{registration(-1, "x"), "", ErrNegative, "campus: registration.length: negative length at byte 19: -1, limit 0"},
		{registration(-1<<31, "x"), "", ErrNegative, ""},
		{registration(0, "x"), "", ErrEmpty, ""},
		{registration(5, ""), "", ErrEmpty, ""},
		{registration(1, "é"), "", ErrText, ""},
		{registration(2, "\xff\xfe"), "", ErrText, ""},
		{registration(MaxName, strings.Repeat("n", MaxName)), strings.Repeat("n", MaxName), nil, ""},
		{registration(MaxName+1, strings.Repeat("n", MaxName+1)), "", ErrTooLong, ""},
		{registration(1, "A")[:22], "", ErrTruncated, ""},
		{registration(1, "A")[:19], "", ErrTruncated, ""},
		{registration(1, "A")[:18], "", ErrMark, ""},
		{nil, "", ErrMark, ""},
		{[]byte("PeerRegisterHeader_\x01\x00\x00\x00A"), "", ErrMark, ""},
		{[]byte("hello"), "", ErrMark, ""}, // T05
	} {
		name, err := ParseRegister(c.in)
		var ce *ContentError
		if name != c.want || !errors.Is(err, c.err) || err != nil && !errors.As(err, &ce) {
			t.Errorf("%q: %q, %v, want %q, %v", c.in, name, err, c.want, c.err)
		}
		if c.message != "" && err.Error() != c.message {
			t.Errorf("message %q, want %q", err, c.message)
		}
	}
	// The name is a copy.
	in := registration(1, "A")
	name, _ := ParseRegister(in)
	if in[len(in)-1] = 'B'; name != "A" {
		t.Error("the name changed with the content")
	}
}

func envelope(mark string, id uint64, size int32, body string) []byte {
	return append(appendEnvelope(nil, mark, id, int(size)), body...)
}

// TestParseEnvelope are the rules of sections 2.6 and 4.2: a length that is too great is refused, one that is too small
// cuts.
func TestParseEnvelope(t *testing.T) {
	const id = 1<<64 - 1
	for _, c := range []struct {
		in   []byte
		want Envelope
		err  *ContentError
	}{
		{envelope(markRequest, id, 3, "abc"), Envelope{ID: id, Body: []byte("abc")}, nil},
		{envelope(markRequest, 0, 0, ""), Envelope{Body: []byte{}}, nil},
		{envelope(markRequest, 9, 4, "abcdef"), Envelope{ID: 9, Body: []byte("abcd"), Rest: 2}, nil},
		{envelope(markRequest, 9, 0, "ab"), Envelope{ID: 9, Body: []byte{}, Rest: 2}, nil},
		{envelope(markRequest, 9, 4, "abc"), Envelope{ID: 9}, &ContentError{"request", "length", 16, ErrLength, 4, 3}},
		{envelope(markRequest, 9, 1<<31-1, "abc"), Envelope{ID: 9}, &ContentError{"request", "length", 16, ErrLength, 1<<31 - 1, 3}},
		{envelope(markRequest, 9, -1, "abc"), Envelope{ID: 9}, &ContentError{"request", "length", 16, ErrNegative, -1, 3}},
		{envelope(markRequest, 9, 0, "")[:19], Envelope{}, &ContentError{"request", "length", 19, ErrTruncated, 19, 20}},
		{envelope(markRequest, 9, 0, "")[:8], Envelope{}, &ContentError{"request", "length", 8, ErrTruncated, 8, 20}},
		{envelope("request\x00", 9, 0, ""), Envelope{}, &ContentError{"request", "mark", 0, ErrMark, 20, 20}},
		{[]byte("Rex"), Envelope{}, &ContentError{"request", "mark", 0, ErrMark, 3, 20}},
	} {
		for _, kind := range []struct {
			mark, name string
			parse      func([]byte) (Envelope, error)
		}{{markRequest, "request", ParseRequest}, {markResponse, "response", ParseResponse}} {
			in := bytes.Clone(c.in)
			if string(in[:min(8, len(in))]) == markRequest[:min(8, len(in))] {
				copy(in, kind.mark)
			}
			got, err := kind.parse(in)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q: %+v, want %+v", in, got, c.want)
			}
			var want error
			if c.err != nil {
				e := *c.err
				e.Content = kind.name
				want = &e
			}
			if !reflect.DeepEqual(err, want) {
				t.Errorf("%q: %v, want %v", in, err, want)
			}
		}
	}
	if _, err := ParseResponse(envelope(markRequest, 1, 0, "")); !errors.Is(err, ErrMark) {
		t.Errorf("a request as response: %v", err)
	}
}

// TestBusiness guards the headers of section 2.5, and T09 to T14 of section 12.
func TestBusiness(t *testing.T) {
	for _, c := range []struct {
		h     Business
		bytes string
		name  string
	}{
		{BusinessObject, "jOmR\x00\x00\x00\x00", "RemoteObject"},
		{BusinessJSONRoute, "JsonDrRt", "JsonIpcDirectRouted"},
		{BusinessRawRoute, "RwBtDrRt", "RawByteIpcDirectRouted"},
		{0x12312, "\x12\x23\x01\x00\x00\x00\x00\x00", "0x12312"},
		{1<<64 - 1, "\xff\xff\xff\xff\xff\xff\xff\xff", "0xffffffffffffffff"},
	} {
		if got := c.h.Append([]byte("x")); string(got) != "x"+c.bytes || c.h.Len() != 8 || c.h.String() != c.name {
			t.Errorf("%v is written %q", c.h, got)
		}
		for _, rest := range []string{"", "payload"} {
			body := []byte(c.bytes + rest)
			if got, ok := c.h.Strip(body); !ok || string(got) != rest || !c.h.In(body) {
				t.Errorf("%v of %q: %q, %v", c.h, body, got, ok)
			}
			known := c.h
			if c.name[0] == '0' {
				known = BusinessNone
			}
			if got := Known(body); got != known {
				t.Errorf("%q has %v, want %v", body, got, known)
			}
		}
		for _, body := range []string{c.bytes[:7], "", "x" + c.bytes} {
			if got, ok := c.h.Strip([]byte(body)); ok || got != nil || Known([]byte(body)) != BusinessNone {
				t.Errorf("%v of %q: %q", c.h, body, got)
			}
		}
	}
	if got, ok := BusinessNone.Strip([]byte("abc")); !ok || string(got) != "abc" || BusinessNone.Len() != 0 || BusinessNone.String() != "none" {
		t.Errorf("no header: %q, %v", got, ok)
	}
	if got := BusinessNone.Append(nil); got != nil {
		t.Errorf("no header is written %q", got)
	}
}

// TestRoute are the rules of section 7.1.
func TestRoute(t *testing.T) {
	for _, route := range []string{"", "Foo1", "/échö/服务", strings.Repeat("r", 127), strings.Repeat("r", 128), strings.Repeat("r", 201), strings.Repeat("r", 1<<14-1), strings.Repeat("r", 1<<14), strings.Repeat("r", 1<<21)} {
		for _, payload := range []string{"", "payload"} {
			b := append(AppendRoute(nil, route), payload...)
			if want := binary.AppendUvarint(nil, uint64(len(route))); !bytes.HasPrefix(b, want) || len(b) != RouteLen(route)+len(payload) {
				t.Fatalf("%.20q is written %.30q, length %d", route, b, RouteLen(route))
			}
			r, p, err := ParseRoute(b)
			if string(r) != route || string(p) != payload || err != nil {
				t.Errorf("%.20q, %q, %v, want %.20q, %q", r, p, err, route, payload)
			}
			for i := range min(RouteLen(route), 300) {
				if _, _, err := ParseRoute(b[:i]); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrLength) {
					t.Fatalf("%d bytes of %.20q: %v", i, route, err)
				}
			}
		}
	}
	for _, c := range []struct {
		in, route, payload string
		want               error
	}{
		{"\x84\x00Foo1{}", "Foo1", "{}", nil}, // longer than needed
		{"\x84\x80\x80\x80\x00Foo1{}", "Foo1", "{}", nil},
		{"\x84\x80\x80\x80\x80\x00Foo1{}", "", "", ErrVarint},
		{"\x80\x80\x80\x80\x80", "", "", ErrVarint},
		{"\xff\xff\xff\xff\x07", "", "", ErrLength},
		{"\xff\xff\xff\xff\x0f", "", "", ErrVarint}, // beyond 31 bits
		{"\xff\xff\xff\xff\x7f", "", "", ErrVarint},
		{"\x7f/echo{}", "", "", ErrLength}, // as json-odd has it
		{"", "", "", ErrTruncated},
		{"\x80", "", "", ErrTruncated},
		{"\x01\xff", "", "", ErrText},
	} {
		r, p, err := ParseRoute([]byte(c.in))
		var ce *ContentError
		if string(r) != c.route || string(p) != c.payload || !errors.Is(err, c.want) || err != nil && !errors.As(err, &ce) {
			t.Errorf("%q: %q, %q, %v, want %v", c.in, r, p, err, c.want)
		}
	}
}

// TestLostOnEmpty is Q3 of section 14 with its numbers.
func TestLostOnEmpty(t *testing.T) {
	for n, want := range map[int]bool{0: false, 1: false, 8: false, 15: false, 16: true, 17: false, 20: false, 31: false, 32: true, 33: false, 64: true, 1 << 20: true} {
		if LostOnEmpty(n) != want {
			t.Errorf("%d: %v", n, !want)
		}
	}
}
