package campuswire

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/netjson"
)

type point struct {
	X, Y  int
	Label *string
}

type base struct {
	XMLName string
	Hidden  *int `json:"hidden,omitempty"`
}

type Tagged struct {
	Kept any `json:"Kept"`
	Skip int `json:"-"`
}

type small int

// A selfWritten writes its own JSON.
type selfWritten struct{ Inner any }

func (selfWritten) MarshalJSON() ([]byte, error) { return []byte(`{"Inner" : null}`), nil }

// A textual is a text in JSON.
type textual struct{ Inner any }

func (*textual) MarshalText() ([]byte, error) { return []byte("T<"), nil }

// TestDialects holds what Go values become, against what the sessions have.
func TestDialects(t *testing.T) {
	label, hidden := "p", 0
	text := "hö <&> \"+' 😀"
	for _, c := range []struct {
		name                   string
		in                     any
		stj, camel, newtonsoft string
	}{
		{"a point", point{1, 2, &label}, `{"X":1,"Y":2,"Label":"p"}`, `{"x":1,"y":2,"label":"p"}`, ""},
		{"a point without label", &point{X: -1, Y: 2}, `{"X":-1,"Y":2,"Label":null}`, `{"x":-1,"y":2}`, ""},
		{"a text", text, `"h\u00F6 \u003C\u0026\u003E \u0022\u002B\u0027 \uD83D\uDE00"`, `"h\u00F6 \u003C\u0026\u003E \u0022\u002B\u0027 \uD83D\uDE00"`, `"hö <&> \"+' 😀"`},
		{"controls", "\x00\b\t\n\v\f\r\x1f\x7f`\\/\u0085\u2028\u2029", `"\u0000\b\t\n\u000B\f\r\u001F\u007F\u0060\\/\u0085\u2028\u2029"`, `"\u0000\b\t\n\u000B\f\r\u001F\u007F\u0060\\/\u0085\u2028\u2029"`, `"\u0000\b\t\n\u000b\f\r\u001f` + "\x7f`" + `\\/\u0085\u2028\u2029"`},
		{"a map", map[string]any{"Key": nil, "Point": point{}}, `{"Key":null,"Point":{"X":0,"Y":0,"Label":null}}`, `{"Key":null,"Point":{"x":0,"y":0}}`, ""},
		{"a map of numbers", map[int]*point{1: {X: 1}}, `{"1":{"X":1,"Y":0,"Label":null}}`, `{"1":{"X":1,"Y":0,"Label":null}}`, ""},
		{"a typed map", map[small]string{2: "<"}, `{"2":"\u003C"}`, `{"2":"\u003C"}`, `{"2":"<"}`},
		{"a list", []any{1, nil, point{}, []point{{}}, [1]point{}}, `[1,null,{"X":0,"Y":0,"Label":null},[{"X":0,"Y":0,"Label":null}],[{"X":0,"Y":0,"Label":null}]]`, `[1,null,{"x":0,"y":0},[{"x":0,"y":0}],[{"x":0,"y":0}]]`, ""},
		{"bytes", []byte{0xff, 0xef}, `"/\u002B8="`, `"/\u002B8="`, `"/+8="`},
		{"numbers", []any{1, -1.5, 1e300, uint64(math.MaxUint64), true, false}, `[1,-1.5,1e+300,18446744073709551615,true,false]`, `[1,-1.5,1e+300,18446744073709551615,true,false]`, ""},
		{"null", nil, "null", "null", ""},
		{"a nil pointer", (*point)(nil), "null", "null", ""},
		{"embedded", struct {
			base
			*Tagged
			ID    int
			IDs   []int
			Small small `json:",omitempty"`
		}{base{"n", &hidden}, &Tagged{Kept: point{}}, 1, nil, 0},
			`{"XMLName":"n","hidden":0,"Kept":{"X":0,"Y":0,"Label":null},"ID":1,"IDs":null}`, `{"xmlName":"n","hidden":0,"Kept":{"x":0,"y":0},"id":1}`, ""},
		{"an embedded nil", struct {
			*Tagged
			A any
		}{}, `{"A":null}`, `{}`, ""},
		{"a field over an embedded one", struct {
			Tagged
			Kept int
		}{}, `{"Kept":0}`, `{"kept":0}`, ""},
		{"what writes itself", []any{selfWritten{}, &selfWritten{}, json.RawMessage(`{ "A" : null }`), textual{}, &textual{}}, `[{"Inner":null},{"Inner":null},{"A":null},{"Inner":null},"T\u003C"]`, `[{"Inner":null},{"Inner":null},{"A":null},{},"T\u003C"]`, `[{"Inner":null},{"Inner":null},{"A":null},{"Inner":null},"T<"]`},
		{"what writes itself by its address", &struct{ A textual }{}, `{"A":"T\u003C"}`, `{"a":"T\u003C"}`, `{"A":"T<"}`},
	} {
		if c.newtonsoft == "" {
			c.newtonsoft = c.stj
		}
		for _, d := range []struct {
			name string
			Dialect
			want string
		}{{"stj", STJ, c.stj}, {"camel", Camel, c.camel}, {"newtonsoft", Newtonsoft, c.newtonsoft}} {
			out, err := d.AppendValue([]byte("x"), c.in)
			if string(out) != "x"+d.want || err != nil {
				t.Errorf("%s in %s\n got %s, %v\nwant x%s", c.name, d.name, out, err, d.want)
			}
			// Documents keep names and nulls, and are the same value as what encoding/json wrote.
			whole, err := json.MarshalIndent(c.in, " ", "\t")
			if err != nil {
				t.Fatal(err)
			}
			doc, err := d.AppendDocument(nil, whole)
			if err != nil {
				t.Errorf("%s in %s: %v", c.name, d.name, err)
			}
			var got, want any
			if json.Unmarshal(doc, &got) != nil || json.Unmarshal(whole, &want) != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s in %s: another value: %s", c.name, d.name, doc)
			}
		}
	}
}

