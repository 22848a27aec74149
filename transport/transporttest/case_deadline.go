package transporttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// wantTimeout checks the error of an expired deadline, which package net says in two ways.
func wantTimeout(err error) error {
	if err := wantOpError(err, os.ErrDeadlineExceeded); err != nil {
		return err
	}
	if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
		return fmt.Errorf("the error %v does not say Timeout", err)
	}
	return nil
}

// pastDeadline: a deadline in the past stops an operation before it begins, even when it could succeed; taking it
// back restores the connection.
func pastDeadline(t TB, e *env) {
	a, b := e.connect(t)
	e.write(t, b, 10, "Write")
	past := time.Now().Add(-time.Hour)
	must(t, a.SetReadDeadline(past), "SetReadDeadline")
	for range 2 {
		err := e.do(t, "Read past its deadline", func() error { _, err := a.Read(make([]byte, 5)); return err })
		must(t, wantTimeout(err), "Read past its deadline")
	}
	must(t, a.SetReadDeadline(time.Time{}), "SetReadDeadline")
	must(t, e.do(t, "Read without a deadline", func() error { return readPattern(a, 10, 10) }), "Read without a deadline")
	if a.Traits().Encrypted {
		return // a Write that met its deadline is final there
	}
	must(t, a.SetWriteDeadline(past), "SetWriteDeadline")
	err := e.do(t, "Write past its deadline", func() error { _, err := a.Write([]byte("x")); return err })
	must(t, wantTimeout(err), "Write past its deadline")
	must(t, a.SetWriteDeadline(time.Time{}), "SetWriteDeadline")
	e.write(t, a, 7, "Write without a deadline")
	must(t, e.do(t, "Read", func() error { return readPattern(b, 7, 10) }), "the Write past its deadline left something")
}

// deadlineUnblocks: a deadline set while an operation waits ends it, each of the three setters for its own side.
func deadlineUnblocks(t TB, e *env) {
	now := time.Now()
	for _, set := range []struct {
		name string
		f    func(transport.Conn) error
	}{
		{"SetReadDeadline", func(c transport.Conn) error { return c.SetReadDeadline(now) }},
		{"SetDeadline", func(c transport.Conn) error { return c.SetDeadline(now) }},
		{"SetReadDeadline soon", func(c transport.Conn) error {
			return c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		}},
	} {
		a, _ := e.connect(t)
		must(t, a.SetReadDeadline(now.Add(time.Hour)), "SetReadDeadline") // must not outlive the next one
		entered := make(chan struct{})
		k := start(func() error {
			close(entered)
			_, err := a.Read(make([]byte, 1))
			return err
		})
		<-entered
		must(t, set.f(a), set.name)
		must(t, wantTimeout(e.wait(t, k, "Read after "+set.name)), "Read after "+set.name)
	}
	a, b := e.connect(t)
	if a.Traits().Encrypted {
		return
	}
	fill(t, e, a)
	k := start(func() error {
		for {
			if _, err := a.Write(body(64 << 10)); err != nil {
				return err
			}
		}
	})
	must(t, a.SetWriteDeadline(now), "SetWriteDeadline")
	must(t, wantTimeout(e.wait(t, k, "Write after SetWriteDeadline")), "Write after SetWriteDeadline")
	// The deadline of one direction leaves the other alone.
	e.write(t, b, 5, "Write")
	must(t, e.do(t, "Read beside an expired write deadline", func() error { return readPattern(a, 5, 5) }),
		"Read beside an expired write deadline")
}

// deadlineStorm moves deadlines all the time while bytes flow. None is lost and none comes twice: a count that comes
// with a timeout is right.
func deadlineStorm(t TB, e *env) {
	const size, moves = 1 << 20, 2000
	a, b := e.connect(t)
	storm := func(set func(time.Time) error, seed uint64) *task {
		return start(func() error {
			rnd := rand.New(rand.NewPCG(seed, 0))
			for range moves {
				if err := set(time.Now().Add(time.Duration(rnd.IntN(300)-100) * time.Microsecond)); err != nil {
					return err
				}
				runtime.Gosched()
			}
			return set(time.Time{})
		})
	}
	tasks := []*task{storm(b.SetReadDeadline, 1)}
	if !a.Traits().Encrypted {
		tasks = append(tasks, storm(a.SetWriteDeadline, 2))
	}
	ignore := func(err error) error {
		if wantTimeout(err) == nil {
			return nil
		}
		return err
	}
	tasks = append(tasks, start(func() error {
		p := body(size)
		for off := 0; off < size; {
			n, err := a.Write(p[off:min(size, off+10_000)])
			if off += n; err != nil && ignore(err) != nil {
				return fmt.Errorf("in Write: %w", err)
			}
		}
		return nil
	}), start(func() error {
		buf := make([]byte, 5000)
		for off := 0; off < size; {
			n, err := b.Read(buf[:min(len(buf), size-off)])
			if err := checkPattern(buf[:n], off); err != nil {
				return err
			}
			if off += n; err != nil && ignore(err) != nil {
				return fmt.Errorf("in Read: %w", err)
			}
		}
		return nil
	}))
	e.waitAll(t, "a stream among moving deadlines", tasks...)
}
