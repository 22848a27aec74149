package bellpull

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/bellpull/bellpull/transport"
)

// Code says what kind of failure an [*Error] is. The list is closed; each code has one sentinel for errors.Is.
type Code uint8

const (
	CodeUnknown     Code = iota // not classified; never made by this package
	CodeCanceled                // the caller's context was cancelled; Is context.Canceled
	CodeDeadline                // the time was over; Is context.DeadlineExceeded and os.ErrDeadlineExceeded
	CodeNoServer                // nobody listens at the address; Is ErrNoServer
	CodeUnavailable             // the connection was lost or is down; Is ErrUnavailable
	CodeClosed                  // this side was closed; Is net.ErrClosed
	CodeRefused                 // the other side refused us: token, verification, permission; Is ErrRefused
	CodeNotTrusted              // we refused the other side: another user; Is ErrNotTrusted
	CodeProtocol                // the other side speaks something else or breaks the protocol; Is ErrProtocol
	CodeNoMethod                // no such method; Is ErrNoMethod
	CodeNoPeer                  // no such peer; Is ErrNoPeer
	CodeNameTaken               // a peer of that name is already here; Is ErrNameTaken
	CodeBadArgument             // arguments or answer do not fit the types; Is ErrBadArgument
	CodeFailed                  // the handler returned an error; Is ErrFailed
	CodePanic                   // the handler panicked; Is ErrFailed
	CodeBusy                    // a bounded queue is full; Is ErrBusy
	CodeTooLarge                // a message exceeds a limit; Is ErrTooLarge
	CodeUnsupported             // this protocol or transport cannot do it; Is errors.ErrUnsupported
	codeCount
)

// Sentinels for errors.Is. Every [*Error] matches the one of its code; the standard library's [context.Canceled],
// [context.DeadlineExceeded], [os.ErrDeadlineExceeded], [net.ErrClosed] and [errors.ErrUnsupported] serve theirs.
var (
	ErrNoServer    = errors.New("bellpull: nobody listens there")
	ErrUnavailable = errors.New("bellpull: connection lost")
	ErrRefused     = errors.New("bellpull: refused")
	ErrNotTrusted  = errors.New("bellpull: not trusted")
	ErrProtocol    = errors.New("bellpull: protocol violated")
	ErrNoMethod    = errors.New("bellpull: no such method")
	ErrNoPeer      = errors.New("bellpull: no such peer")
	ErrNameTaken   = errors.New("bellpull: name taken")
	ErrBadArgument = errors.New("bellpull: bad argument")
	ErrFailed      = errors.New("bellpull: handler failed")
	ErrBusy        = errors.New("bellpull: busy")
	ErrTooLarge    = errors.New("bellpull: too large")
)

var codes = [codeCount]struct {
	name, text string
	is         error
	advice     string
}{
	CodeUnknown:     {"unknown", "failed", nil, ""},
	CodeCanceled:    {"canceled", "canceled", context.Canceled, ""},
	CodeDeadline:    {"deadline", "time is over", context.DeadlineExceeded, "give it more time, or see with `bell ping` whether the other side answers at all"},
	CodeNoServer:    {"no_server", "nobody listens there", ErrNoServer, "start the server, or ask `bell doctor ADDRESS`"},
	CodeUnavailable: {"unavailable", "connection lost", ErrUnavailable, "the other process ended or hung up; when it is back, call again if running twice does no harm"},
	CodeClosed:      {"closed", "closed on this side", net.ErrClosed, ""},
	CodeRefused:     {"refused", "refused by the other side", ErrRefused, "check the token and what the service asks of its clients"},
	CodeNotTrusted:  {"not_trusted", "the other side is not trusted", ErrNotTrusted, "both processes must run as one user, or the option that allows others must be set"},
	CodeProtocol:    {"protocol", "the other side speaks something else", ErrProtocol, "check that both ends use the same protocol on this address"},
	CodeNoMethod:    {"no_method", "no such method", ErrNoMethod, "check the name; the server must register it before the call"},
	CodeNoPeer:      {"no_peer", "no such peer", ErrNoPeer, "check the name, or wait for the peer with Node.Wait"},
	CodeNameTaken:   {"name_taken", "name taken", ErrNameTaken, "choose another name, or none to be given one"},
	CodeBadArgument: {"bad_argument", "arguments do not fit", ErrBadArgument, "compare the argument and result types of both sides"},
	CodeFailed:      {"failed", "handler failed", ErrFailed, ""},
	CodePanic:       {"panic", "handler panicked", ErrFailed, "see the log of the side that ran it"},
	CodeBusy:        {"busy", "too much at once", ErrBusy, "try again a little later, or with fewer calls in flight"},
	CodeTooLarge:    {"too_large", "too large", ErrTooLarge, "send less at a time, or raise the limit on both sides"},
	CodeUnsupported: {"unsupported", "not supported", errors.ErrUnsupported, "Traits of the peer say what its protocol can do"},
}

