package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/httplink"
	"github.com/bellpull/bellpull/transport/npipe"
)

// TestCampusHTTPClient: our http.Client asks the other side's PipeMvc.
func TestCampusHTTPClient(t *testing.T) {
	c := newCampusPair(t, "--mvc")
	ctx, cancel := context.WithTimeout(t.Context(), dmtpPatience)
	defer cancel()
	peer, err := c.node.Dial(ctx, "npipe:theirs.mvc", c.proto)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &httplink.Transport{Peer: peer}}
	send := func(method, path, body string) (*http.Response, string, error) {
		req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if req.Header.Set("X-Echo", "a"); body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		return resp, string(got), err
	}
	type reply struct {
		X, Twice, Count int
		Name            string
	}
	for _, test := range []struct {
		method, path, body string
		status             int
		want               reply
	}{
		{"GET", "/api/foo?x=21", "", 200, reply{X: 21, Twice: 42}},
		{"POST", "/api/foo", `{"name":"grüß","count":1}`, 200, reply{Name: "grüß", Count: 2}},
	} {
		resp, got, err := send(test.method, test.path, test.body)
		var r reply
		if err != nil || json.Unmarshal([]byte(got), &r) != nil || r != test.want || resp.StatusCode != test.status {
			t.Errorf("%s %s: %v %q %v", test.method, test.path, resp, got, err)
		}
		if test.method == "GET" && (resp.Header.Get("X-Bellpull") != "mvc" || resp.Header.Get("X-Echoed") != "a") {
			t.Error(resp.Header)
		}
	}
	for path, want := range map[string]string{"/api/fail": "500 failed", "/nowhere": "404 "} {
		if resp, got, err := send("GET", path, ""); err != nil || fmt.Sprint(resp.StatusCode, " ", got) != want {
			t.Errorf("%s: %v %q %v", path, resp, got, err)
		}
	}
	_, _, err = send("GET", "/api/crash", "")
	if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Code != bellpull.CodeFailed || e.Executed() != bellpull.Maybe {
		t.Error("a handler that crashes:", err)
	}
}

// TestCampusHTTPServer: the other side's client asks our http.ServeMux.
func TestCampusHTTPServer(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "bp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := http.NewServeMux()
	m.HandleFunc("GET /api/foo", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Both"] = []string{"1", "2"}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"x":%q,"echo":%q,"host":%q}`, r.FormValue("x"), r.Header.Get("X-Echo"), r.Host)
	})
	m.HandleFunc("POST /api/foo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		io.Copy(w, r.Body)
	})
	m.HandleFunc("/api/nothing", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
	m.HandleFunc("/api/crash", func(w http.ResponseWriter, r *http.Request) { panic("crash") })
	network := campus.NodeOptions(bellpull.WithTransports(npipe.Transport{Dir: dir}))
	node, err := campus.Listen(t.Context(), "npipe:site", nil, network, campus.OnRequest(httplink.Handler(m)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close(context.Background()) })
	other := dmtpTry(t, campusOther, "--name", "theirs", "--tmpdir", dir)

	type answer struct {
		Status  int
		Headers map[string][]string
		Body    string
	}
	ask := func(do string, f dmtpFields) (a answer) {
		t.Helper()
		f["to"] = "site"
		json.Unmarshal(other.do(do, f), &a)
		return a
	}
	a := ask("mvc_get", dmtpFields{"path": "/api/foo", "query": dmtpFields{"x": "1"}, "headers": dmtpFields{"X-Echo": "e"}})
	if a.Status != 200 || a.Body != `{"x":"1","echo":"e","host":"localhost"}` || fmt.Sprint(a.Headers["X-Both"]) != "[1 2]" ||
		fmt.Sprint(a.Headers["Content-Type"]) != "[application/json]" {
		t.Errorf("%+v", a)
	}
	a = ask("mvc_post", dmtpFields{"path": "/api/foo", "json": dmtpFields{"name": "grüß"}})
	var got struct{ Name string }
	if json.Unmarshal([]byte(a.Body), &got); a.Status != 201 || got.Name != "grüß" {
		t.Errorf("%+v", a)
	}
	for path, want := range map[string]answer{
		"/api/nothing": {Status: 404},
		"/nowhere":     {Status: 404, Body: "404 page not found\n"},
		"/api/crash":   {Status: 500, Body: "Internal Server Error\n"},
	} {
		if a := ask("mvc_get", dmtpFields{"path": path}); a.Status != want.Status || a.Body != want.Body {
			t.Errorf("%s: %+v", path, a)
		}
	}
}
