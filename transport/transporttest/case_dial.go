package transporttest

import (
	"context"
	"errors"

	"github.com/bellpull/bellpull/transport"
)

// dial is Dial for its error alone.
func dial(ctx context.Context, s Setup, at transport.Addr) error {
	c, err := s.Transport.Dial(ctx, at)
	if err == nil {
		c.Close()
	}
	return err
}

// dialNobody: where nobody listens (any more) there is no server.
func dialNobody(t TB, e *env) {
	s, l := e.listen(t)
	at := address(t, l)
	must(t, e.do(t, "Close", l.Close), "Close")
	err := e.do(t, "Dial to nobody", func() error { return dial(t.Context(), s, at) })
	must(t, wantKind(err, transport.ErrNoServer), "Dial to nobody")
}

// dialContext: a context that is done beforehand ends Dial and Listen, with its own error, whether somebody listens
// or not.
func dialContext(t TB, e *env) {
	s, l := e.listen(t)
	at := address(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string) {
		t.Helper()
		err := e.do(t, what, func() error { return dial(ctx, s, at) })
		must(t, wantKind(err, context.Canceled), what)
	}
	check("Dial with a context that is done")
	must(t, l.Close(), "Close")
	check("Dial to nobody with a context that is done")
}

// dialFull: a Dial that waits for room in the backlog ends with its context, with the listener, or with room.
func dialFull(t TB, e *env) {
	s, l := e.listen(t)
	if s.Backlog == 0 {
		t.Logf("the system decides how many may wait")
		return
	}
	at := address(t, l)
	for range s.Backlog {
		e.dial(t, s, l)
	}
	ctx, cancel := context.WithCancel(t.Context())
	k := start(func() error { return dial(ctx, s, at) })
	cancel()
	must(t, wantKind(e.wait(t, k, "Dial whose context ends"), context.Canceled), "Dial whose context ends")
	k = start(func() error { return dial(t.Context(), s, at) })
	must(t, e.do(t, "AcceptConn", func() error {
		b, err := l.AcceptConn()
		if err == nil {
			t.Cleanup(func() { b.Close() })
		}
		return err
	}), "AcceptConn")
	must(t, e.wait(t, k, "Dial when there is room again"), "Dial when there is room again")
	var tasks []*task
	for range 3 {
		tasks = append(tasks, start(func() error { return dial(t.Context(), s, at) }))
	}
	must(t, e.do(t, "Close", l.Close), "Close")
	for _, k := range tasks {
		err := e.wait(t, k, "Dial whose listener is closed")
		must(t, wantKind(err, transport.ErrNoServer), "Dial whose listener is closed")
	}
	if err := dial(t.Context(), s, at); errors.Is(err, context.Canceled) {
		t.Errorf("Dial after that: %v", err)
	}
}
