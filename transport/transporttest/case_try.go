package transporttest

import (
	"errors"
	"fmt"
	"net"
	"runtime"

	"github.com/bellpull/bellpull/transport"
)

func tryWrites(c transport.Conn) string {
	if _, ok := c.(transport.TryWriter); !ok {
		return "the connection is no TryWriter"
	}
	return ""
}

// tryAll writes the stream from off to end by TryWrite alone, trying again while nothing is taken.
func tryAll(w transport.TryWriter, off, end int) error {
	p := make([]byte, 10_000)
	for off < end {
		q := p[:min(len(p), end-off)]
		pattern(q, off)
		n, err := w.TryWrite(q)
		if err != nil {
			return err
		}
		if n < 0 || n > len(q) {
			return fmt.Errorf("TryWrite of %d bytes = %d", len(q), n)
		}
		if off += n; n == 0 {
			runtime.Gosched()
		}
	}
	return nil
}

// tryFill writes by TryWrite until nothing more is taken and gives the number of bytes.
func tryFill(w transport.TryWriter) (n int, err error) {
	const enough = 1 << 30 // no bounded buffer is that large
	for p := body(64 << 10); n < enough; {
		pattern(p, n)
		m, err := w.TryWrite(p)
		if err != nil || m == 0 {
			return n, err
		}
		n += m
	}
	return n, fmt.Errorf("TryWrite has taken %d bytes that nobody reads", n)
}

// tryWriteLosesNothing: exactly the bytes that TryWrite counts arrive, however full the way is.
func tryWriteLosesNothing(t TB, e *env) {
	const size = 8 << 20
	for _, swap := range []bool{false, true} {
		a, b := e.connect(t)
		if swap {
			a, b = b, a
		}
		k := start(func() error { return readPattern(b, size, 3000) })
		w := start(func() error { return tryAll(a.(transport.TryWriter), 0, size) })
		e.waitAll(t, "reading what TryWrite has taken", k, w)
	}
}

// tryWriteNeverBlocks: with nobody reading it comes to say 0 and nil, again and again, and it goes on once there is
// room.
func tryWriteNeverBlocks(t TB, e *env) {
	a, b := e.connect(t)
	w := a.(transport.TryWriter)
	total := 0
	must(t, e.do(t, "TryWrite with nobody reading", func() error {
		for range 3 {
			n, err := tryFill(w)
			if err != nil {
				return err
			}
			if total += n; total == 0 {
				return errors.New("TryWrite takes nothing from the start")
			}
		}
		return nil
	}), "TryWrite with nobody reading")
	k := start(func() error { return readPatternsFrom(b, total, 100_000) })
	must(t, e.do(t, "TryWrite when there is room again", func() error { return tryAll(w, 0, 100_000) }),
		"TryWrite when there is room again")
	must(t, e.wait(t, k, "reading"), "reading")
}

// readPatternsFrom skips what filled the way and checks what came after.
func readPatternsFrom(c net.Conn, skip, n int) error {
	buf := make([]byte, 64<<10)
	for skip > 0 {
		m, err := c.Read(buf[:min(len(buf), skip)])
		if skip -= m; err != nil {
			return err
		}
	}
	return readPattern(c, n, len(buf))
}

// tryWriteKeepsNothing: the buffer is the caller's again when TryWrite returns.
func tryWriteKeepsNothing(t TB, e *env) {
	a, b := e.connect(t)
	scribbled(t, e, a.(transport.TryWriter).TryWrite, a, b)
}

// tryWriteErrors are those of Write.
func tryWriteErrors(t TB, e *env) {
	a, b := e.connect(t)
	must(t, b.Close(), "Close")
	err := e.do(t, "TryWrite to a closed end", func() error {
		for p := body(1000); ; runtime.Gosched() {
			if _, err := a.(transport.TryWriter).TryWrite(p); err != nil {
				return err
			}
		}
	})
	must(t, isDead(err), "TryWrite to a closed end")
	must(t, a.Close(), "Close")
	err = e.do(t, "TryWrite after Close", func() error { _, err := a.(transport.TryWriter).TryWrite(body(1)); return err })
	must(t, wantOpError(err, net.ErrClosed), "TryWrite after Close")
}
