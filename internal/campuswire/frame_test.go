package campuswire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestSplitFindsEveryGoldenFrame gives the frames one behind the other, every prefix of them.
func TestSplitFindsEveryGoldenFrame(t *testing.T) {
	var f Framing
	split := f.Split(0)
	for _, g := range goldenFrames(t) {
		two := append(bytes.Clone(g.frame), g.frame...)
		for i := range two {
			want := 0
			if i >= f.HeaderLen() {
				want = len(g.frame)
			}
			if n, err := split(two[:i]); n != want || err != nil {
				t.Fatalf("%s: %d, %v of %d bytes, want %d", g.name, n, err, i, want)
			}
			if _, err := f.ParseFrame(two[:i]); (err == nil) != (i >= len(g.frame)) || err != nil && err != ErrTruncated {
				t.Fatalf("%s: %v of %d bytes", g.name, err, i)
			}
		}
	}
}

// TestFramingErrors are those of section 2.3, and at which byte they are noticed: where .NET notices them.
func TestFramingErrors(t *testing.T) {
	good := goldenFrames(t)[2].frame
	with := func(at int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], b)
		return out
	}
	for _, c := range []struct {
		name    string
		in      []byte
		max     int
		want    FrameError
		noticed int // bytes that must be there
		message string
	}{
		{"magic length", with(0, 12), 0, FrameError{0, ErrMagic, 12, 13}, 1, "campus: frame: wrong magic at byte 0: 0xc, want 0xd"},
		{"magic length, high byte", with(1, 1), 0, FrameError{1, ErrMagic, 1, 0}, 2, ""},
		{"magic", with(2, 'D'), 0, FrameError{2, ErrMagic, 'D', 'd'}, 3, ""},
		{"magic, last byte", with(14, 'z'), 0, FrameError{14, ErrMagic, 'z', 's'}, 15, ""},
		{"a stray byte in front", append([]byte{0}, good...), 0, FrameError{0, ErrMagic, 0, 13}, 1, ""},
		{"version 0", with(15, 0), 0, FrameError{15, ErrVersion, 0, 1}, 19, "campus: frame: protocol version 0 at byte 15: 0, limit 1"},
		{"one byte above the limit of the format", with(33, 0x02, 0xff, 0xfe, 0x00), 0, FrameError{33, ErrTooLarge, MaxContent + 1, MaxContent}, 37, ""},
		{"length beyond 31 bits", with(33, 0xff, 0xff, 0xff, 0xff), 0, FrameError{33, ErrTooLarge, 1<<32 - 1, MaxContent}, 37, "campus: frame: content above the limit at byte 33: 4294967295, limit 16711425"},
		{"limit of the receiver", with(33, 0x11), 16, FrameError{33, ErrTooLarge, 17, 16}, 37, ""},
	} {
		var f Framing
		split := f.Split(c.max)
		for i := range len(c.in) + 1 {
			n, err := split(c.in[:i])
			if i < c.noticed {
				if n != 0 || err != nil {
					t.Errorf("%s: %d, %v of %d bytes, want nothing yet", c.name, n, err, i)
				}
				continue
			}
			var fe *FrameError
			if n != 0 || !errors.As(err, &fe) || *fe != c.want || !errors.Is(err, c.want.What) {
				t.Errorf("%s: %d, %v of %d bytes, want %v", c.name, n, err, i, &c.want)
			} else if c.message != "" && err.Error() != c.message {
				t.Errorf("%s: message %q, want %q", c.name, err, c.message)
			}
		}
	}
	// A reader without a split sees the same.
	tooLong := append(with(33, 0x02, 0xff, 0xfe, 0x00), make([]byte, MaxContent)...)
	if _, err := (Framing{}).ParseFrame(tooLong); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte above the limit of the format: %v", err)
	}
	// What a .NET reader takes, we take: other versions, the reserved field, no content.
	var f Framing
	odd := with(15, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xef, 0xbe, 0xad, 0xde)
	if got, err := f.ParseFrame(odd); err != nil || got.Version != 7 || got.Reserved != 0xdeadbeef || got.Ack != 0 || string(got.Content) != "hello" {
		t.Errorf("%+v, %v", got, err)
	}
	if n, err := f.Split(0)(with(33, 0)); n != 37 || err != nil {
		t.Errorf("no content: %d, %v", n, err)
	}
	if got, err := f.ParseFrame(with(33, 0)); err != nil || len(got.Content) != 0 || got.Kind() != KindNotify {
		t.Errorf("no content: %+v, %v", got, err)
	}
	if n, err := f.Split(0)(with(33, 0x01, 0xff, 0xfe, 0x00)); n != 37+MaxContent || err != nil {
		t.Errorf("the longest content: %d, %v", n, err)
	}
}

