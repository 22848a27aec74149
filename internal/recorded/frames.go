package recorded

import (
	"fmt"

	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// maxBody is the limit that the replay sets: above the longest body of any session.
const maxBody = 1 << 20

// A Frame is a frame in a stream.
type Frame struct {
	Flags  dmtpwire.Flags
	Offset int // in the Data of the stream
	Body   []byte
}

// Frames finds the frames of a byte stream: whole says the bytes are all looked at together, otherwise they come one
// at a time. rest is what is left when no further frame is whole; err is of type [*dmtpwire.FrameError].
func Frames(data []byte, whole bool) (frames []Frame, rest []byte, err error) {
	rest, err = cut(data, dmtpwire.Split(maxBody), whole, func(offset int, frame []byte) error {
		f, _, err := dmtpwire.ParseHeader(frame)
		frames = append(frames, Frame{Flags: f, Offset: offset, Body: frame[dmtpwire.HeaderLen:]})
		return err
	})
	return frames, rest, err
}

// cut takes a byte stream apart with the split of a codec and gives each frame to found. What is left is rest; the error
// is that of split or found. Far from the end of a frame whose length is known, the bytes that come one at a time are
// not all asked about.
func cut(data []byte, split func([]byte) (int, error), whole bool, found func(offset int, frame []byte) error) (rest []byte, err error) {
	const far, stride = 4096, 1009
	from, missing := 0, 0
	next := func(end int) (bool, error) {
		n, err := split(data[from:end])
		if missing = n - (end - from); err != nil || n == 0 || missing > 0 {
			return false, err
		}
		err = found(from, data[from:from+n:from+n])
		from += n
		return true, err
	}
	if whole {
		for ok := true; ok && err == nil; {
			ok, err = next(len(data))
		}
		return data[from:], err
	}
	for end := 0; end <= len(data) && err == nil; end++ {
		if _, err = next(end); missing > far {
			end = min(end+stride, len(data)) - 1
		}
	}
	return data[from:], err
}

// same says how two lists of frames differ; nil when they do not.
func same(x, y []Frame) error {
	if len(x) != len(y) {
		return fmt.Errorf("%d frames at once, %d one byte at a time", len(x), len(y))
	}
	for i := range x {
		if x[i].Flags != y[i].Flags || x[i].Offset != y[i].Offset || len(x[i].Body) != len(y[i].Body) {
			return fmt.Errorf("frame %d differs one byte at a time", i)
		}
	}
	return nil
}

// Datagrams finds the frames of datagrams that end at cuts: one at the beginning of each. A datagram that does not
// begin with a whole frame is given to odd instead, with its index.
func Datagrams(data []byte, cuts []int, odd func(i int, datagram []byte, err error)) []Frame {
	var frames []Frame
	from := 0
	for i, end := range cuts {
		d := data[from:end]
		f, n, err := dmtpwire.ParseHeader(d)
		switch {
		case err != nil:
			odd(i, d, err)
		case dmtpwire.HeaderLen+n > len(d):
			odd(i, d, dmtpwire.ErrTruncated)
		default:
			if dmtpwire.HeaderLen+n < len(d) {
				odd(i, d, errTrailing)
			}
			frames = append(frames, Frame{Flags: f, Offset: from, Body: d[dmtpwire.HeaderLen : dmtpwire.HeaderLen+n]})
		}
		from = end
	}
	return frames
}
