package httplink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/httplink"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// links gives, for each protocol, a peer of a node that has h for requests that carry HTTP; without h it has none.
var links = map[string]func(t *testing.T, h bellpull.Handler) (*bellpull.Node, *bellpull.Peer){
	"campus": func(t *testing.T, h bellpull.Handler) (*bellpull.Node, *bellpull.Peer) {
		network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
		node, err := campus.Listen(t.Context(), "mem:b", nil, campus.OnRequest(h), network)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := campus.Dial(t.Context(), "mem:b", network, campus.Name("a"))
		return ready(t, node, peer, err)
	},
	"dmtp":  overDMTP(),
	"plain": overDMTP(dmtp.Plain()),
}

func overDMTP(opts ...dmtp.Option) func(t *testing.T, h bellpull.Handler) (*bellpull.Node, *bellpull.Peer) {
	return func(t *testing.T, h bellpull.Handler) (*bellpull.Node, *bellpull.Peer) {
		m := bellpull.NewMux()
		if h != nil {
			m.Handle(httplink.Method, h)
		}
		opts := append(opts[:len(opts):len(opts)], dmtp.NodeOptions(bellpull.WithTransports(mem.New())))
		node, err := dmtp.Listen(t.Context(), "mem:b", m, opts...)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:b", append(opts, dmtp.ID("a"))...)
		return ready(t, node, peer, err)
	}
}

func ready(t *testing.T, node *bellpull.Node, peer *bellpull.Peer, err error) (*bellpull.Node, *bellpull.Peer) {
	t.Cleanup(func() { node.Close(context.Background()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close(context.Background()) })
	return node, peer
}

// each runs f with a client of h over each protocol, on virtual time.
func each(t *testing.T, h bellpull.Handler, f func(t *testing.T, c *http.Client)) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, peer := link(t, h)
				f(t, &http.Client{Transport: &httplink.Transport{Peer: peer}})
			})
		})
	}
}

// get sends a request and gives the answer with its body read.
func get(t *testing.T, c *http.Client, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.Request.URL.String() != url || resp.ProtoMajor != 1 || resp.ProtoMinor != 1 {
		t.Fatal(err, resp.Request, resp.Proto)
	}
	return resp, string(got)
}

func newSite() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %q %q %s %s", r.PathValue("id"), r.URL.RawQuery, r.FormValue("q"), r.Host, r.RequestURI, r.RemoteAddr)
	})
	m.HandleFunc("POST /add", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ A, B int }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("Content-Length") != fmt.Sprint(r.ContentLength) {
			http.Error(w, "what?", http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]int{"Sum": in.A + in.B})
	})
	m.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Seen"] = r.Header["X-Many"]
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set("Content-Language", "de")
		w.Header().Set("Last-Modified", r.Header.Get("Expires"))
		w.Header().Set("Allow", "GET")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "1")
	})
	m.HandleFunc("/nothing", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
	m.HandleFunc("/error", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) })
	m.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Half", "1")
		fmt.Fprint(w, "half")
		panic("secret")
	})
	m.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	m.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	m.HandleFunc("/zeros", func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscan(r.FormValue("n"), &n)
		w.Write(make([]byte, n))
	})
	m.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		time.Sleep(time.Millisecond) // of the test's clock: the caller's deadline is the same, and its answer not to be first
	})
	m.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/items/9?q=1", http.StatusFound) })
	return m
}

// TestRequestsReachTheMux: path, query, host and the caller's name.
func TestRequestsReachTheMux(t *testing.T) {
	each(t, httplink.Handler(newSite()), func(t *testing.T, c *http.Client) {
		resp, got := get(t, c, "GET", "http://localhost/items/7?q=gr%C3%BC%C3%9F+x&q=2", "", nil)
		want := `7 q=gr%C3%BC%C3%9F+x&q=2 "grüß x" "localhost" /items/7?q=gr%C3%BC%C3%9F+x&q=2 a`
		if got != want || resp.Status != "200 OK" || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" ||
			resp.ContentLength != int64(len(want)) {
			t.Errorf("%q\nwant %q\n%+v", got, want, resp)
		}
		if _, got = get(t, c, "GET", "http://shop:80/items/a%2Fb", "", nil); got != `a/b  "" "shop" /items/a%2Fb a` {
			t.Errorf("%q", got)
		}
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://localhost/items/3#part", nil)
		req.Host = "shop:81"
		if resp, err := c.Do(req); err != nil {
			t.Error(err)
		} else if got, _ := io.ReadAll(resp.Body); string(got) != `3  "" "shop:81" /items/3 a` {
			t.Errorf("%q", got)
		}
		if resp, err := c.Get("http://localhost/away"); err != nil || resp.StatusCode != 200 || resp.Request.URL.Path != "/items/9" {
			t.Error("redirect:", resp, err)
		}
	})
}

