package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// describe gives the name that an error has in the control protocol. What a verb's errors mean beside that its own
// function says.
func describe(err error) *control.Failure {
	if f, ok := errors.AsType[*control.Failure](err); ok {
		return f
	}
	f := &control.Failure{Type: "Exception", Message: err.Error()}
	e, ok := errors.AsType[*bellpull.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.Type = "TimeoutException"
	case errors.Is(err, context.Canceled) && !ok:
		f.Type = "OperationCanceledException"
	case !ok:
	case e.Code == bellpull.CodeUnavailable, e.Code == bellpull.CodeClosed, e.Code == bellpull.CodeCanceled:
		return lost(e.Peer, e.Ran)
	case e.Code == bellpull.CodeTooLarge:
		f.Type, f.Inner = "IpcRemoteException", "ArgumentException"
	case e.Code == bellpull.CodeBadArgument:
		f.Type = "ArgumentException"
	case e.Code == bellpull.CodeUnsupported:
		f.Type = "Unsupported"
	case e.Code == bellpull.CodeBusy:
		f.Type = "IpcLocalException"
	}
	return f
}

// lost says that a connection broke: before something was sent, or while it was under way.
func lost(name string, ran bellpull.Executed) *control.Failure {
	const broken = "IpcPeerConnectionBrokenException"
	if ran == bellpull.Never {
		return &control.Failure{Type: broken, Message: fmt.Sprintf("the connection to %q is broken", name)}
	}
	return &control.Failure{Type: "IpcRemoteException", Inner: broken, Message: fmt.Sprintf("the connection to %q broke", name)}
}

// dialFailure says why there is no connection.
func dialFailure(ctx context.Context, err error, try bool) error {
	f := describe(err)
	switch {
	case try && errors.Is(err, bellpull.ErrNoServer):
		f.Type, f.Inner = "NotThereException", ""
	case ctx.Err() != nil:
		f.Type, f.Inner = "TimeoutException", ""
	case f.Type == "TimeoutException", try && f.Type == "ArgumentException":
	default:
		f.Type, f.Inner = "IpcPipeConnectionException", ""
	}
	return f
}

// emptyAnswer says that all there is to a failure is an answer of no bytes.
func emptyAnswer(e *bellpull.Error) bool {
	return e.Code == bellpull.CodeFailed && e.Remote && e.Ran == bellpull.Maybe
}

// orNothing takes an answer of no bytes for what it is on the wire: an answer.
func orNothing(err error) error {
	if e, ok := errors.AsType[*bellpull.Error](err); ok && emptyAnswer(e) {
		return nil
	}
	return err
}

// notFound is the type that a JSON route answers with when nobody handles it.
const notFound = "__JsonIpcDirectRoutedCanNotFindRequestHandlerException__"

// routeFailure gives the exception of a JSON route.
func routeFailure(route string, err error) error {
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return err
	}
	f := &control.Failure{Type: "JsonIpcDirectRoutedHandleRequestRemoteException", Message: e.Msg}
	x, thrown := errors.AsType[*campus.Exception](err)
	switch {
	case thrown:
		f.Message, f.RemoteType = x.Message, x.Type
	case e.Remote && e.Code == bellpull.CodeNoMethod && e.Ran == bellpull.Never:
		f.Type, f.RemoteType = "JsonIpcDirectRoutedCanNotFindRequestHandlerException", notFound
	case emptyAnswer(e):
		f.Type, f.Message = "JsonIpcDirectRouteSerializeLocalException", fmt.Sprintf("an empty answer from the route %q", route)
	case e.Remote && e.Code != bellpull.CodeUnavailable:
		f.RemoteType = bellpullType(e)
	case e.Code == bellpull.CodeBadArgument && e.Ran == bellpull.Yes:
		f.Type, f.Message = "JsonIpcDirectRouteSerializeLocalException", e.Error()
	default:
		return err
	}
	return f
}

// rebuilt are the exceptions that a caller of a remote object gets as what they were.
var rebuilt = map[string]bool{campus.ExceptionArgument: true, campus.ExceptionArgumentNull: true, campus.ExceptionBadImageFormat: true,
	campus.ExceptionInvalidCast: true, campus.ExceptionInvalidOperation: true, campus.ExceptionNotImplemented: true,
	campus.ExceptionNotSupported: true, campus.ExceptionNullReference: true}

// objectFailure gives the exception of a member.
func objectFailure(err error) error {
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return err
	}
	x, thrown := errors.AsType[*campus.Exception](err)
	switch {
	case thrown && x.Type == "":
		return &control.Failure{Type: "InvalidOperationException", Message: x.Message}
	case thrown && rebuilt[x.Type]:
		return &control.Failure{Type: strings.TrimPrefix(x.Type, "System."), Message: x.Message, RemoteType: x.Type}
	case thrown:
		return &control.Failure{Type: "IpcInvokingException", Message: x.Type + ": " + x.Message, RemoteType: x.Type}
	case e.Remote && e.Code == bellpull.CodeNoMethod, e.Code == bellpull.CodeBadArgument && !e.Remote && e.Ran != bellpull.Never:
		return &control.Failure{Type: "NotSupportedException", Message: e.Error()}
	case e.Remote && e.Code != bellpull.CodeUnavailable:
		return &control.Failure{Type: "IpcInvokingException", Message: e.Msg, RemoteType: bellpullType(e)}
	}
	return err
}

// bellpullType is the type of what a Bellpull at the other end has thrown.
func bellpullType(e *bellpull.Error) string {
	return "Bellpull." + e.Code.String() + "." + e.Ran.String()
}

// webFailure gives the exception of an HTTP request.
func webFailure(err error) error {
	e, ok := errors.AsType[*bellpull.Error](err)
	switch {
	case !ok:
	case emptyAnswer(e):
		return &control.Failure{Type: "NullReferenceException", Message: "an empty answer: the server failed, or serves no HTTP"}
	case e.Code == bellpull.CodeBadArgument && e.Ran == bellpull.Yes:
		return &control.Failure{Type: "JsonSerializationException", Message: e.Error()}
	}
	return err
}
