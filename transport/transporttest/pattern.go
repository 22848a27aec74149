package transporttest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
)

// table holds the bytes that streams are made of. Its length is prime, so that no buffer size hides a shift.
var table = func() []byte {
	b := make([]byte, 65521)
	src := rand.NewPCG(1, 2)
	for i := range b {
		b[i] = byte(src.Uint64())
	}
	return b
}()

// pattern fills p with the bytes of the stream from off on.
func pattern(p []byte, off int) {
	for n := 0; n < len(p); {
		n += copy(p[n:], table[(off+n)%len(table):])
	}
}

// body gives the first n bytes of the stream.
func body(n int) []byte {
	p := make([]byte, n)
	pattern(p, 0)
	return p
}

// checkPattern says where p differs from the stream at off.
func checkPattern(p []byte, off int) error {
	for n := 0; n < len(p); {
		want := table[(off+n)%len(table):]
		want = want[:min(len(want), len(p)-n)]
		if got := p[n : n+len(want)]; !bytes.Equal(got, want) {
			for i := range got {
				if got[i] != want[i] {
					return fmt.Errorf("byte %d of the stream is %#02x, want %#02x", off+n+i, got[i], want[i])
				}
			}
		}
		n += len(want)
	}
	return nil
}

// readPattern reads n bytes and checks them as it goes.
func readPattern(r io.Reader, n, bufSize int) error {
	buf := make([]byte, bufSize)
	for off := 0; off < n; {
		got, err := r.Read(buf[:min(bufSize, n-off)])
		if err := checkPattern(buf[:got], off); err != nil {
			return err
		}
		off += got
		if err != nil && off < n {
			return fmt.Errorf("after %d of %d bytes: %w", off, n, err)
		}
	}
	return nil
}

// readEOF reads what must be the end of the stream.
func readEOF(r io.Reader) error {
	var one [1]byte
	switch n, err := r.Read(one[:]); {
	case n != 0:
		return fmt.Errorf("read the byte %#02x behind the end", one[0])
	case err != io.EOF:
		return fmt.Errorf("at the end: %v, want io.EOF itself", err)
	}
	return nil
}

// writeAll writes p once and checks the count.
func writeAll(w io.Writer, p []byte) error {
	n, err := w.Write(p)
	if err == nil && n != len(p) {
		return fmt.Errorf("a Write of %d bytes gave %d and no error", len(p), n)
	}
	return err
}
