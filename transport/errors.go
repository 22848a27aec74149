package transport

import (
	"errors"
	"fmt"
)

// The kinds of failure a transport reports. Every one is wrapped in an [*Error]; test with [errors.Is].
var (
	// ErrNoServer: nobody listens at the address. Nothing was sent.
	ErrNoServer = errors.New("no server")
	// ErrInUse: a live process already listens at the address.
	ErrInUse = errors.New("address in use")
	// ErrStolen: the endpoint of a listener was replaced by another process.
	ErrStolen = errors.New("endpoint stolen")
	// ErrNotTrusted: the other end, or the owner of an endpoint, is a user we do not trust.
	ErrNotTrusted = errors.New("not trusted")
	// ErrAddress: the address cannot be used: malformed, too long, of an unknown scheme.
	ErrAddress = errors.New("bad address")
	// ErrNotSocket: something that is no socket lies at the path, and we do not remove what we did not make.
	ErrNotSocket = errors.New("not a socket")
	// ErrFull: the bounded buffer of a Port has no room now.
	ErrFull = errors.New("buffer full")
	// ErrFrame: the bytes of the peer break the protocol's framing. The connection cannot go on.
	ErrFrame = errors.New("framing violated")
	// ErrTooLarge: a frame is longer than the limit of this side.
	ErrTooLarge = errors.New("frame too large")
)

// Error is what transports return: what was tried, where, why it failed and one line that says what to do.
// The zero Error is not useful. Unwrap gives both the kind (one of the sentinels above) and the cause.
type Error struct {
	Op     string // "dial", "listen", "accept", "parse", "read", "write"
	Addr   string // canonical address or path, quoted where it may hold anything
	Kind   error  // one of the sentinels of this package, or nil
	Err    error  // the cause from the operating system, or nil
	Advice string // one line for a person: what to try; may be empty
}

// Error gives "op address: kind: cause (advice)" with the empty parts left out.
func (e *Error) Error() string {
	s := e.Op
	if e.Addr != "" {
		s += " " + e.Addr
	}
	if e.Kind != nil {
		s += ": " + e.Kind.Error()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Advice != "" {
		s += " (" + e.Advice + ")"
	}
	return s
}

// Unwrap gives the kind and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	var list []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			list = append(list, err)
		}
	}
	return list
}

// badAddr makes the error of a malformed address.
func badAddr(addr, format string, args ...any) *Error {
	return &Error{Op: "parse", Addr: fmt.Sprintf("%q", addr), Kind: ErrAddress, Err: fmt.Errorf(format, args...),
		Advice: "addresses look like local:editor, unix:/run/x.sock, npipe:editor or tcp:127.0.0.1:7789"}
}

// LimitError says which limit was exceeded and by how much.
type LimitError struct {
	What  string // what is limited: "frame", "metadata", "method name"
	Size  int64  // what there was, in the unit of Limit
	Limit int64  // the most that is allowed
}

// Error gives "what of N, limit M".
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s of %d, limit %d", e.What, e.Size, e.Limit)
}
