package dmtpwire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// A kernelMessage is what the tests need of the four messages.
type kernelMessage interface {
	AppendJSON(b []byte, style JSONStyle) []byte
}

func parseKernel(kind string, body []byte) (kernelMessage, error) {
	switch kind {
	case "WaitVerify":
		m := new(WaitVerify)
		return m, ParseWaitVerify(body, m)
	case "WaitSetId":
		m := new(WaitSetID)
		return m, ParseWaitSetID(body, m)
	case "WaitPing":
		m := new(WaitPing)
		return m, ParseWaitPing(body, m)
	default:
		m := new(WaitClose)
		return m, ParseWaitClose(body, m)
	}
}

func array(kv ...string) Metadata {
	m := Metadata{Form: FormArray}
	for i := 0; i < len(kv); i += 2 {
		m.Pairs = append(m.Pairs, Pair{Str(kv[i]), Str(kv[i+1])})
	}
	return m
}

// kernelVectors are what .NET wrote, sections 3.1.1, 4.4 to 4.6 and A.2: parsed, and appended to the same bytes.
var kernelVectors = []struct {
	kind string
	len  int // as given in the specification, 0 when it is not
	text string
	want kernelMessage
}{
	{"WaitVerify", 102, "{\n  \"Token\": \"Dmtp\",\n  \"Metadata\": null,\n  \"Id\": null,\n  \"Message\": null,\n  \"Sign\": 2,\n  \"Status\": 0\n}",
		&WaitVerify{Token: Str("Dmtp"), Sign: 2}},
	{"WaitVerify", 130, "{\n  \"Token\": \"Dmtp\",\n  \"Metadata\": null,\n  \"Id\": \"01-00-00-00\",\n  \"Message\": \"Operation successful.\",\n  \"Sign\": 2,\n  \"Status\": 1\n}",
		&WaitVerify{Token: Str("Dmtp"), ID: Str("01-00-00-00"), Message: Str("Operation successful."), Sign: 2, Status: 1}},
	{"WaitVerify", 214, "{\n  \"Token\": \"Dmtp\",\n  \"Metadata\": [\n    {\n      \"Key\": \"a\",\n      \"Value\": \"a\"\n    },\n    {\n      \"Key\": \"\\u4E2D\",\n      \"Value\": \"\\u6587\"\n    }\n  ],\n  \"Id\": \"myid\",\n  \"Message\": null,\n  \"Sign\": 2,\n  \"Status\": 0\n}",
		&WaitVerify{Token: Str("Dmtp"), Metadata: array("a", "a", "中", "文"), ID: Str("myid"), Sign: 2}},
	{"WaitVerify", 0, "{\n  \"Token\": null,\n  \"Metadata\": [],\n  \"Id\": \"\",\n  \"Message\": null,\n  \"Sign\": 4,\n  \"Status\": 2\n}",
		&WaitVerify{Metadata: array(), ID: Str(""), Sign: 4, Status: StatusRefused}},
	{"WaitVerify", 0, "{\n  \"Token\": \"Dmtp\",\n  \"Metadata\": {\n    \"a\": \"a\",\n    \"\\u4E2D\": null\n  },\n  \"Id\": \"old\",\n  \"Message\": null,\n  \"Sign\": 0,\n  \"Status\": 0\n}",
		&WaitVerify{Token: Str("Dmtp"), Metadata: Metadata{[]Pair{{Str("a"), Str("a")}, {Str("中"), nil}}, FormObject}, ID: Str("old")}},
	{"WaitPing", 152, "{\n  \"Sign\": 3,\n  \"Status\": 0,\n  \"Message\": null,\n  \"Route\": false,\n  \"SourceId\": \"01-00-00-00\",\n  \"TargetId\": null,\n  \"Version\": 1,\n  \"Metadata\": null\n}",
		&WaitPing{Sign: 3, Source: Str("01-00-00-00"), Version: 1}},
	{"WaitPing", 152, "{\n  \"Sign\": 3,\n  \"Status\": 1,\n  \"Message\": null,\n  \"Route\": false,\n  \"SourceId\": null,\n  \"TargetId\": \"01-00-00-00\",\n  \"Version\": 1,\n  \"Metadata\": null\n}",
		&WaitPing{Sign: 3, Status: 1, Target: Str("01-00-00-00"), Version: 1}},
	{"WaitPing", 0, "{\n  \"Sign\": 3,\n  \"Status\": 15,\n  \"Message\": null,\n  \"Route\": true,\n  \"SourceId\": \"nobody\",\n  \"TargetId\": \"alice\",\n  \"Version\": 1,\n  \"Metadata\": null\n}",
		&WaitPing{Sign: 3, Status: StatusClientNotFound, Source: Str("nobody"), Target: Str("alice"), Version: 1}},
	{"WaitPing", 0, "{\n  \"Sign\": 1,\n  \"Status\": 0,\n  \"Message\": null,\n  \"Route\": false,\n  \"SourceId\": \"old\",\n  \"TargetId\": null\n}",
		&WaitPing{Sign: 1, Source: Str("old"), Version: 1, Legacy: true}},
	{"WaitClose", 50, "{\n  \"Message\": \"bye\",\n  \"Sign\": 3,\n  \"Status\": 0\n}", &WaitClose{Message: Str("bye"), Sign: 3}},
	{"WaitSetId", 0, "{\n  \"OldId\": \"01-00-00-00\",\n  \"NewId\": \"newid1\",\n  \"Message\": null,\n  \"Sign\": 3,\n  \"Status\": 0\n}",
		&WaitSetID{OldID: Str("01-00-00-00"), NewID: Str("newid1"), Sign: 3}},
	{"WaitSetId", 0x55, "{\n  \"OldId\": null,\n  \"NewId\": \"go-1\",\n  \"Message\": null,\n  \"Sign\": 6,\n  \"Status\": 1\n}",
		&WaitSetID{NewID: Str("go-1"), Sign: 6, Status: 1}},
}

