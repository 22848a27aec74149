package dmtpwire

import (
	"errors"
	"strconv"

	"github.com/bellpull/bellpull/internal/netjson"
)

// What can be wrong with a frame header. A [FrameError] wraps one of them.
var (
	// ErrMagic: the bytes do not begin with "dm".
	ErrMagic = errors.New("wrong magic")
	// ErrLength: the length is negative.
	ErrLength = errors.New("negative length")
	// ErrTooLarge: the length is above the limit of the receiver.
	ErrTooLarge = errors.New("length above the limit")
)

// What can be wrong with a body. A [PackageError] or a [JSONError] wraps one of them.
var (
	// ErrTruncated: the body ends inside a field.
	ErrTruncated = errors.New("body ends too early")
	// ErrNullFlag: a null flag is neither 0 nor 1.
	ErrNullFlag = errors.New("null flag is neither 0 nor 1")
	// ErrVarUint: a variable-length integer has more than 32 bits.
	ErrVarUint = errors.New("variable-length integer beyond 32 bits")
	// ErrNegative: a length or count is negative and no null mark.
	ErrNegative = errors.New("negative length")
	// ErrNull: null where the format has no null, for example as the key of a metadata pair.
	ErrNull = errors.New("null is not allowed")
	// ErrTooLong: a text or block is longer than its length field, or than a limit of this package.
	ErrTooLong = errors.New("too long")
	// ErrTooMany: more entries than a limit of this package.
	ErrTooMany = errors.New("too many entries")

	// ErrSyntax: the body is not JSON; this includes comments, a byte order mark, an empty body and bytes behind the end.
	ErrSyntax = netjson.ErrSyntax
	// ErrType: a member has a JSON type that it cannot have.
	ErrType = netjson.ErrType
	// ErrRange: a number is no integer or does not fit its member.
	ErrRange = netjson.ErrRange
	// ErrText: a text is not valid UTF-8 or holds half a surrogate pair.
	ErrText = netjson.ErrText
	// ErrDepth: JSON nested deeper than [netjson.MaxDepth].
	ErrDepth = netjson.ErrDepth
)

// A FrameError says why no frame begins where one was expected. It is fatal to a stream: there is no way to find the
// next frame.
type FrameError struct {
	Offset int   // of the wrong field, in bytes from the beginning of the header
	What   error // ErrMagic, ErrLength or ErrTooLarge
	Value  int64 // what was found: the magic as a number (one or two bytes), or the length
	Limit  int64 // what would be allowed: the magic, or the largest length
}

func (e *FrameError) Error() string {
	s := "dmtp: frame: " + e.What.Error() + " at byte " + strconv.Itoa(e.Offset) + ": "
	if e.What == ErrMagic {
		return s + "0x" + strconv.FormatInt(e.Value, 16) + ", want 0x" + strconv.FormatInt(e.Limit, 16)
	}
	return s + strconv.FormatInt(e.Value, 10) + ", limit " + strconv.FormatInt(e.Limit, 10)
}

// Unwrap gives What.
func (e *FrameError) Unwrap() error { return e.What }

// A PackageError says which field of a binary package does not fit, while parsing or while appending. The frame
// around it is whole, so a receiver may ignore the package and go on.
type PackageError struct {
	Package string // name of the package, as in the specification
	Field   string // name of the field
	Offset  int    // of the field, in bytes from the beginning of the body
	What    error  // ErrTruncated, ErrNullFlag, ErrVarUint, ErrNegative, ErrNull, ErrTooLong, ErrTooMany
	Value   int64  // what was found or wanted: a length, a count, a flag
	Limit   int64  // what would be allowed: the bytes that are there, the largest length or count
}

func (e *PackageError) Error() string {
	return "dmtp: " + e.Package + "." + e.Field + ": " + e.What.Error() + " at byte " + strconv.Itoa(e.Offset) +
		": " + strconv.FormatInt(e.Value, 10) + ", limit " + strconv.FormatInt(e.Limit, 10)
}

// Unwrap gives What.
func (e *PackageError) Unwrap() error { return e.What }

// A JSONError says which member of a kernel message does not fit. As with [PackageError] only the message is lost.
type JSONError netjson.Error

func (e *JSONError) Error() string { return "dmtp: " + (*netjson.Error)(e).Error() }

// Unwrap gives What.
func (e *JSONError) Unwrap() error { return e.What }
