package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/bellpull/bellpull/transport"
)

// callerKey is where the context of a request has the identity of who sent it.
type callerKey struct{}

// caller says who sent the request of ctx, as the operating system tells it.
func caller(ctx context.Context) transport.Identity {
	id, _ := ctx.Value(callerKey{}).(transport.Identity)
	return id
}

// newServer gives a server whose handlers can ask for the caller.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, callerKey{}, c.(transport.Conn).Identity())
		},
	}
}

// serve answers requests that come through ln until ctx is done, and returns when the last of them has ended. It
// closes ln.
func serve(ctx context.Context, s *http.Server, ln net.Listener) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- s.Shutdown(context.Background()) })
	err := s.Serve(ln)
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// hello answers with the caller's name.
func hello(w http.ResponseWriter, r *http.Request) {
	id := caller(r.Context())
	fmt.Fprintf(w, "hello, process %d of user %d\n", id.PID, id.UID)
}