func TestKernelVectors(t *testing.T) {
	for _, v := range kernelVectors {
		if v.len != 0 && len(v.text) != v.len {
			t.Errorf("the vector has %d bytes, the specification says %d: %s", len(v.text), v.len, v.text)
		}
		got, err := parseKernel(v.kind, []byte(v.text))
		if err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s\n%s\n got %+v, %v\nwant %+v", v.kind, v.text, got, err, v.want)
		}
		if out := v.want.AppendJSON(nil, Indented); string(out) != v.text {
			t.Errorf("indented:\n%s\nwant\n%s", out, v.text)
		}
		compact := v.want.AppendJSON([]byte("x"), Compact)
		if bytes.ContainsAny(compact, " \n") && !strings.Contains(v.text, "Operation successful.") {
			t.Errorf("compact: %s", compact)
		}
		if again, err := parseKernel(v.kind, compact[1:]); err != nil || !reflect.DeepEqual(again, v.want) {
			t.Errorf("compact %s: got %+v, %v", compact, again, err)
		}
		for i := range v.text {
			if _, err := parseKernel(v.kind, []byte(v.text[:i])); !errors.Is(err, ErrSyntax) {
				t.Errorf("%s: prefix %q: %v, want ErrSyntax", v.kind, v.text[:i], err)
			}
		}
	}
}

