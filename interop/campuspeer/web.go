package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/httplink"
	"github.com/bellpull/bellpull/interop/internal/control"
)

const jsonType = "application/json; charset=utf-8"

// site is what every peer with --mvc serves. A handler that fails leaves an answer of no bytes, as that of .NET does.
func site() bellpull.Handler {
	type handler func(w http.ResponseWriter, r *http.Request) (status int, contentType, body string)
	paths := map[string]map[string]handler{
		"/api/foo": {"GET": getFoo, "POST": postFoo},
		"/api/fail": {"GET": func(http.ResponseWriter, *http.Request) (int, string, string) {
			return 500, "text/plain; charset=utf-8", "failed"
		}},
		"/api/crash": {"GET": func(http.ResponseWriter, *http.Request) (int, string, string) { panic(http.ErrAbortHandler) }},
	}
	return httplink.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		methods, status, contentType, body := paths[strings.ToLower(r.URL.Path)], http.StatusNotFound, "", ""
		if h := methods[r.Method]; h != nil {
			status, contentType, body = h(w, r)
		} else if methods != nil {
			status = http.StatusMethodNotAllowed
			var allowed []string
			for m := range methods {
				allowed = append(allowed, m)
			}
			slices.Sort(allowed)
			w.Header().Set("Allow", strings.Join(allowed, ", "))
		}
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
}

func getFoo(w http.ResponseWriter, r *http.Request) (int, string, string) {
	x := 0
	if text := r.URL.Query()["x"]; len(text) > 0 {
		var err error
		if x, err = strconv.Atoi(text[0]); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	w.Header().Set("X-Bellpull", "mvc")
	if echo := r.Header.Values("X-Echo"); len(echo) > 0 {
		w.Header().Set("X-Echoed", echo[0])
	}
	return http.StatusOK, jsonType, fmt.Sprintf(`{"x":%d,"twice":%d}`, x, 2*x)
}

func postFoo(_ http.ResponseWriter, r *http.Request) (int, string, string) {
	v := struct {
		Name  json.RawMessage `json:"name"`
		Count int             `json:"count"`
	}{Name: json.RawMessage("null")}
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		panic(http.ErrAbortHandler)
	}
	v.Count++
	body, err := json.Marshal(v)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return http.StatusOK, jsonType, string(body)
}

// mvc sends an HTTP request.
func (s *session) mvc(ctx context.Context, c *command) (result any, err error) {
	if err := s.connect(ctx, *c.To, false, c.placed); err != nil {
		return nil, err
	}
	err = s.with(ctx, *c.To, func(ctx context.Context, to *bellpull.Peer) error {
		req, err := c.request(ctx)
		if err != nil {
			return badArgument("%v", err)
		}
		client := &http.Client{Transport: &httplink.Transport{Peer: to},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		if err != nil {
			return webFailure(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		result = control.Fields{"status": resp.StatusCode, "headers": resp.Header, "body": strings.ToValidUTF8(string(body), "\uFFFD")}
		return err
	})
	return result, err
}

// request makes the HTTP request of a command.
func (c *command) request(ctx context.Context) (*http.Request, error) {
	at := "http://localhost/" + strings.TrimPrefix(c.Path, "/")
	query := url.Values{}
	for name, v := range c.Query {
		var text string
		if json.Unmarshal(v, &text) != nil {
			text = string(v)
		}
		query.Set(name, text)
	}
	if len(query) > 0 {
		between := "?"
		if strings.Contains(at, "?") {
			between = "&"
		}
		at += between + query.Encode()
	}
	method, body := http.MethodGet, io.Reader(nil)
	if c.Do == "mvc_post" {
		content := []byte(c.JSON)
		if len(content) == 0 {
			content = []byte("null")
		}
		method, body = http.MethodPost, bytes.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", jsonType)
	}
	for name, value := range c.Headers {
		req.Header.Set(name, value)
	}
	return req, nil
}