// TestJSONBodies: as a client posts them and a handler answers them.
func TestJSONBodies(t *testing.T) {
	each(t, httplink.Handler(newSite()), func(t *testing.T, c *http.Client) {
		resp, err := c.Post("http://localhost/add", "application/json", strings.NewReader(`{"A":1,"B":2}`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, _ := io.ReadAll(resp.Body)
		if string(got) != `{"Sum":3}`+"\n" || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%q %v", got, resp.Header)
		}
	})
}

// TestHeadersKeepAllValues: those of the content too, and none that was set after the status.
func TestHeadersKeepAllValues(t *testing.T) {
	each(t, httplink.Handler(newSite()), func(t *testing.T, c *http.Client) {
		resp, got := get(t, c, "GET", "http://localhost/headers", "", http.Header{"X-Many": {"1", "2, 3", "ü"}, "Expires": {"x"}})
		h := resp.Header
		if got != "" || resp.StatusCode != 201 || fmt.Sprint(h["X-Seen"]) != "[1 2, 3 ü]" || fmt.Sprint(h["Set-Cookie"]) != "[a=1 b=2]" ||
			h.Get("Content-Language") != "de" || h.Get("Last-Modified") != "x" || h.Get("Allow") != "GET" || h.Get("X-Late") != "" {
			t.Errorf("%d %q %v", resp.StatusCode, got, h)
		}
	})
}

// TestStatusesAreAnswers: an empty 404, errors of handlers, and a panic, whose text stays here.
func TestStatusesAreAnswers(t *testing.T) {
	each(t, httplink.Handler(newSite()), func(t *testing.T, c *http.Client) {
		for path, want := range map[string]string{
			"/nothing":   "404 Not Found|",
			"/nowhere":   "404 Not Found|404 page not found\n",
			"/error":     "500 Internal Server Error|broken\n",
			"/panic":     "500 Internal Server Error|Internal Server Error\n",
			"/items/1":   "405 Method Not Allowed|Method Not Allowed\n",
			"/echo?none": "200 OK|",
		} {
			resp, got := get(t, c, "PUT", "http://localhost"+path, "", nil)
			if resp.Status+"|"+got != want || resp.Header.Get("X-Half") != "" {
				t.Errorf("%s: %s|%s %v", path, resp.Status, got, resp.Header)
			}
		}
		resp, got := get(t, c, "HEAD", "http://localhost/items/1", "", nil)
		if resp.StatusCode != 200 || got != "" || resp.ContentLength != -1 {
			t.Errorf("HEAD: %q %+v", got, resp)
		}
	})
}

// TestLargeBodies: the largest that fits goes both ways; one byte more is refused before it is sent, or answered 500, and
// the link goes on.
func TestLargeBodies(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 100 MB")
	}
	most := strings.Repeat("x", httplink.DefaultMaxBody)
	for _, name := range []string{"campus", "dmtp"} {
		t.Run(name, func(t *testing.T) {
			_, peer := links[name](t, httplink.Handler(newSite()))
			c := &http.Client{Transport: &httplink.Transport{Peer: peer}}
			if resp, got := get(t, c, "POST", "http://localhost/echo", most, nil); got != most || resp.StatusCode != 200 {
				t.Errorf("%s, %d bytes", resp.Status, len(got))
			}
			_, err := c.Post("http://localhost/echo", "", strings.NewReader(most+"x"))
			refused(t, err, bellpull.CodeTooLarge, bellpull.Never)
			resp, got := get(t, c, "GET", fmt.Sprintf("http://localhost/zeros?n=%d", len(most)+1), "", nil)
			if resp.StatusCode != 500 || got != "response body of 12500001, limit 12500000\n" {
				t.Errorf("%s, %d bytes", resp.Status, len(got))
			}
		})
	}
}

