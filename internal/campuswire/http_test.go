package campuswire

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The examples of section 8 and of the session mvc.
const (
	httpGet  = `{"Headers":[],"ContentBase64":null,"Version":"1.1","VersionPolicy":0,"Method":{"Method":"GET"},"RequestUri":"http://localhost/api/Foo/Add?a=1&b=1","Options":{},"ContentHeaders":null}`
	httpPost = `{"Headers":[{"Key":"X-Echo","Value":["1","2"]}],"ContentBase64":"eyJuYW1lIjoiblx1MDBGNiIsImNvdW50IjoyfQ==","Version":"1.1","VersionPolicy":0,"Method":{"Method":"POST"},"RequestUri":"http://localhost/api/foo","Options":{},"ContentHeaders":[{"Key":"Content-Type","Value":["application/json; charset=utf-8"]}]}`
	httpTwo  = `{"Headers":[],"ContentHeaders":[{"Key":"Content-Type","Value":["application/json; charset=utf-8"]}],"ContentBase64":"Mg==","Version":"1.1","StatusCode":200}`
	http404  = `{"Headers":[],"ContentHeaders":[],"ContentBase64":"","Version":"1.1","StatusCode":404}`
	http405  = `{"Headers":[{"Key":"X-A","Value":[]}],"ContentHeaders":[{"Key":"Allow","Value":["GET","POST"]}],"ContentBase64":"","Version":"1.1","StatusCode":405}`
)

func TestHTTPVectors(t *testing.T) {
	jsonType := Header{"Content-Type", []string{"application/json; charset=utf-8"}}
	for _, v := range []struct {
		text string
		len  int // as given in the specification
		want HTTPRequest
	}{
		{httpGet, 182, HTTPRequest{Method: "GET", URI: "http://localhost/api/Foo/Add?a=1&b=1", Version: "1.1"}},
		{httpPost, 0, HTTPRequest{Method: "POST", URI: "http://localhost/api/foo", Version: "1.1",
			Headers: []Header{{"X-Echo", []string{"1", "2"}}, jsonType}, Content: []byte(`{"name":"n\u00F6","count":2}`)}},
	} {
		if v.len != 0 && len(v.text) != v.len {
			t.Errorf("%d bytes, the specification says %d", len(v.text), v.len)
		}
		got := HTTPRequest{Method: "old"}
		if err := ParseHTTPRequest([]byte(v.text), &got); err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", v.text, got, err, v.want)
		}
		v.want.Version = "" // is 1.1
		if out, err := v.want.AppendJSON([]byte("x")); string(out) != "x"+v.text || err != nil {
			t.Errorf("got  %s, %v\nwant x%s", out, err, v.text)
		}
	}
	for _, v := range []struct {
		text string
		len  int
		want HTTPResponse
	}{
		{httpTwo, 156, HTTPResponse{Status: 200, Version: "1.1", Headers: []Header{jsonType}, Content: []byte("2")}},
		{http404, 0, HTTPResponse{Status: 404, Version: "1.1", Content: []byte{}}},
		{http405, 0, HTTPResponse{Status: 405, Version: "1.1", Headers: []Header{{Name: "X-A"}, {"Allow", []string{"GET", "POST"}}}, Content: []byte{}}},
	} {
		if v.len != 0 && len(v.text) != v.len {
			t.Errorf("%d bytes, the specification says %d", len(v.text), v.len)
		}
		got := HTTPResponse{Status: 1}
		if err := ParseHTTPResponse([]byte(v.text), &got); err != nil || !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", v.text, got, err, v.want)
		}
		v.want.Version = ""
		if out, err := v.want.AppendJSON([]byte("x")); string(out) != "x"+v.text || err != nil {
			t.Errorf("got  %s, %v\nwant x%s", out, err, v.text)
		}
	}
	// The frames of the two have the sizes of section 8.
	for text, want := range map[string]int{httpGet: 202, httpTwo: 176} {
		m := Raw(0, []byte(text))
		if n, err := (Framing{}).CallLen(&m); n != 37+want || err != nil {
			t.Errorf("frame of %d bytes, %v, want %d of content", n, err, want)
		}
	}
}

