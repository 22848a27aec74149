package interop_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// dmtpPatience bounds every wait for another process. It is no measure of speed.
const dmtpPatience = 30 * time.Second

// The programs that speak the control protocol.
const (
	dmtpOther = "other" // what BELLPULL_DMTP_PEER names: the reference peer, or a live .NET process
	dmtpOwn   = "own"   // interop/dmtppeer
)

// dmtpCommand gives the command line of a program.
func dmtpCommand(t *testing.T, program string) []string {
	t.Helper()
	if program == dmtpOwn {
		path, err := dmtpBuild()
		if err != nil {
			t.Fatal(err)
		}
		return []string{path}
	}
	if line := os.Getenv("BELLPULL_DMTP_PEER"); line != "" {
		return strings.Fields(line)
	}
	script, err := filepath.Abs(filepath.Join("..", "..", "shared", "peers", "dmtp_peer.py"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(script)
	python, missing := exec.LookPath("python3")
	if errors.Is(err, fs.ErrNotExist) || missing != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no DMTP peer: %s with python3; CI must have it, BELLPULL_DMTP_PEER says where it is", script)
		}
		t.Skipf("NOT TESTED AGAINST ANOTHER DMTP: there is no %s with python3; set BELLPULL_DMTP_PEER", script)
	}
	return []string{python, script}
}

// dmtpMisbehaving says that the other side is the reference peer, which can be told to misbehave.
func dmtpMisbehaving(t *testing.T) {
	t.Helper()
	if os.Getenv("BELLPULL_DMTP_PEER") != "" {
		t.Skip("only the reference peer misbehaves when it is told to")
	}
}

// dmtpBuild builds our own program once, with the race detector when the tests have it.
var dmtpBuild = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bp")
	if err != nil {
		return "", err
	}
	atExit = append(atExit, func() { os.RemoveAll(dir) })
	args := []string{"build", "-o", filepath.Join(dir, "dmtppeer")}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	out, err := exec.Command("go", append(args, "./dmtppeer")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return args[2], nil
})

// dmtpFields are the fields of a command or an event.
type dmtpFields map[string]any

func (f dmtpFields) text(key string) string { s, _ := f[key].(string); return s }
func (f dmtpFields) number(key string) int  { n, _ := f[key].(float64); return int(n) }

// meta gives an object of texts and nulls, nil when it is null.
func (f dmtpFields) meta(key string) map[string]any { m, _ := f[key].(map[string]any); return m }

// dmtpError is how a command failed.
type dmtpError struct{ Type, Message string }

func (e *dmtpError) Error() string { return e.Type + ": " + e.Message }

// dmtpFailsWith says whether err is a failure of the type.
func dmtpFailsWith(err error, kind string) bool {
	e, ok := errors.AsType[*dmtpError](err)
	return ok && e.Type == kind
}

type dmtpAnswer struct {
	result json.RawMessage
	err    error
}

// dmtpProc is a running program.
type dmtpProc struct {
	t       *testing.T
	program string
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stderr  dmtpLog
	first   dmtpFields    // its first line
	done    chan struct{} // closed when its output has ended
	killed  bool

	mu      sync.Mutex
	next    int
	waiting map[int]chan dmtpAnswer
	events  []dmtpFields
	wrong   []dmtpFields  // violations
	news    chan struct{} // closed and replaced with every event
}

// dmtpLog keeps what a program logs, to be shown should the test fail.
type dmtpLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *dmtpLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *dmtpLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// dmtpTry starts a program and waits for its first line, whichever that is. When the test ends the program must shut
// down cleanly, and must not have seen anything on the wire that the specification does not allow.
func dmtpTry(t *testing.T, program string, args ...string) *dmtpProc {
	t.Helper()
	line := append(dmtpCommand(t, program), args...)
	p := &dmtpProc{t: t, program: program, cmd: exec.Command(line[0], line[1:]...), done: make(chan struct{}),
		waiting: map[int]chan dmtpAnswer{}, news: make(chan struct{})}
	p.cmd.Stderr = &p.stderr
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // or each of our programs takes a second to end
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadBytes('\n')
			if err != nil {
				return
			}
			p.take(line)
		}
	}()
	t.Cleanup(p.end)
	p.first = p.await("first line", func(e dmtpFields) bool { return true })
	return p
}

