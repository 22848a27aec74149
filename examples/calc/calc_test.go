//go:build linux || darwin

package calc

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestServerAndClient builds both programs and has one call the other.
func TestServerAndClient(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "calc-") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if out, err := exec.Command("go", "build", "-o", dir, "./server", "./client").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	addr := "unix:" + filepath.Join(dir, "calc.sock")
	server := exec.Command(filepath.Join(dir, "server"), addr)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if want := "listening on " + addr + "\n"; err != nil || line != want {
		t.Fatalf("the server says %q, %v; want %q", line, err, want)
	}
	got, err := exec.Command(filepath.Join(dir, "client"), addr).CombinedOutput()
	if err != nil || string(got) != "1 + 2 = 3\n" {
		t.Errorf("the client says %q, %v", got, err)
	}
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	if err := server.Wait(); err != nil || len(rest) != 0 {
		t.Errorf("the server ends with %v, saying %q", err, rest)
	}
	if got, err := exec.Command(filepath.Join(dir, "client"), addr).CombinedOutput(); err == nil || !strings.Contains(string(got), "start the server") {
		t.Errorf("without a server the client says %q, %v", got, err)
	}
}
