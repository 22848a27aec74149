package httplink_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/httplink"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestPeersWithoutHTTP: nobody there, a handler that fails, one that says nothing, one that speaks something else.
func TestPeersWithoutHTTP(t *testing.T) {
	type outcome struct {
		code bellpull.Code
		ran  bellpull.Executed
	}
	for kind, test := range map[string]struct {
		h            bellpull.Handler
		campus, dmtp outcome
	}{
		"nobody": {nil, outcome{bellpull.CodeFailed, bellpull.Maybe}, outcome{bellpull.CodeNoMethod, bellpull.Never}},
		"aborts": {httplink.Handler(newSite()), outcome{bellpull.CodeFailed, bellpull.Maybe}, outcome{bellpull.CodeFailed, bellpull.Yes}},
		"silent": {bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) {}),
			outcome{bellpull.CodeFailed, bellpull.Maybe}, outcome{bellpull.CodeBadArgument, bellpull.Yes}},
		"other": {bellpull.HandlerFunc(func(w *bellpull.Reply, _ *bellpull.Request) { w.Write([]byte(`{"Headers":[]}`)) }),
			outcome{bellpull.CodeBadArgument, bellpull.Yes}, outcome{bellpull.CodeBadArgument, bellpull.Yes}},
	} {
		t.Run(kind, func(t *testing.T) {
			each(t, test.h, func(t *testing.T, c *http.Client) {
				want := test.dmtp
				if strings.Contains(t.Name(), "/campus") {
					want = test.campus
				}
				_, err := c.Get("http://localhost/abort")
				refused(t, err, want.code, want.ran)
			})
		})
	}
}

// TestWhatIsNoHTTPIsAnswered: with a document, not with nothing.
func TestWhatIsNoHTTPIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := links["campus"](t, httplink.Handler(newSite()))
		for _, body := range []string{"", "x", "{}", "\ufeff{}",
			`{"Headers":[],"ContentBase64":null,"Version":"1.1","Method":{"Method":"GET"},"RequestUri":"/items/1"}`} {
			got, err := campus.Raw(peer).Request(t.Context(), 0, []byte(body))
			if err != nil || !strings.Contains(string(got), `"StatusCode":400`) {
				t.Errorf("%q: %q %v", body, got, err)
			}
		}
	})
}

// TestDocumentsAreThoseOfNET: the request and the answer that section 8 of the specification shows.
func TestDocumentsAreThoseOfNET(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := http.NewServeMux()
		m.HandleFunc("/api/Foo/Add", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			io.WriteString(w, "2")
		})
		site := httplink.Handler(m)
		var asked string
		_, peer := links["campus"](t, bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			asked = string(r.Borrow())
			site.ServeBell(w, r)
		}))
		const request = `{"Headers":[],"ContentBase64":null,"Version":"1.1","VersionPolicy":0,"Method":{"Method":"GET"},` +
			`"RequestUri":"http://localhost/api/Foo/Add?a=1&b=1","Options":{},"ContentHeaders":null}`
		const answer = `{"Headers":[],"ContentHeaders":[{"Key":"Content-Type","Value":["application/json; charset=utf-8"]}],` +
			`"ContentBase64":"Mg==","Version":"1.1","StatusCode":200}`
		for _, version := range []string{"1.1", "2.0", "1.0"} { // is answered in the same
			in := func(doc string) string { return strings.Replace(doc, `"Version":"1.1"`, `"Version":"`+version+`"`, 1) }
			got, err := campus.Raw(peer).Request(t.Context(), 0, []byte(in(request)))
			if string(got) != in(answer) || err != nil {
				t.Errorf("%s: %s %v", version, got, err)
			}
		}
		c := &http.Client{Transport: &httplink.Transport{Peer: peer}}
		if _, got := get(t, c, "GET", "http://localhost/api/Foo/Add?a=1&b=1", "", nil); asked != request || got != "2" {
			t.Errorf("%s %q", asked, got)
		}
	})
}

