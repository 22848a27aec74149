package sim_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/sim"
)

var seedFlag = flag.String("seed", "", "the one seed to run, with its trace")

// The tests of whole runs, by name, with the grid of their times.
const (
	grid = time.Millisecond
	// hour is when a run that still goes on is taken for hung, on virtual time.
	hour = time.Hour
	// spin is the same on the real clock: a run takes milliseconds, but where a node works for ever no time passes.
	spin = 2 * time.Minute
	// aside keeps what the run does by itself apart from what it waited for.
	aside = 1013 * time.Nanosecond
)

// runs gives how many seeds a test tries: BELLPULL_SIM_RUNS, or few.
func runs(t *testing.T) int {
	if s := os.Getenv("BELLPULL_SIM_RUNS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal("BELLPULL_SIM_RUNS:", err)
		}
		return n
	}
	switch {
	case testing.Short():
		return 50
	case raced:
		return 500
	}
	return 2000
}

// run plays a plan in a bubble of its own, to the end.
func run(t *testing.T, p *plan, trace bool) *journal { return bubble(t, p, trace, (*world).play) }

// bubble plays f in a bubble, with the network of a plan, and judges it.
func bubble(t *testing.T, p *plan, trace bool, f func(*world)) (j *journal) {
	defer func() {
		if v := recover(); v != nil { // synctest says so when goroutines are left that nothing can wake
			stacks := make([]byte, 1<<20)
			t.Fatalf("seed %#x: %v\n%s%s", p.seed, v, replay(t, p), stacks[:runtime.Stack(stacks, true)])
		}
	}()
	spinning := time.AfterFunc(spin, func() { panic(fmt.Sprintf("still running after %v\n%s", spin, replay(t, p))) })
	defer spinning.Stop()
	synctest.Test(t, func(t *testing.T) {
		w := &world{journal: newJournal(trace), plan: p, net: sim.New(p.seed, p.script), telling: make(chan struct{}, 1),
			gates: map[*bellpull.Peer]*gates{}}
		j = w.journal
		hung := time.AfterFunc(hour, func() { panic(fmt.Sprintf("seed %#x: still going on after %v", p.seed, hour)) })
		w.net.Buffer(p.buffer)
		if trace {
			w.net.Trace(func(event string) { w.note("%s", event) })
		}
		f(w)
		w.judge()
		hung.Stop()
	})
	return j
}

func (w *world) play() {
	w.startServer()
	for i, c := range w.plan.clients {
		w.addClient(i, c)
	}
	done := make(chan struct{})
	for _, c := range w.clients {
		go func() { c.run(); done <- struct{}{} }()
	}
	go func() { w.trouble(); done <- struct{}{} }()
	go func() {
		for _, pause := range w.plan.tells {
			time.Sleep(pause)
			w.tell()
		}
		done <- struct{}{}
	}()
	for range len(w.clients) + 2 {
		<-done
	}
	time.Sleep(aside)
	w.net.Calm(w.plan.calm)
	w.note("calm")
	for _, c := range w.clients {
		c.recovers()
	}
	for _, p := range w.all() {
		time.Sleep(aside)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		w.close(p, ctx, time.Second)
		cancel()
	}
	w.closing.Wait()
}

// all gives the processes that are to be closed.
func (w *world) all() (list []*process) {
	for _, c := range w.clients {
		list = append(list, c.proc)
	}
	return append(list, w.server())
}

func replay(t *testing.T, p *plan) string {
	name, _, _ := strings.Cut(t.Name(), "/")
	return fmt.Sprintf("again: go test ./internal/sim -run '^%s$' -v -seed %#x\n", name, p.seed)
}

// many runs seeds on all processors, or the one of the flag.
func many(t *testing.T, n int, grid time.Duration, f func(*world)) {
	if *seedFlag != "" {
		seed, err := strconv.ParseUint(*seedFlag, 0, 64)
		if err != nil {
			t.Fatal("-seed:", err)
		}
		p := newPlan(seed, grid)
		j := bubble(t, p, true, f)
		t.Log(strings.Join(j.sorted(), "\n"))
		report(t, p, j)
		return
	}
	var failed atomic.Int32
	for worker := range runtime.GOMAXPROCS(0) {
		t.Run(strconv.Itoa(worker), func(t *testing.T) {
			t.Parallel()
			for i := worker; i < n && failed.Load() < 5; i += runtime.GOMAXPROCS(0) {
				p := newPlan(seedOf(i), grid)
				if j := bubble(t, p, false, f); len(j.wrongs) > 0 {
					failed.Add(1)
					report(t, p, j)
				}
			}
		})
	}
}

// seedOf gives the seed of the i-th run.
func seedOf(i int) uint64 { return uint64(sim.Dice(1).Of(uint64(i))) }

func report(t *testing.T, p *plan, j *journal) {
	for _, text := range j.wrongs {
		t.Errorf("seed %#x: %s", p.seed, text)
	}
	if len(j.wrongs) > 0 {
		t.Log(replay(t, p))
	}
}

// TestSimulation runs nodes through trouble, no two things at one instant: such a run can be repeated.
func TestSimulation(t *testing.T) { many(t, runs(t), 0, (*world).play) }

// TestCrowdedSimulation has everything happen on the millisecond, so that much does at once and the scheduler decides.
// A seed repeats the script, and the outcome more often than not.
func TestCrowdedSimulation(t *testing.T) { many(t, runs(t)/4, grid, (*world).play) }

// TestASeedReplays runs seeds twice and compares all that happened, to the nanosecond and the byte. In one run of a
// hundred the scheduler has a say nevertheless: two goroutines of a node that one event wakes, such as the call that
// waited for a link and the dial that brought it.
func TestASeedReplays(t *testing.T) {
	n, differ := min(max(runs(t)/10, 40), 1000), 0
	for i := range n {
		p := newPlan(seedOf(i), 0)
		first, again := run(t, p, true).sorted(), run(t, p, true).sorted()
		if slices.Equal(first, again) {
			continue
		}
		differ++
		k := 0
		for k < min(len(first), len(again)) && first[k] == again[k] {
			k++
		}
		t.Logf("seed %#x, after %d equal lines:\n%s\nand the second time\n%s", p.seed, k,
			strings.Join(first[max(0, k-8):min(k+8, len(first))], "\n"), strings.Join(again[k:min(k+8, len(again))], "\n"))
	}
	if t.Logf("%d of %d seeds gave another run the second time", differ, n); differ > max(n/20, 4) && !raced {
		t.Error("that is too many: something other than the seed decides")
	}
}
