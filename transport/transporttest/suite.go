package transporttest

import (
	"net"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/bellpull/bellpull/transport"
)

// A Setup says what is tested.
type Setup struct {
	// Transport is under test. It must not be shared between Setups.
	Transport transport.Transport
	// Addr gives an address to listen at: another one, or one that stands for another one such as port 0, every time.
	Addr func() transport.Addr
	// Stale leaves at the address what a process that was killed leaves there. nil when nothing can be left.
	Stale func(transport.Addr) error
	// Backlog is how many connections wait for Accept before Dial blocks; 0 when the system decides.
	Backlog int
}

// A Maker makes the Setup of one case. It registers with t whatever must be undone.
type Maker func(t TB) Setup

// A PairMaker makes two connected ends. It registers with t whatever must be undone, but for closing the two.
type PairMaker func(t TB) (a, b transport.Conn)

// TestStream tests a transport that carries a stream of bytes: its connections both ways, and its listeners.
func TestStream(t *testing.T, maker Maker) {
	e := newStreamEnv(maker)
	TestPair(t, e.pair)
	runAll(t, listenCases, e)
}

// TestPair tests the connections of a transport that carries a stream of bytes and may have no listeners.
func TestPair(t *testing.T, pair PairMaker) {
	t.Run("nettest", func(t *testing.T) {
		if a, b := pair(t); closeBoth(a, b) && a.Traits().Encrypted {
			t.Skip("what is encrypted cannot go on after a write that met its deadline, which nettest wants")
		}
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			a, b := pair(t)
			return a, b, func() { closeBoth(a, b) }, nil
		})
	})
	runAll(t, connCases, newEnv(pair))
}

// TestMessage tests the connections of a transport that keeps the boundaries of messages.
func TestMessage(t *testing.T, pair PairMaker) {
	runAll(t, messageCases, newEnv(pair))
}

// A testCase tests one promise.
type testCase struct {
	name  string
	needs func(transport.Conn) string // says why the case does not apply, or "" when it does; nil: always
	run   func(t TB, e *env)
}

// env is what a case works with.
type env struct {
	maker    Maker // nil for a transport without listeners
	pair     PairMaker
	patience time.Duration
	short    bool
}

func newEnv(pair PairMaker) *env {
	return &env{pair: pair, patience: defaultPatience, short: testing.Short()}
}

func newStreamEnv(maker Maker) *env {
	e := newEnv(nil)
	e.maker, e.pair = maker, e.dialPair
	return e
}

func runAll(t *testing.T, cases []testCase, e *env) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if why := c.skip(t, e); why != "" {
				t.Skip(why)
			}
			c.run(t, e)
		})
	}
}

// skip looks at a connection to find out whether the case applies.
func (c testCase) skip(t TB, e *env) string {
	if c.needs == nil {
		return ""
	}
	a, b := e.pair(t)
	defer closeBoth(a, b)
	return c.needs(a)
}

// connect makes a pair that is closed with the case.
func (e *env) connect(t TB) (a, b transport.Conn) {
	t.Helper()
	a, b = e.pair(t)
	t.Cleanup(func() { closeBoth(a, b) })
	return a, b
}

// listen makes a listener that is closed with the case.
func (e *env) listen(t TB) (Setup, transport.Listener) {
	t.Helper()
	s := e.maker(t)
	l, err := s.Transport.Listen(t.Context(), s.Addr())
	must(t, err, "Listen")
	t.Cleanup(func() { l.Close() })
	return s, l
}

// address gives what to dial to reach l.
func address(t TB, l transport.Listener) transport.Addr {
	t.Helper()
	a, ok := l.Addr().(transport.Addr)
	if !ok {
		t.Fatalf("Addr is a %T, want a transport.Addr", l.Addr())
	}
	return a
}

// dialPair makes both ends of one connection; a is the dialler's.
func (e *env) dialPair(t TB) (a, b transport.Conn) {
	t.Helper()
	s := e.maker(t)
	l, err := s.Transport.Listen(t.Context(), s.Addr())
	must(t, err, "Listen")
	defer l.Close()
	return e.meet(t, s, l)
}

// dialTo makes a connection to l that is closed with the case.
func (e *env) dialTo(t TB, s Setup, l transport.Listener) (a, b transport.Conn) {
	t.Helper()
	a, b = e.meet(t, s, l)
	t.Cleanup(func() { closeBoth(a, b) })
	return a, b
}

// meet dials and accepts at once: with TLS neither is done before the other has begun.
func (e *env) meet(t TB, s Setup, l transport.Listener) (a, b transport.Conn) {
	t.Helper()
	accepting := start(func() (err error) {
		b, err = l.AcceptConn()
		return err
	})
	dialling := start(func() (err error) {
		a, err = s.Transport.Dial(t.Context(), address(t, l))
		return err
	})
	must(t, e.wait(t, dialling, "Dial"), "Dial")
	must(t, e.wait(t, accepting, "AcceptConn"), "AcceptConn")
	return a, b
}

// closeBoth gives true, for use in conditions.
func closeBoth(a, b transport.Conn) bool {
	a.Close()
	b.Close()
	return true
}
