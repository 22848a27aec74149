package transporttest

import (
	"errors"
	"fmt"

	"github.com/bellpull/bellpull/transport"
)

// messageCases are about transports whose one write is one read.
var messageCases = []testCase{
	{name: "MessageTraits", run: messageTraits},
	{name: "Boundaries", run: boundaries},
	{name: "MessageTooLarge", needs: boundsMessages, run: messageTooLarge},
	{name: "Identity", run: identity},
	{name: "CloseTwice", run: closeTwice},
	{name: "ClosedErrors", run: closedErrors},
	{name: "CloseUnblocksRead", run: closeUnblocksRead},
	{name: "NothingLeft", run: nothingLeftMessages},
}

func boundsMessages(c transport.Conn) string {
	if c.Traits().MaxMessage == 0 {
		return "the carrier has no bound of its own"
	}
	return ""
}

// messageTraits: both ends say Message.
func messageTraits(t TB, e *env) {
	a, b := e.connect(t)
	if at, bt := a.Traits(), b.Traits(); at != bt || !at.Message || at.Scheme == "" {
		t.Errorf("the ends promise %+v and %+v, want both the same, with a scheme and Message", at, bt)
	}
}

// boundaries: every message comes alone and whole.
func boundaries(t TB, e *env) {
	a, b := e.connect(t)
	sizes := []int{1, 2, 100, 1000, 1, 8000, 30_000}
	if limit := a.Traits().MaxMessage; limit > 0 {
		for i := range sizes {
			sizes[i] = min(sizes[i], limit)
		}
		sizes = append(sizes, limit)
	}
	w := start(func() error {
		for _, n := range sizes {
			if err := writeAll(a, body(n)); err != nil {
				return err
			}
		}
		return nil
	})
	buf := make([]byte, 1<<20)
	for i, want := range sizes {
		must(t, e.do(t, "Read", func() error {
			n, err := b.Read(buf)
			if err != nil || n != want {
				return fmt.Errorf("message %d: got %d bytes, %w, want %d", i, n, err, want)
			}
			return checkPattern(buf[:n], 0)
		}), "Read")
	}
	must(t, e.wait(t, w, "Write"), "Write")
}

// messageTooLarge: a message over the bound is refused as a whole, and the connection goes on.
func messageTooLarge(t TB, e *env) {
	a, b := e.connect(t)
	p := body(a.Traits().MaxMessage + 1)
	n, err := 0, error(nil)
	must(t, e.do(t, "Write of a message that is too large", func() error { n, err = a.Write(p); return nil }), "Write")
	if n != 0 || !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("Write of a message that is too large = %d, %v, want 0, ErrTooLarge", n, err)
	}
	e.write(t, a, 3, "Write")
	must(t, e.do(t, "Read", func() error {
		n, err := b.Read(p)
		if n != 3 {
			return fmt.Errorf("got %d bytes, %w, want 3", n, err)
		}
		return checkPattern(p[:n], 0)
	}), "Read after a message that was too large")
}

// nothingLeftMessages: whole lives leave nothing.
func nothingLeftMessages(t TB, e *env) {
	leavesNothing(t, func() error {
		a, b := e.pair(t)
		return errors.Join(e.do(t, "Close", a.Close), e.do(t, "Close", b.Close))
	})
}
