//go:build linux || darwin

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// patience bounds every wait for another goroutine or process. It is no measure of speed.
const patience = time.Minute

// mainVar has the test binary be the example.
const mainVar = "BELLPULL_HTTP_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainVar) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// An endpoint is one kind of address, and where the same endpoint is for programs that know nothing of addresses.
type endpoint struct {
	addr transport.Addr
	path string // of the socket, or "@name"
}

// sockets gives transports that keep to TMPDIR, private endpoints included.
func sockets() transport.Set {
	return transport.NewSet(unixsock.Transport{Dirs: []string{os.TempDir()}}, npipe.Transport{})
}

// endpoints gives one endpoint of each kind, in a TMPDIR of the test's own.
func endpoints(t *testing.T) map[string]endpoint {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bp") // short enough for sockets, and private
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	list := map[string]endpoint{
		"unix":  {transport.Addr{Scheme: "unix", Rest: dir + "/x.sock"}, dir + "/x.sock"},
		"local": {transport.Addr{Scheme: "local", Rest: "editor"}, dir + "/editor.sock"},
		"npipe": {transport.Addr{Scheme: "npipe", Rest: "editor"}, dir + "/CoreFxPipe_editor"},
	}
	if runtime.GOOS == "linux" {
		name := "@" + filepath.Base(dir)
		list["abstract"] = endpoint{transport.Addr{Scheme: "unix", Rest: name}, name}
	}
	return list
}

// A pair says which sides of an endpoint are ours; the others use package net alone.
type pair struct {
	endpoint
	ourServer, ourClient bool
	http2                bool // without encryption; else HTTP/1.1
}

// each runs f for every kind of endpoint, every pair with our code on at least one side, and the given versions.
func each(t *testing.T, f func(t *testing.T, p pair), versions ...string) {
	for kind, e := range endpoints(t) {
		for _, version := range versions {
			h2 := version == "HTTP2"
			for name, p := range map[string]pair{
				"plain client": {endpoint: e, ourServer: true, http2: h2},
				"plain server": {endpoint: e, ourClient: true, http2: h2},
				"ours":         {endpoint: e, ourServer: true, ourClient: true, http2: h2},
			} {
				t.Run(kind+"/"+version+"/"+name, func(t *testing.T) { f(t, p) })
			}
		}
	}
}

// limit gives the context of a test that may run into its patience.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (p pair) protocols() *http.Protocols {
	var list http.Protocols
	list.SetHTTP1(!p.http2)
	list.SetUnencryptedHTTP2(p.http2)
	return &list
}

// serve has a server answer with h until stop is called or the test ends. stopping is closed when it takes no more
// connections.
func (p pair) serve(t *testing.T, h http.HandlerFunc) (stop func(), stopping <-chan struct{}) {
	t.Helper()
	var ln net.Listener
	var err error
	if p.ourServer {
		ln, err = sockets().Listen(t.Context(), p.addr)
	} else {
		ln, err = net.Listen("unix", p.path)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(h)
	if !p.ourServer {
		s.ConnContext = nil // a net.UnixConn knows nobody
	}
	s.Protocols = p.protocols()
	began := make(chan struct{})
	s.RegisterOnShutdown(func() { close(began) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, s, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop, began
}

// client gives a client of the server.
func (p pair) client(t *testing.T) *http.Client {
	t.Helper()
	c := newClient(sockets(), p.addr)
	tr := c.Transport.(*http.Transport)
	if !p.ourClient {
		tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", p.path)
		}
	}
	tr.Protocols = p.protocols()
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// send sends a request with body, nil for none, and gives what is answered. It checks the version of HTTP.
func (p pair) send(ctx context.Context, c *http.Client, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/", body)
	if err != nil {
		return nil, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || (resp.ProtoMajor == 2) != p.http2 {
		return nil, fmt.Errorf("%s %s", resp.Proto, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// TestProgram runs the example as its user does, in two processes. Each request names the process that sent it.
func TestProgram(t *testing.T) {
	endpoints(t) // for its TMPDIR
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(limit(t), exe, args...)
		cmd.Env = append(os.Environ(), mainVar+"=yes")
		cmd.Stderr = os.Stderr
		return cmd
	}
	server := program("serve", "npipe:editor")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	if got, err := bufio.NewReader(out).ReadString('\n'); got != "listening at npipe:editor\n" {
		t.Fatalf("the server says %q, %v", got, err)
	}
	client := program("get", "npipe:editor")
	got, err := client.Output()
	want := fmt.Sprintf("hello, process %d of user %d\n", client.ProcessState.Pid(), os.Geteuid())
	if err != nil || string(got) != want {
		t.Errorf("the client says %q, %v, want %q", got, err, want)
	}
	if err := errors.Join(server.Process.Signal(os.Interrupt), server.Wait()); err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
