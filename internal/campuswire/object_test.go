package campuswire

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/netjson"
)

const foo = "IpcRemotingObjectServerDemo.IFoo"

// invocations are the examples of sections 6.2, 6.3 and 6.8, and what the sessions have beside them.
var invocations = []struct {
	text string
	want Invocation
}{
	{docAdd, Invocation{Contract: Str(foo), Member: 4212367674473054951, Name: Str("Add"), Call: CallMethod, Args: []Value{Plain([]byte("1")), Plain([]byte("2"))}}},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":15467761036679698775,"m":"Name","c":1,"a":null}`,
		Invocation{Contract: Str(foo), Member: 15467761036679698775, Name: Str("Name"), Call: CallGet}},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":4154127377049786217,"m":"Name","c":2,"a":[{"i":"","t":null,"v":"Bar"}]}`,
		Invocation{Contract: Str(foo), Member: 4154127377049786217, Name: Str("Name"), Call: CallSet, Args: []Value{Plain([]byte(`"Bar"`))}}},
	{`{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":3818398923662137203,"m":"AddAsync","c":4,"a":[{"i":"","t":null,"v":"a"},{"i":"","t":null,"v":1}]}`,
		Invocation{Contract: Str(foo), Member: 3818398923662137203, Name: Str("AddAsync"), Call: CallAsync, Args: []Value{Plain([]byte(`"a"`)), Plain([]byte("1"))}}},
	{`{"i":"","t":"N.IRemoteFakeIpcObject","d":9555788143074781978,"m":"MethodWithIpcParameterAsync","c":4,"a":[{"i":"G1","t":"N.IRemoteFakeIpcArgumentOrReturn","v":null},{"i":"","t":null,"v":"changed"}]}`,
		Invocation{Contract: Str("N.IRemoteFakeIpcObject"), Member: 9555788143074781978, Name: Str("MethodWithIpcParameterAsync"), Call: CallAsync,
			Args: []Value{Reference("G1", "N.IRemoteFakeIpcArgumentOrReturn"), Plain([]byte(`"changed"`))}}},
	{`{"i":"second","t":"A\u002BB","d":18446744073709551615,"m":"Use","c":9,"a":[null,{"i":"","t":null,"v":null}]}`,
		Invocation{ID: Str("second"), Contract: Str("A+B"), Member: 1<<64 - 1, Name: Str("Use"), Call: 9, Args: []Value{{Null: true}, {}}}},
	{`{"i":"","t":"T","d":0,"m":"M","c":-2147483648,"a":[]}`, Invocation{Contract: Str("T"), Name: Str("M"), Call: -1 << 31, Args: []Value{}}},
}

func TestInvocations(t *testing.T) {
	var got Invocation
	for _, v := range invocations {
		if err := ParseInvocation([]byte(v.text), &got); err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", v.text, got, err, v.want)
		}
		if out := v.want.AppendJSON([]byte("x"), netjson.EscapeAll); string(out) != "x"+v.text {
			t.Errorf("got  x%s\nwant %s", out, v.text)
		}
		got.Args = make([]Value, 7)[:3] // used again
	}
}

