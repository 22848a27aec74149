//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// dotnet is a running .NET program that serves or calls gRPC's test service. It reads commands and writes answers and
// events, JSON objects on a line each.
type dotnet struct {
	*process
	last int // id of the last command
}

// dotnetMessage is an answer or an event.
type dotnetMessage struct {
	ID     int
	OK     bool
	Result json.RawMessage
	Error  struct{ Type, Message string }
	Event  string
}

// startDotnet starts the program and waits until it is ready.
func startDotnet(t *testing.T, args ...string) *dotnet {
	t.Helper()
	cmd := exec.CommandContext(limit(t), dotnetProgram(t), args...)
	p := &dotnet{process: launch(t, cmd)}
	if m := p.message(); m.Event != "ready" {
		t.Fatalf(".NET begins with %+v", m)
	}
	return p
}

// dotnetProgram gives the path of the program.
func dotnetProgram(t *testing.T) string {
	t.Helper()
	path := os.Getenv("BELLPULL_GRPC_PEER")
	if path == "" {
		path = filepath.Join("..", "..", "..", "shared", "peers", "dotnet", "bin", "linux-x64", "grpcpeer")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no .NET peer at %s: CI must have it; BELLPULL_GRPC_PEER says where it is", path)
		}
		t.Skipf("NOT TESTED AGAINST .NET: there is no program %s; set BELLPULL_GRPC_PEER", path)
	}
	return path
}

// message reads the next answer or event.
func (p *dotnet) message() dotnetMessage {
	p.t.Helper()
	var m dotnetMessage
	if s := p.line(); json.Unmarshal([]byte(s), &m) != nil {
		p.t.Fatalf(".NET says %q", s)
	}
	return m
}

// do runs a command with the fields, which must not fail, and reads what it gives into result unless that is nil.
func (p *dotnet) do(result any, command string, fields map[string]any) {
	p.t.Helper()
	p.last++
	all := map[string]any{"id": p.last, "do": command, "timeout_ms": patience.Milliseconds()}
	for k, v := range fields {
		all[k] = v
	}
	if err := json.NewEncoder(p.in).Encode(all); err != nil {
		p.t.Fatal(err)
	}
	for {
		m := p.message()
		switch {
		case m.ID != p.last:
			continue // an event
		case !m.OK:
			p.t.Fatalf("%s: %s: %s", command, m.Error.Type, m.Error.Message)
		case result != nil:
			if err := json.Unmarshal(m.Result, result); err != nil {
				p.t.Fatal(fmt.Errorf("%s gives %s: %w", command, m.Result, err))
			}
		}
		return
	}
}