// TestDialectErrors wants the errors of encoding/json, and ours for what it does not look at.
func TestDialectErrors(t *testing.T) {
	var deep any
	for range netjson.MaxDepth + 1 {
		deep = []any{deep}
	}
	for _, c := range []struct {
		in   any
		want error
	}{
		{make(chan int), nil},
		{math.NaN(), nil},
		{deep, ErrDepth},
		{json.RawMessage(`"\ud800"`), ErrText},
		{json.RawMessage("nope"), nil},
	} {
		for _, d := range []Dialect{STJ, Camel, Newtonsoft} {
			b, err := d.AppendValue([]byte("x"), c.in)
			if string(b) != "x" || err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%T: %q, %v, want %v", c.in, b, err, c.want)
			}
		}
	}
	for _, in := range []string{"", "nope", "{} ,", `{"a"}`, `["\ud800"]`, bom + "{}"} {
		if b, err := STJ.AppendDocument([]byte("x"), []byte(in)); string(b) != "x" || err == nil {
			t.Errorf("%q: %q, %v", in, b, err)
		}
	}
}

func TestDialectOf(t *testing.T) {
	for name, want := range map[string]Dialect{"stj": STJ, "stjctx": STJ, "camel": Camel, "newtonsoft": Newtonsoft} {
		if d, ok := DialectOf(name); d != want || !ok {
			t.Errorf("%s: %+v, %v", name, d, ok)
		}
	}
	if d, ok := DialectOf("STJ"); ok || d != (Dialect{}) {
		t.Errorf("another name: %+v", d)
	}
}

// TestNamesNobodyKnowsStay guards what encoding/json may have named by rules that are not ours.
func TestNamesNobodyKnowsStay(t *testing.T) {
	if field, tagged := new(speller).member(reflect.ValueOf(point{}), "Z"); field.IsValid() || tagged {
		t.Errorf("found %v", field)
	}
}

// TestCamel holds names against JsonNamingPolicy.CamelCase.
func TestCamel(t *testing.T) {
	for _, c := range strings.Fields("X>x XY>xy Name>name name>name XMLName>xmlName IOStream>ioStream ID>id IDs>iDs iOS>iOS A1>a1 URL2Go>urL2Go Élan>élan aB>aB") {
		in, want, _ := strings.Cut(c, ">")
		if got := camel(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if camel("") != "" {
		t.Error("no name")
	}
}
