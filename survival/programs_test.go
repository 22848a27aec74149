//go:build linux || darwin

package survival

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs are what the test binary can be instead of a test. Each writes lines, the first when it is ready, and ends
// with its input.
var programs = map[string]func(args []string){
	"serve": serveProgram,
	"deaf":  deafProgram,
	"dial":  dialProgram,
	"crowd": crowdProgram,
	"idle":  idleProgram,
	"house": houseProgram,
	"guest": guestProgram,
	"mesh":  meshProgram,
}

// serveProgram is a service: serve WAY ADDRESS JOURNAL. When its input ends it closes its node and says so.
func serveProgram(args []string) {
	w, err := parseWay(args[0])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	node, err := listenService(w, args[1], newMethods(args[2], killMyself))
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	closeNode(node)
	fmt.Println("closed")
}

// killMyself is kill -9 from inside: no line of this process runs after it.
func killMyself() {
	p, _ := os.FindProcess(os.Getpid())
	p.Kill()
	select {}
}

// A process is this test binary as one of the programs.
type process struct {
	cmd   *exec.Cmd
	in    io.Closer
	lines chan string   // what it writes, closed at its end
	gone  chan struct{} // closed when its descriptors are, that is when its peers can see its end
	at    time.Time     // when that was; to be read behind gone
	over  chan struct{} // closed when it has been waited for
}

// start starts a program and waits for its first line, which must be "ready". When the test ends the program is killed;
// end is the orderly way.
func start(t testing.TB, program string, args ...string) *process {
	t.Helper()
	return startAs(t, nil, program, args...)
}

// startAs is start with a last word about the command.
func startAs(t testing.TB, prepare func(*exec.Cmd), program string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(exe, args...), lines: make(chan string, 64),
		gone: make(chan struct{}), over: make(chan struct{})}
	// Under the race detector a process would sleep for a second before it ends.
	p.cmd.Env = append(os.Environ(), programVar+"="+program, "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	p.cmd.Stderr = os.Stderr
	if prepare != nil {
		prepare(p.cmd)
	}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() {
		p.kill()
		<-p.over
		p.in.Close()
	})
	if line := arrives(t, program+" is ready", p.lines); line != "ready" {
		t.Fatalf("%s %v: %q", program, args, line)
	}
	return p
}

// read hands out the process's lines until it has ended.
func (p *process) read(out io.Reader) {
	r := bufio.NewScanner(out)
	for r.Scan() {
		select {
		case p.lines <- strings.TrimSpace(r.Text()):
		default: // nobody reads on
		}
	}
	p.at = time.Now()
	close(p.gone)
	close(p.lines)
	p.cmd.Wait()
	close(p.over)
}

// kill is kill -9. It does not wait; gone says when the process's connections are closed.
func (p *process) kill() { p.cmd.Process.Kill() }

// stop is SIGSTOP. It returns when every thread of the process stands still.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGSTOP)
	eventually(t, "the process has stopped", p.stopped)
}

// stopped looks at the state of the process's threads.
func (p *process) stopped() bool {
	pid := fmt.Sprint(p.cmd.Process.Pid)
	if runtime.GOOS != "linux" {
		state, _ := exec.Command("ps", "-o", "state=", "-p", pid).Output()
		return strings.HasPrefix(string(state), "T")
	}
	threads, _ := filepath.Glob("/proc/" + pid + "/task/*/stat")
	for _, file := range threads {
		stat, err := os.ReadFile(file)
		if _, after, ok := bytes.Cut(stat, []byte(") ")); err == nil && (!ok || after[0] != 'T') {
			return false
		}
	}
	return len(threads) > 0
}

// cont is SIGCONT.
func (p *process) cont() { p.cmd.Process.Signal(syscall.SIGCONT) }

// end lets the process end in an orderly way and waits for it.
func (p *process) end() {
	p.in.Close()
	late := time.AfterFunc(patience, p.kill)
	defer late.Stop()
	p.cont()
	<-p.over
}
