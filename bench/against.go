package main

import (
	"fmt"
	"io"

	"github.com/bellpull/bellpull/bench/workload"
	"github.com/bellpull/bellpull/internal/chart"
	"github.com/bellpull/bellpull/internal/measure"
)

// compared are the figures of a cell that are compared with those of another run. Ratios to the raw socket come first: they
// say something even where the machine is another one.
func compared() []string {
	return []string{workload.Ratio, workload.PerSecond, workload.P50, workload.P999, workload.CPUBoth, workload.AllocsBoth, workload.Memory}
}

// compare writes what differs between two results by more than their rounds do; with all, what does not as well.
func compare(w io.Writer, old, now *result, all bool) error {
	fmt.Fprintf(w, "old: %s, %v\nnew: %s, %v\n", old.run.Date, old.run, now.run.Date, now.run)
	if old.run.CPU != now.run.CPU || old.run.CPUs != now.run.CPUs {
		fmt.Fprintln(w, "The machines differ: look at the ratios to raw alone.")
	}
	t := table{title: "old and new", head: []string{"workload, peer, figure", "old", "new", "ratio", ""}}
	same, lost := 0, 0
	for _, was := range old.cells {
		is := now.find(was.Workload, was.Peer)
		if is == nil || len(was.Figures) == 0 {
			continue
		}
		if len(is.Figures) == 0 {
			lost++
			t.rows = append(t.rows, []string{was.Workload + ", " + was.Peer, "there", "gone", "", is.Note})
			continue
		}
		for _, name := range compared() {
			a, ok := was.Figures[name]
			b, too := is.Figures[name]
			if !ok || !too {
				continue
			}
			c := measure.Compare(a, b, min(was.Rounds, is.Rounds))
			verdict := "within noise"
			if c.Beyond {
				verdict = "worse"
				if (b.Median > a.Median) == workload.Larger(name) {
					verdict = "better"
				}
			} else if same++; !all {
				continue
			}
			t.rows = append(t.rows, []string{was.Workload + ", " + was.Peer + ", " + name, chart.Number(a.Median), chart.Number(b.Median),
				fmt.Sprintf("%.2fx", c.Ratio), verdict})
		}
	}
	t.plain(w)
	if !all {
		fmt.Fprintf(w, "  and %d figures within noise; -all lists them\n", same)
	}
	if lost > 0 {
		return fmt.Errorf("%d cells that the old result has failed", lost)
	}
	return nil
}
