package dmtpwire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"testing"
)

// unhex reads hex with spaces, bars and text in single quotes: "01 ff | 'abc'".
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			b = append(b, part...)
			continue
		}
		h, err := hex.DecodeString(strings.NewReplacer(" ", "", "|", "", "\n", "", "\t", "").Replace(part))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		b = append(b, h...)
	}
	return b
}

// frameVectors are those of section 1.2.
var frameVectors = []struct {
	hex   string
	flags Flags
	body  string
}{
	{"646d 03e8 00000005 68656c6c6f", 1000, "hello"},
	{"646d 03e8 00000000", 1000, ""},
	{"646d 0001 00000019 7b22546f6b656e223a22446d7470222c225369676e223a317d", FlagVerifyRequest, `{"Token":"Dmtp","Sign":1}`},
	{"646d 0005 0000000a 7b225369676e223a327d", FlagPingRequest, `{"Sign":2}`},
	{"646d ffff 00000001 00", 0xffff, "\x00"},
}

func TestFrame(t *testing.T) {
	split := Split(64)
	for _, v := range frameVectors {
		want := unhex(t, v.hex)
		if got := AppendFrame(nil, v.flags, []byte(v.body)); !bytes.Equal(got, want) {
			t.Errorf("AppendFrame(%v, %q) = %x, want %x", v.flags, v.body, got, want)
		}
		put := make([]byte, HeaderLen)
		PutHeader(put, v.flags, len(v.body))
		if !bytes.Equal(put, want[:HeaderLen]) {
			t.Errorf("PutHeader(%v, %d) = %x, want %x", v.flags, len(v.body), put, want[:HeaderLen])
		}
		f, n, err := ParseHeader(want)
		if f != v.flags || n != len(v.body) || err != nil {
			t.Errorf("ParseHeader(%x) = %v, %d, %v", want, f, n, err)
		}
		for i := range len(want) + 1 {
			wantN := 0
			if i >= HeaderLen {
				wantN = len(want)
			}
			if n, err := split(want[:i]); n != wantN || err != nil {
				t.Errorf("split(%x) = %d, %v, want %d", want[:i], n, err, wantN)
			}
		}
	}
}

func TestFrameErrors(t *testing.T) {
	for _, c := range []struct {
		in     string
		max    int
		want   FrameError
		length int // of the shortest prefix that is refused
	}{
		{"6478 0005 00000000", 0, FrameError{0, ErrMagic, 0x6478, 0x646d}, 2},
		{"47455420", 0, FrameError{0, ErrMagic, 0x47, 0x64}, 1},
		{"646d 0005 ffffffff", 0, FrameError{4, ErrLength, -1, MaxBody}, 8},
		{"646d 0005 80000000", 0, FrameError{4, ErrLength, -1 << 31, MaxBody}, 8},
		{"646d 0005 7fffffff", 1 << 20, FrameError{4, ErrTooLarge, MaxBody, 1 << 20}, 8},
		{"646d 0005 00000041", 64, FrameError{4, ErrTooLarge, 65, 64}, 8},
	} {
		in := unhex(t, c.in)
		split := Split(c.max)
		for i := range len(in) + 1 {
			n, err := split(in[:i])
			if i < c.length {
				if n != 0 || err != nil {
					t.Errorf("split(%x) = %d, %v, want nothing yet", in[:i], n, err)
				}
				continue
			}
			var fe *FrameError
			if !errors.As(err, &fe) || *fe != c.want || !errors.Is(err, c.want.What) {
				// A magic that is wrong in its second byte is reported once that is there.
				t.Errorf("split(%x) = %d, %v, want %v", in[:i], n, err, &c.want)
			}
			if !strings.HasPrefix(err.Error(), "dmtp: ") {
				t.Errorf("message %q", err)
			}
		}
	}
	if n, err := Split(64)(unhex(t, "646d 0005 00000040")); n != 72 || err != nil {
		t.Errorf("a body of exactly the limit: %d, %v", n, err)
	}
	// Without a limit, the longest body is one frame where an int can hold its length.
	n, err := Split(0)(unhex(t, "646d 0005 7fffffff"))
	if strconv.IntSize == 64 && (int64(n) != MaxBody+HeaderLen || err != nil) || strconv.IntSize == 32 && !errors.Is(err, ErrTooLarge) {
		t.Errorf("the longest body without a limit: %d, %v", n, err)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{FlagPingRequest.String(), "PingRequest"}, {Flags(11).String(), "Flags(11)"}, {Flags(1000).String(), "Flags(1000)"},
		{StatusClientNotFound.String(), "client not found"}, {StatusRoutingNotSupported.String(), "routing not supported"}, {StatusCacheMiss.String(), "Status(255)"},
		{XML.String(), "Xml"}, {Serialization(4).String(), "Serialization(4)"},
		{WaitInvoke.String(), "WaitInvoke"}, {Feedback(3).String(), "Feedback(3)"},
		{G42.String(), "G4.2"}, {G40.String(), "G4.0"}, {G3.String(), "G3"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
