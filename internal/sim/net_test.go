package sim_test

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull/internal/sim"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/transporttest"
)

func at(name string) transport.Addr { return transport.Addr{Scheme: "mem", Rest: name} }

// A network that does no harm is a transport like any other, in pieces or whole.
func TestACalmNetworkIsATransport(t *testing.T) {
	for name, script := range map[string]sim.Script{
		"at once": sim.Calm,
		"in pieces": func(string, int, sim.Dice) sim.Course {
			f := sim.Fate{Latency: 10 * time.Microsecond, Jitter: 10 * time.Microsecond, Piece: 300_000, Room: 1 << 20}
			return sim.Course{Out: f, In: f}
		},
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.TestStream(t, func(transporttest.TB) transporttest.Setup {
				n := 0
				return transporttest.Setup{
					Transport: sim.New(1, script).Host("h"),
					Addr:      func() transport.Addr { n++; return at(strconv.Itoa(n)) },
					Backlog:   128,
				}
			})
		})
	}
}

// meet gives the two ends of the first connection of a host over a course.
func meet(t *testing.T, c sim.Course) (near, far transport.Conn) {
	t.Helper()
	n := sim.New(7, func(string, int, sim.Dice) sim.Course { return c })
	l, err := n.Host("server").Listen(t.Context(), at("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = n.Host("client").Dial(t.Context(), at("x")); err != nil {
		t.Fatal(err)
	}
	if far, err = l.AcceptConn(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

func TestACutComesBehindItsByte(t *testing.T) {
	for _, reset := range []bool{false, true} {
		for k := range int64(30) {
			synctest.Test(t, func(t *testing.T) {
				near, far := meet(t, sim.Course{Out: sim.Fate{Jitter: time.Millisecond, Piece: 4, Cuts: true, CutAt: k, Reset: reset}})
				defer near.Close()
				defer far.Close()
				if _, err := near.Write(make([]byte, 40)); err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(far)
				if int64(len(got)) != k || reset != errors.Is(err, syscall.ECONNRESET) || !reset && err != nil {
					t.Errorf("cut at %d, reset %v: read %d bytes and %v", k, reset, len(got), err)
				}
				if n, err := near.Read(make([]byte, 1)); n != 0 || reset != errors.Is(err, syscall.ECONNRESET) || !reset && err != io.EOF {
					t.Errorf("cut at %d, reset %v: the other way read %d and %v", k, reset, n, err)
				}
				if _, err := near.Write([]byte{1}); err == nil {
					t.Errorf("cut at %d, reset %v: wrote behind it", k, reset)
				}
			})
		}
	}
}

func TestAStallHoldsOneDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := meet(t, sim.Course{Out: sim.Fate{Latency: time.Millisecond, StallAt: 10, StallFor: time.Minute}})
		defer near.Close()
		defer far.Close()
		from := time.Now()
		buf := make([]byte, 100)
		for i, want := range []time.Duration{time.Millisecond, time.Minute + 2*time.Millisecond} {
			if _, err := near.Write(buf[:10]); err != nil {
				t.Fatal(err)
			}
			if n, err := far.Read(buf); n != 10 || err != nil {
				t.Fatal(n, err)
			}
			if took := time.Since(from); took != want {
				t.Errorf("write %d arrived after %v, want %v", i, took, want)
			}
			if _, err := far.Write(buf[:1]); err != nil {
				t.Fatal(err)
			}
			if n, err := near.Read(buf); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
	})
}

func TestAKilledProcessSaysNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sim.New(7, func(string, int, sim.Dice) sim.Course {
			return sim.Course{In: sim.Fate{Latency: time.Second}}
		})
		server := n.Host("server")
		l, err := server.Listen(t.Context(), at("x"))
		if err != nil {
			t.Fatal(err)
		}
		near, err := n.Host("client").Dial(t.Context(), at("x"))
		if err != nil {
			t.Fatal(err)
		}
		far, err := l.AcceptConn()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := far.Write([]byte("last words")); err != nil {
			t.Fatal(err)
		}
		server.Kill()
		if _, err := far.Write([]byte("of a ghost")); err == nil {
			t.Error("the dead write")
		}
		if _, err := server.Dial(t.Context(), at("x")); !errors.Is(err, transport.ErrNoServer) {
			t.Error("the dead dial:", err)
		}
		if _, err := l.AcceptConn(); err == nil {
			t.Error("the dead accept")
		}
		if l, err := n.Host("another").Listen(t.Context(), at("x")); err != nil {
			t.Error("the name of the dead is taken:", err)
		} else {
			l.Close()
		}
		if got, err := io.ReadAll(near); string(got) != "last words" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		near.Close()
		if n.Open() != 0 {
			t.Error(n.Open(), "ends are open")
		}
	})
}

// Where the dice fall must not depend on who asks first: all is looked up by the byte.
func TestPiecesAreAFunctionOfTheSeed(t *testing.T) {
	times := func() (list []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			near, far := meet(t, sim.Course{Out: sim.Fate{Latency: time.Millisecond, Jitter: time.Millisecond, Piece: 10}})
			defer near.Close()
			defer far.Close()
			from := time.Now()
			go near.Write(make([]byte, 100))
			for n := 0; n < 100; {
				m, err := far.Read(make([]byte, 100))
				if err != nil {
					t.Fatal(err)
				}
				n += m
				list = append(list, time.Since(from), time.Duration(m))
			}
		})
		return list
	}
	first := times()
	if len(first) < 10 {
		t.Error("only", len(first)/2, "pieces")
	}
	for range 20 {
		if again := times(); !slices.Equal(first, again) {
			t.Fatal(first, again)
		}
	}
}