// TestBadRequestsAreNotSent: what JSON or .NET cannot take, and what is no request; the body is closed all the same.
func TestBadRequestsAreNotSent(t *testing.T) {
	each(t, httplink.Handler(newSite()), func(t *testing.T, c *http.Client) {
		for name, change := range map[string]func(r *http.Request){
			"no UTF-8":   func(r *http.Request) { r.Header.Set("X-A", "\xff") },
			"a line end": func(r *http.Request) { r.Header.Set("X-A", "a\r\nb") },
			"no method":  func(r *http.Request) { r.Method = "G T" },
			"no URL":     func(r *http.Request) { r.URL = nil },
			"relative":   func(r *http.Request) { r.URL.Host = "" },
			"too short":  func(r *http.Request) { r.ContentLength = 9 },
		} {
			req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://localhost/echo", nil)
			body := &closed{Reader: strings.NewReader("x")}
			req.Body = body
			change(req)
			_, err := c.Transport.RoundTrip(req)
			if refused(t, err, bellpull.CodeBadArgument, bellpull.Never); !body.done {
				t.Errorf("%s: the body is open", name)
			}
		}
	})
}

type closed struct {
	io.Reader
	done bool
}

func (c *closed) Close() error { c.done = true; return nil }

// TestHandlersThatBreakTheRules: no header of theirs makes an answer that the other side cannot read.
func TestHandlersThatBreakTheRules(t *testing.T) {
	m := http.NewServeMux()
	m.HandleFunc("/length", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set(http.TrailerPrefix+"X", "1")
		io.WriteString(w, "four")
	})
	m.HandleFunc("/name", func(w http.ResponseWriter, r *http.Request) { w.Header()["a b"] = []string{"1"} })
	m.HandleFunc("/value", func(w http.ResponseWriter, r *http.Request) { w.Header()["A"] = []string{"\xff"} })
	m.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(7) })
	m.HandleFunc("/204", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(204)
		if _, err := w.Write([]byte("x")); err != http.ErrBodyNotAllowed {
			panic(err)
		}
	})
	each(t, httplink.Handler(m), func(t *testing.T, c *http.Client) {
		resp, got := get(t, c, "GET", "http://localhost/length", "", nil)
		if got != "four" || resp.Header.Get("Content-Length") != "4" || len(resp.Header) != 2 {
			t.Errorf("%q %v", got, resp.Header)
		}
		for path, want := range map[string]int{"/name": 500, "/value": 500, "/status": 500, "/204": 204} {
			if resp, got := get(t, c, "GET", "http://localhost"+path, "", nil); resp.StatusCode != want {
				t.Errorf("%s: %s %q", path, resp.Status, got)
			}
		}
	})
}

// TestRequestsWaitForTheServer: as calls do, where they are calls.
func TestRequestsWaitForTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := bellpull.NewMux()
		m.Handle("web", httplink.Handler(newSite()))
		network := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		node, err := dmtp.Listen(t.Context(), "mem:b", m, network)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:b", network)
		ready(t, node, peer, err)
		c := &http.Client{Transport: &httplink.Transport{Peer: peer, Method: "web"}}
		get(t, c, "GET", "http://localhost/echo", "", nil)
		node.Close(t.Context())
		synctest.Wait()
		time.AfterFunc(time.Second, func() {
			again, err := dmtp.Listen(t.Context(), "mem:b", m, network)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { again.Close(context.Background()) })
		})
		begin := time.Now()
		if _, got := get(t, c, "POST", "http://localhost/echo", "still here", nil); got != "still here" || time.Since(begin) < time.Second {
			t.Errorf("%q after %v", got, time.Since(begin))
		}
	})
}

// TestPeersThatAreClosed: the request did not run, whatever the protocol.
func TestPeersThatAreClosed(t *testing.T) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, peer := link(t, httplink.Handler(newSite()))
				c := &http.Client{Transport: &httplink.Transport{Peer: peer}}
				get(t, c, "GET", "http://localhost/echo", "", nil)
				peer.Close(context.Background())
				_, err := c.Get("http://localhost/echo")
				refused(t, err, bellpull.CodeClosed, bellpull.Never)
			})
		})
	}
}
