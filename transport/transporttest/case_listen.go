package transporttest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/bellpull/bellpull/transport"
)

// listenCases are about listeners and dialling them.
var listenCases = []testCase{
	{name: "ListenerAddress", run: listenerAddress},
	{name: "AcceptGivesConns", run: acceptGivesConns},
	{name: "AcceptEndsWithClose", run: acceptEndsWithClose},
	{name: "AcceptedOutlive", run: acceptedOutlive},
	{name: "ListenAgain", run: listenAgain},
	{name: "InUse", run: inUse},
	{name: "Stale", run: stale},
	{name: "DialNobody", run: dialNobody},
	{name: "DialContext", run: dialContext},
	{name: "DialFull", run: dialFull},
	{name: "Diallers200", run: diallers},
	{name: "ForeignScheme", run: foreignScheme},
	{name: "ListenerLeavesNothing", run: listenerLeavesNothing},
}

// wantKind checks that err is of the kind want and a *transport.Error with what helps a person.
func wantKind(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got the error %v, want %v", err, want)
	}
	te, ok := errors.AsType[*transport.Error](err)
	switch {
	case !ok:
		return fmt.Errorf("got the error %v as a %T, want a *transport.Error", err, err)
	case te.Op == "" || te.Addr == "":
		return fmt.Errorf("the error %v says not what was tried, or where", err)
	case te.Kind != nil && te.Advice == "":
		return fmt.Errorf("the error %v gives no advice", err)
	}
	return nil
}

// echo sends a few bytes there and back.
func echo(t TB, e *env, a, b transport.Conn) {
	t.Helper()
	for _, c := range [][2]transport.Conn{{a, b}, {b, a}} {
		e.write(t, c[0], 100, "Write")
		must(t, e.do(t, "Read", func() error { return readPattern(c[1], 100, 100) }), "Read")
	}
}

// listenerAddress: what Addr says can be parsed, is canonical, and reaches the listener.
func listenerAddress(t TB, e *env) {
	s, l := e.listen(t)
	a := address(t, l)
	if parsed, err := transport.ParseAddr(a.String()); err != nil || parsed != a {
		t.Errorf("the address %q is parsed to %q, %v", a, parsed, err)
	}
	if l.Addr().Network() != a.Scheme {
		t.Errorf("the address %q is of the network %q", a, l.Addr().Network())
	}
	c, d := e.dialTo(t, s, l)
	echo(t, e, c, d)
	if got := l.Traits(); got != d.Traits() || got != c.Traits() {
		t.Errorf("the listener promises %+v, its connection %+v", got, d.Traits())
	}
}

// acceptGivesConns: the values of Accept are transport.Conns, though its signature does not say so.
func acceptGivesConns(t TB, e *env) {
	s, l := e.listen(t)
	var got net.Conn
	k := start(func() (err error) {
		got, err = l.Accept()
		return err
	})
	c := e.dial(t, s, l)
	must(t, e.wait(t, k, "Accept"), "Accept")
	t.Cleanup(func() { got.Close() })
	b, ok := got.(transport.Conn)
	if !ok {
		t.Fatalf("Accept gives a %T, which is no transport.Conn", got)
	}
	echo(t, e, c, b)
}

// acceptEndsWithClose, whether it was waiting already or comes later; Close may come again.
func acceptEndsWithClose(t TB, e *env) {
	_, l := e.listen(t)
	accept := func() error { _, err := l.Accept(); return err }
	acceptConn := func() error { _, err := l.AcceptConn(); return err }
	var tasks []*task
	for range 3 {
		tasks = append(tasks, start(accept), start(acceptConn))
	}
	must(t, e.do(t, "Close", l.Close), "Close")
	for _, k := range append(tasks, start(accept), start(acceptConn)) {
		must(t, wantOpError(e.wait(t, k, "Accept of a closed listener"), net.ErrClosed), "Accept of a closed listener")
	}
	if err := e.do(t, "second Close", l.Close); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v, want net.ErrClosed or nothing", err)
	}
}

// acceptedOutlive: closing the listener leaves the accepted connections alone.
func acceptedOutlive(t TB, e *env) {
	s, l := e.listen(t)
	a, b := e.dialTo(t, s, l)
	must(t, e.do(t, "Close", l.Close), "Close")
	echo(t, e, a, b)
}

