//go:build linux || darwin

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// TestCaller: handlers learn from the operating system who asks, whatever the client is made of.
func TestCaller(t *testing.T) {
	each(t, func(t *testing.T, p pair) {
		got := make(chan transport.Identity, 1)
		p.serve(t, func(w http.ResponseWriter, r *http.Request) { got <- caller(r.Context()) })
		if _, err := p.send(limit(t), p.client(t), nil); err != nil {
			t.Fatal(err)
		}
		want := transport.Identity{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid(), HasUser: true, SameUser: true,
			Remote: p.addr.String()}
		if !p.ourServer {
			want = transport.Identity{} // package net knows no callers
		}
		if id := <-got; id != want {
			t.Errorf("caller %+v, want %+v", id, want)
		}
	}, "HTTP1", "HTTP2")
}

// TestRawRequest: the server understands requests written by hand.
func TestRawRequest(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind, func(t *testing.T) {
			pair{endpoint: e, ourServer: true}.serve(t, hello)
			for _, request := range []string{
				"GET / HTTP/1.0\r\n\r\n",
				"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			} {
				c, err := net.Dial("unix", e.path)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(patience))
				io.WriteString(c, request)
				got, err := io.ReadAll(c)
				body := fmt.Sprintf("\r\n\r\nhello, process %d of user %d\n", os.Getpid(), os.Geteuid())
				if err != nil || !strings.HasPrefix(string(got), "HTTP/1.") || !strings.Contains(string(got), " 200 OK\r\n") ||
					!strings.HasSuffix(string(got), body) {
					t.Errorf("%q is answered with %q, %v", request, got, err)
				}
			}
		})
	}
}

// TestRawResponse: the client understands responses written by hand, and sends what such a server expects.
func TestRawResponse(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind, func(t *testing.T) {
			ln, err := net.Listen("unix", e.path)
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			request := make(chan string, 1)
			go func() {
				defer close(request)
				c, err := ln.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(patience))
				var all strings.Builder
				lines := bufio.NewScanner(c)
				for lines.Scan() && lines.Text() != "" {
					all.WriteString(lines.Text() + "\n")
				}
				request <- all.String()
				io.WriteString(c, "HTTP/1.0 200 Fine\r\n\r\nuntil the end")
			}()
			p := pair{endpoint: e, ourClient: true}
			got, err := p.send(limit(t), p.client(t), nil)
			if err != nil || string(got) != "until the end" {
				t.Errorf("the client reads %q, %v", got, err)
			}
			if r := <-request; !strings.HasPrefix(r, "POST / HTTP/1.1\nHost: localhost\n") {
				t.Errorf("the client writes %q", r)
			}
		})
	}
}

// TestNobody: a request to nobody is an error that can be told from others and says what to do.
func TestNobody(t *testing.T) {
	for kind, e := range endpoints(t) {
		p := pair{endpoint: e, ourClient: true}
		_, err := p.send(limit(t), p.client(t), nil)
		if te, ok := errors.AsType[*transport.Error](err); !errors.Is(err, transport.ErrNoServer) || !ok || te.Advice == "" {
			t.Errorf("%s: %v, want ErrNoServer and advice", kind, err)
		}
	}
}

// TestUpgrade: a handler can take the connection over, as WebSockets do. It is the one that knows the caller.
func TestUpgrade(t *testing.T) {
	each(t, func(t *testing.T, p pair) {
		p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			c, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if tc, ok := c.(transport.Conn); p.ourServer && (!ok || tc.Identity().PID != os.Getpid()) {
				t.Errorf("the connection is a %T", c)
			}
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			io.Copy(c, rw)
		})
		req, err := http.NewRequestWithContext(limit(t), http.MethodGet, "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
		resp, err := p.client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, ok := resp.Body.(io.ReadWriteCloser)
		if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
			t.Fatalf("%s", resp.Status)
		}
		for _, want := range []string{"ring", "again"} {
			if _, err := io.WriteString(body, want); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(body, got); err != nil || string(got) != want {
				t.Fatalf("%q comes back as %q, %v", want, got, err)
			}
		}
	}, "HTTP1")
}
