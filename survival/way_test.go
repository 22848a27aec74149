//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// A way is how two processes talk: a carrier, and DMTP in one of its modes or dotnetCampus.Ipc.
type way struct {
	carrier string // scheme of the address
	plain   bool   // nothing that is not TouchSocket's
	campus  bool   // dotnetCampus.Ipc
	network *mem.Network
}

// ways are what is spoken.
var ways = []way{{}, {plain: true}, {campus: true}}

// carriers are all that exist. shm is of Linux only.
var carriers = []string{"local", "unix", "tcp", "npipe", "shm", "mem"}

// campusCarriers are those on which it is tested. local: and shm are sockets as unix: and npipe:, with the same names.
var campusCarriers = []string{"npipe", "unix", "tcp", "mem"}

// String gives "local/compact".
func (w way) String() string {
	switch {
	case w.campus:
		return w.carrier + "/campus"
	case w.plain:
		return w.carrier + "/plain"
	}
	return w.carrier + "/compact"
}

// parseWay reads what String gave, for programs.
func parseWay(s string) (way, error) {
	carrier, mode, ok := strings.Cut(s, "/")
	if !ok || mode != "compact" && mode != "plain" && mode != "campus" {
		return way{}, fmt.Errorf("no way: %q", s)
	}
	return way{carrier: carrier, plain: mode == "plain", campus: mode == "campus"}, nil
}

// eachWay runs f as a subtest for every way there is, and checks that it leaves nothing behind. With -short these are
// three: DMTP with a process at the other end and without one, and dotnetCampus.Ipc.
func eachWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	for _, c := range carriers {
		for _, w := range ways {
			w.carrier = c
			switch {
			case c == "shm" && runtime.GOOS != "linux", w.campus && !slices.Contains(campusCarriers, c):
				continue
			case raced && w.campus && c == "unix": // pipes are Unix sockets too
				continue
			case testing.Short() && w.String() != "local/compact" && w.String() != "mem/compact" && w.String() != "npipe/campus":
				continue
			case c == "mem":
				w.network = mem.New()
			}
			t.Run(w.String(), func(t *testing.T) {
				leftNothing(t)
				w.prepare(t)
				f(t, w)
			})
		}
	}
}

// eachDMTPWay is eachWay for what is of DMTP alone.
func eachDMTPWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	eachWay(t, func(t *testing.T, w way) {
		if !w.campus {
			f(t, w)
		}
	})
}

// prepare makes the place where pipes have their files one of the test's own: those that killed clients leave are in
// nobody's way, but nobody would ever remove them.
func (w way) prepare(t *testing.T) {
	if w.campus && w.carrier == "npipe" {
		t.Setenv("TMPDIR", shortDir(t))
	}
}

// eachProcessWay is eachWay without mem, for what needs a process that can be stopped.
func eachProcessWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	eachWay(t, func(t *testing.T, w way) {
		if w.processes() {
			f(t, w)
		}
	})
}

// processes says that the carrier reaches other processes.
func (w way) processes() bool { return w.carrier != "mem" }

// death is the promise's bound for noticing that the other process has died.
func (w way) death() time.Duration {
	if w.carrier == "shm" {
		return 100 * time.Millisecond
	}
	return 50 * time.Millisecond
}

var addresses atomic.Int64

// address gives an address that nobody has.
func (w way) address(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("survival-%d-%d", os.Getpid(), addresses.Add(1))
	switch w.carrier {
	case "unix":
		return "unix:" + shortDir(t) + "/s"
	case "npipe":
		if !w.campus {
			return "npipe:" + shortDir(t) + "/CoreFxPipe_s"
		}
	case "tcp":
		return "tcp:" + freePort(t)
	}
	return w.carrier + ":" + name
}

// freePort gives an address of this machine at a port below those that the system hands out by itself, so that it
// stays free between two services of one test, and nobody who dials it can be given it as his own.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// transport is what the protocols do not bring themselves; nil for the others.
func (w way) transport() transport.Transport {
	if w.carrier == "mem" {
		return w.network
	}
	return nil
}

// hangUp closes a peer without waiting for a service that does not answer.
func hangUp(p *bellpull.Peer) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	p.Close(ctx)
}

// closeNode closes a node without waiting for handlers that are stuck.
func closeNode(n *bellpull.Node) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	n.Close(ctx)
}

// soon has a dialled peer try again every 5 ms, for tests in which it is not the pauses of P7 that matter.
func soon() option { return nodeOptions(bellpull.WithTransports(dice{})) }

// dice is a transport of nothing that throws its node's dice. They show a number only once.
type dice struct{}

var thrown atomic.Uint64

func (dice) Schemes() []string { return nil }

func (dice) Random() uint64 { return uint64(5*time.Millisecond) + 2*thrown.Add(1) }

func (dice) Dial(context.Context, transport.Addr) (transport.Conn, error) {
	return nil, errors.ErrUnsupported
}

func (dice) Listen(context.Context, transport.Addr) (transport.Listener, error) {
	return nil, errors.ErrUnsupported
}
