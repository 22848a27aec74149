package transporttest

import (
	"bytes"
	"fmt"
	"io"

	"github.com/bellpull/bellpull/transport"
)

// connCases are about two connected ends.
var connCases = []testCase{
	{name: "Bodies", run: bodies},
	{name: "SmallReads", run: smallReads},
	{name: "EmptyReadAndWrite", run: empty},
	{name: "WriteKeepsNothing", run: writeKeepsNothing},
	{name: "WritersDoNotMix", run: writersDoNotMix},
	{name: "CloseIsEOF", run: closeIsEOF},
	{name: "CloseUnblocksRead", run: closeUnblocksRead},
	{name: "CloseUnblocksWrite", run: closeUnblocksWrite},
	{name: "WriteToTheDead", run: writeToTheDead},
	{name: "ClosedErrors", run: closedErrors},
	{name: "CloseTwice", run: closeTwice},
	{name: "HalfClose", needs: halfCloses, run: halfClose},
	{name: "EndsAreTold", needs: tellsEnds, run: endsAreTold},
	{name: "PastDeadline", run: pastDeadline},
	{name: "DeadlineUnblocks", run: deadlineUnblocks},
	{name: "DeadlineStorm", run: deadlineStorm},
	{name: "TryWriteLosesNothing", needs: tryWrites, run: tryWriteLosesNothing},
	{name: "TryWriteNeverBlocks", needs: tryWrites, run: tryWriteNeverBlocks},
	{name: "TryWriteKeepsNothing", needs: tryWrites, run: tryWriteKeepsNothing},
	{name: "TryWriteErrors", needs: tryWrites, run: tryWriteErrors},
	{name: "Identity", run: identity},
	{name: "Traits", run: sameTraits},
	{name: "NothingLeft", run: nothingLeft},
}

// bodies of all sizes travel both ways at once, whole and in order, each by one Write.
func bodies(t TB, e *env) {
	sizes := []int{1, 2, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537, 1 << 20}
	if !e.short {
		sizes = append(sizes, 16<<20+1, 64<<20)
	}
	a, b := e.connect(t)
	for _, size := range sizes {
		p := body(size)
		var tasks []*task
		for _, c := range []transport.Conn{a, b} {
			tasks = append(tasks,
				start(func() error { return writeAll(c, p) }),
				start(func() error { return readPattern(c, size, 64<<10) }))
		}
		e.waitAll(t, fmt.Sprintf("a body of %d bytes", size), tasks...)
	}
}

// smallReads take a stream apart at other places than it was put together.
func smallReads(t TB, e *env) {
	const size = 1 << 10
	for _, buf := range []int{1, 3, 7, 100} {
		a, b := e.connect(t)
		e.write(t, a, size, "Write")
		must(t, e.do(t, "Read", func() error { return readPattern(b, size, buf) }), fmt.Sprintf("reading %d at a time", buf))
	}
}

// empty Reads and Writes neither block nor mean anything.
func empty(t TB, e *env) {
	a, b := e.connect(t)
	check := func(what string, f func([]byte) (int, error)) {
		t.Helper()
		must(t, e.do(t, what, func() error {
			if n, err := f(nil); n != 0 || err != nil {
				return fmt.Errorf("%d, %v, want 0, nil", n, err)
			}
			return nil
		}), what)
	}
	check("empty Write", a.Write)
	check("empty Read of nothing", b.Read)
	e.write(t, a, 3, "Write")
	check("empty Read of something", b.Read)
	must(t, e.do(t, "Read", func() error { return readPattern(b, 3, 8) }), "Read after empty ones")
}

// writeKeepsNothing: the buffer is the caller's again when Write returns.
func writeKeepsNothing(t TB, e *env) {
	a, b := e.connect(t)
	scribbled(t, e, a.Write, a, b)
}

// scribbled writes a stream by one buffer that is overwritten after each write.
func scribbled(t TB, e *env, write func([]byte) (int, error), a, b transport.Conn) {
	t.Helper()
	const piece, pieces = 1000, 50
	k := start(func() error { return readPattern(b, piece*pieces, 4096) })
	w := start(func() error {
		buf := make([]byte, piece)
		for off := 0; off < piece*pieces; {
			p := buf[:min(piece, piece*pieces-off)]
			pattern(p, off)
			n, err := write(p)
			if err != nil {
				return err
			}
			off += n
			for i := range p {
				p[i] = ^p[i]
			}
		}
		return nil
	})
	e.waitAll(t, "writing from a buffer that is reused", k, w)
}

// writersDoNotMix: the bytes of one Write stay together.
func writersDoNotMix(t TB, e *env) {
	const writers, writes, size = 8, 20, 16 << 10
	a, b := e.connect(t)
	var tasks []*task
	for w := range writers {
		tasks = append(tasks, start(func() error {
			p := bytes.Repeat([]byte{byte(w)}, size)
			for range writes {
				if err := writeAll(a, p); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	tasks = append(tasks, start(func() error {
		buf := make([]byte, size)
		for range writers * writes {
			if _, err := io.ReadFull(b, buf); err != nil {
				return err
			}
			if i := bytes.IndexFunc(buf, func(r rune) bool { return byte(r) != buf[0] }); i >= 0 {
				return fmt.Errorf("writer %d's bytes begin %d bytes into writer %d's", buf[i], i, buf[0])
			}
		}
		return nil
	}))
	e.waitAll(t, "writing side by side", tasks...)
}
