package transporttest

import (
	"errors"
	"os"
	"runtime"

	"go.uber.org/goleak"
)

// leavesNothing runs a life a few times and counts what is there afterwards and was not before.
func leavesNothing(t TB, life func() error) {
	t.Helper()
	must(t, life(), "a first life") // what is opened once for all, such as the poller, is not a leak
	ignore, before := goleak.IgnoreCurrent(), countFDs()
	for range 10 {
		must(t, life(), "a life")
	}
	if err := goleak.Find(ignore); err != nil {
		t.Errorf("goroutines were left: %v", err)
	}
	if after := countFDs(); after > before {
		t.Errorf("descriptors were left: %d before ten lives, %d after", before, after)
	}
}

// nothingLeft: whole lives of connections, with a Read that waits until the end.
func nothingLeft(t TB, e *env) {
	leavesNothing(t, func() error {
		a, b := e.pair(t)
		r := start(func() error { return readPattern(b, 1000, 100) })
		if err := e.do(t, "Write", func() error { return writeAll(a, body(1000)) }); err != nil {
			return err
		}
		if err := e.wait(t, r, "Read"); err != nil {
			return err
		}
		blocked := start(func() error { _, err := b.Read(make([]byte, 1)); return err })
		err := e.do(t, "Close", a.Close)
		e.wait(t, blocked, "Read of an end whose other end is closed")
		return errors.Join(err, e.do(t, "Close", b.Close))
	})
}

// countFDs gives the number of open descriptors where the system lists them, else 0.
func countFDs() int {
	dir := map[string]string{"linux": "/proc/self/fd", "darwin": "/dev/fd"}[runtime.GOOS]
	if dir == "" {
		return 0
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	return len(list)
}
