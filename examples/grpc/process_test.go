//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"testing"
)

// A process is a program that a test has started, with pipes to it. It is killed when the test ends.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	logs bytes.Buffer // what it has written to standard error; ours once it has ended
}

// launch starts cmd.
func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &p.logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return p
}

// read gives the next line of the process's output; the error says what it had to say instead.
func (p *process) read() (string, error) {
	s, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the output ended with %q (%v, %v): %s", s, err, p.cmd.Wait(), &p.logs)
	}
	return s[:len(s)-1], nil
}

// line is read of a process that has something to say.
func (p *process) line() string {
	p.t.Helper()
	s, err := p.read()
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// end closes the process's input and waits until it has ended, which it must do well and without another word.
func (p *process) end() {
	p.t.Helper()
	p.in.Close()
	rest, err := io.ReadAll(p.out)
	if werr := p.cmd.Wait(); err != nil || werr != nil || len(rest) > 0 {
		p.t.Errorf("the process said %q and ended with %v, %v: %s", rest, err, werr, &p.logs)
	}
}
