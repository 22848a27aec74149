package transport_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/bellpull/bellpull/transport"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("connection refused")
	for _, c := range []struct {
		err  transport.Error
		want string
	}{
		{transport.Error{Op: "dial"}, "dial"},
		{transport.Error{Op: "dial", Addr: "tcp:h:1"}, "dial tcp:h:1"},
		{transport.Error{Op: "dial", Addr: "tcp:h:1", Kind: transport.ErrNoServer}, "dial tcp:h:1: no server"},
		{transport.Error{Op: "dial", Addr: "tcp:h:1", Err: cause}, "dial tcp:h:1: connection refused"},
		{transport.Error{Op: "dial", Addr: "tcp:h:1", Kind: transport.ErrNoServer, Err: cause, Advice: "start it"},
			"dial tcp:h:1: no server: connection refused (start it)"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error = %q, want %q", got, c.want)
		}
	}
}

func TestErrorUnwraps(t *testing.T) {
	cause := &fs.PathError{Op: "bind", Err: syscall.EADDRINUSE}
	both := error(&transport.Error{Op: "listen", Kind: transport.ErrInUse, Err: cause})
	if !errors.Is(both, transport.ErrInUse) || !errors.Is(both, syscall.EADDRINUSE) || errors.Is(both, transport.ErrNoServer) {
		t.Errorf("%v is not its kind and its cause, or is more", both)
	}
	if _, ok := errors.AsType[*fs.PathError](both); !ok {
		t.Errorf("%v does not give its cause", both)
	}
	for _, e := range []*transport.Error{{Op: "x"}, {Op: "x", Kind: transport.ErrFull}, {Op: "x", Err: syscall.EPIPE}} {
		for _, err := range e.Unwrap() {
			if err == nil {
				t.Errorf("%v unwraps to nil", e)
			}
		}
	}
}