// TestInvocationIsReadAsDotnetDoes are the rows of the session objects-odd.
func TestInvocationIsReadAsDotnetDoes(t *testing.T) {
	add := invocations[0].want
	plain := func(d uint64, c CallType, args []Value) Invocation {
		return Invocation{Contract: Str("T"), Member: d, Name: Str("Add"), Call: c, Args: args}
	}
	one := []Value{Plain([]byte("1"))}
	for _, c := range []struct {
		name, in string
		want     Invocation
		err      error
		member   string
	}{
		{"other key order, unknown key", `{"z":1,"a":[{"v":1},{"v":2}],"c":3,"m":"Add","d":4212367674473054951,"t":"` + foo + `","i":""}`, add, nil, ""},
		{"i absent", `{"t":"T","d":1,"m":"Add","c":3,"a":[{"v":1}]}`, plain(1, 3, one), nil, ""},
		{"i null", `{"i":null,"t":"T","d":1,"m":"Add","c":3,"a":[{"v":1}]}`, plain(1, 3, one), nil, ""},
		{"d absent", `{"t":"T","m":"Add","c":3}`, plain(0, 3, nil), nil, ""},
		{"white space", " \r\n\t{ \"t\" : \"T\" , \"m\":\"Add\",\"c\":3,\"a\":[ { \"v\" : [ 1 ] } ] }\n", plain(0, 3, []Value{Plain([]byte("[ 1 ]"))}), nil, ""},
		{"escapes", `{"t":"\u0054","m":"\u0041dd","c":3,"a":[{"v":"\u00e9\ud83d\ude00\/"}]}`, plain(0, 3, []Value{Plain([]byte(`"\u00e9\ud83d\ude00\/"`))}), nil, ""},
		{"a name with escapes", `{"\u0074":"T","m":"Add","c":3}`, plain(0, 3, nil), nil, ""},
		{"of a repeated key the last counts", `{"t":"X","t":"T","m":"Add","c":3,"a":[{"v":2}],"a":[{"v":1}]}`, plain(0, 3, one), nil, ""},
		{"a last null counts too", `{"t":"T","m":"Add","c":3,"a":[{"v":2}],"a":null}`, plain(0, 3, nil), nil, ""},
		{"a value of every kind", `{"t":"T","m":"Add","c":3,"a":[{"v":{"x":[true,false,null,-1.5e+3,""]}}]}`, plain(0, 3, []Value{Plain([]byte(`{"x":[true,false,null,-1.5e+3,""]}`))}), nil, ""},
		{"unknown values of every kind", `{"q":{"x":[true,false,null,-1.5E-3,"\n"]},"t":"T","m":"Add","c":3,"a":[{"q":[{}],"v":1}]}`, plain(0, 3, one), nil, ""},

		{"m blank", `{"t":"T","m":"","c":3}`, Invocation{}, ErrBlank, "m"},
		{"m absent", `{"t":"T","c":3}`, Invocation{}, ErrBlank, "m"},
		{"t null", `{"t":null,"m":"Add","c":3}`, Invocation{}, ErrBlank, "t"},
		{"t white space", "{\"t\":\" \u3000\u0085\\t\",\"m\":\"Add\",\"c\":3}", Invocation{}, ErrBlank, "t"},
		{"keys in upper case", `{"I":"","T":"T","D":1,"M":"Add","C":3,"A":[]}`, Invocation{}, ErrBlank, "t"},
		{"c 0", `{"t":"T","m":"Add","c":0}`, Invocation{}, ErrMissing, "c"},
		{"c absent", `{"t":"T","m":"Add"}`, Invocation{}, ErrMissing, "c"},
		{"c beyond int32", `{"t":"T","m":"Add","c":2147483648}`, Invocation{}, ErrRange, "c"},
		{"c far beyond", `{"t":"T","m":"Add","c":99999999999999999999999}`, Invocation{}, ErrRange, "c"},
		{"c is null", `{"t":"T","m":"Add","c":null}`, Invocation{}, ErrType, "c"},
		{"d as text", `{"t":"T","d":"1","m":"Add","c":3}`, Invocation{}, ErrType, "d"},
		{"d with a fraction", `{"t":"T","d":1.0,"m":"Add","c":3}`, Invocation{}, ErrRange, "d"},
		{"d with an exponent", `{"t":"T","d":1e3,"m":"Add","c":3}`, Invocation{}, ErrRange, "d"},
		{"d negative", `{"t":"T","d":-1,"m":"Add","c":3}`, Invocation{}, ErrRange, "d"},
		{"d above u64", `{"t":"T","d":18446744073709551616,"m":"Add","c":3}`, Invocation{}, ErrRange, "d"},
		{"d with a leading zero", `{"t":"T","d":01,"m":"Add","c":3}`, Invocation{}, ErrSyntax, "d"},
		{"d is a lone minus", `{"t":"T","d":-,"m":"Add","c":3}`, Invocation{}, ErrSyntax, "d"},
		{"a number without fraction", `{"q":1.}`, Invocation{}, ErrSyntax, "q"},
		{"a number without exponent", `{"q":1e+}`, Invocation{}, ErrSyntax, "q"},
		{"i a number", `{"i":1,"t":"T","m":"Add","c":3}`, Invocation{}, ErrType, "i"},
		{"a an object", `{"t":"T","m":"Add","c":3,"a":{}}`, Invocation{}, ErrType, "a"},
		{"an argument is no model", `{"t":"T","m":"Add","c":3,"a":[1]}`, Invocation{}, ErrType, "a"},
		{"too many arguments", `{"t":"T","m":"Add","c":3,"a":[` + strings.Repeat("null,", MaxArgs) + `null]}`, Invocation{}, ErrTooMany, "a"},
		{"BOM", "\xef\xbb\xbf" + docAdd, Invocation{}, ErrSyntax, ""},
		{"garbage behind", docAdd + "x", Invocation{}, ErrSyntax, ""},
		{"a NUL behind", docAdd + "\x00", Invocation{}, ErrSyntax, ""},
		{"not JSON", "nope", Invocation{}, ErrSyntax, ""},
		{"header only", "", Invocation{}, ErrSyntax, ""},
		{"null", "null", Invocation{}, ErrType, ""},
		{"an array", "[]", Invocation{}, ErrType, ""},
		{"a comma too many", `{"t":"T",}`, Invocation{}, ErrSyntax, ""},
		{"a comma too few", `{"t":"T" "m":"Add"}`, Invocation{}, ErrSyntax, "t"},
		{"a comment", `{"t":"T",/**/"m":"Add","c":3}`, Invocation{}, ErrSyntax, ""},
		{"a control in a text", "{\"t\":\"a\nb\"}", Invocation{}, ErrSyntax, "t"},
		{"a wrong escape", `{"t":"\x41"}`, Invocation{}, ErrSyntax, "t"},
		{"an escape cut off", `{"t":"\u00`, Invocation{}, ErrSyntax, "t"},
		{"an escape that is no hex", `{"t":"\u00zz"}`, Invocation{}, ErrSyntax, "t"},
		{"a text cut off", `{"t":"T`, Invocation{}, ErrSyntax, "t"},
		{"a text cut off in an escape", `{"t":"\`, Invocation{}, ErrSyntax, "t"},
		{"half a surrogate pair", `{"t":"\ud83d"}`, Invocation{}, ErrText, "t"},
		{"half a surrogate pair in what is skipped", `{"q":"\ude00\ud83d"}`, Invocation{}, ErrText, "q"},
		{"invalid UTF-8", "{\"t\":\"\xff\"}", Invocation{}, ErrText, ""},
		{"64 levels", `{"t":"T","m":"Add","c":3,"q":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, plain(0, 3, nil), nil, ""},
		{"65 levels", `{"t":"T","m":"Add","c":3,"q":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, Invocation{}, ErrDepth, "q"},
	} {
		got := Invocation{Args: []Value{Plain([]byte("old"))}}
		err := ParseInvocation([]byte(c.in), &got)
		var je *JSONError
		switch {
		case !reflect.DeepEqual(got, c.want) || !errors.Is(err, c.err):
			t.Errorf("%s: %s\n got %+v, %v\nwant %+v, %v", c.name, c.in, got, err, c.want, c.err)
		case err != nil && (!errors.As(err, &je) || je.Member != c.member || je.Offset > len(c.in) || je.Document != "Invocation"):
			t.Errorf("%s: %s\n got %v, want member %q", c.name, c.in, err, c.member)
		}
	}
	err := ParseInvocation([]byte(`{"t":"T","d":-1}`), new(Invocation))
	if err.Error() != `campus: Invocation."d": number does not fit at byte 13` {
		t.Errorf("message %q", err)
	}
	long := Str(strings.Repeat("n", 1000))
	var je *JSONError
	if err := ParseInvocation([]byte(`{"`+string(long)+`":x}`), new(Invocation)); !errors.As(err, &je) || len(je.Member) != netjson.MaxMember {
		t.Errorf("a long name shows as %v", err)
	}
}

// TestEveryPrefixOfADocumentIsAnError cuts documents.
func TestEveryPrefixOfADocumentIsAnError(t *testing.T) {
	for _, v := range invocations {
		for i := range v.text {
			if err := ParseInvocation([]byte(v.text[:i]), new(Invocation)); !errors.Is(err, ErrSyntax) {
				t.Fatalf("%s: %v", v.text[:i], err)
			}
		}
	}
	for _, v := range returns {
		for i := range v.text {
			if err := ParseReturn([]byte(v.text[:i]), new(Return)); !errors.Is(err, ErrSyntax) {
				t.Fatalf("%s: %v", v.text[:i], err)
			}
		}
	}
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		v            Value
		object, none bool
	}{
		{Value{}, false, true},
		{Value{Null: true}, false, true},
		{Plain([]byte("1")), false, true},
		{Reference("7", "No.Such"), true, false},
		{Reference("", "T"), true, false},
		{Value{ID: Str("9"), Contract: Str("")}, false, false},
		{Value{ID: Str("9"), Contract: Str(" ")}, false, false},
		{Value{Contract: Str("\u2003\u2028")}, false, true},
	} {
		if c.v.Object() != c.object || c.v.None() != c.none {
			t.Errorf("%+v: object %v, none %v", c.v, c.v.Object(), c.v.None())
		}
	}
	for c, want := range []string{"unknown", "get", "set", "method", "async method", "unknown"} {
		if CallType(c).String() != want {
			t.Errorf("%d is %v", c, CallType(c))
		}
	}
	s := Str("x")
	if c := s.Clone(); s.Null() || c.String() != "x" || &c[0] == &s[0] || !Str(nil).Clone().Null() || Str("").Clone().Null() {
		t.Error("a clone is another text, or the same bytes")
	}
}

// returns are the examples of section 6.3 and of the sessions.
var returns = []struct {
	text string
	want Return
}{
	{`{"r":{"i":"","t":null,"v":3},"e":null}`, Return{Result: Plain([]byte("3"))}},
	{`{"r":{"i":"","t":null,"v":"Foo"},"e":null}`, Return{Result: Plain([]byte(`"Foo"`))}},
	{`{"r":{"i":"","t":null,"v":null},"e":null}`, Return{}},
	{`{"r":null,"e":null}`, Return{Result: Value{Null: true}}},
	{`{"r":{"i":"23ce7aff-0bf3-451e-8180-e6d19dee8c43","t":"Bellpull.Peers.INested","v":null},"e":null}`, Return{Result: Reference("23ce7aff-0bf3-451e-8180-e6d19dee8c43", "Bellpull.Peers.INested")}},
	{`{"r":null,"e":{"t":"System.InvalidOperationException","m":"boom","s":"   at ...","x":null}}`,
		Return{Result: Value{Null: true}, Exception: &Exception{Type: Str(ExceptionInvalidOperation), Message: Str("boom"), Stack: Str("   at ...")}}},
	{`{"r":null,"e":{"t":"System.ArgumentNullException","m":"no (Parameter \u0027p\u0027)","s":null,"x":"p"}}`,
		Return{Result: Value{Null: true}, Exception: &Exception{Type: Str(ExceptionArgumentNull), Message: Str("no (Parameter 'p')"), Extra: Str("p")}}},
	{`{"r":null,"e":{"t":null,"m":null,"s":null,"x":null}}`, Return{Result: Value{Null: true}, Exception: &Exception{}}},
}

func TestReturns(t *testing.T) {
	var got Return
	for _, v := range returns {
		if err := ParseReturn([]byte(v.text), &got); err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", v.text, got, err, v.want)
		}
		if out := v.want.AppendJSON([]byte("x"), netjson.EscapeAll); string(out) != "x"+v.text {
			t.Errorf("got  x%s\nwant %s", out, v.text)
		}
	}
	raw := returns[6].want.AppendJSON(nil, netjson.EscapeLeast)
	if want := `{"r":null,"e":{"t":"System.ArgumentNullException","m":"no (Parameter 'p')","s":null,"x":"p"}}`; string(raw) != want {
		t.Errorf("got %s, want %s", raw, want)
	}
}

// TestReturnIsReadAsDotnetDoes are the rows of the session returns-odd.
func TestReturnIsReadAsDotnetDoes(t *testing.T) {
	three, null := Return{Result: Plain([]byte("3"))}, Return{Result: Value{Null: true}}
	failed := func(e Exception) Return { return Return{Result: Value{Null: true}, Exception: &e} }
	for _, c := range []struct {
		in   string
		want Return
		err  error
	}{
		{`{"r":{"v":3}}`, three, nil},
		{`{"e":null,"q":1,"r":{"v":3,"i":"","z":{}}}`, three, nil},
		{`{"i":{"i":"","t":"T","d":1,"m":"M","c":3,"a":null},"r":{"i":"","t":null,"v":3},"e":null}`, three, nil}, // a DEBUG build
		{`{}`, null, nil},
		{`{"r":{"v":null}}`, Return{}, nil},
		{`{"r":{}}`, Return{}, nil},
		{`{"e":{"q":[],"m":"no"}}`, failed(Exception{Message: Str("no")}), nil},
		{`{"r":{"v":3},"e":{"t":"System.ArgumentException","m":"no"}}`, failed(Exception{Type: Str(ExceptionArgument), Message: Str("no")}), nil},
		{`{"e":{"t":"A","m":"no"},"e":null,"r":{"v":3}}`, three, nil},
		{`{"r":{"i":"9","t":"","v":null},"e":null}`, Return{Result: Value{ID: Str("9"), Contract: Str("")}}, nil},
		{"\xef\xbb\xbf" + `{"r":{"v":3},"e":null}`, Return{}, ErrSyntax},
		{"nope", Return{}, ErrSyntax},
		{"", Return{}, ErrSyntax},
		{`{"r":3}`, Return{}, ErrType},
		{`{"e":"no"}`, Return{}, ErrType},
		{`{"e":{"m":1}}`, Return{}, ErrType},
		{`{"r":{"v":}}`, Return{}, ErrSyntax},
	} {
		got := Return{Exception: &Exception{}}
		err := ParseReturn([]byte(c.in), &got)
		var je *JSONError
		if !reflect.DeepEqual(got, c.want) || !errors.Is(err, c.err) || err != nil && !errors.As(err, &je) {
			t.Errorf("%s\n got %+v, %v\nwant %+v, %v", c.in, got, err, c.want, c.err)
		}
	}
}

// TestRebuilt guards the eight exceptions of section 6.9.
func TestRebuilt(t *testing.T) {
	eight := []string{"ArgumentException", "ArgumentNullException", "BadImageFormatException", "InvalidCastException",
		"InvalidOperationException", "NotImplementedException", "NotSupportedException", "NullReferenceException"}
	for _, name := range eight {
		if !Rebuilt("System." + name) {
			t.Errorf("System.%s becomes another", name)
		}
	}
	for _, name := range []string{"", "ArgumentException", "System.IO.IOException", "System.AggregateException", ExceptionMemberNotFound, ExceptionIndexOutOfRange, ExceptionJSON} {
		if Rebuilt(name) {
			t.Errorf("%s is not rebuilt", name)
		}
	}
}
