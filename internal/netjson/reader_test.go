package netjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bellpull/bellpull/internal/netjson"
)

// TestWhatIsNoDocument: where it is seen, and as what.
func TestWhatIsNoDocument(t *testing.T) {
	deep := strings.Repeat("[", netjson.MaxDepth+1)
	for doc, want := range map[string]struct {
		at          int
		what, loose error // nil: a loose reader takes it
	}{
		"":                  {0, netjson.ErrSyntax, netjson.ErrSyntax},
		" ":                 {1, netjson.ErrSyntax, netjson.ErrSyntax},
		"nul":               {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"nulll":             {4, netjson.ErrSyntax, netjson.ErrSyntax},
		"1 2":               {2, netjson.ErrSyntax, netjson.ErrSyntax},
		"01":                {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"-":                 {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"1.":                {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"1e+":               {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"+1":                {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"/**/1":             {0, netjson.ErrSyntax, netjson.ErrSyntax},
		"\uFEFF1":           {0, netjson.ErrSyntax, netjson.ErrSyntax},
		`"`:                 {1, netjson.ErrSyntax, netjson.ErrSyntax},
		"\"\n\"":            {1, netjson.ErrSyntax, netjson.ErrSyntax},
		`"\x"`:              {1, netjson.ErrSyntax, netjson.ErrSyntax},
		`"\u12G4"`:          {1, netjson.ErrSyntax, netjson.ErrSyntax},
		`"\`:                {1, netjson.ErrSyntax, netjson.ErrSyntax},
		`[1,]`:              {3, netjson.ErrSyntax, netjson.ErrSyntax},
		`[1 2]`:             {3, netjson.ErrSyntax, netjson.ErrSyntax},
		`[,1]`:              {1, netjson.ErrSyntax, netjson.ErrSyntax},
		`{"a"}`:             {4, netjson.ErrSyntax, netjson.ErrSyntax},
		`{a:1}`:             {1, netjson.ErrSyntax, netjson.ErrSyntax},
		`{"a":1,}`:          {7, netjson.ErrSyntax, netjson.ErrSyntax},
		deep:                {netjson.MaxDepth, netjson.ErrDepth, netjson.ErrDepth},
		"[\"\xff\"]":        {2, netjson.ErrText, nil},
		`["\ud800"]`:        {2, netjson.ErrText, nil},
		`["\udc00\ud800"]`:  {2, netjson.ErrText, nil},
		`{"\ud800":1}`:      {2, netjson.ErrText, nil},
		`["\ud800\u00e4"]`:  {2, netjson.ErrText, nil},
		`["\ud83d\ude00"]`:  {-1, nil, nil},
		`{"a":{"a":[{}]}} `: {-1, nil, nil},
	} {
		for name, r := range map[string]netjson.Reader{"strict": netjson.New([]byte(doc), "D"), "loose": netjson.NewLoose([]byte(doc), "D")} {
			want := want
			if name == "loose" {
				want.what = want.loose
			}
			r.Skip()
			err := r.End()
			switch {
			case want.what == nil && err != nil:
				t.Errorf("%s %q: %v", name, doc, err)
			case want.what != nil && (err == nil || !errors.Is(err, want.what) || err.Offset != want.at || err.Document != "D"):
				t.Errorf("%s %q: %v, want %v at %d", name, doc, err, want.what, want.at)
			}
		}
	}
}

// TestALooseReaderLooksAtTheTextsItIsAskedFor: their UTF-8 and their surrogates.
func TestALooseReaderLooksAtTheTextsItIsAskedFor(t *testing.T) {
	for _, doc := range []string{"\"\xff\"", `"\ud800"`, `"\ud800x"`} {
		r := netjson.NewLoose([]byte(doc), "D")
		if got := r.Text(); got != nil || !errors.Is(r.End(), netjson.ErrText) {
			t.Errorf("%q gives %q, %v", doc, got, r.Err())
		}
	}
}

// TestNumbersThatFit: and those that do not.
func TestNumbersThatFit(t *testing.T) {
	for doc, want := range map[string]struct {
		u64 uint64
		i32 int32
		u8  uint8
		ok  string // which of the three take it
	}{
		"0":                                {0, 0, 0, "uib"},
		"-0":                               {0, 0, 0, "i"},
		"255":                              {255, 255, 255, "uib"},
		"256":                              {256, 256, 0, "ui"},
		"2147483647":                       {math.MaxInt32, math.MaxInt32, 0, "ui"},
		"-2147483648":                      {0, math.MinInt32, 0, "i"},
		"2147483648":                       {1 << 31, 0, 0, "u"},
		"-2147483649":                      {},
		"18446744073709551615":             {math.MaxUint64, 0, 0, "u"},
		"18446744073709551616":             {},
		"99999999999999999999999999999999": {},
		"1.0":                              {}, "1e0": {}, "true": {}, `"1"`: {}, "null": {}, "[1]": {},
	} {
		check := func(kind string, got, w any, r *netjson.Reader) {
			t.Helper()
			if fits := strings.Contains(want.ok, kind); fits != r.OK() || fits && got != w {
				t.Errorf("%s as %s: %v, %v", doc, kind, got, r.Err())
			}
			if !r.OK() && !errors.Is(r.Err(), netjson.ErrRange) && !errors.Is(r.Err(), netjson.ErrType) {
				t.Errorf("%s as %s: %v", doc, kind, r.Err())
			}
		}
		a, b, c := netjson.New([]byte(doc), "D"), netjson.New([]byte(doc), "D"), netjson.New([]byte(doc), "D")
		check("u", a.Uint64(), want.u64, &a)
		check("i", b.Int32(), want.i32, &b)
		check("b", c.Uint8(), want.u8, &c)
	}
}

// TestWrongValuesAreToldFromMalformedOnes: and the error names the member.
func TestWrongValuesAreToldFromMalformedOnes(t *testing.T) {
	for doc, want := range map[string]string{
		`{"a":[1]}`:  `D."a": wrong JSON type at byte 5`,
		`{"a":[1}`:   `D."a": malformed JSON at byte 7`,
		`{"a":"\/"}`: `<nil>`,
		`{"a":null}`: `<nil>`,
		`[]`:         `D: wrong JSON type at byte 0`,
	} {
		r := netjson.New([]byte(doc), "D")
		for r.Object(); r.Member(); {
			r.Text()
		}
		got := "<nil>"
		if err := r.End(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", doc, got, want)
		}
	}
}

// TestAByteOrderMarkIsTakenWhereItMayBe: once.
func TestAByteOrderMarkIsTakenWhereItMayBe(t *testing.T) {
	for doc, ok := range map[string]bool{"\uFEFF1": true, "1": true, "\uFEFF\uFEFF1": false} {
		r := netjson.New([]byte(doc), "D")
		r.BOM()
		r.Skip()
		if err := r.End(); (err == nil) != ok {
			t.Errorf("%q: %v", doc, err)
		}
	}
}

// FuzzReader: what a strict reader takes is JSON to encoding/json too, its texts are the same, and what it gives of a
// value is that value. What encoding/json takes beyond that holds broken text, or is nested too deeply.
func FuzzReader(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e7,true,null,"x\u00e4\ud83d\ude00"]}`, `"\ud800"`, "\"\xff\"", ` [ ] `, `1 2`, "\uFEFF1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := netjson.New(b, "D")
		v := r.Value()
		err := r.End()
		valid := json.Valid(b)
		switch {
		case err == nil && !valid:
			t.Fatalf("%q is taken", b)
		case err != nil && (err.Offset < 0 || err.Offset > len(b)):
			t.Fatalf("%q: offset %d", b, err.Offset)
		case err != nil && valid && !errors.Is(err, netjson.ErrText) && !errors.Is(err, netjson.ErrDepth):
			t.Fatalf("%q: %v", b, err)
		case err == nil && !json.Valid(v):
			t.Fatalf("%q has the value %q", b, v)
		}
		l := netjson.NewLoose(b, "D")
		l.Skip()
		if e := l.End(); err == nil && e != nil {
			t.Fatalf("%q: a loose reader: %v", b, e)
		}
		s := netjson.New(b, "D")
		if got := s.Text(); got != nil && s.End() == nil {
			var want string
			if err := json.Unmarshal(b, &want); err != nil || want != string(got) {
				t.Fatalf("%q is %q, want %q, %v", b, got, want, err)
			}
		}
	})
}

// FuzzAppendQuoted: what is written is read again, in either style, and encoding/json reads the same.
func FuzzAppendQuoted(f *testing.F) {
	f.Add("plain \" \\ / & ' + < > ` \x7f \x00 \b\t\n\f\r \u0085\u2028 ä 😀 \xff")
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "\uFFFD")
		if !utf8.ValidString(s) { // a run of bad bytes is one replacement to ToValidUTF8
			want = string([]rune(s))
		}
		for _, style := range []netjson.Escape{netjson.EscapeAll, netjson.EscapeLeast} {
			b := netjson.AppendQuoted(nil, s, style)
			r := netjson.New(b, "D")
			got := r.Quoted()
			var std string
			err := json.Unmarshal(b, &std)
			if r.End() != nil || string(got) != want || err != nil || std != want {
				t.Fatalf("%q is written %s and read %q, %v; %q, %v", s, b, got, r.Err(), std, err)
			}
			if style == netjson.EscapeAll && strings.IndexFunc(string(b), func(c rune) bool { return c >= 0x7f }) >= 0 {
				t.Fatalf("%q is written %s", s, strconv.QuoteToASCII(string(b)))
			}
		}
	})
}
