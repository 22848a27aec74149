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
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// A way is how two processes talk: a carrier, in one of DMTP's modes.
type way struct {
	carrier string // scheme of the address
	plain   bool   // nothing that is not TouchSocket's
	network *mem.Network
}

// carriers are all that exist. shm is of Linux only.
var carriers = []string{"local", "unix", "tcp", "npipe", "shm", "mem"}

// String gives "local/compact".
func (w way) String() string {
	if w.plain {
		return w.carrier + "/plain"
	}
	return w.carrier + "/compact"
}

// parseWay reads what String gave, for programs.
func parseWay(s string) (way, error) {
	carrier, mode, ok := strings.Cut(s, "/")
	if !ok || mode != "compact" && mode != "plain" {
		return way{}, fmt.Errorf("no way: %q", s)
	}
	return way{carrier: carrier, plain: mode == "plain"}, nil
}

// eachWay runs f as a subtest for every way there is, and checks that it leaves nothing behind. With -short these are
// two: one with a process at the other end, one without.
func eachWay(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	for _, c := range carriers {
		for _, plain := range []bool{false, true} {
			if c == "shm" && runtime.GOOS != "linux" || testing.Short() && (plain || c != "local" && c != "mem") {
				continue
			}
			w := way{carrier: c, plain: plain}
			if c == "mem" {
				w.network = mem.New()
			}
			t.Run(w.String(), func(t *testing.T) {
				leftNothing(t)
				f(t, w)
			})
		}
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
		return "npipe:" + shortDir(t) + "/CoreFxPipe_s"
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

// options gives what both sides need for this way, and more.
func (w way) options(more ...dmtp.Option) []dmtp.Option {
	var opts []dmtp.Option
	if w.plain {
		opts = append(opts, dmtp.Plain())
	}
	switch w.carrier {
	case "tcp":
		opts = append(opts, dmtp.AllowAnonymous())
	case "mem":
		opts = append(opts, dmtp.NodeOptions(bellpull.WithTransports(w.transport())))
	}
	return append(opts, more...)
}

// transport is what dmtp does not bring itself; nil for the others.
func (w way) transport() transport.Transport {
	if w.carrier == "mem" {
		return w.network
	}
	return nil
}

// dial gives a peer of the service at addr, closed when the test ends.
func (w way) dial(t testing.TB, addr string, more ...dmtp.Option) *bellpull.Peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	peer, err := dmtp.Dial(ctx, addr, w.options(more...)...)
	if err != nil {
		t.Fatalf("dial %s: %v", addr, err)
	}
	t.Cleanup(func() { hangUp(peer) })
	return peer
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

// dialOptions makes an option of dmtp of those for the dial.
func dialOptions(opts ...bellpull.DialOption) dmtp.Option { return dmtp.DialOptions(opts...) }

// soon has a dialled peer try again every 5 ms, for tests in which it is not the pauses of P7 that matter.
func soon() dmtp.Option { return dmtp.NodeOptions(bellpull.WithTransports(dice{})) }

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
