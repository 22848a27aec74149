package unixsock

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bellpull/bellpull/transport"
)

// StolenError says what became of the socket file of a [Listener]. It is the cause inside the error that
// [Transport.OnStolen] gets.
type StolenError struct {
	Path string
	// Rebound: the listener has bound a new socket at Path and can be reached again. Otherwise it goes on trying.
	Rebound bool
	// Err is why it could not bind again: an [*transport.Error] of kind [transport.ErrInUse], with a
	// [*transport.OwnerError], while a live process holds Path. Nil when Rebound.
	Err error
}

// Error tells what happened in one line.
func (e *StolenError) Error() string {
	if e.Rebound {
		return "the socket file was removed or replaced; bound again"
	}
	return "the socket file was removed or replaced; cannot bind again yet: " + e.Err.Error()
}

// Unwrap gives Err.
func (e *StolenError) Unwrap() error { return e.Err }

// fail makes the error of an operation on an address.
func fail(op string, a transport.Addr, kind, cause error, advice string, args ...any) *transport.Error {
	if len(args) > 0 {
		advice = fmt.Sprintf(advice, args...)
	}
	return &transport.Error{Op: op, Addr: show(a.String()), Kind: kind, Err: cause, Advice: advice}
}

// show quotes s where it holds what would be mistaken in a line of text.
func show(s string) string {
	if q := strconv.Quote(s); q[1:len(q)-1] != s || strings.Contains(s, " ") {
		return q
	}
	return s
}
