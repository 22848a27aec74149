package campuswire

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/bellpull/bellpull/internal/netjson"
)

func FuzzFrame(f *testing.F) {
	for _, g := range goldenFrames(f) {
		f.Add(g.frame, "", 0)
	}
	f.Add([]byte("\x01\x00m\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x02\x00\x00\x00hi"), "m", 1)
	f.Add([]byte(defaultPrefix+"\x00\x00\x00\x00"), DefaultMagic, 64)
	f.Fuzz(func(t *testing.T, b []byte, magic string, max int) {
		framing, err := NewFraming(magic)
		if err != nil {
			return
		}
		head, split := framing.HeaderLen(), framing.Split(max)
		n, err := split(b)
		var fe *FrameError
		if err != nil && (!errors.As(err, &fe) || fe.Offset < 0 || fe.Offset >= len(b) || n != 0) {
			t.Fatalf("%d, %#v", n, err)
		}
		// The answer does not depend on how much has arrived, once there is one.
		for i := range min(len(b), head) {
			m, e := split(b[:i])
			if m != 0 || e != nil && (err == nil || *e.(*FrameError) != *fe) {
				t.Fatalf("%d, %v of %d bytes, %d, %v of all", m, e, i, n, err)
			}
		}
		if len(b) < head && n != 0 || len(b) >= head && err == nil && n < head {
			t.Fatalf("%d of %d bytes, header %d", n, len(b), head)
		}
		got, perr := framing.ParseFrame(b)
		switch {
		case n == 0 || n > len(b):
			if perr == nil && fe == nil {
				t.Fatalf("%+v of a frame that is not whole", got)
			}
			return
		case perr != nil || head+len(got.Content) != n:
			t.Fatalf("%+v, %v, want %d bytes", got, perr, n)
		}
		out, err := framing.AppendFrame(nil, got.Command, got.Ack, got.Content)
		if len(got.Content) == 0 {
			if !errors.Is(err, ErrNoContent) {
				t.Fatalf("no content: %v", err)
			}
			return
		}
		again, err2 := framing.ParseFrame(out)
		got.Version, got.Reserved = 1, 0
		if err != nil || err2 != nil || !reflect.DeepEqual(again, got) || again.Kind() != got.Kind() {
			t.Fatalf("%+v, %v, %v, want %+v", again, err, err2, got)
		}
	})
}

// typed wants an error of this package that points into what was parsed.
func typed(t *testing.T, err error, size int) {
	t.Helper()
	var ce *ContentError
	var je *JSONError
	switch {
	case errors.As(err, &ce) && ce.Offset >= 0 && ce.Offset <= size:
	case errors.As(err, &je) && je.Offset >= 0 && je.Offset <= size:
	default:
		t.Fatalf("%#v", err)
	}
}

