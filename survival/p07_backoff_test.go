//go:build linux || darwin

package survival

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// dials is a transport that notes when it was asked to dial.
type dials struct {
	transport.Transport
	mu sync.Mutex
	at []time.Time
}

func (d *dials) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	d.mu.Lock()
	d.at = append(d.at, time.Now())
	d.mu.Unlock()
	return d.Transport.Dial(ctx, a)
}

// pauses gives the times between the dials behind the first skip ones.
func (d *dials) pauses(skip int) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []time.Duration
	for i := skip + 1; i < len(d.at); i++ {
		list = append(list, d.at[i].Sub(d.at[i-1]))
	}
	return list
}

// fullJitter checks what the n-th pauses of many peers were: none above 200 ms doubled n times or 2 s, and spread evenly
// between that and nothing.
func fullJitter(t *testing.T, what string, pauses [][]time.Duration) {
	t.Helper()
	for n := range 8 {
		bound := min(2*time.Second, 200*time.Millisecond<<n)
		var sum, most time.Duration
		least := bound
		for _, p := range pauses {
			if len(p) <= n {
				t.Fatalf("%s: a peer tried %d times only", what, len(p))
			}
			sum, most, least = sum+p[n], max(most, p[n]), min(least, p[n])
		}
		mean := sum / time.Duration(len(pauses))
		if most > bound || most < bound*7/10 || least > bound*3/10 || mean < bound*3/10 || mean > bound*7/10 {
			t.Errorf("%s: pause %d of %d peers was %v to %v, %v on average, want full jitter up to %v",
				what, n+1, len(pauses), least, most, mean, bound)
		}
	}
}

// TestP07PausesAreFullJitterFrom200MillisecondsTo2Seconds: a peer that was up is dialled again at once, and from then on
// with pauses. So is a server that a dial waits for, but for the beginning.
func TestP07PausesAreFullJitterFrom200MillisecondsTo2Seconds(t *testing.T) {
	for _, w := range ways {
		w.carrier = "mem"
		t.Run(w.String(), func(t *testing.T) {
			t.Run("redial", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { pausesOfRedials(t, w) }) })
			t.Run("wait for server", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { pausesOfPatience(t, w) }) })
		})
	}
}

// jittered is how many peers are looked at.
const jittered = 100

func pausesOfRedials(t *testing.T, w way) {
	w.network = mem.New()
	theirs := &cuts{Transport: w.network}
	node, err := w.listen(t.Context(), "mem:s", nil, nodeOptions(bellpull.WithTransports(theirs)))
	if err != nil {
		t.Fatal(err)
	}
	defer closeNode(node)
	var all []*dials
	for range jittered {
		d := &dials{Transport: w.network}
		peer, err := w.tryDial(t.Context(), "mem:s", nodeOptions(bellpull.WithTransports(d)))
		if err != nil {
			t.Fatal(err)
		}
		defer hangUp(peer)
		all = append(all, d)
	}
	theirs.cut()
	died := time.Now()
	time.Sleep(30 * time.Second)
	var (
		pauses [][]time.Duration
		first  time.Duration
	)
	for _, d := range all {
		pauses = append(pauses, d.pauses(1))
		first = max(first, d.at[1].Sub(died))
	}
	if first > 50*time.Millisecond { // that is how long it may take to see the end of a link
		t.Errorf("the first try to reconnect came after %v, want at once", first)
	}
	fullJitter(t, "redial", pauses)
}

func pausesOfPatience(t *testing.T, w way) {
	w.network = mem.New()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	all := make([]*dials, jittered)
	for i := range all {
		all[i] = &dials{Transport: w.network}
		wg.Go(func() {
			_, err := w.tryDial(ctx, "mem:s", dialOptions(bellpull.WaitForServer()), nodeOptions(bellpull.WithTransports(all[i])))
			if err == nil || ctx.Err() == nil {
				t.Errorf("a dial that waits for a server ended before its context: %v", err)
			}
		})
	}
	wg.Wait()
	var pauses [][]time.Duration
	for _, d := range all {
		pauses = append(pauses, d.pauses(0))
	}
	fullJitter(t, "wait for server", pauses)
}
