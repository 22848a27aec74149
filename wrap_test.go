package bellpull_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// TestErrorsOfTransportsHaveCodes: programs and exit codes tell apart why there is no connection.
func TestErrorsOfTransportsHaveCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bellpull.Code
	}{
		{&transport.Error{Op: "dial", Kind: transport.ErrNoServer, Err: syscall.ENOENT}, bellpull.CodeNoServer},
		{&transport.Error{Op: "dial", Kind: transport.ErrNotTrusted}, bellpull.CodeNotTrusted},
		{&transport.Error{Op: "dial", Kind: transport.ErrNotSocket, Err: syscall.ECONNREFUSED}, bellpull.CodeNotTrusted},
		{&transport.Error{Op: "dial", Err: syscall.EACCES, Advice: "ask for it"}, bellpull.CodeRefused},
		{&transport.Error{Op: "listen", Err: &fs.PathError{Op: "unlink", Path: "/x", Err: syscall.EPERM}}, bellpull.CodeRefused},
		{&transport.Error{Op: "listen", Kind: transport.ErrInUse}, bellpull.CodeNameTaken},
		{&transport.Error{Op: "parse", Kind: transport.ErrAddress}, bellpull.CodeBadArgument},
		{fmt.Errorf("dial: %w", context.DeadlineExceeded), bellpull.CodeDeadline},
		{fmt.Errorf("dial: %w", errors.ErrUnsupported), bellpull.CodeUnsupported},
		{syscall.ECONNRESET, bellpull.CodeUnavailable},
	} {
		e, ok := errors.AsType[*bellpull.Error](bellpull.WrapTransport("dial", "x", c.err))
		if !ok || e.Code != c.want || e.Ran != bellpull.Never || !errors.Is(e, c.err) {
			t.Errorf("%v gives %v, want %v", c.err, e, c.want)
		}
	}
}
