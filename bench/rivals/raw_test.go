package rivals

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// TestFramesComeWholeHoweverTheyAreCut sends frames of many sizes in pieces of many sizes.
func TestFramesComeWholeHoweverTheyAreCut(t *testing.T) {
	var all []byte
	var want [][]byte
	for i := range 300 {
		frame := appendFrame(nil, uint32(i), bytes.Repeat([]byte{byte(i)}, i*i%70000))
		want = append(want, frame)
		all = append(all, frame...)
	}
	for _, piece := range []int{1000, 4096, 65536, len(all)} {
		a, b := net.Pipe()
		go func() {
			for rest := all; len(rest) > 0; {
				n := min(piece, len(rest))
				a.Write(rest[:n])
				rest = rest[n:]
			}
			a.Close()
		}()
		f := newFrames(b)
		for i, w := range want {
			got, err := f.next()
			if err != nil || !bytes.Equal(got, w) {
				t.Fatalf("pieces of %d: frame %d is %d bytes, %v; want %d", piece, i, len(got), err, len(w))
			}
		}
		if _, err := f.next(); err != io.EOF {
			t.Errorf("pieces of %d: the end is %v", piece, err)
		}
	}
}
