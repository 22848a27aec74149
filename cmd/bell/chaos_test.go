//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// endPatience bounds the wait for processes that are about to end.
const endPatience = 20 * time.Second

// cmdDisturb runs a command until its output has a word, sends it a signal, wants an exit code, and then that none of
// its children is left: disturb SIGNAL CODE WORD COMMAND...
func cmdDisturb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: disturb SIGNAL CODE WORD COMMAND...")
	}
	signal, ok := map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[0]]
	if !ok {
		ts.Fatalf("no signal %s", args[0])
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	temp, err := os.MkdirTemp(ts.Getenv("S"), args[0])
	ts.Check(err)
	cmd := exec.Command(args[3], args[4:]...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "GORACE="+ts.Getenv("GORACE"))
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines, seen := bufio.NewScanner(out), false
	for !seen && lines.Scan() {
		seen = strings.Contains(lines.Text(), args[2])
	}
	ts.Check(cmd.Process.Signal(signal))
	io.Copy(io.Discard, out)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); !seen || got != want {
		ts.Fatalf("exit code %d, want %d; said %s: %v", got, want, args[2], seen)
	}
	if list, err := os.ReadDir(temp); signal == syscall.SIGINT && len(list) > 0 {
		ts.Fatalf("left behind: %v, %v", list, err)
	}
	for from := time.Now(); ; time.Sleep(calmLook) {
		left := processesWith(temp)
		if len(left) == 0 {
			return
		}
		if signal == syscall.SIGINT || time.Since(from) > endPatience {
			ts.Fatalf("processes are left: %q", left)
		}
	}
}

// processesWith lists the command lines that have a text in them, on Linux; elsewhere it finds none.
func processesWith(text string) (list []string) {
	if runtime.GOOS != "linux" {
		return nil
	}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(text)) {
			list = append(list, f+": "+string(bytes.ReplaceAll(b, []byte{0}, []byte{' '})))
		}
	}
	return list
}
