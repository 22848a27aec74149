// Package bellwire is the codec of the compact frames that two Bellpull peers use between them once their handshake
// agreed on it. They travel as DMTP frames under flags that DMTP leaves unassigned, so the outer format is the same.
// All integers are little endian. The package does no I/O and allocates nothing but error values.
//
// # Call and notify, flags 16
//
//	offset size field
//	0      4    sign      the call's number; 0 for a notify
//	4      4    method    number that the caller gave to the method's name on this link
//	8      4    timeout   milliseconds left, rounded up; 0: no deadline
//	12     1    encoding  of the body: 0 bytes, 1 JSON array of arguments
//	13     1    bits      1: the name follows and belongs to the number from here on; 2: metadata follows
//	14     2    name      length of the name, 1 to 254; 0 without bit 1
//	16     …    name, then metadata (4 length, then DMTP's binary metadata), then the body
//
// # Answer, flags 17
//
//	0      4    sign
//	4      1    code      0: the body is the answer; else the error's code, and the body its text
//	5      1    ran       0 maybe, 1 never, 2 yes
//	6      1    encoding  of the body: 0 bytes, 1 one JSON value, 2 none
//	7      1    0
//	8      …    body
//
// # Cancel, flags 18
//
//	0      4    sign
package bellwire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The flags of compact frames. DMTP ignores them where they were not agreed on.
const (
	FlagCall   = 16
	FlagAnswer = 17
	FlagCancel = 18
)

// Sizes of the fixed parts in bytes.
const (
	CallHeader   = 16
	AnswerHeader = 8
	CancelLen    = 4
)

// MaxName bounds the name of a method, MaxMethods the numbers one side may give out on a link.
const (
	MaxName    = 254
	MaxMethods = 4096
)

const (
	bitName     = 1
	bitMetadata = 2
)

// What can be wrong with a compact frame; wrapped in an [*Error].
var (
	ErrShort  = errors.New("frame ends too early")
	ErrMethod = errors.New("method number out of range")
	ErrName   = errors.New("method name too long or empty")
	ErrBits   = errors.New("unknown bits")
	ErrValue  = errors.New("unknown value")
)

// Error says which field of a compact frame is wrong. The link cannot go on: both sides are Bellpull, so one is broken.
type Error struct {
	Field  string
	Offset int
	What   error
}

// Error gives field, offset and reason.
func (e *Error) Error() string {
	return fmt.Sprintf("compact frame: %s at offset %d: %v", e.Field, e.Offset, e.What)
}

// Unwrap gives What.
func (e *Error) Unwrap() error { return e.What }

// Call is a call or notify. Name, Metadata and Body of a parsed one alias the frame.
type Call struct {
	Sign     uint32
	Method   uint32
	Timeout  uint32 // ms, 0: none
	Encoding uint8
	Name     []byte // nil: the number is known
	Metadata []byte // nil: none
	Body     []byte
}

// CallLen gives the length of a call's frame body with a name of so many bytes (0: none).
func CallLen(name, metadata, body int) int {
	n := CallHeader + name + body
	if metadata > 0 {
		n += 4 + metadata
	}
	return n
}

// PutCall writes c into b, which must have CallLen bytes. name is the method's, or "" when its number is known.
func PutCall(b []byte, c *Call, name string) {
	var bits uint8
	if name != "" {
		bits |= bitName
	}
	if len(c.Metadata) > 0 {
		bits |= bitMetadata
	}
	binary.LittleEndian.PutUint32(b[0:], c.Sign)
	binary.LittleEndian.PutUint32(b[4:], c.Method)
	binary.LittleEndian.PutUint32(b[8:], c.Timeout)
	b[12], b[13] = c.Encoding, bits
	binary.LittleEndian.PutUint16(b[14:], uint16(len(name)))
	n := CallHeader + copy(b[CallHeader:], name)
	if len(c.Metadata) > 0 {
		binary.LittleEndian.PutUint32(b[n:], uint32(len(c.Metadata)))
		n += 4
		n += copy(b[n:], c.Metadata)
	}
	copy(b[n:], c.Body)
}

// ParseCall reads a call's frame body.
func ParseCall(b []byte, c *Call) error {
	if len(b) < CallHeader {
		return &Error{"header", 0, ErrShort}
	}
	*c = Call{
		Sign:     binary.LittleEndian.Uint32(b[0:]),
		Method:   binary.LittleEndian.Uint32(b[4:]),
		Timeout:  binary.LittleEndian.Uint32(b[8:]),
		Encoding: b[12],
	}
	bits, name := b[13], int(binary.LittleEndian.Uint16(b[14:]))
	switch {
	case c.Sign > 1<<31-1:
		return &Error{"sign", 0, ErrValue}
	case c.Method >= MaxMethods:
		return &Error{"method", 4, ErrMethod}
	case c.Encoding > 1:
		return &Error{"encoding", 12, ErrValue}
	case bits&^(bitName|bitMetadata) != 0:
		return &Error{"bits", 13, ErrBits}
	case bits&bitName == 0 && name != 0, bits&bitName != 0 && (name == 0 || name > MaxName):
		return &Error{"name", 14, ErrName}
	}
	rest := b[CallHeader:]
	if name > 0 {
		if len(rest) < name {
			return &Error{"name", CallHeader, ErrShort}
		}
		c.Name, rest = rest[:name:name], rest[name:]
	}
	if bits&bitMetadata != 0 {
		if len(rest) < 4 {
			return &Error{"metadata", CallHeader + name, ErrShort}
		}
		n := binary.LittleEndian.Uint32(rest)
		if rest = rest[4:]; uint64(n) > uint64(len(rest)) {
			return &Error{"metadata", CallHeader + name, ErrShort}
		}
		c.Metadata, rest = rest[:n:n], rest[n:]
	}
	c.Body = rest
	return nil
}

// Answer is the answer to a call. Body of a parsed one aliases the frame.
type Answer struct {
	Sign     uint32
	Code     uint8
	Ran      uint8
	Encoding uint8
	Body     []byte
}

// PutAnswer writes a into b, which must have AnswerHeader + len(a.Body) bytes.
func PutAnswer(b []byte, a *Answer) {
	binary.LittleEndian.PutUint32(b[0:], a.Sign)
	b[4], b[5], b[6], b[7] = a.Code, a.Ran, a.Encoding, 0
	copy(b[AnswerHeader:], a.Body)
}

// ParseAnswer reads an answer's frame body.
func ParseAnswer(b []byte, a *Answer) error {
	if len(b) < AnswerHeader {
		return &Error{"header", 0, ErrShort}
	}
	*a = Answer{Sign: binary.LittleEndian.Uint32(b), Code: b[4], Ran: b[5], Encoding: b[6], Body: b[AnswerHeader:]}
	switch {
	case a.Sign == 0 || a.Sign > 1<<31-1:
		return &Error{"sign", 0, ErrValue}
	case a.Ran > 2:
		return &Error{"ran", 5, ErrValue}
	case a.Encoding > 2:
		return &Error{"encoding", 6, ErrValue}
	}
	return nil
}

// PutCancel writes a cancel into b, which must have CancelLen bytes.
func PutCancel(b []byte, sign uint32) { binary.LittleEndian.PutUint32(b, sign) }

// ParseCancel reads a cancel's frame body.
func ParseCancel(b []byte) (sign uint32, err error) {
	if len(b) < CancelLen {
		return 0, &Error{"sign", 0, ErrShort}
	}
	return binary.LittleEndian.Uint32(b), nil
}
