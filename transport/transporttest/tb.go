package transporttest

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// TB is the part of [testing.TB] that cases and makers use. [*testing.T] has it. As there, Fatalf ends the calling
// goroutine and may be called only by the one that runs the case.
type TB interface {
	Helper()
	Name() string
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
	TempDir() string
}

// defaultPatience is how long a case waits for what must happen at all. Nothing that works comes near it.
const defaultPatience = 20 * time.Second

// A task is a function that runs beside its case, because it may block.
type task struct {
	done chan struct{}
	err  error // valid once done is closed
}

// start runs f in a goroutine. A panic in f is its error.
func start(f func() error) *task {
	k := &task{done: make(chan struct{})}
	go func() {
		defer close(k.done)
		defer func() {
			if p := recover(); p != nil {
				k.err = fmt.Errorf("panic: %v", p)
			}
		}()
		k.err = f()
	}()
	return k
}

// wait gives the error of k. When k does not end, the case does.
func (e *env) wait(t TB, k *task, what string) error {
	t.Helper()
	timer := time.NewTimer(e.patience)
	defer timer.Stop()
	select {
	case <-k.done:
		return k.err
	case <-timer.C:
		t.Fatalf("%s: still blocked after %v", what, e.patience)
		return nil
	}
}

// waitAll ends the case with the first error of any task, as the others may never end then.
func (e *env) waitAll(t TB, what string, tasks ...*task) {
	t.Helper()
	errs := make(chan error, len(tasks))
	for _, k := range tasks {
		go func() {
			<-k.done
			errs <- k.err
		}()
	}
	timer := time.NewTimer(e.patience)
	defer timer.Stop()
	for range tasks {
		select {
		case err := <-errs:
			must(t, err, what)
		case <-timer.C:
			t.Fatalf("%s: still blocked after %v", what, e.patience)
		}
	}
}

// do is start and wait for what must not block.
func (e *env) do(t TB, what string, f func() error) error {
	t.Helper()
	return e.wait(t, start(f), what)
}

// must ends the case when err is one.
func must(t TB, err error, what string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// write writes the first n bytes of the pattern, which the carrier must hold without anybody reading.
func (e *env) write(t TB, c io.Writer, n int, what string) {
	t.Helper()
	must(t, e.do(t, what, func() error { return writeAll(c, body(n)) }), what)
}

// dial connects to l, closes the connection with the case, and does not wait for ever.
func (e *env) dial(t TB, s Setup, l transport.Listener) (c transport.Conn) {
	t.Helper()
	at := address(t, l)
	must(t, e.do(t, "Dial", func() (err error) {
		c, err = s.Transport.Dial(t.Context(), at)
		return err
	}), "Dial")
	t.Cleanup(func() { c.Close() })
	return c
}
