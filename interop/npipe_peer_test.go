//go:build linux

package interop_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// npipePatience bounds every wait for the other process. It is no measure of speed.
const npipePatience = 30 * time.Second

// npipeProgram gives the program that drives real .NET pipes.
func npipeProgram(t *testing.T) string {
	t.Helper()
	path := os.Getenv("BELLPULL_PIPE_PEER")
	if path == "" {
		path = filepath.Join("..", "..", "shared", "peers", "dotnet", "bin", "linux-x64", "pipepeer")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no .NET peer at %s: CI must have it; BELLPULL_PIPE_PEER says where it is", path)
		}
		t.Skipf("NOT TESTED AGAINST .NET: there is no program %s; set BELLPULL_PIPE_PEER", path)
	}
	return path
}

// npipeTemp makes a directory that both processes, of whatever users, take for the temporary one.
func npipeTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bp") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	return dir
}

// npipeFields are the fields of a command, of its result or of an event.
type npipeFields map[string]any

func (f npipeFields) text(key string) string { s, _ := f[key].(string); return s }
func (f npipeFields) number(key string) int  { n, _ := f[key].(float64); return int(n) }

// npipeError is how .NET failed.
type npipeError struct{ Type, Message string }

func (e *npipeError) Error() string { return e.Type + ": " + e.Message }

type npipeAnswer struct {
	result npipeFields
	err    error
}

// npipePeer is a running .NET process.
type npipePeer struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   *json.Encoder
	pid  int
	done chan struct{} // closed when its output has ended

	mu      sync.Mutex
	next    int
	waiting map[int]chan npipeAnswer
	events  []npipeFields
	news    chan struct{} // closed and replaced with every event
}

// npipeStart starts the .NET process. It is killed when the test ends.
func npipeStart(t *testing.T, prep func(*exec.Cmd)) *npipePeer {
	t.Helper()
	cmd := exec.Command(npipeProgram(t))
	cmd.Stderr = os.Stderr
	if prep != nil {
		prep(cmd)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &npipePeer{t: t, cmd: cmd, in: json.NewEncoder(in), pid: cmd.Process.Pid, done: make(chan struct{}),
		waiting: map[int]chan npipeAnswer{}, news: make(chan struct{})}
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			p.take(lines.Bytes())
		}
	}()
	t.Cleanup(p.kill)
	p.event("ready")
	return p
}

// kill ends the process without a chance to clean up.
func (p *npipePeer) kill() {
	p.cmd.Process.Kill()
	<-p.done
	p.cmd.Wait()
}

func (p *npipePeer) take(line []byte) {
	var got struct {
		ID     int
		OK     bool
		Result json.RawMessage
		Error  npipeError
		Event  string
	}
	all := npipeFields{}
	if err := json.Unmarshal(line, &got); err != nil {
		return
	}
	json.Unmarshal(line, &all)
	p.mu.Lock()
	defer p.mu.Unlock()
	if got.Event != "" {
		p.events = append(p.events, all)
		close(p.news)
		p.news = make(chan struct{})
		return
	}
	var a npipeAnswer
	if got.OK {
		json.Unmarshal(got.Result, &a.result) // numbers and null stay out
	} else {
		a.err = &got.Error
	}
	if c := p.waiting[got.ID]; c != nil {
		c <- a
		delete(p.waiting, got.ID)
	}
}

// begin sends a command and gives where its answer is going to be.
func (p *npipePeer) begin(do string, fields npipeFields) <-chan npipeAnswer {
	p.t.Helper()
	cmd := npipeFields{"do": do, "timeout_ms": npipePatience.Milliseconds()}
	maps.Copy(cmd, fields)
	answer := make(chan npipeAnswer, 1)
	p.mu.Lock()
	p.next++
	cmd["id"] = p.next
	p.waiting[p.next] = answer
	err := p.in.Encode(cmd)
	p.mu.Unlock()
	if err != nil {
		p.t.Fatalf("%s: %v", do, err)
	}
	return answer
}

// end waits for an answer.
func (p *npipePeer) end(do string, answer <-chan npipeAnswer) (npipeFields, error) {
	p.t.Helper()
	select {
	case a := <-answer:
		return a.result, a.err
	case <-time.After(npipePatience + 5*time.Second):
		p.t.Fatalf("%s: no answer from .NET", do)
	case <-p.done:
		p.t.Fatalf("%s: the .NET process is gone", do)
	}
	return nil, nil
}

// try runs a command that may fail.
func (p *npipePeer) try(do string, fields npipeFields) (npipeFields, error) {
	p.t.Helper()
	return p.end(do, p.begin(do, fields))
}

// do runs a command that must not fail.
func (p *npipePeer) do(do string, fields npipeFields) npipeFields {
	p.t.Helper()
	r, err := p.try(do, fields)
	if err != nil {
		p.t.Fatalf("%s %v: %v", do, fields, err)
	}
	return r
}

// event waits for the next event of the name that was not given out yet.
func (p *npipePeer) event(name string) npipeFields {
	p.t.Helper()
	timeout := time.After(npipePatience)
	for {
		p.mu.Lock()
		for i, e := range p.events {
			if e.text("event") == name {
				p.events = append(p.events[:i:i], p.events[i+1:]...)
				p.mu.Unlock()
				return e
			}
		}
		news := p.news
		p.mu.Unlock()
		select {
		case <-news:
		case <-p.done:
			p.t.Fatalf("the .NET process is gone while waiting for the event %s", name)
		case <-timeout:
			p.t.Fatalf("no event %s from .NET", name)
		}
	}
}

// npipeFill gives the bytes that both sides make of a length and a seed.
func npipeFill(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed + i*31 + (i>>8)*7)
	}
	return b
}

// npipeFailsWith says whether err is a failure of .NET of the type.
func npipeFailsWith(err error, kind string) bool {
	e, ok := errors.AsType[*npipeError](err)
	return ok && strings.HasSuffix(e.Type, kind)
}
