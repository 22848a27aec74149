package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/workload"
)

// fake makes a result of three rounds: factor is that of every peer but raw, whose calls take 10 µs.
func fake(factor map[string]float64) *result {
	o := &options{rounds: 3}
	var who []contestant
	for _, name := range []string{"raw", "shm", "unixsock", "grpc"} {
		who = append(who, contestant{Facts: rival.Facts{Name: name, Ours: name == "shm" || name == "unixsock"}})
	}
	r := newResult(o, who)
	for _, w := range workload.Table() {
		for _, c := range who {
			x := factor[c.Name]
			if c.Name == "raw" {
				x = 1
			}
			if x == 0 {
				r.cell(w, c).Note = "broken"
				continue
			}
			for round := range 3 {
				noise := 1 + 0.01*float64(round-1)
				r.cell(w, c).add(figures{workload.Ratio: x * noise, workload.PerSecond: 1e5 * x * noise, workload.Bytes: 1e9 * x * noise,
					workload.P50: 10 / x * noise, workload.P99: 20 / x, workload.P999: 50 / x,
					workload.CPUClient: 1 / x, workload.CPUServer: 1 / x, workload.CPUBoth: 2 / x,
					workload.AllocsClient: 0, workload.AllocsServer: 0.01, workload.AllocsBoth: 0.01,
					workload.Memory: 8192 / x, workload.Wakes: 0.1})
			}
		}
	}
	for _, w := range workload.Series() {
		for _, c := range who {
			if factor[c.Name] > 0 || c.Name == "raw" {
				r.cell(w, c).add(figures{workload.P50: float64(w.Bytes), workload.CPUBoth: float64(w.Conns)})
			}
		}
	}
	return r
}

func TestFiguresAreMediansOfRoundsAndRatiosAreOfTheSameRound(t *testing.T) {
	if got := ratio(workload.PerSecond, figures{workload.PerSecond: 300}, figures{workload.PerSecond: 100}); got != 3 {
		t.Errorf("three times as many are %v", got)
	}
	if got := ratio(workload.P50, figures{workload.P50: 5}, figures{workload.P50: 20}); got != 4 {
		t.Errorf("a quarter of the time is %v", got)
	}
	c := fake(map[string]float64{"shm": 20, "unixsock": 3, "grpc": 0.1}).find("call-64", "shm")
	if s := c.Figures[workload.Ratio]; c.Rounds != 3 || s.Median != 20 || s.Min != 19.8 || s.Max != 20.2 {
		t.Errorf("%d rounds, %+v", c.Rounds, s)
	}
}

func TestAResultIsReadAsItWasWritten(t *testing.T) {
	r := fake(map[string]float64{"shm": 20, "unixsock": 3})
	path := filepath.Join(t.TempDir(), "r.json")
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	again, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	r.write(&a)
	again.write(&b)
	if a.String() != b.String() || len(again.cells) != len(r.cells) {
		t.Errorf("%d cells of %d, and other bytes", len(again.cells), len(r.cells))
	}
	os.WriteFile(path, []byte(`{"event":"ready"}`), 0o600)
	if _, err := load(path); err == nil || !strings.Contains(err.Error(), "-save") {
		t.Errorf("a file of something else: %v", err)
	}
}

func TestTargetsAreMetOrNot(t *testing.T) {
	good := fake(map[string]float64{"shm": 40, "unixsock": 25, "grpc": 0.1}).judged()
	for _, row := range good.rows {
		if row[len(row)-1] != "yes" {
			t.Errorf("not met: %v", row)
		}
	}
	bad := fake(map[string]float64{"shm": 1, "unixsock": 0.5, "grpc": 2}).judged()
	for _, row := range bad.rows {
		if row[len(row)-1] != "no" && !strings.Contains(row[0], "allocations") && !strings.Contains(row[0], "wake-ups") &&
			!strings.HasPrefix(row[2], "at most that of") && !strings.Contains(row[0], "p99.9") {
			t.Errorf("met: %v", row)
		}
	}
	last := bad.rows[len(bad.rows)-1]
	if want := "0 of 15 rows"; last[3] != want || last[4] != "no" || len(bad.notes) != 1 || !strings.Contains(bad.notes[0], "call-64 (grpc)") {
		t.Errorf("the last row is %v, %v; want %s", last, bad.notes, want)
	}
	gone := fake(map[string]float64{"unixsock": 25, "grpc": 0.1}).judged()
	for _, row := range gone.rows {
		if row[1] == "shm" && (row[3] != "–" || row[4] != "no") {
			t.Errorf("a peer that failed: %v", row)
		}
	}
	if len(gone.rows) != len(good.rows)-1 { // it is in no row, so it is ahead in none
		t.Errorf("%d targets of a result in which a peer failed, want %d", len(gone.rows), len(good.rows)-1)
	}
}

