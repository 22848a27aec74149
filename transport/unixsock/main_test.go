//go:build linux || darwin

package unixsock

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull/transport"
)

// childVar tells the test binary to be one of the programs in children instead.
const childVar = "BELLPULL_UNIXSOCK_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childVar); mode != "" {
		run, ok := children[mode]
		if !ok {
			fmt.Println("no child", mode)
			os.Exit(2)
		}
		run(os.Args[1:])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait for another goroutine or process. It is no measure of speed.
const patience = 20 * time.Second

// eventually polls until ok says true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not after %v: %s", patience, what)
		}
	}
}

// shortDir gives a directory with a path short enough for sockets, which other users can search.
func shortDir(t interface {
	Helper()
	Fatalf(string, ...any)
	Cleanup(func())
}) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bp")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatalf("%v", err)
	}
	return dir
}

// addr parses s.
func addr(t *testing.T, s string) transport.Addr {
	t.Helper()
	a, err := transport.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// listen makes a Listener that is closed when the test ends.
func listen(t *testing.T, s string, opts ...ListenOption) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), s, opts...)
	if err != nil {
		t.Fatalf("Listen(%s): %v", s, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// dial makes a Conn that is closed when the test ends.
func dial(t *testing.T, s string, opts ...DialOption) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), s, opts...)
	if err != nil {
		t.Fatalf("Dial(%s): %v", s, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// accept takes one connection, closed when the test ends.
func accept(t *testing.T, l *Listener) *Conn {
	t.Helper()
	late := time.AfterFunc(patience, func() { l.Close() })
	defer late.Stop()
	c, err := l.Accept()
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*Conn)
}

// talks shows that a client of s reaches l.
func talks(t *testing.T, l *Listener, s string, opts ...DialOption) {
	t.Helper()
	c := dial(t, s, opts...)
	defer c.Close()
	if _, err := c.Write([]byte("ring")); err != nil {
		t.Fatal(err)
	}
	a := accept(t, l)
	defer a.Close()
	a.SetDeadline(time.Now().Add(patience))
	got := make([]byte, 4)
	if _, err := io.ReadFull(a, got); err != nil || string(got) != "ring" {
		t.Fatalf("the server read %q, %v; want ring", got, err)
	}
}

// wantError checks that err is a *transport.Error of the given kinds, with advice.
func wantError(t *testing.T, err error, kinds ...error) {
	t.Helper()
	var te *transport.Error
	if !errors.As(err, &te) {
		t.Fatalf("error %v (%T), want a *transport.Error", err, err)
	}
	for _, k := range kinds {
		if !errors.Is(err, k) {
			t.Errorf("error %q is not %q", err, k)
		}
	}
	if te.Advice == "" || strings.Contains(te.Advice, "\n") {
		t.Errorf("error %q: advice %q, want one line", err, te.Advice)
	}
}

// wantOwner checks that err names pid as the owner.
func wantOwner(t *testing.T, err error, pid int) {
	t.Helper()
	owner, ok := errors.AsType[*transport.OwnerError](err)
	if !ok || owner.PID != pid {
		t.Errorf("error %v names %+v, want process %d", err, owner, pid)
	}
}

// A child is a process that runs this test binary.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	t   *testing.T
}

// spawn starts the test binary as the given child. Closing its input ends it; it is killed when the test ends.
func spawn(t *testing.T, mode string, prep func(*exec.Cmd), args ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), childVar+"="+mode)
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
	c := &child{Cmd: cmd, in: in, out: bufio.NewReader(out), t: t}
	t.Cleanup(c.kill)
	return c
}

// line reads one line of the child's output.
func (c *child) line() string {
	c.t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("the child's output ended: %v", err)
	}
	return strings.TrimSpace(s)
}

// kill ends the child as SIGKILL does: without a chance to clean up.
func (c *child) kill() {
	c.Process.Kill()
	c.Wait()
}

// kindsOf says in words what an error is, for children to tell.
func kindsOf(err error) string {
	var kinds []string
	for name, k := range map[string]error{"no-server": transport.ErrNoServer, "in-use": transport.ErrInUse,
		"not-trusted": transport.ErrNotTrusted, "permission": fs.ErrPermission} {
		if errors.Is(err, k) {
			kinds = append(kinds, name)
		}
	}
	return strings.Join(kinds, ",")
}
