package campus

import (
	"cmp"
	"errors"
	"strconv"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// The exceptions that a .NET caller of a remote object gets as what they were. Every other type arrives as an
// IpcRemoteException that mentions it. Section 6.9.
const (
	ExceptionArgument         = campuswire.ExceptionArgument
	ExceptionArgumentNull     = campuswire.ExceptionArgumentNull
	ExceptionBadImageFormat   = campuswire.ExceptionBadImageFormat
	ExceptionInvalidCast      = campuswire.ExceptionInvalidCast
	ExceptionInvalidOperation = campuswire.ExceptionInvalidOperation
	ExceptionNotImplemented   = campuswire.ExceptionNotImplemented
	ExceptionNotSupported     = campuswire.ExceptionNotSupported
	ExceptionNullReference    = campuswire.ExceptionNullReference
)

// Exceptions with which a remote object answers what it cannot invoke.
const (
	ExceptionMemberNotFound  = campuswire.ExceptionMemberNotFound
	ExceptionIndexOutOfRange = campuswire.ExceptionIndexOutOfRange // a wrong number of arguments
	ExceptionJSON            = campuswire.ExceptionJSON            // an argument that does not decode
)

// An Exception is what a member of a remote object threw, or the handler of a JSON route. A function in a table or a
// handler returns one, wrapped or not, to throw a type of its choice. Any other error of a function in a table is thrown
// as an InvalidOperationException, [errors.ErrUnsupported] as a NotSupportedException, with the error's text as message;
// so is a panic. Of a route it is a type of ours: see [Protocol].
type Exception struct {
	Type    string // full name of the CLR type; "" is none, an InvalidOperationException to a .NET caller
	Message string
	Stack   string // "" for none
	Extra   string // the name of the parameter, of an ArgumentNullException; .NET always leaves it out, and routes have none
}

// Error gives type and message, quoted: they may be another process's.
func (e *Exception) Error() string {
	return strconv.Quote(bellpull.RemoteText(cmp.Or(e.Type, ExceptionInvalidOperation) + ": " + e.Message))
}

func (e *Exception) wire() *campuswire.Exception {
	text := func(s string) campuswire.Str {
		if s == "" {
			return nil
		}
		return campuswire.Str(s)
	}
	return &campuswire.Exception{Type: text(e.Type), Message: campuswire.Str(e.Message), Stack: text(e.Stack), Extra: text(e.Extra)}
}

// failure makes the answer of a route that threw it. The type that says that nobody handles the route is not passed on
// as such: here somebody did.
func (e *Exception) failure() *campuswire.RouteFailure {
	f := &campuswire.RouteFailure{Type: campuswire.Str(cmp.Or(e.Type, ExceptionInvalidOperation)), Message: campuswire.Str(e.Message)}
	if f.Missing() {
		f.Type = campuswire.Str(ExceptionInvalidOperation)
	}
	f.Text = campuswire.Str(string(f.Type) + ": " + e.Message)
	if e.Stack != "" {
		f.Stack = campuswire.Str(e.Stack)
		f.Text = campuswire.Str(string(f.Text) + "\n" + e.Stack)
	}
	return f
}

// exceptionOf makes the exception of a function's error. One that only this package throws, because no function ran,
// is not passed on as such: here one did.
func exceptionOf(err error) *Exception {
	if e, ok := errors.AsType[*Exception](err); ok {
		if e.Type != ExceptionMemberNotFound {
			return e
		}
		return &Exception{Type: ExceptionInvalidOperation, Message: e.Message, Stack: e.Stack}
	}
	t := ExceptionInvalidOperation
	if errors.Is(err, errors.ErrUnsupported) {
		t = ExceptionNotSupported
	}
	return &Exception{Type: t, Message: err.Error()}
}

// exceptionInstead makes the exception of a request that the engine refused or whose function panicked; nil where an
// answer of no bytes says it: there is no such object.
func exceptionInstead(e *bellpull.Error) *Exception {
	switch {
	case e.Code == bellpull.CodeNoMethod:
		return nil
	case e.Ran == bellpull.Yes:
		return &Exception{Type: ExceptionInvalidOperation, Message: e.Msg}
	}
	return &Exception{Type: ourType + e.Code.String() + "." + e.Ran.String(), Message: e.Msg}
}

// errorOfException makes the error of a call whose member threw.
func errorOfException(w *campuswire.Exception) *bellpull.Error {
	x := &Exception{Type: w.Type.String(), Message: w.Message.String(), Stack: w.Stack.String(), Extra: w.Extra.String()}
	if x.Type == ExceptionMemberNotFound {
		return &bellpull.Error{Code: bellpull.CodeNoMethod, Remote: true, Ran: bellpull.Never, Err: x,
			Advice: "compare name, kind and types of parameters in the Contract with the .NET declaration"}
	}
	if _, _, ok := ours(x.Type); ok {
		return errorOf(&campuswire.RouteFailure{Type: w.Type, Message: w.Message})
	}
	return &bellpull.Error{Code: bellpull.CodeFailed, Remote: true, Ran: bellpull.Yes, Err: x}
}

// nothingThere is what an answer of no bytes means here.
func nothingThere() *bellpull.Error {
	e := emptyAnswer()
	e.Code, e.Msg = bellpull.CodeNoMethod, "an answer of no bytes: nothing handled the invocation"
	e.Advice = "is an object of that contract and id registered there? The protocol has no word for it"
	return e
}