func TestOurFailuresCountAndThoseOfOthersDoNot(t *testing.T) {
	if err := fake(map[string]float64{"shm": 1, "unixsock": 1}).failures(); err != nil {
		t.Errorf("grpc failed, and that is %v", err)
	}
	if err := fake(map[string]float64{"unixsock": 1, "grpc": 1}).failures(); err == nil {
		t.Error("shm failed, and that is no error")
	}
}

func TestComparingListsWhatIsBeyondNoise(t *testing.T) {
	old, now := fake(map[string]float64{"shm": 20, "unixsock": 3, "grpc": 1}), fake(map[string]float64{"shm": 30, "unixsock": 3.01})
	var b strings.Builder
	err := compare(&b, old, now, false)
	for _, want := range []string{"call-64, shm, x_raw", "1.50x", "better", "call-64, grpc", "gone", "figures within noise"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "unixsock") || strings.Contains(b.String(), "worse") {
		t.Errorf("noise is listed:\n%s", b.String())
	}
	if err == nil || !strings.Contains(err.Error(), "15 cells") {
		t.Errorf("what failed is %v", err)
	}
	b.Reset()
	if compare(&b, now, old, true); !strings.Contains(b.String(), "call-64, unixsock, x_raw") || !strings.Contains(b.String(), "worse") {
		t.Errorf("with all of it, the other way round:\n%s", b.String())
	}
}

const emptyPage = "# Performance\n\nText.\n\n<!-- bench:run -->\n<!-- /bench -->\n\nMore.\n\n<!-- bench:targets -->\nold\n<!-- /bench -->\n" +
	"<!-- bench:pictures -->\n<!-- /bench -->\n<!-- bench:tables -->\n<!-- /bench -->\nThe end.\n"

func TestTheDocumentGetsTablesAndPicturesAndKeepsItsText(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, page)
	os.WriteFile(path, []byte(emptyPage), 0o600)
	r := fake(map[string]float64{"shm": 20, "unixsock": 3, "grpc": 0.1})
	var first []byte
	for range 2 { // the second time it must come out the same
		if err := r.document(dir); err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(path)
		if first != nil && !bytes.Equal(b, first) {
			t.Errorf("written again it differs:\n%s", b)
		}
		first = b
	}
	for _, want := range []string{"# Performance\n\nText.\n", "\nMore.\n", "\nThe end.\n", "| shm | 20x | ", "### Calls of 1 KiB, one in flight",
		"![Time of a call, by bytes](performance-bytes.svg)", "| call, 64 B, one in flight, on different CPUs | shm | at least 25x | 20x (19.8x to 20.2x) | no |"} {
		if !strings.Contains(string(first), want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}
	if strings.Contains(string(first), "old") {
		t.Error("the old table is still there")
	}
	for _, file := range []string{"performance-calls.svg", "performance-conns.svg", "performance-bytes.svg"} {
		if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !bytes.Contains(b, []byte("unixsock")) {
			t.Errorf("%s: %v", file, err)
		}
	}
	os.WriteFile(path, []byte("nothing"), 0o600)
	if err := r.document(dir); err == nil || !strings.Contains(err.Error(), "bench:run") {
		t.Errorf("a page without blocks: %v", err)
	}
}

// TestThePageHasTheBlocks finds a page that -docs could not write.
func TestThePageHasTheBlocks(t *testing.T) {
	b, err := os.ReadFile("../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{blockRun, blockTargets, blockPictures, blockTables} {
		if _, err := fill(b, name, ""); err != nil {
			t.Error(err)
		}
	}
}
