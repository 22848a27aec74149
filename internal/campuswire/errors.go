package campuswire

import (
	"errors"
	"strconv"

	"github.com/bellpull/bellpull/internal/netjson"
)

// What can be wrong with a frame. A [FrameError] wraps one of them.
var (
	// ErrMagic: the bytes do not begin with the magic and its length.
	ErrMagic = errors.New("wrong magic")
	// ErrVersion: the protocol version is 0.
	ErrVersion = errors.New("protocol version 0")
	// ErrTooLarge: the content is longer than the limit.
	ErrTooLarge = errors.New("content above the limit")
	// ErrNoContent: a frame without content is to be written. Received, it is legal.
	ErrNoContent = errors.New("content of 0 bytes is never written")
)

// What can be wrong with a content or a body. A [ContentError] or a [JSONError] wraps one of them.
var (
	// ErrTruncated: it ends inside a field.
	ErrTruncated = errors.New("ends too early")
	// ErrMark: it does not begin with the mark of its kind.
	ErrMark = errors.New("without the mark")
	// ErrNegative: a length is negative.
	ErrNegative = errors.New("negative length")
	// ErrLength: a length is greater than what follows.
	ErrLength = errors.New("length beyond the end")
	// ErrVarint: a length of variable size does not end, or exceeds 31 bits.
	ErrVarint = errors.New("malformed length")
	// ErrText: a text is not valid UTF-8, or holds half a surrogate pair.
	ErrText = netjson.ErrText
	// ErrEmpty: nothing where something must be: a name, an answer.
	ErrEmpty = errors.New("empty")
	// ErrTooLong: a text is longer than a limit of this package.
	ErrTooLong = errors.New("too long")
	// ErrTooMany: more entries than a limit of this package.
	ErrTooMany = errors.New("too many entries")

	// ErrSyntax: it is no JSON; a byte order mark and bytes behind the end count as such.
	ErrSyntax = netjson.ErrSyntax
	// ErrType: a value has a JSON type that it cannot have.
	ErrType = netjson.ErrType
	// ErrRange: a number is no integer, or does not fit.
	ErrRange = netjson.ErrRange
	// ErrDepth: JSON nested deeper than [netjson.MaxDepth].
	ErrDepth = netjson.ErrDepth
	// ErrMissing: a member that must be there is not, or is null.
	ErrMissing = errors.New("missing or null")
	// ErrBlank: a text that must say something is empty or white space.
	ErrBlank = errors.New("blank")
	// ErrObject: the answer of a JSON route is neither an object nor null.
	ErrObject = errors.New("the answer of a JSON route must be an object")
	// ErrReserved: the answer of a JSON route has a member that the protocol keeps for exceptions.
	ErrReserved = errors.New("reserved member")
	// ErrValue: a text is not what its member holds: a version, an absolute URI, base64, a name of a header.
	ErrValue = errors.New("invalid value")
)

// A FrameError says why no frame begins where one was expected, or why a frame cannot be written. Received, it is fatal
// to a stream: there is no way to find the next frame.
type FrameError struct {
	Offset int   // of what is wrong, in bytes from the beginning of the frame
	What   error // ErrMagic, ErrVersion, ErrTooLarge or ErrNoContent
	Value  int64 // what was found: a byte of the magic, the version, the length
	Limit  int64 // what would be allowed: the byte of the magic, the least version or length, the greatest length
}

func (e *FrameError) Error() string {
	s := "campus: frame: " + e.What.Error() + " at byte " + strconv.Itoa(e.Offset) + ": "
	if e.What == ErrMagic {
		return s + "0x" + strconv.FormatInt(e.Value, 16) + ", want 0x" + strconv.FormatInt(e.Limit, 16)
	}
	return s + strconv.FormatInt(e.Value, 10) + ", limit " + strconv.FormatInt(e.Limit, 10)
}

// Unwrap gives What.
func (e *FrameError) Unwrap() error { return e.What }

// A ContentError says which field of a content or body does not fit, while parsing or while appending. The frame around
// it is whole, so a receiver may ignore the message and go on.
type ContentError struct {
	Content string // "registration", "request", "response" or "route"
	Field   string
	Offset  int   // of the field, in bytes from the beginning of the content
	What    error // ErrTruncated, ErrMark, ErrNegative, ErrLength, ErrVarint, ErrText, ErrEmpty, ErrTooLong
	Value   int64 // what was found or wanted: a length
	Limit   int64 // what would be allowed
}

func (e *ContentError) Error() string {
	return "campus: " + e.Content + "." + e.Field + ": " + e.What.Error() + " at byte " + strconv.Itoa(e.Offset) +
		": " + strconv.FormatInt(e.Value, 10) + ", limit " + strconv.FormatInt(e.Limit, 10)
}

// Unwrap gives What.
func (e *ContentError) Unwrap() error { return e.What }

// A JSONError says which member of a JSON document does not fit. As with [ContentError] only the message is lost.
type JSONError netjson.Error

func (e *JSONError) Error() string { return "campus: " + (*netjson.Error)(e).Error() }

// Unwrap gives What.
func (e *JSONError) Unwrap() error { return e.What }