// dmtpStart is dmtpTry for a program that must be ready.
func dmtpStart(t *testing.T, program string, args ...string) *dmtpProc {
	t.Helper()
	p := dmtpTry(t, program, args...)
	if p.first.text("event") != "ready" {
		t.Fatalf("%s %v: not ready: %v", program, args, p.first)
	}
	return p
}

// url gives the n-th address of a service.
func (p *dmtpProc) url(n int) string {
	list, _ := p.first["urls"].([]any)
	if n >= len(list) {
		p.t.Fatalf("urls: %v", p.first)
	}
	return list[n].(string)
}

// end ends the input, so that the program shuts down, and looks at what is left.
func (p *dmtpProc) end() {
	p.stdin.Close()
	select {
	case <-p.done:
	case <-time.After(dmtpPatience):
		p.t.Errorf("%s: does not shut down", p.program)
		p.kill()
	}
	err := p.cmd.Wait()
	if want := map[string]int{"ready": 0, "failed": 3}[p.first.text("event")]; p.cmd.ProcessState.ExitCode() != want && !p.killed {
		p.t.Errorf("%s: ended with %v, want code %d", p.program, err, want)
	}
	for _, v := range p.wrong {
		p.t.Errorf("%s saw a violation: %v: %v", p.program, v["what"], v["hex"])
	}
	if log := p.stderr.String(); p.t.Failed() && log != "" {
		p.t.Logf("%s logged:\n%s", p.program, log)
	}
	if strings.Contains(p.stderr.String(), "DATA RACE") {
		p.t.Errorf("%s: data race", p.program)
	}
}

// kill ends the program without a chance to say goodbye.
func (p *dmtpProc) kill() {
	p.killed = true
	p.cmd.Process.Kill()
	<-p.done
}

func (p *dmtpProc) take(line []byte) {
	var got struct {
		ID     json.RawMessage // a number in an answer, a text in events
		OK     bool
		Result json.RawMessage
		Error  dmtpError
		Event  string
	}
	if err := json.Unmarshal(line, &got); err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if got.Event != "" {
		e := dmtpFields{}
		json.Unmarshal(line, &e)
		p.events = append(p.events, e)
		if got.Event == "violation" {
			p.wrong = append(p.wrong, e)
		}
		close(p.news)
		p.news = make(chan struct{})
		return
	}
	a := dmtpAnswer{result: got.Result}
	if !got.OK {
		a.err = &got.Error
	}
	id, _ := strconv.Atoi(string(got.ID))
	if c := p.waiting[id]; c != nil {
		c <- a
		delete(p.waiting, id)
	}
}

