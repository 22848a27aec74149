package transporttest

import (
	"io"
	"runtime"

	"github.com/bellpull/bellpull/transport"
)

func tellsEnds(c transport.Conn) string {
	if _, ok := c.(transport.Ender); !ok {
		return "the connection is no Ender"
	}
	return ""
}

// endsAreTold: an Ender says that the other end writes no more, and that it is gone, when that is so and not before,
// and nobody has to read for it.
func endsAreTold(t TB, e *env) {
	becomes := func(what string, said func() bool) {
		t.Helper()
		must(t, e.do(t, what, func() error {
			for !said() {
				runtime.Gosched()
			}
			return nil
		}), what)
	}
	never := func(when string, x transport.Ender, ended bool) {
		t.Helper()
		if x.Ended() && !ended || x.HungUp() {
			t.Errorf("%s: Ended %v, HungUp %v, want %v, false", when, x.Ended(), x.HungUp(), ended)
		}
	}
	for _, swap := range []bool{false, true} {
		a, b := e.connect(t)
		if swap {
			a, b = b, a
		}
		ea, eb := a.(transport.Ender), b.(transport.Ender)
		never("at first", eb, false)
		e.write(t, a, 1000, "Write")
		must(t, e.do(t, "reading half of it", func() error { return readPattern(b, 500, 500) }), "Read")
		never("with bytes to read", eb, false)
		if cw, ok := a.(closeWriter); ok && a.Traits().HalfClose {
			must(t, e.do(t, "CloseWrite", cw.CloseWrite), "CloseWrite")
			must(t, e.do(t, "reading the rest", func() error {
				_, err := io.ReadFull(b, make([]byte, 500))
				return err
			}), "Read")
			becomes("Ended after CloseWrite", eb.Ended)
			never("after CloseWrite", eb, true)
			never("where only writing has ended", ea, false)
		}
		must(t, e.do(t, "Close", a.Close), "Close")
		becomes("Ended after Close", eb.Ended)
		if b.Traits().Local { // over a network nothing but a reset says so
			becomes("HungUp after Close", eb.HungUp)
		}
		must(t, e.do(t, "Close", b.Close), "Close")
		if !eb.Ended() || !eb.HungUp() {
			t.Errorf("closed here: Ended %v, HungUp %v, want true, true", eb.Ended(), eb.HungUp())
		}
	}
}
