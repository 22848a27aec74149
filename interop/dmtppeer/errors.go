package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bellpull/bellpull"
)

// failure is an error as the control protocol has it. The types are the short names of .NET's exceptions.
type failure struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

func (f *failure) Error() string { return f.Type + ": " + f.Message }

func badCommand(format string, args ...any) error {
	return &failure{"BadCommand", fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) error {
	return &failure{"Unsupported", fmt.Sprintf(format, args...)}
}

// describe gives the name that an error has in the control protocol.
func describe(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	e, ok := errors.AsType[*bellpull.Error](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{"TimeoutException", err.Error()}
	case errors.Is(err, context.Canceled):
		return &failure{"OperationCanceledException", err.Error()}
	default:
		return &failure{"Exception", err.Error()}
	}
	if e.Op == "dial" && e.Code == bellpull.CodeRefused {
		return &failure{"TokenVerifyException", e.Msg}
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
	return &failure{kind, err.Error()}
}