// begin sends a command and gives where its answer is going to be.
func (p *dmtpProc) begin(do string, f dmtpFields) <-chan dmtpAnswer {
	p.t.Helper()
	cmd := dmtpFields{"do": do, "timeout_ms": dmtpPatience.Milliseconds()}
	maps.Copy(cmd, f)
	if do == "call" && cmd["serialization"] == nil {
		cmd["serialization"] = "json"
	}
	answer := make(chan dmtpAnswer, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	cmd["id"] = p.next
	p.waiting[p.next] = answer
	line, err := json.Marshal(cmd)
	if err == nil {
		_, err = p.stdin.Write(append(line, '\n'))
	}
	if err != nil {
		p.t.Fatalf("%s: %v", do, err)
	}
	return answer
}

// finish waits for an answer.
func (p *dmtpProc) finish(do string, answer <-chan dmtpAnswer) (json.RawMessage, error) {
	p.t.Helper()
	select {
	case a := <-answer:
		return a.result, a.err
	case <-time.After(dmtpPatience + 5*time.Second):
		p.t.Fatalf("%s: no answer from %s", do, p.program)
	case <-p.done:
		select {
		case a := <-answer:
			return a.result, a.err
		default:
		}
		p.t.Fatalf("%s: %s is gone: %s", do, p.program, p.stderr.String())
	}
	return nil, nil
}

// try runs a command that may fail.
func (p *dmtpProc) try(do string, f dmtpFields) (json.RawMessage, error) {
	p.t.Helper()
	return p.finish(do, p.begin(do, f))
}

// do runs a command that must not fail.
func (p *dmtpProc) do(do string, f dmtpFields) json.RawMessage {
	p.t.Helper()
	r, err := p.try(do, f)
	if err != nil {
		p.t.Fatalf("%s: %s %v: %v", p.program, do, f, err)
	}
	return r
}

// stat gives a counter.
func (p *dmtpProc) stat(name string) int {
	p.t.Helper()
	f := dmtpFields{}
	json.Unmarshal(p.do("stats", nil), &f)
	return f.number(name)
}

// await waits for the next event that fits and was not given out yet.
func (p *dmtpProc) await(what string, fits func(dmtpFields) bool) dmtpFields {
	p.t.Helper()
	timeout := time.After(dmtpPatience)
	for {
		p.mu.Lock()
		if i := slices.IndexFunc(p.events, fits); i >= 0 {
			e := p.events[i]
			p.events = slices.Delete(p.events, i, i+1)
			p.mu.Unlock()
			return e
		}
		news := p.news
		p.mu.Unlock()
		select {
		case <-news:
		case <-p.done:
			p.t.Fatalf("%s is gone while waiting for %s: %s", p.program, what, p.stderr.String())
		case <-timeout:
			p.t.Fatalf("%s: no event %s", p.program, what)
		}
	}
}

// event waits for the next event of a name.
func (p *dmtpProc) event(name string) dmtpFields {
	p.t.Helper()
	return p.await(name, func(e dmtpFields) bool { return e.text("event") == name })
}

// seen says whether there is an event of a name that was not given out yet.
func (p *dmtpProc) seen(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.events, func(e dmtpFields) bool { return e.text("event") == name })
}

// forgive takes back the violations that hold the words: the test made them.
func (p *dmtpProc) forgive(words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = slices.DeleteFunc(p.wrong, func(e dmtpFields) bool { return strings.Contains(e.text("what"), words) })
}

// dmtpFill gives the bytes that both sides make of a length and a seed.
func dmtpFill(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed + i*31 + (i>>8)*7)
	}
	return b
}

// dmtpSameBody says whether an event shows this body.
func dmtpSameBody(e dmtpFields, body []byte) bool {
	if len(body) <= 64<<10 {
		return e.text("hex") == hex.EncodeToString(body) && e["body"] == nil
	}
	sum := sha256.Sum256(body)
	long := dmtpFields(e.meta("body"))
	return long.number("len") == len(body) && long.text("sha256") == hex.EncodeToString(sum[:])
}

// dmtpSameJSON says whether two texts are the same value.
func dmtpSameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	first, _ := json.Marshal(x)
	second, _ := json.Marshal(y)
	return bytes.Equal(first, second)
}

// dmtpURL gives an address for a service of a transport: "tcp" or "unix".
func dmtpURL(t *testing.T, transport string) string {
	t.Helper()
	if transport == "tcp" {
		return "tcp://127.0.0.1:0"
	}
	dir, err := os.MkdirTemp("/tmp", "bp") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "unix://" + dir + "/s"
}

// dmtpTransports runs f over each transport.
func dmtpTransports(t *testing.T, f func(t *testing.T, transport string)) {
	for _, transport := range []string{"tcp", "unix"} {
		t.Run(transport, func(t *testing.T) { f(t, transport) })
	}
}
