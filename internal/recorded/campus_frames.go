package recorded

import (
	"bytes"
	"fmt"

	"github.com/bellpull/bellpull/internal/campuswire"
)

// A CampusFrame is a frame in the stream of a pipe.
type CampusFrame struct {
	campuswire.Frame
	Offset int    // in the Data of the stream
	Bytes  []byte // of the whole frame
}

// CampusFrames finds the frames of a byte stream, as [Frames] does. err is of type [*campuswire.FrameError].
func CampusFrames(data []byte, whole bool) (frames []CampusFrame, rest []byte, err error) {
	var f campuswire.Framing
	rest, err = cut(data, f.Split(0), whole, func(offset int, b []byte) error {
		frame, err := f.ParseFrame(b)
		frames = append(frames, CampusFrame{Frame: frame, Offset: offset, Bytes: b})
		return err
	})
	return frames, rest, err
}

// sameCampus says how two lists of frames differ; nil when they do not.
func sameCampus(x, y []CampusFrame) error {
	if len(x) != len(y) {
		return fmt.Errorf("%d frames at once, %d one byte at a time", len(x), len(y))
	}
	for i := range x {
		if x[i].Offset != y[i].Offset || !bytes.Equal(x[i].Bytes, y[i].Bytes) {
			return fmt.Errorf("frame %d differs one byte at a time", i)
		}
	}
	return nil
}
