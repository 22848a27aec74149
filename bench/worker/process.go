package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// ErrUnfit is the error of a worker whose peer cannot do what it was told, and never could.
var ErrUnfit = errors.New("the peer has no such thing")

// A Process is a worker that was started. Its methods must not be called at once.
type Process struct {
	name  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan []byte
	err   *tail
}

// Start starts a worker, on the given CPUs unless there are none, and waits until it is ready. program is an executable
// whose main hands the arguments behind Word to Main.
func Start(ctx context.Context, program string, cpus []int, args ...string) (*Process, error) {
	p := &Process{name: strings.Join(args[:min(len(args), 2)], " "), lines: make(chan []byte, 1), err: &tail{}}
	p.cmd = exec.Command(program, append([]string{Word}, args...)...)
	p.cmd.Stderr = p.err
	p.cmd.WaitDelay = time.Second
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := pinned(cpus, p.cmd.Start); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	go func() {
		defer close(p.lines)
		for r := bufio.NewReader(out); ; {
			line, err := r.ReadBytes('\n')
			if err != nil {
				return
			}
			p.lines <- line
		}
	}()
	if err := p.read(ctx, nil); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Ask tells the worker something and reads its answer into a pointer. A worker that does not answer before ctx ends is of
// no more use.
func (p *Process) Ask(ctx context.Context, c Command, answer any) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("%s: %w%s", p.name, err, p.err)
	}
	return p.read(ctx, answer)
}

func (p *Process) read(ctx context.Context, answer any) error {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return fmt.Errorf("%s ended%s", p.name, p.err)
		}
		var r struct {
			Error string          `json:"error"`
			Unfit bool            `json:"unfit"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%s said %q: %w", p.name, line, err)
		}
		switch {
		case r.Unfit:
			return ErrUnfit
		case r.Error != "":
			return fmt.Errorf("%s: %s", p.name, r.Error)
		case answer == nil:
			return nil
		}
		return json.Unmarshal(r.Value, answer)
	case <-ctx.Done():
		return fmt.Errorf("%s did not answer: %w%s", p.name, context.Cause(ctx), p.err)
	}
}

// Stop ends the worker and waits for it: in an orderly way, or after two seconds by force.
func (p *Process) Stop() {
	p.in.Close()
	kill := time.AfterFunc(2*time.Second, func() { p.cmd.Process.Kill() })
	for range p.lines {
	}
	p.cmd.Wait()
	kill.Stop()
}

// tail keeps the end of what a process wrote to its standard error.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(p)
	if over := t.b.Len() - tailSize; over > 0 {
		t.b.Next(over)
	}
	return len(p), nil
}

// String gives it for the end of an error.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() == 0 {
		return ""
	}
	return ": " + strings.TrimSpace(t.b.String())
}

// List asks a program for its peers and reads the answer into a pointer to a list of rival.Facts.
func List(ctx context.Context, program string, into any) error {
	cmd := exec.CommandContext(ctx, program, Word, Lister)
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var r struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return fmt.Errorf("it is no program of workers: %w", err)
	}
	return json.Unmarshal(r.Value, into)
}
