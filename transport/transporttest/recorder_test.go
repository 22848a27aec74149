package transporttest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// recorder is a TB that keeps what a case says against a transport instead of failing a test.
type recorder struct {
	name   string
	dir    string
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	said     []string
	cleanups []func()
}

func newRecorder(name, dir string) *recorder {
	r := &recorder{name: name, dir: dir}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (r *recorder) Helper() {}

func (r *recorder) Name() string { return r.name }

func (r *recorder) TempDir() string { return r.dir }

func (r *recorder) Logf(string, ...any) {}

func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// run runs a case to its end, then release, then what the case wants to be undone; it gives what the case said.
func (r *recorder) run(c testCase, e *env, release func()) string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if why := c.skip(r, e); why != "" {
			r.Errorf("does not apply: %s", why)
			return
		}
		c.run(r, e)
	}()
	<-done
	r.cancel()
	release()
	for f := r.last(); f != nil; f = r.last() {
		f()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

// last takes the cleanup registered last.
func (r *recorder) last() (f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.cleanups); n > 0 {
		f, r.cleanups = r.cleanups[n-1], r.cleanups[:n-1]
	}
	return f
}