// String gives the code's name as it stands in `bell -o json`: "deadline", "no_method", …
func (c Code) String() string {
	if c < codeCount {
		return codes[c].name
	}
	return fmt.Sprintf("code_%d", uint8(c))
}

// Executed says whether a call that failed ran on the other side.
type Executed uint8

const (
	// Maybe: it may or may not have run; the answer is lost. It is the zero value, because it claims least.
	Maybe Executed = iota
	// Never: the handler was certainly not entered; calling again cannot run it twice.
	Never
	// Yes: the handler ran and failed.
	Yes
)

// String gives "never", "maybe" or "yes".
func (e Executed) String() string { return [...]string{"maybe", "never", "yes"}[min(e, 2)] }

// Error is the error of every call, notify, dial and listen of this package and its engines. Read it with
// errors.As; do not change one that was returned. The zero Error means nothing.
type Error struct {
	Code   Code
	Op     string // "call", "notify", "dial", "listen", "ping", …
	Peer   string // name of the peer or address; may be empty
	Method string // method of the call; may be empty
	Msg    string // details in words; text from the other side is data: quoted in Error, at most 4 KiB
	Advice string // one line that says what to do next; empty means the code's usual advice
	Remote bool   // the other side said so; otherwise this side concluded it
	Ran    Executed
	Err    error // cause on this side, or nil
}

// Executed says whether the call ran: [Never], [Maybe] or [Yes].
func (e *Error) Executed() Executed { return e.Ran }

// Error gives one line: what, to whom, why, whether it ran, what to do next.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("bellpull: ")
	b.WriteString(e.Op)
	if e.Method != "" {
		fmt.Fprintf(&b, " %q", e.Method)
	}
	if e.Peer != "" {
		fmt.Fprintf(&b, " at %s", e.Peer)
	}
	b.WriteString(": ")
	code := e.Code
	if code >= codeCount {
		code = CodeUnknown
	}
	b.WriteString(codes[code].text)
	switch {
	case e.Msg != "" && e.Remote:
		fmt.Fprintf(&b, ": %q", e.Msg)
	case e.Msg != "":
		b.WriteString(": " + e.Msg)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Op == "call" || e.Op == "notify" {
		b.WriteString([...]string{"; it may have run", "; it did not run", "; it ran"}[min(e.Ran, 2)])
	}
	if te, ok := errors.AsType[*transport.Error](e.Err); ok && te.Advice != "" {
		return b.String() // the cause ends with its own advice
	}
	if hint := e.Hint(); hint != "" {
		b.WriteString(" (" + hint + ")")
	}
	return b.String()
}

// Hint gives the one line of advice that Error ends with; it may be empty.
func (e *Error) Hint() string {
	if te, ok := errors.AsType[*transport.Error](e.Err); ok && te.Advice != "" {
		return te.Advice
	}
	if e.Advice != "" || e.Code >= codeCount {
		return e.Advice
	}
	return codes[e.Code].advice
}

// Unwrap gives the cause on this side.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinel of the error's code.
func (e *Error) Is(target error) bool {
	if e.Code == 0 || e.Code >= codeCount {
		return false
	}
	return codes[e.Code].is == target || e.Code == CodeDeadline && target == os.ErrDeadlineExceeded
}

// ExecutedOf says whether the call behind err ran: nil is [Yes], an [*Error] says it itself, anything else is [Maybe].
func ExecutedOf(err error) Executed {
	if err == nil {
		return Yes
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Ran
	}
	return Maybe
}

// maxRemoteText bounds what is kept of a text from the other side, in bytes.
const maxRemoteText = 4 << 10

// RemoteText brings a text that the other side sent into the form Error.Msg holds: valid UTF-8, at most 4 KiB.
func RemoteText(s string) string {
	if len(s) > maxRemoteText {
		s = s[:maxRemoteText] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// contextCode gives the code of a context's error.
func contextCode(err error) Code {
	if errors.Is(err, context.DeadlineExceeded) {
		return CodeDeadline
	}
	return CodeCanceled
}
