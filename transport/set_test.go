package transport_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/transport"
)

// named is a transport that answers every call with an error of its own.
type named struct {
	schemes []string
	err     error
}

func (n named) Schemes() []string { return n.schemes }

func (n named) Dial(context.Context, transport.Addr) (transport.Conn, error) { return nil, n.err }

func (n named) Listen(context.Context, transport.Addr) (transport.Listener, error) { return nil, n.err }

var (
	errOne = errors.New("one answers")
	errTwo = errors.New("two answers")
)

func TestSetResolves(t *testing.T) {
	one := named{[]string{"unix", "local"}, errOne}
	two := named{[]string{"tcp", "local"}, errTwo}
	set := transport.NewSet(one, two)
	if got, want := set.Schemes(), []string{"local", "tcp", "unix"}; !slices.Equal(got, want) {
		t.Errorf("Schemes = %q, want %q", got, want)
	}
	for scheme, want := range map[string]error{"unix": errOne, "tcp": errTwo, "local": errTwo} { // the later counts
		a := transport.Addr{Scheme: scheme, Rest: "x"}
		if _, err := set.Dial(t.Context(), a); err != want {
			t.Errorf("Dial(%q) = %v, want %v", a, err, want)
		}
		if _, err := set.Listen(t.Context(), a); err != want {
			t.Errorf("Listen(%q) = %v, want %v", a, err, want)
		}
	}
}

func TestSetIsImmutable(t *testing.T) {
	small := transport.NewSet(named{[]string{"unix"}, errOne})
	large := small.With(named{[]string{"unix", "mem"}, errTwo})
	if got := small.Schemes(); len(got) != 1 {
		t.Errorf("With changed the Set it was called on: %q", got)
	}
	if _, err := small.Dial(t.Context(), transport.Addr{Scheme: "unix"}); err != errOne {
		t.Errorf("Dial of the first Set = %v, want %v", err, errOne)
	}
	if _, err := large.Dial(t.Context(), transport.Addr{Scheme: "unix"}); err != errTwo {
		t.Errorf("Dial of the second Set = %v, want %v", err, errTwo)
	}
}

func TestUnknownScheme(t *testing.T) {
	a := transport.Addr{Scheme: "winmsg", Rest: "x"}
	for name, set := range map[string]transport.Set{
		"zero":  {},
		"empty": transport.NewSet(),
		"other": transport.NewSet(named{[]string{"mem", "tcp"}, nil}),
	} {
		_, findErr := set.Find(a)
		_, dialErr := set.Dial(t.Context(), a)
		_, listenErr := set.Listen(t.Context(), a)
		for _, err := range []error{findErr, dialErr, listenErr} {
			te, ok := errors.AsType[*transport.Error](err)
			if !ok || !errors.Is(err, transport.ErrAddress) || te.Addr != "winmsg:x" {
				t.Errorf("%s Set: %v, want ErrAddress with the address", name, err)
			}
			if ok && name == "other" && !strings.Contains(te.Advice, "mem, tcp") {
				t.Errorf("the advice %q does not say what there is", te.Advice)
			}
			if ok && name != "other" && strings.HasSuffix(te.Advice, " ") {
				t.Errorf("the advice %q of a Set without transports has no end", te.Advice)
			}
		}
	}
}
