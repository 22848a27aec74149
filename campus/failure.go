package campus

import (
	"errors"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

var (
	errBytes    = errors.New("JsonIpcDirectRouted: the result of a JSON route must be an object, and this handler gives bytes")
	errOneValue = errors.New("JsonIpcDirectRouted: a JSON route has one argument at most; put them into one object")
)

// ourType begins the exception type of a failure that a Bellpull node tells another: its code and whether the call ran
// follow. To a .NET caller it is a type like any other.
const ourType = "Bellpull."

// failureOf makes the answer of a route without result. cause is what its handler returned, if it did.
func failureOf(route string, e *bellpull.Error, cause error) *campuswire.RouteFailure {
	if e.Code == bellpull.CodeNoMethod && e.Ran == bellpull.Never {
		return campuswire.NotFound(route)
	}
	if x, ok := errors.AsType[*Exception](cause); ok {
		return x.failure()
	}
	return &campuswire.RouteFailure{Type: campuswire.Str(ourType + e.Code.String() + "." + e.Ran.String()),
		Message: campuswire.Str(e.Msg), Text: campuswire.Str(e.Msg)}
}

// errorOf makes the error of a route that answered without result.
func errorOf(f *campuswire.RouteFailure) *bellpull.Error {
	e := &bellpull.Error{Code: bellpull.CodeFailed, Remote: true, Ran: bellpull.Yes, Msg: bellpull.RemoteText(f.Message.String())}
	if f.Missing() {
		e.Code, e.Ran = bellpull.CodeNoMethod, bellpull.Never
		return e
	}
	code, ran, ok := ours(f.Type.String())
	if !ok {
		e.Msg, e.Err = "", &Exception{Type: f.Type.String(), Message: f.Message.String(), Stack: f.Stack.String()}
		return e
	}
	e.Code, e.Ran = code, ran
	return e
}

// ours reads the type of a failure that a Bellpull node has made. That of an application may begin like it.
func ours(typ string) (code bellpull.Code, ran bellpull.Executed, ok bool) {
	words, ok := strings.CutPrefix(typ, ourType)
	of, rest, _ := strings.Cut(words, ".")
	for ran = bellpull.Maybe; ok && ran.String() != rest; ran++ {
		if ran == bellpull.Yes {
			return 0, 0, false
		}
	}
	for ; ok && code.String() != of; code++ {
		if code == bellpull.CodeUnsupported {
			return 0, 0, false
		}
	}
	return code, ran, ok
}

// emptyAnswer is what an answer of no bytes means (section 4.2).
func emptyAnswer() *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeFailed, Remote: true, Ran: bellpull.Maybe,
		Msg:    "an answer of no bytes: nobody handled the request, or the handler failed",
		Advice: "the protocol has no other word for either; see the log of the other process"}
}
