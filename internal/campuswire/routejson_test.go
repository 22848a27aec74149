package campuswire

import (
	"errors"
	"reflect"
	"testing"
)

// TestParseDocument are the rows of the session json-odd that concern the document.
func TestParseDocument(t *testing.T) {
	for _, c := range []struct {
		in, want string
		err      error
	}{
		{docFoo, docFoo, nil},
		{NoParameter, "{}", nil},
		{"null", "null", nil},
		{"[1]", "[1]", nil},
		{"5", "5", nil},
		{`"é服😀"`, `"é服😀"`, nil},
		{bom + docFoo, docFoo, nil},
		{" {\"Value\" : \"a\"}\n", `{"Value" : "a"}`, nil},
		{bom + " null ", "null", nil},
		{"", "", ErrEmpty},
		{" ", "", ErrSyntax},
		{bom, "", ErrSyntax},
		{bom + bom + "{}", "", ErrSyntax},
		{docFoo + "x", "", ErrSyntax},
		{"{} {}", "", ErrSyntax},
		{"\xff", "", ErrText},
	} {
		got, err := ParseDocument([]byte(c.in))
		var je *JSONError
		if string(got) != c.want || !errors.Is(err, c.err) || err != nil && (!errors.As(err, &je) || je.Document != "Parameter") {
			t.Errorf("%q: %q, %v, want %q, %v", c.in, got, err, c.want, c.err)
		}
	}
}

// The exceptions of the sessions json-stj and json-newtonsoft, shortened.
const (
	failureSTJ        = `{"__$Exception":{"ExceptionType":"Bellpull.Peers.CustomException","ExceptionMessage":"route:x","ExceptionStackTrace":"   at Bellpull.Peers.Peer.\u003C\u003Ec.\u003CAddRoutes\u003Eb__25_2(EchoIn a)\n","ExceptionToString":"Bellpull.Peers.CustomException: route:x"}}`
	failureNewtonsoft = bom + `{"__$Exception":{"ExceptionType":"Bellpull.Peers.CustomException","ExceptionMessage":"route:x","ExceptionStackTrace":"   at Bellpull.Peers.Peer.<>c.<AddRoutes>b__25_2(EchoIn a)\n","ExceptionToString":"Bellpull.Peers.CustomException: route:x"}}`
	notFoundSTJ       = `{"__$Exception":{"ExceptionType":"__JsonIpcDirectRoutedCanNotFindRequestHandlerException__","ExceptionMessage":"Can not find \u0027/nope\u0027 request Handler. \u627E","ExceptionStackTrace":null,"ExceptionToString":null}}`
)

func TestFailures(t *testing.T) {
	custom := RouteFailure{Type: Str("Bellpull.Peers.CustomException"), Message: Str("route:x"),
		Stack: Str("   at Bellpull.Peers.Peer.<>c.<AddRoutes>b__25_2(EchoIn a)\n"), Text: Str("Bellpull.Peers.CustomException: route:x")}
	missing := RouteFailure{Type: Str(NotFoundType), Message: Str("Can not find '/nope' request Handler. 找")}
	for _, c := range []struct {
		text     string
		d        Dialect
		want     RouteFailure
		notFound bool
	}{
		{failureSTJ, STJ, custom, false},
		{failureSTJ, Camel, custom, false}, // models keep their names and nulls
		{failureNewtonsoft, Newtonsoft, custom, false},
		{notFoundSTJ, STJ, missing, true},
		{notFoundSTJ, Camel, missing, true},
	} {
		a, err := ParseAnswer([]byte(c.text))
		if err != nil || a.Failure == nil || !reflect.DeepEqual(*a.Failure, c.want) || a.Failure.Missing() != c.notFound {
			t.Errorf("%s\n got %+v, %v\nwant %+v", c.text, a.Failure, err, c.want)
		}
		if out := c.d.AppendFailure([]byte("x"), &c.want); string(out) != "x"+c.text {
			t.Errorf("got  %s\nwant x%s", out, c.text)
		}
	}
}

