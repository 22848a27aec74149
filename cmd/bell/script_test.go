//go:build linux || darwin

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"bell": main})
}

// leakless runs the tests and then looks for goroutines that they left.
type leakless struct{ m *testing.M }

func (l leakless) Run() int {
	code := l.m.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines were left:", err)
		return 1
	}
	return 0
}

// TestScripts runs testdata/*.txtar. $S is a directory whose path is short enough for sockets. Beside the usual
// commands there are
//
//	exits CODE bell …        runs bell and wants this exit code
//	launch NAME bell …       starts a bell that serves; its first address is then in $NAME
//	quit NAME                ends it with SIGINT, wants exit code 0, and leaves its output in NAME.out
//	await NAME               waits until it has ended by itself, with exit code 0; output as for quit
//	slay NAME                ends it with SIGKILL
//	disturb SIGNAL CODE WORD bell …  sends bell a signal once it has said a word, and wants an exit code and no child left
//	other NAME KIND          serves something that is no DMTP: http, silent, hangup, echo, ssh; its address is in $NAME
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			dir, err := os.MkdirTemp("/tmp", "bell-test-")
			if err != nil {
				return err
			}
			env.Setenv("S", dir)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // it would cost a second for each bell
			env.Values["bells"] = &bells{list: map[string]*running{}}
			env.Defer(func() { os.RemoveAll(dir) })
			env.Defer(func() { env.Values["bells"].(*bells).killAll() })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "launch": cmdLaunch, "quit": cmdQuit, "await": cmdAwait, "slay": cmdSlay, "other": cmdOther,
			"disturb": cmdDisturb,
		},
	})
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// bells are the servers of one script.
type bells struct{ list map[string]*running }

type running struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the output is at its end

	mu  sync.Mutex
	out strings.Builder
}

func (b *bells) killAll() {
	for _, r := range b.list {
		r.cmd.Process.Kill()
		<-r.done
		r.cmd.Wait()
	}
}

func bell(ts *testscript.TestScript, name string) *running {
	r := ts.Value("bells").(*bells).list[name]
	if r == nil {
		ts.Fatalf("no %s was started", name)
	}
	delete(ts.Value("bells").(*bells).list, name)
	return r
}

func cmdLaunch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: launch NAME COMMAND...")
	}
	r := &running{cmd: exec.Command(args[1], args[2:]...), done: make(chan struct{})}
	r.cmd.Env = append(os.Environ(), "BELL_TOKEN="+ts.Getenv("BELL_TOKEN"), "GORACE="+ts.Getenv("GORACE"),
		"TMPDIR="+ts.Getenv("TMPDIR"))
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	addr, ready := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(r.done)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for n := 0; s.Scan(); n++ {
			line := s.Text()
			r.mu.Lock()
			r.out.WriteString(line + "\n")
			r.mu.Unlock()
			if n == 0 {
				addr <- firstAddress(line)
			}
			if strings.HasPrefix(line, "ready") || strings.Contains(line, `"event":"ready"`) {
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-r.done:
		r.cmd.Wait()
		ts.Fatalf("%s ended before it was ready: %s", args[0], r.out.String())
	}
	ts.Value("bells").(*bells).list[args[0]] = r
	ts.Setenv(args[0], <-addr)
}

// firstAddress reads the first line of a server, of either output.
func firstAddress(line string) string {
	var e endpointEvent
	if json.Unmarshal([]byte(line), &e) == nil {
		return e.Address
	}
	return strings.TrimPrefix(line, "listening on ")
}

func (r *running) finish(ts *testscript.TestScript, name string) {
	<-r.done
	err := r.cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs(name+".out"), []byte(r.out.String()), 0o600))
	ts.Logf("[%s]\n%s", name, r.out.String())
	if err != nil {
		ts.Fatalf("%s: %v", name, err)
	}
}

func cmdQuit(ts *testscript.TestScript, _ bool, args []string) {
	r := bell(ts, args[0])
	ts.Check(r.cmd.Process.Signal(syscall.SIGINT))
	r.finish(ts, args[0])
}

func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	bell(ts, args[0]).finish(ts, args[0])
}

func cmdSlay(ts *testscript.TestScript, _ bool, args []string) {
	r := bell(ts, args[0])
	ts.Check(r.cmd.Process.Kill())
	<-r.done
	r.cmd.Wait()
}

func cmdOther(ts *testscript.TestScript, _ bool, args []string) {
	path := filepath.Join(ts.Getenv("S"), args[0])
	stop, err := serveOther(path, args[1])
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv(args[0], "unix:"+path)
}
