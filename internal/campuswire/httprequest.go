package campuswire

import (
	"encoding/base64"
	"net/url"

	"github.com/bellpull/bellpull/internal/netjson"
)

// An HTTPRequest is a request of PipeMvc: HTTP as the JSON of Newtonsoft, in a plain request without business header.
// Section 8.
type HTTPRequest struct {
	Method        string // a token: "GET"
	URI           string // absolute: "http://localhost/api?x=1"
	Version       string // "1.1"; empty is written as that
	VersionPolicy int32  // HttpVersionPolicy: 0 or lower, 1 or higher, 2 exact
	// Headers are all headers, those of the content too; in the document they are in two lists.
	Headers []Header
	// Content is the body, nil for none. It is a copy.
	Content []byte
}

const httpVersion11 = "1.1"

// ParseHTTPRequest reads a request. Members come in any order, unknown ones are ignored. What breaks a rule of a .NET
// server, which answers it with nothing, is a [*JSONError]: Headers, Version, Method or RequestUri missing or null; a
// header in the wrong list; headers of a content that is not there; a URI that is not absolute; a byte order mark.
func ParseHTTPRequest(body []byte, m *HTTPRequest) error {
	*m = HTTPRequest{}
	headers, contentHeaders, count := false, false, 0
	var plain, content []Header
	r := newReader(body, "HTTPRequest")
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "Headers":
			headers, plain = true, parseHeaders(&r, nil, false, &count)
		case "ContentHeaders":
			if content = nil; !r.Null() {
				content = parseHeaders(&r, nil, true, &count)
			}
			contentHeaders = len(content) > 0
		case "ContentBase64":
			m.Content = r.base64(true)
		case "Version":
			m.Version = string(r.required())
		case "VersionPolicy":
			m.VersionPolicy = r.Int32()
		case "Method":
			m.Method = r.method()
		case "RequestUri":
			m.URI = string(r.required())
		default:
			r.Skip()
		}
	}
	if r.end() == nil {
		m.Headers = append(plain, content...)
		switch {
		case !headers:
			r.Missing("Headers", ErrMissing)
		case contentHeaders && m.Content == nil:
			r.Missing("ContentBase64", ErrMissing)
		}
		m.check(&r, m.Version)
	}
	err := r.failure()
	if err != nil {
		*m = HTTPRequest{}
	}
	return err
}

// check looks at what both directions have to hold; version is what is on the wire.
func (m *HTTPRequest) check(r *jsonReader, version string) {
	switch {
	case !httpVersion(version):
		r.Missing("Version", ErrValue)
	case !token(m.Method):
		r.Missing("Method", ErrValue)
	case !absolute(m.URI):
		r.Missing("RequestUri", ErrValue)
	}
}

// absolute reports whether a text is a URI with scheme and host.
func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != ""
}

// method takes {"Method":"GET"}.
func (r *jsonReader) method() (name string) {
	of := r.Name()
	for r.Object(); r.Member(); {
		if string(r.Name()) == "Method" {
			name = string(r.required())
		} else {
			r.Skip()
		}
	}
	r.In(of)
	return name
}

// base64 takes a text in base64, and null where that is legal.
func (r *jsonReader) base64(null bool) []byte {
	at := r.Offset()
	s := r.text()
	if s == nil {
		if !null {
			r.Fail(at, ErrMissing)
		}
		return nil
	}
	b := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
	n, err := base64.StdEncoding.Decode(b, s)
	if err != nil {
		r.Fail(at, ErrValue)
		return nil
	}
	return b[:n]
}

// AppendJSON appends the JSON of the request as .NET orders it. Headers of a content that is not there are given an empty
// one, without which a .NET server fails. The error is a [*JSONError] for what [ParseHTTPRequest] would refuse; b is then
// as it was.
func (m *HTTPRequest) AppendJSON(b []byte) ([]byte, error) {
	r := newReader(nil, "HTTPRequest")
	if m.check(&r, orDefault(m.Version)); r.OK() {
		checkHeaders(&r, m.Headers)
	}
	if !r.OK() {
		return b, r.failure()
	}
	w := jsonWriter{b: b, style: netjson.EscapeLeast}
	w.open('{')
	w.name("Headers")
	appendHeaders(&w, m.Headers, false)
	content := m.Content
	if content == nil && hasContentHeader(m.Headers) {
		content = []byte{}
	}
	w.base64("ContentBase64", content)
	w.text("Version", orDefault(m.Version))
	w.int("VersionPolicy", int64(m.VersionPolicy))
	w.name("Method")
	w.open('{')
	w.text("Method", m.Method)
	w.close('}')
	w.text("RequestUri", m.URI)
	w.name("Options")
	w.open('{')
	w.close('}')
	w.name("ContentHeaders")
	if content == nil {
		w.null()
	} else {
		appendHeaders(&w, m.Headers, true)
	}
	w.close('}')
	return w.b, nil
}

func orDefault(version string) string {
	if version == "" {
		return httpVersion11
	}
	return version
}

// base64 appends bytes; nil is null.
func (w *jsonWriter) base64(name string, v []byte) {
	w.name(name)
	if v == nil {
		w.null()
		return
	}
	w.b = append(w.b, '"')
	w.b = base64.StdEncoding.AppendEncode(w.b, v)
	w.b = append(w.b, '"')
}
