package netjson

import (
	"errors"
	"strconv"
)

// What can be wrong with a document. An [Error] wraps one of them, or what its reader failed with.
var (
	// ErrSyntax: it is no JSON; comments, a byte order mark and bytes behind the end count as such.
	ErrSyntax = errors.New("malformed JSON")
	// ErrType: a value has a JSON type that it cannot have.
	ErrType = errors.New("wrong JSON type")
	// ErrRange: a number is no integer, or does not fit.
	ErrRange = errors.New("number does not fit")
	// ErrText: a text is not valid UTF-8, or holds half a surrogate pair.
	ErrText = errors.New("invalid text")
	// ErrDepth: nested deeper than [MaxDepth].
	ErrDepth = errors.New("nested too deeply")
)

// MaxDepth bounds the nesting of a document, the outermost value counting as one; both engines of .NET have the same.
const MaxDepth = 64

// An Error says which member of a document does not fit.
type Error struct {
	Document string // name of the document
	Member   string // name of the member; empty when the error is outside the members
	Offset   int    // in bytes from the beginning of the document; where it is written, 0
	What     error
}

func (e *Error) Error() string {
	s := e.Document
	if e.Member != "" {
		s += "." + strconv.Quote(e.Member)
	}
	return s + ": " + e.What.Error() + " at byte " + strconv.Itoa(e.Offset)
}

// Unwrap gives What.
func (e *Error) Unwrap() error { return e.What }