// TestWhatFitsNoFrame: with limits above what a frame of dotnetCampus.Ipc holds, it is an error or a 500, not silence.
func TestWhatFitsNoFrame(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 30 MB")
	}
	const n = 13_000_000
	_, peer := links["campus"](t, httplink.Handler(newSite(), httplink.MaxBody(2*n)))
	c := &http.Client{Transport: &httplink.Transport{Peer: peer, MaxBody: 2 * n}}
	_, err := c.Post("http://localhost/echo", "", bytes.NewReader(make([]byte, n)))
	refused(t, err, bellpull.CodeTooLarge, bellpull.Never)
	resp, got := get(t, c, "GET", fmt.Sprintf("http://localhost/zeros?n=%d", n), "", nil)
	if resp.StatusCode != 500 || !strings.HasPrefix(got, "answer of 17333") {
		t.Errorf("%s %.99q", resp.Status, got)
	}
}

// TestBodiesOverTheLimit: with limits of our own, on either side.
func TestBodiesOverTheLimit(t *testing.T) {
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, peer := link(t, httplink.Handler(newSite(), httplink.MaxBody(10)))
				c := &http.Client{Transport: &httplink.Transport{Peer: peer, MaxBody: 20}}
				for n, want := range map[int]int{10: 200, 11: 413, 20: 413} {
					if resp, got := get(t, c, "POST", "http://localhost/echo", strings.Repeat("x", n), nil); resp.StatusCode != want {
						t.Error(n, resp.Status, got)
					}
				}
				if resp, got := get(t, c, "GET", "http://localhost/zeros?n=11", "", nil); resp.StatusCode != 500 {
					t.Error(resp.Status, got)
				}
				known := bytes.NewReader(make([]byte, 99))
				for size, body := range map[int64]io.Reader{99: known, 21: io.MultiReader(bytes.NewReader(make([]byte, 99)))} {
					_, err := c.Post("http://localhost/echo", "", body)
					refused(t, err, bellpull.CodeTooLarge, bellpull.Never)
					if e, ok := errors.AsType[*transport.LimitError](err); !ok || e.Limit != 20 || e.Size != size {
						t.Error(err, size)
					}
				}
			})
		})
	}
}

// refused looks at the error of a client.
func refused(t *testing.T, err error, code bellpull.Code, ran bellpull.Executed) {
	t.Helper()
	if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Code != code || e.Executed() != ran {
		t.Errorf("%v; want %v, %v", err, code, ran)
	}
}

// TestRequestsEndWithTheirContext: while they wait for an answer, while their body is read, and before.
func TestRequestsEndWithTheirContext(t *testing.T) {
	each(t, httplink.Handler(newSite()), func(t *testing.T, c *http.Client) {
		do := func(ctx context.Context, path string, body io.Reader) error {
			req, err := http.NewRequestWithContext(ctx, "POST", "http://localhost"+path, body)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Do(req)
			return err
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := do(ctx, "/wait", nil)
		if refused(t, err, bellpull.CodeCanceled, bellpull.Maybe); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		refused(t, do(ctx, "/echo", nil), bellpull.CodeCanceled, bellpull.Never)

		begin := time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err = do(ctx, "/wait", nil)
		if refused(t, err, bellpull.CodeDeadline, bellpull.Maybe); time.Since(begin) != 3*time.Second {
			t.Error(time.Since(begin))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, w := io.Pipe()
		refused(t, do(ctx, "/echo", r), bellpull.CodeDeadline, bellpull.Never)
		if _, err := w.Write([]byte("x")); err == nil {
			t.Error("the body was not closed")
		}
		c.Timeout = 2 * time.Second
		begin = time.Now()
		if err = do(t.Context(), "/wait", nil); time.Since(begin) != 2*time.Second {
			t.Error(time.Since(begin), err)
		}
	})
}
