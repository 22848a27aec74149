package campuswire

import (
	"encoding/base64"

	"github.com/bellpull/bellpull/internal/netjson"
)

// An HTTPResponse is an answer of PipeMvc. An empty answer is none: the application failed, or the peer does not speak
// PipeMvc.
type HTTPResponse struct {
	Status  int32  // 100 to 999
	Version string // "1.1"; empty is written as that
	// Headers are all headers, those of the content too; in the document they are in two lists.
	Headers []Header
	// Content is the body, empty for none. It is a copy.
	Content []byte
}

// ParseHTTPResponse reads an answer, as [ParseHTTPRequest] does. An empty body is a [*JSONError] with ErrEmpty; what a
// .NET client would throw on is one as well: Headers, ContentHeaders, ContentBase64, Version or StatusCode missing or
// null, a header in the wrong list.
func ParseHTTPResponse(body []byte, m *HTTPResponse) error {
	*m = HTTPResponse{}
	if len(body) == 0 {
		return &JSONError{Document: "HTTPResponse", What: ErrEmpty}
	}
	var seen struct{ headers, contentHeaders, content bool }
	var plain, content []Header
	count := 0
	r := newReader(body, "HTTPResponse")
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "Headers":
			seen.headers, plain = true, parseHeaders(&r, nil, false, &count)
		case "ContentHeaders":
			seen.contentHeaders, content = true, parseHeaders(&r, nil, true, &count)
		case "ContentBase64":
			seen.content, m.Content = true, r.base64(false)
		case "Version":
			m.Version = string(r.required())
		case "StatusCode":
			m.Status = r.Int32()
		default:
			r.Skip()
		}
	}
	if r.end() == nil {
		m.Headers = append(plain, content...)
		switch {
		case !seen.headers:
			r.Missing("Headers", ErrMissing)
		case !seen.contentHeaders:
			r.Missing("ContentHeaders", ErrMissing)
		case !seen.content:
			r.Missing("ContentBase64", ErrMissing)
		}
		m.check(&r, m.Version)
	}
	err := r.failure()
	if err != nil {
		*m = HTTPResponse{}
	}
	return err
}

func (m *HTTPResponse) check(r *jsonReader, version string) {
	switch {
	case !httpVersion(version):
		r.Missing("Version", ErrValue)
	case m.Status < 100 || m.Status > 999:
		r.Missing("StatusCode", ErrValue)
	}
}

// AppendJSON appends the JSON of the answer as .NET orders it. The error is a [*JSONError] for what [ParseHTTPResponse]
// would refuse; b is then as it was.
func (m *HTTPResponse) AppendJSON(b []byte) ([]byte, error) {
	r := newReader(nil, "HTTPResponse")
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
	w.name("ContentHeaders")
	appendHeaders(&w, m.Headers, true)
	w.name("ContentBase64")
	w.b = append(w.b, '"')
	w.b = base64.StdEncoding.AppendEncode(w.b, m.Content)
	w.b = append(w.b, '"')
	w.text("Version", orDefault(m.Version))
	w.int("StatusCode", int64(m.Status))
	w.close('}')
	return w.b, nil
}
