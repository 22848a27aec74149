package transporttest

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fault is one way to break a promise, and what the case of that promise must say to it.
type fault struct {
	in    string // name of the case
	name  string
	want  string // part of what the case says
	hangs bool   // the case runs out of patience; so it does as well when want says what blocks
	needs string // operating systems it can be seen on; "" is all
	spoil func(*fakeNetwork)
}

// blocks is what cases say of what hangs.
const blocks = "still blocked"

// shortPatience is for fakes that are known to hang: it may be as short as it likes.
const shortPatience = 100 * time.Millisecond

func streamCases() []testCase { return slices.Concat(connCases, listenCases) }

func streamFaults() []fault {
	return slices.Concat(byteFaults, closeFaults, endFaults, deadlineFaults, tryFaults, identityFaults, listenFaults, dialFaults)
}

// Every case passes on the fake as long as nothing is broken.
func TestHonestFakePasses(t *testing.T) {
	for _, c := range streamCases() {
		n := newFakeNetwork()
		e := newStreamEnv(n.setup)
		e.short = true
		if said := newRecorder(c.name, t.TempDir()).run(c, e, n.release); said != "" {
			t.Errorf("%s: %s", c.name, said)
		}
	}
}

// Every case fails on the fakes that break its promise, for that reason.
func TestBrokenFakesFail(t *testing.T) {
	for _, f := range streamFaults() {
		t.Run(f.in+"/"+f.name, func(t *testing.T) {
			n := newFakeNetwork()
			f.spoil(n)
			f.check(t, streamCases(), newStreamEnv(n.setup), n.release)
		})
	}
}

// check runs the case of f and sees it fail.
func (f fault) check(t *testing.T, cases []testCase, e *env, release func()) {
	if f.needs != "" && !strings.Contains(f.needs, runtime.GOOS) {
		release()
		t.Skip("cannot be seen on " + runtime.GOOS)
	}
	i := slices.IndexFunc(cases, func(c testCase) bool { return c.name == f.in })
	if i < 0 {
		t.Fatalf("there is no case %q", f.in)
	}
	e.short = true
	if f.hangs || strings.Contains(f.want, blocks) {
		e.patience = shortPatience
	}
	said := newRecorder(t.Name(), t.TempDir()).run(cases[i], e, release)
	if !strings.Contains(said, f.want) {
		t.Errorf("the case said %q, want %q", said, f.want)
	}
}

func TestBrokenMessagesFail(t *testing.T) {
	for _, f := range messageFaults {
		t.Run(f.in+"/"+f.name, func(t *testing.T) {
			n := newFakeNetwork()
			f.spoil(n)
			f.check(t, messageCases, newEnv(messagePair(n)), n.release)
		})
	}
}

// A case that no fake fails proves nothing.
func TestEveryCaseHasAFault(t *testing.T) {
	for _, part := range []struct {
		cases  []testCase
		faults []fault
	}{{streamCases(), streamFaults()}, {messageCases, messageFaults}} {
		for _, c := range part.cases {
			if !slices.ContainsFunc(part.faults, func(f fault) bool { return f.in == c.name }) {
				t.Errorf("no fake breaks %s", c.name)
			}
		}
	}
}
