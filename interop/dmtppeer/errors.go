package main

import (
	"context"
	"errors"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// describe gives the name that an error has in the control protocol.
func describe(err error) *control.Failure {
	if f, ok := errors.AsType[*control.Failure](err); ok {
		return f
	}
	e, ok := errors.AsType[*bellpull.Error](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded):
		return &control.Failure{Type: "TimeoutException", Message: err.Error()}
	case errors.Is(err, context.Canceled):
		return &control.Failure{Type: "OperationCanceledException", Message: err.Error()}
	default:
		return &control.Failure{Type: "Exception", Message: err.Error()}
	}
	if e.Op == "dial" && e.Code == bellpull.CodeRefused {
		return &control.Failure{Type: "TokenVerifyException", Message: e.Msg}
	}
	kind := "Exception"
	switch e.Code {
	case bellpull.CodeUnavailable, bellpull.CodeClosed, bellpull.CodeProtocol:
		kind = "ClosedException"
	case bellpull.CodeNoServer:
		kind = "SocketException"
	case bellpull.CodeUnsupported:
		kind = "Unsupported"
	case bellpull.CodeBadArgument:
		kind = "ArgumentException"
		if e.Ran == bellpull.Yes { // the answer, that is
			kind = "FormatException"
		}
	case bellpull.CodeTooLarge:
		kind = "ArgumentException"
	case bellpull.CodeDeadline:
		kind = "TimeoutException"
	case bellpull.CodeCanceled:
		kind = "OperationCanceledException"
	}
	if (e.Remote && kind != "ClosedException") || e.Code == bellpull.CodeNameTaken {
		kind = "StatusException" // the other side answered with a status
	}
	return &control.Failure{Type: kind, Message: err.Error()}
}
