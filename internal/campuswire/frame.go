package campuswire

import (
	"encoding/binary"
	"strings"
)

// DefaultMagic is the magic of a .NET process that was not told another one.
const DefaultMagic = "dotnet campus"

const (
	defaultPrefix = "\x0d\x00" + DefaultMagic
	version       = 1
	// afterPrefix is what of a header is behind the magic: version, ack number, reserved, command type, length.
	afterPrefix = 4 + 8 + 4 + 2 + 4
)

// A Framing is how frames are told apart: their header, which begins with a magic that both sides must agree on.
// The zero value has [DefaultMagic]. A Framing may be copied and used concurrently.
//
//	offset  size field    (little endian; m is the length of the magic)
//	0       2    length   of the magic
//	2       m    magic
//	m+2     4    version  written as 1; a reader refuses 0
//	m+6     8    ack      counts the frames of a process; nobody checks it
//	m+14    4    reserved written as 0
//	m+18    2    command  see Command
//	m+20    4    length   of the content; at most MaxContent
//	m+24    n    content
//
// Section 2.1.
type Framing struct {
	prefix string // length and magic; empty means defaultPrefix
}

// NewFraming gives the framing with a magic; the empty text means [DefaultMagic]. A magic longer than [MaxMagic] is a
// [*FrameError] with ErrMagic.
func NewFraming(magic string) (Framing, error) {
	switch {
	case len(magic) > MaxMagic:
		return Framing{}, &FrameError{What: ErrMagic, Value: int64(len(magic)), Limit: MaxMagic}
	case magic == "" || magic == DefaultMagic:
		return Framing{}, nil
	}
	var b strings.Builder
	b.WriteByte(byte(len(magic)))
	b.WriteByte(byte(len(magic) >> 8))
	b.WriteString(magic)
	return Framing{prefix: b.String()}, nil
}

// Magic gives the magic.
func (f Framing) Magic() string { return f.start()[2:] }

func (f Framing) start() string {
	if f.prefix == "" {
		return defaultPrefix
	}
	return f.prefix
}

// HeaderLen gives the length of a header: 37 bytes with [DefaultMagic].
func (f Framing) HeaderLen() int { return len(f.start()) + afterPrefix }

// A Frame is a frame on the wire.
type Frame struct {
	Version  uint32 // not 0; written as 1
	Ack      uint64 // informational
	Reserved uint32 // ignored; written as 0
	Command  Command
	Content  []byte // may be empty on receipt
}

// ParseFrame reads the frame at the beginning of b. Its content aliases b. The error is a [*FrameError], or ErrTruncated
// as it is when b ends before the frame does and is right so far.
func (f Framing) ParseFrame(b []byte) (Frame, error) {
	h, n, err := f.header(b)
	if err != nil {
		return Frame{}, err
	}
	from := f.HeaderLen()
	if n > len(b)-from {
		return Frame{}, ErrTruncated
	}
	h.Content = b[from : from+n : from+n]
	return h, nil
}

// header reads a header: a frame without its content, and the content's length.
func (f Framing) header(b []byte) (h Frame, n int, err error) {
	start := f.start()
	if len(b) < len(start)+afterPrefix || string(b[:len(start)]) != start {
		return Frame{}, 0, f.partial(b)
	}
	at := len(start)
	b = b[at : at+afterPrefix]
	h = Frame{
		Version:  binary.LittleEndian.Uint32(b),
		Ack:      binary.LittleEndian.Uint64(b[4:]),
		Reserved: binary.LittleEndian.Uint32(b[12:]),
		Command:  Command(binary.LittleEndian.Uint16(b[16:])),
	}
	size := binary.LittleEndian.Uint32(b[18:])
	switch {
	case h.Version == 0:
		return Frame{}, 0, &FrameError{Offset: at, What: ErrVersion, Limit: 1}
	case size > MaxContent:
		return Frame{}, 0, &FrameError{Offset: at + 18, What: ErrTooLarge, Value: int64(size), Limit: MaxContent}
	}
	return h, int(size), nil
}

// partial says what is wrong with the beginning of a header, or ErrTruncated. It looks no further than a .NET reader
// does before it gives up, so the answer does not depend on how much has arrived.
func (f Framing) partial(b []byte) error {
	start := f.start()
	for i := range min(len(b), len(start)) {
		if b[i] != start[i] {
			return &FrameError{Offset: i, What: ErrMagic, Value: int64(b[i]), Limit: int64(start[i])}
		}
	}
	if at := len(start); len(b) >= at+4 && binary.LittleEndian.Uint32(b[at:]) == 0 {
		return &FrameError{Offset: at, What: ErrVersion, Limit: 1}
	}
	return ErrTruncated
}

// Split gives a function that finds the end of the first frame in b, the bytes that have arrived so far. The function
// gives the length of the whole frame, header and content; 0 while the header is not whole. It reports what cannot
// become a header as soon as it sees it, does not keep b and may be used concurrently. Its errors are of type
// [*FrameError].
//
// max is the longest content allowed, at most [MaxContent]; 0 or less means [MaxContent].
func (f Framing) Split(max int) func(b []byte) (n int, err error) {
	if max <= 0 || max > MaxContent {
		max = MaxContent
	}
	return func(b []byte) (int, error) {
		_, n, err := f.header(b)
		switch {
		case err == ErrTruncated:
			return 0, nil
		case err != nil:
			return 0, err
		case n > max:
			return 0, &FrameError{Offset: f.HeaderLen() - 4, What: ErrTooLarge, Value: int64(n), Limit: int64(max)}
		}
		return f.HeaderLen() + n, nil
	}
}

// FrameLen gives the length of a frame with a content of n bytes. A content of 0 bytes, which breaks the connection at a
// .NET reader, and one longer than [MaxContent] are a [*FrameError].
func (f Framing) FrameLen(n int) (int, error) {
	switch {
	case n <= 0:
		return 0, &FrameError{Offset: f.HeaderLen() - 4, What: ErrNoContent, Value: int64(n), Limit: 1}
	case n > MaxContent:
		return 0, &FrameError{Offset: f.HeaderLen() - 4, What: ErrTooLarge, Value: int64(n), Limit: MaxContent}
	}
	return f.HeaderLen() + n, nil
}

// appendHeader appends the header of a frame whose content has n bytes, 0 < n <= MaxContent.
func (f Framing) appendHeader(b []byte, c Command, ack uint64, n int) []byte {
	b = append(b, f.start()...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, ack)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(c))
	return binary.LittleEndian.AppendUint32(b, uint32(n))
}

// AppendFrame appends a whole frame. Its length is that of [Framing.FrameLen], whose errors it gives; b is then as it
// was.
func (f Framing) AppendFrame(b []byte, c Command, ack uint64, content []byte) ([]byte, error) {
	if _, err := f.FrameLen(len(content)); err != nil {
		return b, err
	}
	return append(f.appendHeader(b, c, ack, len(content)), content...), nil
}