// TestNotFound guards that it is read as what it says.
func TestNotFound(t *testing.T) {
	out := STJ.AppendFailure(nil, NotFound("/né"))
	want := `{"__$Exception":{"ExceptionType":"__JsonIpcDirectRoutedCanNotFindRequestHandlerException__","ExceptionMessage":"no handler for requests to the route \u0022/n\u00E9\u0022","ExceptionStackTrace":null,"ExceptionToString":null}}`
	if a, err := ParseAnswer(out); string(out) != want || err != nil || !a.Failure.Missing() {
		t.Errorf("got  %s, %v\nwant %s", out, err, want)
	}
}

// TestParseAnswer are the client rules of section 7.2.
func TestParseAnswer(t *testing.T) {
	for _, c := range []struct {
		in, want string
		failed   bool
		err      error
	}{
		{`{"Name":"Ok"}`, `{"Name":"Ok"}`, false, nil},
		{bom + `{"Name":"Ok"}`, `{"Name":"Ok"}`, false, nil},
		{"{}", "{}", false, nil},
		{bom + "null", "null", false, nil},
		{" null ", "null", false, nil},
		{` {"Name":"Ok"} `, `{"Name":"Ok"}`, false, nil},
		{`{"__$Exception":null,"Name":"Ok"}`, `{"__$Exception":null,"Name":"Ok"}`, false, nil},
		{`{"__$Exception":{},"Name":"Ok"}`, `{"__$Exception":{},"Name":"Ok"}`, false, nil},
		{`{"__$Exception":{"ExceptionType":""}}`, `{"__$Exception":{"ExceptionType":""}}`, false, nil},
		{`{"__$exception":{"ExceptionType":"T"}}`, `{"__$exception":{"ExceptionType":"T"}}`, false, nil},
		{`{"q":1,"__$Exception":{"q":[],"ExceptionType":"T"}}`, `{"q":1,"__$Exception":{"q":[],"ExceptionType":"T"}}`, true, nil},
		{"", "", false, ErrEmpty},
		{`"text"`, "", false, ErrObject},
		{"5", "", false, ErrObject},
		{"[{}]", "", false, ErrObject},
		{"true", "", false, ErrObject},
		{`{"__$Exception":"T"}`, "", false, ErrType},
		{`{"__$Exception":{"ExceptionType":5}}`, "", false, ErrType},
		{"nope", "", false, ErrSyntax},
		{"[", "", false, ErrSyntax},
		{"{}x", "", false, ErrSyntax},
		{"{\"a\":\"\xff\"}", "", false, ErrText},
	} {
		a, err := ParseAnswer([]byte(c.in))
		var je *JSONError
		if string(a.JSON) != c.want || (a.Failure != nil) != c.failed || a.Null() != (c.want == "null") || !errors.Is(err, c.err) ||
			err != nil && (!errors.As(err, &je) || je.Document != "Answer") {
			t.Errorf("%q: %q, %+v, %v, want %q, %v", c.in, a.JSON, a.Failure, err, c.want, c.err)
		}
	}
}

// TestAppendAnswer are the server rules of section 7.2.
func TestAppendAnswer(t *testing.T) {
	for _, c := range []struct {
		doc             string
		stj, newtonsoft string
		err             error
	}{
		{`{"Name":"Ok"}`, `{"Name":"Ok"}`, bom + `{"Name":"Ok"}`, nil},
		{" {\"a\":[1,{}]}\n", `{"a":[1,{}]}`, bom + `{"a":[1,{}]}`, nil},
		{"{}", "{}", bom + "{}", nil},
		{"null", "{}", bom + "null", nil},
		{`"text"`, "", "", ErrObject},
		{"5", "", "", ErrObject},
		{"[]", "", "", ErrObject},
		{`{"a":1,"__$Exception":null}`, "", "", ErrReserved},
		{"", "", "", ErrSyntax},
		{"nul", "", "", ErrSyntax},
		{"{}{}", "", "", ErrSyntax},
		{bom + "{}", "", "", ErrSyntax},
	} {
		for _, d := range []struct {
			Dialect
			want string
		}{{STJ, c.stj}, {Camel, c.stj}, {Newtonsoft, c.newtonsoft}} {
			out, err := d.AppendAnswer([]byte("x"), []byte(c.doc))
			if string(out) != "x"+d.want || !errors.Is(err, c.err) {
				t.Errorf("%+v: %q: %q, %v, want %q, %v", d.Dialect, c.doc, out, err, "x"+d.want, c.err)
			}
		}
	}
}
