//go:build linux || darwin

package survival

import (
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull/internal/fdtest"
)

// programVar tells the test binary to be one of the programs instead.
const programVar = "BELLPULL_SURVIVAL_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		run, ok := programs[name]
		if !ok {
			fmt.Fprintln(os.Stderr, "survival: no program", name)
			os.Exit(2)
		}
		os.Unsetenv(programVar)
		run(os.Args[1:])
		os.Exit(0)
	}
	// What the runtime opens once and keeps, it opens before anybody counts.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait for another goroutine or process. It is no measure of speed.
const patience = 20 * time.Second

// eventually polls until ok says true, and fails the test when patience is over.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not after %v: %s", patience, what)
		}
	}
}

// arrives receives from c, and fails the test when patience is over.
func arrives[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("still not after %v: %s", patience, what)
	}
	return v
}

// waits waits for wg, and fails the test when patience is over.
func waits(t testing.TB, what string, wg *sync.WaitGroup) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	arrives(t, what, done)
}

// best measures until a time is within the bound, at most tries times, and fails the test when none is. A machine that
// is busy with something else makes one measurement too long; code that is too slow makes them all. What must hold
// every time is for measure to check.
func best(t testing.TB, tries int, bound time.Duration, what string, measure func() time.Duration) {
	t.Helper()
	least := time.Duration(1<<63 - 1)
	for range tries {
		if least = min(least, measure()); least <= bound || t.Failed() {
			return
		}
	}
	t.Errorf("%s: %v at best in %d tries, promised within %v", what, least, tries, bound)
}

// standstill watches until the test ends for times in which this process did not run, because the machine stood still or
// had other things to do, and gives what they come to.
func standstill(t testing.TB) (lost func() time.Duration) {
	t.Helper()
	const step, slack = 10 * time.Millisecond, 100 * time.Millisecond
	var sum atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(step)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			now := time.Now()
			if gap := now.Sub(last) - step; gap > slack {
				sum.Add(int64(gap))
			}
			last = now
		}
	})
	t.Cleanup(func() { close(done); wg.Wait() })
	return func() time.Duration { return time.Duration(sum.Load()) }
}

// leftNothing checks when the test ends, after all its other cleanups, that no goroutine and no descriptor is left of
// it. It is to be called first. Killed services count too: what is checked is this process, their client.
func leftNothing(t *testing.T) {
	t.Helper()
	goroutines := goleak.IgnoreCurrent()
	fdtest.Same(t)
	t.Cleanup(func() {
		if !t.Failed() { // it may have ended anywhere
			goleak.VerifyNone(t, goroutines)
		}
	})
}

// shortDir gives a directory with a path short enough for sockets. It is removed when the test ends.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