// listenAgain: the address is free once its listener is closed.
func listenAgain(t TB, e *env) {
	s, l := e.listen(t)
	at := address(t, l)
	for range 3 {
		must(t, e.do(t, "Close", l.Close), "Close")
		again, err := s.Transport.Listen(t.Context(), at)
		must(t, err, "Listen again")
		t.Cleanup(func() { again.Close() })
		l = again
		a, b := e.dialTo(t, s, l)
		echo(t, e, a, b)
		closeBoth(b, a)
	}
}

// inUse: a live listener keeps its address, and the attempt does it no harm.
func inUse(t TB, e *env) {
	s, l := e.listen(t)
	for range 2 {
		second, err := s.Transport.Listen(t.Context(), address(t, l))
		if err == nil {
			second.Close()
		}
		must(t, wantKind(err, transport.ErrInUse), "Listen at an address in use")
		a, b := e.dialTo(t, s, l)
		echo(t, e, a, b)
	}
}

// stale: what a dead process left behind is nobody to dial and no obstacle to listen.
func stale(t TB, e *env) {
	s := e.maker(t)
	if s.Stale == nil {
		t.Logf("nothing can be left behind")
		return
	}
	at := s.Addr()
	must(t, s.Stale(at), "leaving a stale endpoint")
	_, err := s.Transport.Dial(t.Context(), at)
	must(t, wantKind(err, transport.ErrNoServer), "Dial to a stale endpoint")
	l, err := s.Transport.Listen(t.Context(), at)
	must(t, err, "Listen at a stale endpoint")
	t.Cleanup(func() { l.Close() })
	a, b := e.dialTo(t, s, l)
	echo(t, e, a, b)
}

// foreignScheme: addresses of other transports are refused.
func foreignScheme(t TB, e *env) {
	s := e.maker(t)
	at := transport.Addr{Scheme: "nobodys", Rest: "x"}
	_, err := s.Transport.Dial(t.Context(), at)
	must(t, wantKind(err, transport.ErrAddress), "Dial with a foreign scheme")
	_, err = s.Transport.Listen(t.Context(), at)
	must(t, wantKind(err, transport.ErrAddress), "Listen with a foreign scheme")
	if len(s.Transport.Schemes()) == 0 {
		t.Errorf("the transport names no scheme")
	}
}

// diallers: two hundred at once, each served once.
func diallers(t TB, e *env) {
	const n = 200
	s, l := e.listen(t)
	var served sync.WaitGroup
	accepting := start(func() error {
		for range n {
			c, err := l.AcceptConn()
			if err != nil {
				return err
			}
			served.Go(func() { // gives back what it gets, the number of the dialler, until that one goes
				io.Copy(c, c)
				c.Close()
			})
		}
		return nil
	})
	var dialling []*task
	for i := range n {
		dialling = append(dialling, start(func() error {
			c, err := s.Transport.Dial(t.Context(), address(t, l))
			if err != nil {
				return err
			}
			defer c.Close()
			num := [1]byte{byte(i)}
			if _, err := c.Write(num[:]); err != nil {
				return err
			}
			if _, err := c.Read(num[:]); err != nil || num[0] != byte(i) {
				return fmt.Errorf("dialler %d got %d, %w", i, num[0], err)
			}
			return nil
		}))
	}
	for i, k := range dialling {
		must(t, e.wait(t, k, fmt.Sprintf("dialler %d of %d", i, n)), fmt.Sprintf("dialler %d of %d", i, n))
	}
	must(t, e.wait(t, accepting, "accepting"), "accepting")
	served.Wait()
}

// listenerLeavesNothing: whole lives of listeners, some with an Accept that waits and a connection nobody accepts.
func listenerLeavesNothing(t TB, e *env) {
	s := e.maker(t)
	leavesNothing(t, func() error {
		l, err := s.Transport.Listen(t.Context(), s.Addr())
		if err != nil {
			return err
		}
		c, err := s.Transport.Dial(t.Context(), address(t, l))
		if err != nil {
			return err
		}
		k := start(func() error {
			for {
				b, err := l.Accept()
				if err != nil {
					return err
				}
				b.Close()
			}
		})
		err = e.do(t, "Close of a listener", l.Close)
		e.wait(t, k, "Accept of a closed listener")
		c.Close() // may well complain: its other end was closed first
		return err
	})
}
