//go:build linux || darwin

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// patience bounds every wait for another goroutine or process. It is no measure of speed.
const patience = time.Minute

func TestMain(m *testing.M) {
	if mode := os.Getenv(childVar); mode != "" {
		child(mode, os.Args[1:])
		return
	}
	goleak.VerifyTestMain(m)
}

// An endpoint is one kind of address, and where the same endpoint is for programs that know nothing of addresses.
type endpoint struct {
	addr transport.Addr
	path string // of the socket, or "@name"
}

// native is the target by which grpc-go finds the endpoint on its own.
func (e endpoint) native() string {
	if name, ok := strings.CutPrefix(e.path, "@"); ok {
		return "unix-abstract:" + name
	}
	return "unix:" + e.path
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

// limit gives the context of a test that may run into its patience.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// serveOurs has the example serve e. The server ends gracefully when stop is called, and with the test.
func serveOurs(t *testing.T, e endpoint, opts ...grpc.ServerOption) (stop func()) {
	t.Helper()
	ln, err := sockets().Listen(t.Context(), e.addr)
	if err != nil {
		t.Fatal(err)
	}
	if path := ln.(interface{ Path() string }).Path(); path != e.path {
		t.Fatalf("%v is at %s, want %s", e.addr, path, e.path)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, ln, opts...) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// servePlain has grpc-go serve a listener of package net at e.
func servePlain(t *testing.T, e endpoint) {
	t.Helper()
	ln, err := net.Listen("unix", e.path)
	if err != nil {
		t.Fatal(err)
	}
	serveWith(t, ln)
}

// serveWith has a server other than the example's serve ln. It ends with the test.
func serveWith(t *testing.T, ln net.Listener, opts ...grpc.ServerOption) {
	s := grpc.NewServer(opts...)
	testgrpc.RegisterTestServiceServer(s, interop.NewTestServer())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.GracefulStop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// TestProgram runs the example as its user does, in two processes. The server learns who calls.
func TestProgram(t *testing.T) {
	endpoints(t) // for its TMPDIR
	server := startChild(t, "main", "serve", "npipe:editor")
	if got := server.line(); got != "listening at npipe:editor" {
		t.Fatalf("the server says %q", got)
	}
	client := startChild(t, "main", "call", "npipe:editor")
	if got := client.line(); got != "received 1048576 bytes" {
		t.Errorf("the client says %q", got)
	}
	client.end()
	if err := server.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	server.end()
	want := fmt.Sprintf("process %d of user %d calls /grpc.testing.TestService/UnaryCall\n", client.cmd.Process.Pid, os.Geteuid())
	if got := server.logs.String(); !strings.HasSuffix(got, want) {
		t.Errorf("the server logs %q, want %q", got, want)
	}
}
