package httplink

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bellpull/bellpull/internal/campuswire"
)

// request makes the document of a request that a client sends. content is nil for a request without a body.
func request(req *http.Request, content []byte) (*campuswire.HTTPRequest, error) {
	u := *req.URL
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	m := &campuswire.HTTPRequest{Method: req.Method, URI: u.String(), Content: content}
	if m.Method == "" {
		m.Method = http.MethodGet
	}
	h := make(http.Header, len(req.Header)+2)
	maps.Copy(h, req.Header)
	for _, name := range []string{"Host", "Content-Length", "Transfer-Encoding", "Trailer"} {
		delete(h, name) // fields of the request say it, as for net/http
	}
	if req.Host != "" && req.Host != u.Host {
		h["Host"] = []string{req.Host}
	}
	if content != nil {
		h["Content-Length"] = []string{strconv.Itoa(len(content))}
	}
	var err error
	m.Headers, err = toWire(h)
	return m, err
}

// response makes what a client gets of an answer.
func response(req *http.Request, m *campuswire.HTTPResponse) *http.Response {
	status := int(m.Status)
	resp := &http.Response{Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status, Request: req,
		Header: fromWire(m.Headers), Body: http.NoBody, ContentLength: int64(len(m.Content))}
	resp.Proto, resp.ProtoMajor, resp.ProtoMinor = version(m.Version)
	resp.Header.Del("Transfer-Encoding") // the body is whole
	if req.Method == http.MethodHead {
		n, err := strconv.ParseUint(resp.Header.Get("Content-Length"), 10, 63)
		if resp.ContentLength = int64(n); err != nil {
			resp.ContentLength = -1
		}
		return resp
	}
	if len(m.Content) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(m.Content))
	}
	return resp
}

// served makes the request that a handler gets.
func served(m *campuswire.HTTPRequest) (*http.Request, error) {
	whole, err := url.Parse(m.URI)
	if err != nil {
		return nil, err
	}
	req := &http.Request{Method: m.Method, RequestURI: whole.RequestURI(), Header: fromWire(m.Headers), Host: whole.Host,
		Body: http.NoBody, ContentLength: int64(len(m.Content))}
	if req.URL, err = url.ParseRequestURI(req.RequestURI); err != nil {
		return nil, err
	}
	switch {
	case whole.Scheme == "http":
		req.Host = strings.TrimSuffix(req.Host, ":80")
	case whole.Scheme == "https":
		req.Host = strings.TrimSuffix(req.Host, ":443")
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	req.Header.Del("Host")
	req.Header.Del("Transfer-Encoding")
	if req.Header.Get("Content-Length") != "" {
		req.Header.Set("Content-Length", strconv.Itoa(len(m.Content)))
	}
	if len(m.Content) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(m.Content))
	}
	req.Proto, req.ProtoMajor, req.ProtoMinor = version(m.Version)
	return req, nil
}

// version reads "1.1", which the codec has seen to be numbers with dots.
func version(s string) (proto string, major, minor int) {
	if major, minor, ok := http.ParseHTTPVersion("HTTP/" + s); ok {
		return "HTTP/" + s, major, minor
	}
	return "HTTP/1.1", 1, 1
}

// toWire gives the fields of a header in the order of their names. The codec puts those of the content into the list
// that .NET wants them in.
func toWire(h http.Header) ([]campuswire.Header, error) {
	list := make([]campuswire.Header, 0, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		values := h[name]
		for _, v := range values {
			if !utf8.ValidString(v) {
				return nil, fmt.Errorf("the value %q of %s is not UTF-8, and JSON carries nothing else", v, name)
			}
		}
		if len(values) > 0 {
			list = append(list, campuswire.Header{Name: name, Values: values})
		}
	}
	return list, nil
}

func fromWire(list []campuswire.Header) http.Header {
	h := make(http.Header, len(list))
	for i := range list {
		name := http.CanonicalHeaderKey(list[i].Name)
		h[name] = append(h[name], list[i].Values...)
	}
	return h
}
