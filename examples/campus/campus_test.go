//go:build linux || darwin

package campus

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestServerAndClient builds both programs and has one call the other, twice: the object is the same.
func TestServerAndClient(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "calc-") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if out, err := exec.Command("go", "build", "-o", dir, "./server", "./client").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("TMPDIR", dir) // where the pipes are
	server := exec.Command(filepath.Join(dir, "server"))
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
	if line, err := lines.ReadString('\n'); err != nil || line != "listening on npipe:calc\n" {
		t.Fatalf("the server says %q, %v", line, err)
	}
	for _, want := range []string{"1 + 2 = 3\ncounted to 3\n", "1 + 2 = 3\ncounted to 6\n"} {
		if got, err := exec.Command(filepath.Join(dir, "client")).CombinedOutput(); err != nil || string(got) != want {
			t.Errorf("the client says %q, %v, want %q", got, err, want)
		}
	}
	if err := server.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	if err := server.Wait(); err != nil || len(rest) != 0 {
		t.Errorf("the server ends with %v, saying %q", err, rest)
	}
	if got, err := exec.Command(filepath.Join(dir, "client")).CombinedOutput(); err == nil || !strings.Contains(string(got), "start the server") {
		t.Errorf("without a server the client says %q, %v", got, err)
	}
}
