package bellpull

import (
	"context"
	"errors"
	"io/fs"

	"github.com/bellpull/bellpull/transport"
)

// WrapTransport makes an [*Error] of a transport's error, for engines: op and addr say what was tried. It did not run.
func WrapTransport(op, addr string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Code: CodeUnavailable, Op: op, Peer: addr, Ran: Never, Err: err}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e.Code = contextCode(err)
	case errors.Is(err, transport.ErrNoServer):
		e.Code = CodeNoServer
	case errors.Is(err, transport.ErrInUse), errors.Is(err, transport.ErrStolen):
		e.Code = CodeNameTaken
	case errors.Is(err, transport.ErrNotTrusted), errors.Is(err, transport.ErrNotSocket):
		e.Code = CodeNotTrusted
	case errors.Is(err, fs.ErrPermission):
		e.Code = CodeRefused // the mode of a file keeps us out; it is no lost connection
	case errors.Is(err, transport.ErrAddress):
		e.Code = CodeBadArgument
	case errors.Is(err, transport.ErrTooLarge):
		e.Code = CodeTooLarge
	case errors.Is(err, transport.ErrFrame):
		e.Code = CodeProtocol
	case errors.Is(err, errors.ErrUnsupported):
		e.Code = CodeUnsupported
	}
	return e
}
