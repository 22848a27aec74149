// Package fdtest counts the descriptors of a test's process, for tests that kill other processes or end things in other
// rude ways: what was open for them must not stay open.
package fdtest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience bounds the wait for descriptors to be closed. It is no measure of speed.
var patience = 20 * time.Second

// List gives what this process has open: number and, where the system tells, what it is. Nil on Windows, which keeps no
// such list.
func List(t testing.TB) []string {
	t.Helper()
	dir := "/proc/self/fd"
	switch runtime.GOOS {
	case "linux":
	case "windows":
		return nil
	default:
		dir = "/dev/fd"
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		what, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil && runtime.GOOS == "linux" {
			continue // the directory itself, as it was read
		}
		list = append(list, e.Name()+" "+what)
	}
	return list
}

// Same checks that the test leaves no descriptor open, when it has ended and after all its cleanups that come later. It
// is to be called first, in tests that do not run in parallel. A test that has failed already may have ended anywhere
// and is not checked.
func Same(t testing.TB) {
	t.Helper()
	before := List(t)
	t.Cleanup(func() {
		var after []string
		for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
			if after = List(t); len(after) <= len(before) || t.Failed() {
				return
			}
			if time.Now().After(end) {
				break
			}
		}
		t.Errorf("%d descriptors before, %d after:\nbefore\n  %s\nafter\n  %s", len(before), len(after),
			strings.Join(before, "\n  "), strings.Join(after, "\n  "))
	})
}
