package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// dmtpProc is a running program.
type dmtpProc struct {
	t       *testing.T
	program string
	args    []string
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
	p := &dmtpProc{t: t, program: program, args: args, cmd: exec.Command(line[0], line[1:]...), done: make(chan struct{}),
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

// rest gives the events that were not given out yet.
func (p *dmtpProc) rest() []dmtpFields {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.events)
}