// TestMagic guards frames with another magic, T01 to T03 of section 12.
func TestMagic(t *testing.T) {
	content := []byte("hello")
	for _, magic := range []string{"", "x", "dotnet camPus", "my own magic", strings.Repeat("m", MaxMagic)} {
		f, err := NewFraming(magic)
		if err != nil {
			t.Fatal(err)
		}
		if want := cmpOr(magic, DefaultMagic); f.Magic() != want || f.HeaderLen() != 24+len(want) {
			t.Fatalf("magic %.20q has %d bytes of header", f.Magic(), f.HeaderLen())
		}
		b, err := f.AppendFrame(nil, CommandRequest, 0x1122334455667788, content)
		if n, lerr := f.FrameLen(len(content)); err != nil || lerr != nil || n != len(b) {
			t.Fatalf("%d bytes, %v, want %d, %v", len(b), err, n, lerr)
		}
		if n, err := f.Split(5)(b[:f.HeaderLen()]); n != len(b) || err != nil {
			t.Errorf("%.20q: %d, %v", magic, n, err)
		}
		if got, err := f.ParseFrame(b); err != nil || got.Ack != 0x1122334455667788 || got.Command != CommandRequest || string(got.Content) != "hello" {
			t.Errorf("%.20q: %+v, %v", magic, got, err)
		}
		other, _ := NewFraming("dotnet campuS")
		if _, err := other.ParseFrame(b); !errors.Is(err, ErrMagic) {
			t.Errorf("%.20q read as another: %v", magic, err)
		}
	}
	if f, _ := NewFraming(DefaultMagic); f != (Framing{}) {
		t.Error("the default magic is not the zero value")
	}
	if _, err := NewFraming(strings.Repeat("m", MaxMagic+1)); !errors.Is(err, ErrMagic) {
		t.Errorf("got %v", err)
	}
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// TestWritersRefuse wants typed errors of what must not be written, and nothing appended.
func TestWritersRefuse(t *testing.T) {
	var f Framing
	long := make([]byte, MaxContent+1)
	body := func(h Business, n int) *Body { return &Body{Business: h, Data: long[:n]} }
	bad := &Body{Business: BusinessJSONRoute, Routed: true, Route: "\xff", Data: []byte("{}")}
	for _, c := range []struct {
		name   string
		length func() (int, error)
		add    func(b []byte) ([]byte, error)
		want   error
	}{
		{"a frame without content", func() (int, error) { return f.FrameLen(0) }, func(b []byte) ([]byte, error) { return f.AppendFrame(b, CommandBusiness, 1, nil) }, ErrNoContent},
		{"a frame too long", func() (int, error) { return f.FrameLen(len(long)) }, func(b []byte) ([]byte, error) { return f.AppendFrame(b, CommandBusiness, 1, long) }, ErrTooLarge},
		{"an empty notify", func() (int, error) { return f.NotifyLen(&Body{}) }, func(b []byte) ([]byte, error) { return f.AppendNotify(b, 1, &Body{}) }, ErrNoContent},
		{"a notify too long", func() (int, error) { return f.NotifyLen(body(1, MaxContent-7)) }, func(b []byte) ([]byte, error) { return f.AppendNotify(b, 1, body(1, MaxContent-7)) }, ErrTooLarge},
		{"a request too long", func() (int, error) { return f.CallLen(body(0, MaxBody+1)) }, func(b []byte) ([]byte, error) { return f.AppendRequest(b, 1, 0, body(0, MaxBody+1)) }, ErrTooLarge},
		{"a response too long", func() (int, error) { return f.CallLen(body(1, MaxBody-7)) }, func(b []byte) ([]byte, error) { return f.AppendResponse(b, 1, 0, body(1, MaxBody-7)) }, ErrTooLarge},
		{"a notify to a route that is no text", func() (int, error) { return f.NotifyLen(bad) }, func(b []byte) ([]byte, error) { return f.AppendNotify(b, 1, bad) }, ErrText},
		{"a request to a route that is no text", func() (int, error) { return f.CallLen(bad) }, func(b []byte) ([]byte, error) { return f.AppendRequest(b, 1, 0, bad) }, ErrText},
		{"no name", func() (int, error) { return f.RegisterLen("") }, func(b []byte) ([]byte, error) { return f.AppendRegister(b, 1, "") }, ErrEmpty},
		{"a name that is no text", func() (int, error) { return f.RegisterLen("a\xff") }, func(b []byte) ([]byte, error) { return f.AppendRegister(b, 1, "a\xff") }, ErrText},
		{"a name too long", func() (int, error) { return f.RegisterLen(string(long[:MaxName+1])) }, func(b []byte) ([]byte, error) { return f.AppendRegister(b, 1, string(long[:MaxName+1])) }, ErrTooLong},
	} {
		if n, err := c.length(); n != 0 || !errors.Is(err, c.want) {
			t.Errorf("%s: length %d, %v", c.name, n, err)
		}
		b, err := c.add([]byte("x"))
		var fe *FrameError
		var ce *ContentError
		if string(b) != "x" || !errors.Is(err, c.want) || !errors.As(err, &fe) && !errors.As(err, &ce) {
			t.Errorf("%s: %d bytes, %v", c.name, len(b), err)
		}
	}
	// And exactly the limits are written.
	for name, c := range map[string]func() ([]byte, error){
		"notify":             func() ([]byte, error) { return f.AppendNotify(nil, 1, body(0, MaxContent)) },
		"notify with header": func() ([]byte, error) { return f.AppendNotify(nil, 1, body(1, MaxContent-8)) },
		"request":            func() ([]byte, error) { return f.AppendRequest(nil, 1, 0, body(0, MaxBody)) },
		"response":           func() ([]byte, error) { return f.AppendResponse(nil, 1, 0, body(1, MaxBody-8)) },
	} {
		if b, err := c(); len(b) != 37+MaxContent || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	// Section 2.1 says so in numbers.
	if MaxContent != 16711425 || MaxBody != 16711405 || MaxBody-BusinessLen != 16711397 {
		t.Errorf("limits %d, %d", MaxContent, MaxBody)
	}
}

// TestKind are the rules of section 2.2.
func TestKind(t *testing.T) {
	const request, response = "Request\x00\x01\x00\x00\x00\x00\x00\x00\x00", "Response\x01\x00\x00\x00\x00\x00\x00\x00"
	for _, c := range []struct {
		command Command
		content string
		want    Kind
	}{
		{0xffff, "", KindRegister},
		{0xfffe, "x", KindDiscard},
		{0x0000, "x", KindDiscard},
		{0x0002, request, KindDiscard},
		{0x0080, "x", KindDiscard},
		{0x0001, "x", KindNotify},
		{0x0009, "x", KindNotify},
		{0x0001, request, KindNotify}, // without the bit the mark is text
		{0x0003, request, KindRequest},
		{0x000b, request, KindRequest}, // legacy bits
		{0x0023, request, KindRequest},
		{0x8003, request, KindRequest},
		{0x0003, request[:15], KindNotify},
		{0x0003, response, KindNotify},
		{0x0003, "no mark, but long enough", KindNotify},
		{0x0005, response, KindResponse},
		{0x000d, response, KindResponse},
		{0x0005, response[:15], KindNotify},
		{0x0005, request, KindNotify},
		{0x0007, request, KindNotify}, // both bits: never answered
		{0x0007, response, KindResponse},
		{0x7fff, "x", KindNotify},
		{0x7fff, request, KindNotify},
		{0x7fff, response, KindResponse},
	} {
		f := Frame{Command: c.command, Content: []byte(c.content)}
		if got := f.Kind(); got != c.want {
			t.Errorf("%v with %q is a %v, want %v", c.command, c.content, got, c.want)
		}
	}
	for _, c := range []struct {
		in, masked Command
		legacy     Legacy
		text       string
	}{
		{0xffff, 0xffff, LegacyNone, "Register"},
		{0x0001, 0x0001, LegacyNone, "Business"},
		{0x000b, 0x0003, LegacyRaw, "Command(0xb)"},
		{0x0013, 0x0003, LegacyString, "Command(0x13)"},
		{0x0025, 0x0005, LegacyJSON, "Command(0x25)"},
		{0x001b, 0x0003, LegacyNone, "Command(0x1b)"},
		{0x0003, 0x0003, LegacyNone, "Request"},
		{0x0005, 0x0005, LegacyNone, "Response"},
	} {
		if c.in.Masked() != c.masked || c.in.Legacy() != c.legacy || c.in.String() != c.text {
			t.Errorf("%v: %v, legacy %d", c.in, c.in.Masked(), c.in.Legacy())
		}
	}
	for k, want := range []string{"discarded", "registration", "notify", "request", "response"} {
		if Kind(k).String() != want {
			t.Errorf("%v, want %s", Kind(k), want)
		}
	}
}
