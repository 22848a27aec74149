//go:build linux || darwin

package survival

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// longVar has the crowd be 10,000 peers, as promised, and not 500.
const longVar = "BELLPULL_LONG"

// idleProgram is N peers of one node, each with a link of its own, that do nothing: idle WAY ADDRESS N. It says
// "connected" when they are all up.
func idleProgram(args []string) {
	w, err := parseWay(args[0])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	n, _ := strconv.Atoi(args[2])
	node := bellpull.NewNode("", bellpull.WithMaxLinks(n+1))
	defer closeNode(node)
	fmt.Println("ready")
	p := &dmtp.Protocol{Plain: w.plain} // a pointer: one engine for all
	for range n {
		if _, err := node.Dial(context.Background(), args[1], p); err != nil {
			fmt.Println("failed", err)
			return
		}
	}
	fmt.Println("connected")
	io.Copy(io.Discard, os.Stdin)
}

// resident gives the process's resident set in bytes, 0 where the system does not say.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// p50 gives the least median of several rounds of calls.
func p50(t testing.TB, p *bellpull.Peer) time.Duration {
	t.Helper()
	least := time.Hour
	for range 10 {
		took := measure(t, p, 1000)
		slices.Sort(took)
		least = min(least, took[len(took)/2])
	}
	return least
}

// TestP06ACrowdOfIdlePeersCostsLittle: 10,000 authenticated connections that do nothing, from a process of their own
// because each end needs a descriptor, hold at most 16 KiB of heap and stack each, and the calls of one more peer take
// at most twice as long as alone.
func TestP06ACrowdOfIdlePeersCostsLittle(t *testing.T) {
	crowd := 500
	if os.Getenv(longVar) != "" {
		crowd = 10_000
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max // Go has done so already, unless somebody set it back
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	if most := int(min(limit.Cur, 1<<30)) - 100; most < crowd {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%d descriptors are not enough for %d connections", limit.Cur, crowd)
		}
		t.Logf("NOT TESTED WITH %d CONNECTIONS BUT WITH %d: the limit of descriptors is %d", crowd, most, limit.Cur)
		crowd = most
	}
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		good := w.dial(t, b.addr)
		measure(t, good, 1000)
		alone, heapBefore, residentBefore := p50(t, good), heap(), resident()

		from := time.Now()
		p := start(t, "idle", w.String(), b.addr, fmt.Sprint(crowd))
		select {
		case line := <-p.lines:
			if line != "connected" {
				t.Fatal(line)
			}
		case <-time.After(10 * patience):
			t.Fatal("the crowd is not there yet")
		}
		connected := time.Since(from)
		if n := count(b.node); n != crowd+1 {
			t.Errorf("%d peers are up, want %d", n, crowd+1)
		}
		runtime.GC()
		each, all := (heap()-heapBefore)/int64(crowd), (resident()-residentBefore)/int64(crowd)
		within := p50(t, good)
		t.Logf("%d idle peers connected within %v: %.1f KiB of heap and stack each, %.1f KiB resident; the p50 of a call is %v beside them, %v alone",
			crowd, connected.Round(time.Millisecond), float64(each)/1024, float64(all)/1024, within, alone)
		if each > 16<<10 && !raced {
			t.Errorf("%d bytes for each idle peer, want 16 KiB at most", each)
		}
		best(t, 5, 2*alone, fmt.Sprintf("the p50 of a call beside %d idle peers", crowd), func() time.Duration {
			within = min(within, p50(t, good))
			return within
		})
	})
}
