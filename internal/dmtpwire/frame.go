package dmtpwire

import "encoding/binary"

// HeaderLen is the length of a frame header.
//
//	offset size field   (big endian)
//	0      2    magic   "dm"
//	2      2    flags   what the body is, see Flags
//	4      4    length  of the body, signed; 0 is legal
//	8      n    body
//
// Section 1.1. The header is the same in every generation.
const HeaderLen = 8

// MaxBody is the largest body that a header can announce.
const MaxBody = 1<<31 - 1

const magic = 'd'<<8 | 'm'

// AppendHeader appends the header of a frame with a body of n bytes, 0 <= n <= [MaxBody].
func AppendHeader(b []byte, f Flags, n int) []byte {
	return append(b, 'd', 'm', byte(f>>8), byte(f), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// PutHeader writes the header of a frame with a body of n bytes, 0 <= n <= [MaxBody], into the first [HeaderLen]
// bytes of b, which must have them.
func PutHeader(b []byte, f Flags, n int) {
	_ = b[HeaderLen-1]
	b[0], b[1] = 'd', 'm'
	binary.BigEndian.PutUint16(b[2:], uint16(f))
	binary.BigEndian.PutUint32(b[4:], uint32(n))
}

// AppendFrame appends a whole frame.
func AppendFrame(b []byte, f Flags, body []byte) []byte {
	return append(AppendHeader(b, f, len(body)), body...)
}

// ParseHeader reads the header at the beginning of b: the flags and the length of the body, which need not be there
// yet. The error is a [*FrameError], or ErrTruncated as it is when b is shorter than a header and right so far.
func ParseHeader(b []byte) (f Flags, n int, err error) {
	if len(b) < HeaderLen {
		if err := checkMagic(b); err != nil {
			return 0, 0, err
		}
		return 0, 0, ErrTruncated
	}
	if b[0] != 'd' || b[1] != 'm' {
		return 0, 0, checkMagic(b)
	}
	n32 := int32(binary.BigEndian.Uint32(b[4:]))
	if n32 < 0 {
		return 0, 0, &FrameError{Offset: 4, What: ErrLength, Value: int64(n32), Limit: MaxBody}
	}
	return Flags(binary.BigEndian.Uint16(b[2:])), int(n32), nil
}

// checkMagic looks at as much of the magic as there is.
func checkMagic(b []byte) error {
	switch {
	case len(b) > 0 && b[0] != 'd':
		return &FrameError{Offset: 0, What: ErrMagic, Value: int64(b[0]), Limit: 'd'}
	case len(b) > 1 && b[1] != 'm':
		return &FrameError{Offset: 0, What: ErrMagic, Value: int64(b[0])<<8 | int64(b[1]), Limit: magic}
	}
	return nil
}

// Split gives a function that finds the end of the first frame in b, the bytes that have arrived so far. The function
// gives the length of the whole frame, header and body; 0 while fewer than [HeaderLen] bytes are there. It does not
// wait for a header to be whole before it reports a wrong magic, does not keep b and may be used concurrently.
// Its errors are of type [*FrameError].
//
// max is the longest body allowed, at most [MaxBody]; 0 or less means [MaxBody].
func Split(max int) func(b []byte) (n int, err error) {
	if max <= 0 || max > MaxBody {
		max = MaxBody
	}
	return func(b []byte) (int, error) {
		_, n, err := ParseHeader(b)
		switch {
		case err == ErrTruncated:
			return 0, nil
		case err != nil:
			return 0, err
		case n > max || n+HeaderLen < n: // the second: int has 32 bits
			return 0, &FrameError{Offset: 4, What: ErrTooLarge, Value: int64(n), Limit: int64(max)}
		}
		return HeaderLen + n, nil
	}
}
