//go:build linux || darwin

package otheruser

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Prepare gives what makes a command one of user [ID], to be called before it is started: it runs from a copy of its
// program that this user can read, in the directory /. Where this process is not root the test is skipped, and fails
// with CI=true. The copies, and the directory of private endpoints that the user may have made, go when the test ends.
func Prepare(t testing.TB) func(*exec.Cmd) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("not root: CI must be, or nothing is tested with processes of another user")
		}
		t.Skip("NOT TESTED WITH ANOTHER USER: only root can start processes of one")
	}
	dir, err := os.MkdirTemp("/tmp", "bp") // TMPDIR may be one that others cannot search
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.RemoveAll(dir)
		os.Remove(fmt.Sprintf("/tmp/bellpull-%d", ID)) // if it is empty
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copies := map[string]string{}
	return func(cmd *exec.Cmd) {
		t.Helper()
		dup, ok := copies[cmd.Path]
		if !ok {
			program, err := os.ReadFile(cmd.Path)
			if err != nil {
				t.Fatal(err)
			}
			dup = filepath.Join(dir, fmt.Sprint("program", len(copies)))
			if err := os.WriteFile(dup, program, 0o755); err != nil {
				t.Fatal(err)
			}
			copies[cmd.Path] = dup
		}
		cmd.Path, cmd.Dir = dup, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ID, Gid: ID}}
	}
}