// TestPingDialect goes through what a .NET service took and refused as a ping.
func TestPingDialect(t *testing.T) {
	for _, c := range []struct {
		in   string
		what error // nil: accepted
		sign int32
	}{
		{` {"X":{"y":[1]}, "Status" : 0,` + "\r\n\t" + `"Sign":2} `, nil, 2},
		{`{"sign":3}`, nil, 0},
		{`{"Sign":"4"}`, ErrType, 0},
		{`{"Sign":5.0}`, ErrRange, 0},
		{`{"Sign":5e0}`, ErrRange, 0},
		{`{}`, nil, 0},
		{`{"Sign":-6}`, nil, -6},
		{`{"Sign":-2147483648}`, nil, -1 << 31},
		{`{"Sign":2147483648}`, ErrRange, 0},
		{`{"Sign":4294967296}`, ErrRange, 0},
		{`{"Sign":99999999999999999999999}`, ErrRange, 0},
		{`{"Sign":7,"Status":300}`, ErrRange, 0},
		{`{"Sign":7,"Status":-1}`, ErrRange, 0},
		{`{"Sign":null}`, ErrType, 0},
		{`{"Sign":true}`, ErrType, 0},
		{`{"Sign":[1]}`, ErrType, 0},
		{`hello`, ErrSyntax, 0},
		{``, ErrSyntax, 0},
		{` `, ErrSyntax, 0},
		{`null`, ErrType, 0},
		{`[]`, ErrType, 0},
		{`{"Sign":8,/*c*/}`, ErrSyntax, 0},
		{`{"Sign":8,}`, ErrSyntax, 0},
		{`{"Sign":8} x`, ErrSyntax, 0},
		{`{"Sign":8}{}`, ErrSyntax, 0},
		{"\xef\xbb\xbf" + `{"Sign":9}`, ErrSyntax, 0},
		{`{"Sign":10,"Message":"中\u6587 <&>\"/'+"}`, nil, 10},
		{`{"Sign":11,"Sign":12}`, nil, 12},
		{`{"\u0053ign":13}`, nil, 13},
		{`{"Sign":01}`, ErrSyntax, 0},
		{`{"Sign":-}`, ErrSyntax, 0},
		{`{"Sign":1.}`, ErrSyntax, 0},
		{`{"Sign":1e}`, ErrSyntax, 0},
		{`{"Sign":-0}`, nil, 0},
		{`{"Sign" 1}`, ErrSyntax, 0},
		{`{"Sign":1 "Status":1}`, ErrSyntax, 0},
		{`{"Message":"a` + "\n" + `b"}`, ErrSyntax, 0},
		{`{"Message":"\x"}`, ErrSyntax, 0},
		{`{"Message":"\u12g4"}`, ErrSyntax, 0},
		{`{"Message":"\ud800"}`, ErrText, 0},
		{`{"Message":"\ud800\u0041"}`, ErrText, 0},
		{`{"Message":"\udc00\ud800"}`, ErrText, 0},
		{`{"Message":"` + "\xff" + `"}`, ErrText, 0},
		{`{"Message":5}`, ErrType, 0},
		{`{"Route":5,"Sign":1}`, nil, 1},
		{`{"X":tru}`, ErrSyntax, 0},
		{`{"X":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `,"Sign":1}`, nil, 1},
		{`{"X":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, ErrDepth, 0},
		{`{"X":` + strings.Repeat(`{"a":`, 100000), ErrDepth, 0},
	} {
		var m WaitPing
		err := ParseWaitPing([]byte(c.in), &m)
		var je *JSONError
		switch {
		case c.what == nil && err != nil, c.what != nil && (!errors.Is(err, c.what) || !errors.As(err, &je)):
			t.Errorf("%.80q: %v, want %v", c.in, err, c.what)
		case m.Sign != c.sign:
			t.Errorf("%.80q: Sign %d, want %d", c.in, m.Sign, c.sign)
		}
	}
	var m WaitPing
	if err := ParseWaitPing([]byte(`{"Message":"中\u6587 <&>\"/'+\ud83d\ude00\b"}`), &m); err != nil || !m.Message.Is("中文 <&>\"/'+😀\b") {
		t.Errorf("got %q, %v", m.Message, err)
	}
	err := ParseWaitPing([]byte(`{"Sign":7,"Status":300}`), &m)
	if want := (JSONError{"WaitPing", "Status", 19, ErrRange}); err == nil || *err.(*JSONError) != want {
		t.Errorf("got %+v, want %+v", err, want)
	}
}

