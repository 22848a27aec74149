package transporttest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// wantOpError checks that err is want in a *net.OpError.
func wantOpError(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got the error %v (%T), want %v", err, err, want)
	}
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		return fmt.Errorf("got the error %v as a %T, want a *net.OpError", err, err)
	}
	return nil
}

// closeIsEOF: what was written before Close is read, then comes io.EOF, again and again.
func closeIsEOF(t TB, e *env) {
	const size = 10_000
	for _, swap := range []bool{false, true} {
		a, b := e.connect(t)
		if swap {
			a, b = b, a
		}
		e.write(t, a, size, "Write")
		must(t, e.do(t, "Close", a.Close), "Close")
		must(t, e.do(t, "reading what was written before Close", func() error { return readPattern(b, size, 4096) }), "Read")
		for range 2 {
			must(t, e.do(t, "Read at the end", func() error { return readEOF(b) }), "Read at the end")
		}
	}
}

// closeUnblocksRead: a Read that waits ends when its own end is closed, and when the other one is.
func closeUnblocksRead(t TB, e *env) {
	read := func(c transport.Conn) *task {
		entered := make(chan struct{})
		k := start(func() error {
			close(entered)
			_, err := c.Read(make([]byte, 1))
			return err
		})
		<-entered
		return k
	}
	a, _ := e.connect(t)
	k := read(a)
	must(t, e.do(t, "Close of the end that reads", a.Close), "Close")
	must(t, wantOpError(e.wait(t, k, "Read when its own end is closed"), net.ErrClosed), "Read when its own end is closed")
	a, b := e.connect(t)
	k = read(a)
	must(t, e.do(t, "Close of the end that does not read", b.Close), "Close")
	if err := e.wait(t, k, "Read when the other end is closed"); err != io.EOF {
		t.Errorf("Read when the other end is closed: %v, want io.EOF itself", err)
	}
}

// closeUnblocksWrite: a Write that nobody reads ends when either end is closed.
func closeUnblocksWrite(t TB, e *env) {
	flood := func(c transport.Conn) *task {
		return start(func() error {
			p := body(64 << 10)
			for {
				if _, err := c.Write(p); err != nil {
					return err
				}
			}
		})
	}
	a, _ := e.connect(t)
	fill(t, e, a)
	k := flood(a)
	must(t, e.do(t, "Close of the end that writes", a.Close), "Close")
	must(t, wantOpError(e.wait(t, k, "Write when its own end is closed"), net.ErrClosed), "Write when its own end is closed")
	a, b := e.connect(t)
	fill(t, e, a)
	k = flood(a)
	must(t, e.do(t, "Close of the end that does not write", b.Close), "Close")
	must(t, isDead(e.wait(t, k, "Write when the other end is closed")), "Write when the other end is closed")
}

// fill writes until nothing more is taken, so that the next Write blocks at once. Writing until a deadline strikes
// is the only way to know; what is encrypted would not survive it and is left as it is.
func fill(t TB, e *env, c transport.Conn) {
	t.Helper()
	if c.Traits().Encrypted {
		return
	}
	err := e.do(t, "Write with a deadline", func() error {
		p := body(64 << 10)
		for {
			c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			if n, err := c.Write(p); n == 0 {
				return err
			}
		}
	})
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Write to a peer that does not read: %v, want os.ErrDeadlineExceeded", err)
	}
	must(t, c.SetWriteDeadline(time.Time{}), "SetWriteDeadline")
}

// isDead checks the error of writing to an end that is gone. Systems name it differently; it is in any case no
// timeout, and not our own Close.
func isDead(err error) error {
	op, ok := errors.AsType[*net.OpError](err)
	switch {
	case !ok:
		return fmt.Errorf("got the error %v as a %T, want a *net.OpError", err, err)
	case errors.Is(err, net.ErrClosed) || op.Timeout():
		return fmt.Errorf("got the error %v, want one that says the other end is gone", err)
	}
	return nil
}

// writeToTheDead fails, if not at once, as the news may travel.
func writeToTheDead(t TB, e *env) {
	a, b := e.connect(t)
	must(t, e.do(t, "Close", b.Close), "Close")
	stop := time.Now().Add(e.patience / 2)
	err := e.do(t, "Write to a closed end", func() error {
		for time.Now().Before(stop) {
			if _, err := a.Write([]byte("anybody there?")); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, isDead(err), "Write to a closed end")
}

// closedErrors: every operation on a closed connection is net.ErrClosed.
func closedErrors(t TB, e *env) {
	a, _ := e.connect(t)
	must(t, a.Close(), "Close")
	ops := map[string]func() error{
		"Read":             func() error { _, err := a.Read(make([]byte, 1)); return err },
		"Write":            func() error { _, err := a.Write(make([]byte, 1)); return err },
		"SetDeadline":      func() error { return a.SetDeadline(time.Now()) },
		"SetReadDeadline":  func() error { return a.SetReadDeadline(time.Time{}) },
		"SetWriteDeadline": func() error { return a.SetWriteDeadline(time.Time{}) },
	}
	for name, op := range ops {
		if err := wantOpError(e.do(t, name+" after Close", op), net.ErrClosed); err != nil {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if a.LocalAddr() == nil || a.RemoteAddr() == nil {
		t.Errorf("a closed connection has the addresses %v and %v", a.LocalAddr(), a.RemoteAddr())
	}
}

// closeTwice, one after the other and at once, does no harm. Later Closes are net.ErrClosed or nothing.
func closeTwice(t TB, e *env) {
	a, _ := e.connect(t)
	var tasks []*task
	for range 8 {
		tasks = append(tasks, start(a.Close))
	}
	for _, k := range append(tasks, start(a.Close)) {
		if err := e.wait(t, k, "Close many times"); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close many times: %v, want net.ErrClosed or nothing", err)
		}
	}
}

// closeWriter is what a connection that claims HalfClose has.
type closeWriter interface{ CloseWrite() error }

func halfCloses(c transport.Conn) string {
	if !c.Traits().HalfClose {
		return "the transport does not claim to end one direction alone"
	}
	return ""
}

// halfClose: one direction ends and the other goes on.
func halfClose(t TB, e *env) {
	const size = 300_000
	for _, swap := range []bool{false, true} {
		a, b := e.connect(t)
		if swap {
			a, b = b, a
		}
		cw, ok := a.(closeWriter)
		if !ok {
			t.Fatalf("%T claims HalfClose and has no CloseWrite", a)
		}
		e.write(t, a, 1000, "Write")
		must(t, e.do(t, "CloseWrite", cw.CloseWrite), "CloseWrite")
		must(t, e.do(t, "Read to the end", func() error {
			return errors.Join(readPattern(b, 1000, 4096), readEOF(b))
		}), "Read to the end")
		k := start(func() error { return writeAll(b, body(size)) })
		r := start(func() error { return readPattern(a, size, 4096) })
		e.waitAll(t, "Read after CloseWrite", k, r)
		if err := e.do(t, "Write after CloseWrite", func() error { return writeAll(a, body(1)) }); err == nil {
			t.Errorf("Write after CloseWrite succeeded")
		}
	}
}