// TestHTTPRequestIsReadAsDotnetDoes are the rows of the session mvc-odd: what a .NET server answers with nothing is an
// error.
func TestHTTPRequestIsReadAsDotnetDoes(t *testing.T) {
	swap := func(old, new string) string {
		if !strings.Contains(httpGet, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(httpGet, old, new, 1)
	}
	const contentType = `[{"Key":"Content-Type","Value":["a/b"]}]`
	many := strings.Repeat(`"",`, MaxHeaders)
	for _, c := range []struct {
		name, in string
		err      error
		member   string
	}{
		{"as .NET writes it", httpGet, nil, ""},
		{"without Options, VersionPolicy, ContentHeaders, ContentBase64", `{"Headers":[],"Version":"1.1","Method":{"Method":"GET"},"RequestUri":"http://localhost/api/Foo/Add?a=1&b=1"}`, nil, ""},
		{"ContentHeaders [] without content", swap(`"ContentHeaders":null`, `"ContentHeaders":[]`), nil, ""},
		{"unknown members", swap(`"Options":{}`, `"Options":{"a":[1]},"Z":null`), nil, ""},
		{"unknown members inside", swap(`{"Method":"GET"}`, `{"Z":1,"Method":"GET"}`), nil, ""},
		{"Version 2.0", swap("1.1", "2.0"), nil, ""},
		{"other host", swap("localhost", "x.example:81"), nil, ""},
		{"a header with an unknown member", swap("[]", `[{"Key":"X","Z":{},"Value":[]}]`), nil, ""},
		{"the most headers", swap("[]", `[{"Key":"X","Value":[`+many[:len(many)-1]+`]}]`), nil, ""},

		{"Headers null", swap(`"Headers":[]`, `"Headers":null`), ErrType, "Headers"},
		{"Headers absent", swap(`"Headers":[],`, ""), ErrMissing, "Headers"},
		{"Version absent", swap(`"Version":"1.1",`, ""), ErrValue, "Version"},
		{"Version null", swap(`"1.1"`, "null"), ErrMissing, "Version"},
		{"Version as object", swap(`"1.1"`, `{"Major":1,"Minor":1}`), ErrType, "Version"},
		{"Version 1", swap(`1.1`, `1`), ErrValue, "Version"},
		{"Version of five", swap(`1.1`, `1.1.1.1.1`), ErrValue, "Version"},
		{"Version a.b", swap(`1.1`, `1.x`), ErrValue, "Version"},
		{"Version 1.", swap(`1.1`, `1.`), ErrValue, "Version"},
		{"VersionPolicy as text", swap(`"VersionPolicy":0`, `"VersionPolicy":"0"`), ErrType, "VersionPolicy"},
		{"Method as text", swap(`{"Method":"GET"}`, `"GET"`), ErrType, "Method"},
		{"Method empty", swap(`{"Method":"GET"}`, `{}`), ErrValue, "Method"},
		{"Method absent", swap(`"Method":{"Method":"GET"},`, ""), ErrValue, "Method"},
		{"Method null", swap(`"GET"`, "null"), ErrMissing, "Method"},
		{"Method no token", swap(`GET`, "G T"), ErrValue, "Method"},
		{"relative uri", swap("http://localhost", ""), ErrValue, "RequestUri"},
		{"uri without host", swap("http://localhost/", "http:"), ErrValue, "RequestUri"},
		{"uri null", swap(`"http://localhost/api/Foo/Add?a=1&b=1"`, "null"), ErrMissing, "RequestUri"},
		{"uri that is none", swap("localhost", "local host"), ErrValue, "RequestUri"},
		{"ContentHeaders without content", swap(`"ContentHeaders":null`, `"ContentHeaders":`+contentType), ErrMissing, "ContentBase64"},
		{"content header among Headers", swap("[]", contentType), ErrValue, "Headers"},
		{"header among ContentHeaders", strings.Replace(httpPost, "Content-Type", "X-Type", 1), ErrValue, "ContentHeaders"},
		{"Value as text", swap("[]", `[{"Key":"X-Echo","Value":"1"}]`), ErrType, "Value"},
		{"Value absent", swap("[]", `[{"Key":"X-Echo"}]`), ErrMissing, "Headers"},
		{"Key absent", swap("[]", `[{"Value":[]}]`), ErrMissing, "Headers"},
		{"Key null", swap("[]", `[{"Key":null,"Value":[]}]`), ErrValue, "Headers"},
		{"Key with a blank", swap("[]", `[{"Key":"X A","Value":[]}]`), ErrValue, "Headers"},
		{"a value that is null", swap("[]", `[{"Key":"X","Value":[null]}]`), ErrMissing, "Value"},
		{"a value with a line end", swap("[]", `[{"Key":"X","Value":["a\nb"]}]`), ErrValue, "Headers"},
		{"a header that is a text", swap("[]", `["X"]`), ErrType, "Headers"},
		{"too many values", swap("[]", `[{"Key":"X","Value":[`+many+`""]}]`), ErrTooMany, "Value"},
		{"too many headers", swap("[]", `[`+strings.Repeat(`{"Key":"X","Value":[]},`, MaxHeaders)+`{"Key":"X","Value":[]}]`), ErrTooMany, "Headers"},
		{"no base64", swap(`"ContentBase64":null`, `"ContentBase64":"a"`), ErrValue, "ContentBase64"},
		{"content as number", swap(`"ContentBase64":null`, `"ContentBase64":1`), ErrType, "ContentBase64"},
		{"BOM", bom + httpGet, ErrSyntax, ""},
		{"not JSON", "hello", ErrSyntax, ""},
		{"nothing", "", ErrSyntax, ""},
		{"garbage behind", httpGet + "x", ErrSyntax, ""},
	} {
		got := HTTPRequest{Method: "old"}
		err := ParseHTTPRequest([]byte(c.in), &got)
		var je *JSONError
		switch {
		case !errors.Is(err, c.err) || (err == nil) != (got.Method == "GET") || err != nil && !reflect.DeepEqual(got, HTTPRequest{}):
			t.Errorf("%s: %.300s\n got %v, want %v", c.name, c.in, err, c.err)
		case err != nil && (!errors.As(err, &je) || je.Document != "HTTPRequest" || je.Member != c.member):
			t.Errorf("%s: %v, want member %q", c.name, err, c.member)
		}
	}
	var m HTTPRequest
	if err := ParseHTTPRequest([]byte(swap(`"ContentBase64":null`, `"ContentBase64":""`)), &m); err != nil || m.Content == nil || len(m.Content) != 0 {
		t.Errorf("empty content: %q, %v", m.Content, err)
	}
}

func TestHTTPResponseErrors(t *testing.T) {
	swap := func(old, new string) string {
		if !strings.Contains(httpTwo, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(httpTwo, old, new, 1)
	}
	for _, c := range []struct {
		in     string
		err    error
		member string
	}{
		{"", ErrEmpty, ""},
		{bom + httpTwo, ErrSyntax, ""},
		{"null", ErrType, ""},
		{swap(`"Headers":[],`, ""), ErrMissing, "Headers"},
		{swap(`"Headers":[]`, `"Headers":null`), ErrType, "Headers"},
		{strings.Replace(http404, `"ContentHeaders":[],`, "", 1), ErrMissing, "ContentHeaders"},
		{strings.Replace(http404, `"ContentHeaders":[]`, `"ContentHeaders":null`, 1), ErrType, "ContentHeaders"},
		{swap(`"ContentBase64":"Mg==",`, ""), ErrMissing, "ContentBase64"},
		{swap(`"Mg=="`, "null"), ErrMissing, "ContentBase64"},
		{swap("Mg==", "Mg="), ErrValue, "ContentBase64"},
		{swap(`"Version":"1.1",`, ""), ErrValue, "Version"},
		{swap(`"1.1"`, "null"), ErrMissing, "Version"},
		{swap("200", "99"), ErrValue, "StatusCode"},
		{swap("200", "1000"), ErrValue, "StatusCode"},
		{swap("200", `"200"`), ErrType, "StatusCode"},
		{swap(`,"StatusCode":200`, ""), ErrValue, "StatusCode"},
		{swap("Content-Type", "X-Type"), ErrValue, "ContentHeaders"},
		{swap("[]", `[{"Key":"last-modified","Value":["x"]}]`), ErrValue, "Headers"},
		{swap(`"Version"`, `"Z":[],"Version"`), nil, ""},
	} {
		got := HTTPResponse{Status: 1}
		err := ParseHTTPResponse([]byte(c.in), &got)
		var je *JSONError
		switch {
		case !errors.Is(err, c.err) || (err == nil) != (got.Status == 200):
			t.Errorf("%s\n got %v, want %v", c.in, err, c.err)
		case err != nil && (!errors.As(err, &je) || je.Document != "HTTPResponse" || je.Member != c.member):
			t.Errorf("%s: %v, want member %q", c.in, err, c.member)
		}
	}
}

// TestHTTPWritersRefuse what a reader would refuse, and append nothing.
func TestHTTPWritersRefuse(t *testing.T) {
	get := func(change func(m *HTTPRequest)) error {
		m := HTTPRequest{Method: "GET", URI: "http://localhost/"}
		change(&m)
		b, err := m.AppendJSON([]byte("x"))
		if err != nil && string(b) != "x" {
			t.Errorf("appended %q", b)
		}
		return err
	}
	many := []Header{{"X", make([]string, MaxHeaders)}, {"Y", nil}}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing wrong", get(func(m *HTTPRequest) {}), "<nil>"},
		{"method", get(func(m *HTTPRequest) { m.Method = "" }), `campus: HTTPRequest."Method": invalid value at byte 0`},
		{"uri", get(func(m *HTTPRequest) { m.URI = "/x" }), `campus: HTTPRequest."RequestUri": invalid value at byte 0`},
		{"version", get(func(m *HTTPRequest) { m.Version = "HTTP/1.1" }), `campus: HTTPRequest."Version": invalid value at byte 0`},
		{"name", get(func(m *HTTPRequest) { m.Headers = []Header{{"", nil}} }), `campus: HTTPRequest."Headers": invalid value at byte 0`},
		{"value", get(func(m *HTTPRequest) { m.Headers = []Header{{"Content-Type", []string{"a\r"}}} }), `campus: HTTPRequest."ContentHeaders": invalid value at byte 0`},
		{"many", get(func(m *HTTPRequest) { m.Headers = many }), `campus: HTTPRequest."Headers": too many entries at byte 0`},
	} {
		if got := fmt.Sprint(c.err); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for _, m := range []HTTPResponse{{Status: 99}, {Status: 200, Version: "1"}, {Status: 200, Headers: many}} {
		var je *JSONError
		if b, err := m.AppendJSON([]byte("x")); string(b) != "x" || !errors.As(err, &je) {
			t.Errorf("%.80v: %q, %v", m, b, err)
		}
	}
	// Headers of a content that is not there get an empty one; a .NET server would fail otherwise.
	m := HTTPRequest{Method: "GET", URI: "http://localhost/", Headers: []Header{{"content-type", []string{"a/b"}}}}
	out, err := m.AppendJSON(nil)
	if want := `{"Headers":[],"ContentBase64":"","Version":"1.1","VersionPolicy":0,"Method":{"Method":"GET"},"RequestUri":"http://localhost/","Options":{},"ContentHeaders":[{"Key":"content-type","Value":["a/b"]}]}`; string(out) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", out, err, want)
	}
}

// TestContentHeader holds the eleven names of section 8.
func TestContentHeader(t *testing.T) {
	eleven := strings.Split("Allow, Content-Disposition, Content-Encoding, Content-Language, Content-Length, Content-Location, Content-MD5, Content-Range, Content-Type, Expires, Last-Modified", ", ")
	for _, name := range eleven {
		if !ContentHeader(name) || !ContentHeader(strings.ToLower(name)) || !ContentHeader(strings.ToUpper(name)) {
			t.Errorf("%s", name)
		}
		if ContentHeader(name+"x") || ContentHeader(name[1:]) || ContentHeader("X"+name[1:]) {
			t.Errorf("something like %s", name)
		}
	}
	if len(eleven) != 11 || ContentHeader("") || ContentHeader("Host") || ContentHeader("Content-Security-Policy") {
		t.Error("another header")
	}
}