// TestVerifyMetadata goes through the forms that a .NET service took and refused.
func TestVerifyMetadata(t *testing.T) {
	many := strings.Repeat(`{"Key":"k","Value":"v"},`, 300)
	var distinct strings.Builder
	for i := range 257 {
		distinct.WriteString(`{"Key":"` + string(rune('一'+i)) + `"},`)
	}
	for _, c := range []struct {
		in   string
		want Metadata
		what error
	}{
		{`null`, Metadata{}, nil},
		{`[]`, array(), nil},
		{`{}`, Metadata{Form: FormObject}, nil},
		{`{"a":"b","a":"c"}`, Metadata{[]Pair{{Str("a"), Str("c")}}, FormObject}, nil},
		{`{"a":1}`, Metadata{}, ErrType},
		{`[{"key":"a","VALUE":"b"}]`, array("a", "b"), nil},
		{`[{"Key":"a","Value":"1"},{"Key":"b","Value":""},{"Key":"a","Value":"2"}]`, array("a", "2", "b", ""), nil},
		{`[{"Key":"a","Z":{"Key":[1]}}]`, Metadata{[]Pair{{Str("a"), nil}}, FormArray}, nil},
		{`[{"Key":"a","Value":null}]`, Metadata{[]Pair{{Str("a"), nil}}, FormArray}, nil},
		{`[{"Key":"a","Value":5}]`, Metadata{}, ErrType},
		{`[{"Value":"5"},{"Key":null},{}]`, array(), nil},
		{`[{"Key":"a"},null]`, Metadata{}, ErrType},
		{`["a"]`, Metadata{}, ErrType},
		{`[{"Key":"a"},]`, Metadata{}, ErrSyntax},
		{`"a"`, Metadata{}, ErrType},
		{`5`, Metadata{}, ErrType},
		{`[` + many[:len(many)-1] + `]`, array("k", "v"), nil},
		{`[` + distinct.String()[:distinct.Len()-1] + `]`, Metadata{}, ErrTooMany},
		{`[{"Key":"a","Value":"` + strings.Repeat("x", MaxMetadataBytes-1) + `"}]`, array("a", strings.Repeat("x", MaxMetadataBytes-1)), nil},
		{`[{"Key":"a","Value":"` + strings.Repeat("x", MaxMetadataBytes) + `"}]`, Metadata{}, ErrTooLong},
	} {
		var m WaitVerify
		err := ParseWaitVerify([]byte(`{"Metadata":`+c.in+`}`), &m)
		if c.what != nil && !errors.Is(err, c.what) || c.what == nil && err != nil {
			t.Errorf("%.80s: %v, want %v", c.in, err, c.what)
			continue
		}
		if len(m.Metadata.Pairs) == 0 {
			m.Metadata.Pairs = nil
		}
		if !reflect.DeepEqual(m.Metadata, c.want) {
			t.Errorf("%.80s: got %.200v, want %.200v", c.in, m.Metadata, c.want)
		}
	}
}

// TestEscapes has the table of section 4.2.
func TestEscapes(t *testing.T) {
	for _, c := range [][2]string{
		{`"&'+<>` + "`\x7f", `\u0022\u0026\u0027\u002B\u003C\u003E\u0060\u007F`},
		{"\\\b\t\n\f\r", `\\\b\t\n\f\r`},
		{"/~=", "/~="},
		{"\x00\x1f", `\u0000\u001F`},
		{"é中😀", `\u00E9\u4E2D\uD83D\uDE00`},
		{"hé 中 😀", `h\u00E9 \u4E2D \uD83D\uDE00`},
		{"\xff", `\uFFFD`},
	} {
		if got := string(AppendJSONString(nil, Str(c[0]))); got != `"`+c[1]+`"` {
			t.Errorf("%q: got %s, want %s", c[0], got, c[1])
		}
	}
	if got := string(AppendJSONString(nil, nil)); got != "null" {
		t.Errorf("null: %s", got)
	}
}

func TestCloseText(t *testing.T) {
	if s, err := ParseCloseText([]byte("bye 中")); err != nil || !s.Is("bye 中") {
		t.Errorf("got %q, %v", s, err)
	}
	if _, err := ParseCloseText([]byte("\xff")); !errors.Is(err, ErrText) {
		t.Errorf("got %v", err)
	}
}