func FuzzRegister(f *testing.F) {
	for _, n := range []int32{1, 0, -1, 1000, math.MaxInt32} {
		f.Add(registration(n, "é服务"))
	}
	f.Add([]byte("PeerRegisterHeader "))
	f.Fuzz(func(t *testing.T, content []byte) {
		name, err := ParseRegister(content)
		if err != nil {
			typed(t, err, len(content))
			return
		}
		frame, err := Framing{}.AppendRegister(nil, 1, name)
		n, lerr := Framing{}.RegisterLen(name)
		if err != nil || lerr != nil || n != len(frame) || name == "" || !utf8.ValidString(name) {
			t.Fatalf("%q: %v, %d bytes, want %d", name, err, len(frame), n)
		}
		got, _ := Framing{}.ParseFrame(frame)
		if again, err := ParseRegister(got.Content); again != name || err != nil || got.Kind() != KindRegister {
			t.Fatalf("%q, %v, want %q", again, err, name)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	for _, g := range goldenFrames(f) {
		if g.kind == KindRequest || g.kind == KindResponse {
			f.Add(g.frame[37:], uint16(CommandRequest))
			f.Add(g.frame[37:], uint16(CommandResponse))
		}
	}
	f.Add(envelope(markRequest, 1, -1, "x"), uint16(0x0b))
	f.Add(envelope(markResponse, 1, 2, "x"), uint16(0x7fff))
	f.Fuzz(func(t *testing.T, content []byte, command uint16) {
		frame := Frame{Command: Command(command), Content: content}
		parse, add := ParseRequest, Framing{}.AppendRequest
		switch frame.Kind() {
		case KindResponse:
			parse, add = ParseResponse, Framing{}.AppendResponse
		case KindRequest:
		default:
			if _, err := ParseRequest(content); err != nil {
				typed(t, err, len(content))
			}
			return
		}
		e, err := parse(content)
		if err != nil {
			typed(t, err, len(content))
			return
		}
		m := Raw(0, e.Body)
		out, err := add(nil, 0, e.ID, &m)
		if err != nil || !bytes.Equal(out[37:37+16], content[:16]) || len(e.Body)+e.Rest+EnvelopeLen != len(content) {
			t.Fatalf("%+v, %v", e, err)
		}
		if again, err := parse(out[37:]); err != nil || again.ID != e.ID || !bytes.Equal(again.Body, e.Body) || again.Rest != 0 {
			t.Fatalf("%+v, %v, want %+v", again, err, e)
		}
	})
}

func FuzzRoute(f *testing.F) {
	for _, s := range []string{"\x04Foo1{}", "\x00", "\x84\x00Foo1", "\xff\xff\xff\xff\x07", "\xff\xff\xff\xff\xff", "\xc8\x01/r", "\x02\xc3\xa9x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		route, payload, err := ParseRoute(b)
		if err != nil {
			typed(t, err, len(b))
			return
		}
		m := RawRoute(string(route), payload)
		out := m.Append(nil)
		rest, ok := BusinessRawRoute.Strip(out)
		again, data, err := ParseRoute(rest)
		if !ok || err != nil || !bytes.Equal(again, route) || !bytes.Equal(data, payload) || len(out) != m.Len() || len(rest) > len(b) {
			t.Fatalf("%q, %q, %v, want %q, %q", again, data, err, route, payload)
		}
	})
}

// fuzzJSON feeds a parser. What it takes must be JSON, and be the same value again in both styles.
func fuzzJSON[T any](f *testing.F, parse func([]byte, *T) error, add func(*T, netjson.Escape) ([]byte, error), seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, s := range []string{"", "null", "{}", "[]", `{"a":[1,{"b":null}],"c":"\ud83d\ude00"}`, bom + "{}", "{\"a\":\"\xff\"}", `{"a":01}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var m T
		if err := parse(doc, &m); err != nil {
			typed(t, err, len(doc))
			if errors.Is(err, ErrSyntax) && json.Valid(doc) {
				t.Fatalf("%v, but it is JSON: %q", err, doc)
			}
			if !reflect.ValueOf(m).IsZero() {
				t.Fatalf("%+v, %v", m, err)
			}
			return
		}
		if !json.Valid(bytes.TrimPrefix(doc, []byte(bom))) {
			t.Fatalf("taken, but it is no JSON: %q", doc)
		}
		for _, style := range []netjson.Escape{netjson.EscapeAll, netjson.EscapeLeast} {
			out, err := add(&m, style)
			if err != nil {
				t.Fatalf("%+v: %v", m, err)
			}
			var again T
			if err := parse(out, &again); err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%s\n got %+v, %v\nwant %+v", out, again, err, m)
			}
		}
	})
}

func FuzzInvocation(f *testing.F) {
	seeds := []string{`{"i":null,"t":"T","d":1,"m":"M","c":3,"a":[null,{"q":1,"v":[1]}]}`}
	for _, v := range invocations {
		seeds = append(seeds, v.text)
	}
	fuzzJSON(f, ParseInvocation, func(m *Invocation, style netjson.Escape) ([]byte, error) { return m.AppendJSON(nil, style), nil }, seeds...)
}

func FuzzReturn(f *testing.F) {
	seeds := []string{`{"e":{"m":"no"}}`, `{"r":{"v":3},"e":{"t":"T"}}`}
	for _, v := range returns {
		seeds = append(seeds, v.text)
	}
	fuzzJSON(f, ParseReturn, func(m *Return, style netjson.Escape) ([]byte, error) { return m.AppendJSON(nil, style), nil }, seeds...)
}

func FuzzHTTPRequest(f *testing.F) {
	fuzzJSON(f, ParseHTTPRequest, func(m *HTTPRequest, _ netjson.Escape) ([]byte, error) { return m.AppendJSON(nil) }, httpGet, httpPost)
}

func FuzzHTTPResponse(f *testing.F) {
	fuzzJSON(f, ParseHTTPResponse, func(m *HTTPResponse, _ netjson.Escape) ([]byte, error) { return m.AppendJSON(nil) }, httpTwo, http404, http405)
}

func FuzzAnswer(f *testing.F) {
	parse := func(body []byte, a *Answer) (err error) {
		*a, err = ParseAnswer(body)
		return err
	}
	fuzzJSON(f, parse, func(a *Answer, style netjson.Escape) ([]byte, error) {
		d := Newtonsoft
		d.Escape = style
		if a.Failure == nil {
			b, err := d.AppendAnswer(nil, a.JSON)
			if errors.Is(err, ErrReserved) { // an exception that is none
				return a.JSON, nil
			}
			return b, err
		}
		// Beside the exception there may be more, which nobody reads.
		b := d.AppendFailure(nil, a.Failure)
		again, err := ParseAnswer(b)
		a.JSON = again.JSON
		return b, err
	}, failureSTJ, failureNewtonsoft, notFoundSTJ, `{"__$Exception":null}`)
}

func FuzzDocument(f *testing.F) {
	parse := func(payload []byte, doc *[]byte) (err error) {
		*doc, err = ParseDocument(payload)
		return err
	}
	fuzzJSON(f, parse, func(doc *[]byte, _ netjson.Escape) ([]byte, error) { return *doc, nil }, docFoo, bom+docAdd, `"\u0000"`)
}

// FuzzDialect spells documents: the value stays, and spelling again changes nothing.
func FuzzDialect(f *testing.F) {
	for _, s := range []string{docFoo, docAdd, failureSTJ, `"\u0022\u2028 é😀\/\b\f\n\r\t\u0001\u007f"`, `[1E5,-0,{"\u0041":null}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, d := range []Dialect{STJ, Newtonsoft} {
			out, err := d.AppendDocument(nil, doc)
			if err != nil {
				typed(t, err, len(doc))
				if len(out) != 0 {
					t.Fatal("appended beside the error")
				}
				continue
			}
			again, err := d.AppendDocument(nil, out)
			if err != nil || !bytes.Equal(again, out) {
				t.Fatalf("%s, %v, want %s", again, err, out)
			}
			read := func(b []byte) (v any) {
				r := json.NewDecoder(bytes.NewReader(b))
				r.UseNumber()
				if err := r.Decode(&v); err != nil {
					t.Fatalf("%s: %v", b, err)
				}
				return v
			}
			if got, want := read(out), read(doc); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s is %v, want %v", out, got, want)
			}
		}
	})
}

func FuzzTimeSpan(f *testing.F) {
	for _, s := range []string{"00:00:00", "-1.01:01:01.5", "106751.23:47:16.8547758"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d, again TimeSpan
		if d.UnmarshalText([]byte(s)) != nil {
			return
		}
		out, err := d.MarshalText()
		if err != nil || again.UnmarshalText(out) != nil || again != d {
			t.Fatalf("%s is written %s: %d, want %d", s, out, again, d)
		}
	})
}
