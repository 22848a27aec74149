package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/bench/rivals"
	"github.com/bellpull/bellpull/bench/worker"
	"github.com/bellpull/bellpull/bench/workload"
)

// TestMain lets the test binary be a worker, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == worker.Word {
		os.Exit(worker.Main(rivals.All(), os.Args[2:]))
	}
	dir, err := os.MkdirTemp("", "bench")
	if err == nil {
		err = buildBroker(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// short is a run that shows that everything works, and no figures.
func short(t *testing.T, peers string) *runner {
	t.Helper()
	o, err := parse([]string{"-rounds", "1", "-each", "5ms", "-idle", "50ms", "-peers", peers})
	if err != nil {
		t.Fatal(err)
	}
	who, err := contestants(t.Context(), nil, peers)
	if err != nil {
		t.Fatal(err)
	}
	return &runner{options: o, contestants: who, result: newResult(o, who)}
}

// TestEveryPeerRunsEveryKindOfWorkload finds a peer that does not answer, answers with something else, or loses messages.
func TestEveryPeerRunsEveryKindOfWorkload(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts two processes for each peer and workload")
	}
	r := short(t, "")
	for _, w := range workload.Table() {
		switch w.Name {
		case "call-1k", "call-4k", "call-64-parked", "notify-1k":
			continue // as others, with another number
		}
		w.Conns, w.Times = min(w.Conns, 10), 1
		run := r.round
		if w.Kind == workload.Idle {
			run = func(ctx context.Context, _ int, w workload.Workload) error { return r.idleRound(ctx, w) }
		}
		if err := run(t.Context(), 0, w); err != nil {
			t.Fatal(err)
		}
		for _, c := range r.contestants {
			got := r.result.cell(w, c)
			switch {
			case got.Note != "" && !got.Unfit && strings.Contains(got.Note, "cannot be put on CPUs"):
				t.Logf("%s, %s: %s", w.Name, c.Name, got.Note)
			case got.Note != "" && !got.Unfit:
				t.Errorf("%s, %s: %s", w.Name, c.Name, got.Note)
			case got.Note == "" && got.Figures[workload.PerSecond].Median <= 0 && w.Kind != workload.Idle:
				t.Errorf("%s, %s: the figures are %v", w.Name, c.Name, got.Figures)
			}
		}
	}
}

func TestBodiesOfEverySizeComeBackWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts two processes for each peer and size")
	}
	r := short(t, "")
	for _, w := range workload.Series() {
		if w.Bytes != 1 && w.Bytes != 64<<10 && w.Bytes != 4<<20 {
			continue
		}
		if err := r.round(t.Context(), 0, w); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.result.failures(); err != nil {
		t.Error(err)
	}
	for _, c := range r.result.cells {
		if c.Note != "" && !c.Unfit {
			t.Errorf("%s, %s: %s", c.Workload, c.Peer, c.Note)
		}
	}
}

func TestAMissingKindOfMessageIsNoFailure(t *testing.T) {
	r := short(t, "netrpc")
	w := workload.Table()[slices.IndexFunc(workload.Table(), func(w workload.Workload) bool { return w.Kind == workload.Notify })]
	if err := r.round(t.Context(), 0, w); err != nil {
		t.Fatal(err)
	}
	c := r.result.find(w.Name, "netrpc")
	if !c.Unfit || c.Note == "" || r.result.failures() != nil {
		t.Errorf("the cell is %+v, the failures %v", c, r.result.failures())
	}
}

func TestAnInterruptEndsARun(t *testing.T) {
	r := short(t, "")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("enough"))
	defer cancel()
	r.rounds, r.each = 1000, time.Hour
	if err := r.run(ctx, workload.Table()); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("error %v, want that of the context", err)
	}
}

// TestMorePeersComeFromAnotherProgram builds it without its peers: those need modules that are not everywhere.
func TestMorePeersComeFromAnotherProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "more")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	build.Dir = "more"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	own, err := contestants(t.Context(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := contestants(t.Context(), []string{path}, ""); err != nil || len(all) != len(own) {
		t.Errorf("%d peers with those of a program that has none, %v; want %d", len(all), err, len(own))
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if all, err := contestants(t.Context(), []string{exe}, ""); err != nil || len(all) != 2*len(own) || all[len(own)].program != exe {
		t.Errorf("%d peers with those of this program again, %v; want %d", len(all), err, 2*len(own))
	}
}

func TestFlagsThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"now", "no flag"},
		{"-o xml", "text or json"},
		{"-rounds 0", "-rounds"},
		{"-set all", "table, series or idle"},
		{"-workloads nothing", "none of that name"},
		{"-peers nobody", "unixsock"},
		{"-from no/such/file", "no such file"},
		{"-against no/such/file", "no such file"},
		{"-with /bin/false", "-with"},
	} {
		if err := bench(t.Context(), strings.Fields(c.args)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.args, err, c.want)
		}
	}
}

func TestWorkloadsAreChosenBySetAndName(t *testing.T) {
	for _, c := range []struct {
		args string
		want int
	}{
		{"", len(workload.Table()) - 1},
		{"-set idle", 1},
		{"-docs", len(workload.Table()) + len(workload.Series())},
		{"-workloads call-64,bytes/*", 1 + 9},
	} {
		o, err := parse(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := o.workloads(); err != nil || len(got) != c.want {
			t.Errorf("%q: %d workloads, %v; want %d", c.args, len(got), err, c.want)
		}
	}
}
