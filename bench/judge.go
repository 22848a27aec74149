package main

import (
	"fmt"
	"strings"

	"github.com/bellpull/bellpull/bench/workload"
)

// judged holds the result against the targets: a row each, as far as their workloads were measured.
func (r *result) judged() table {
	t := table{title: "What it must reach", head: []string{"what", "peer", "target", "measured", "met"}}
	for _, want := range workload.Targets() {
		c := r.find(want.Workload, want.Peer)
		if c == nil {
			continue
		}
		row := []string{want.Text, want.Peer, r.bound(want), "–", "no"}
		if s, ok := c.Figures[want.Figure]; ok {
			row[3] = spread(s, writer(want.Figure))
			if r.met(want, s.Median) {
				row[4] = "yes"
			}
		}
		t.rows = append(t.rows, row)
	}
	if rows, behind := r.ahead("shm"); rows > 0 {
		measured := fmt.Sprintf("%d of %d rows", rows-len(behind), rows)
		t.rows = append(t.rows, []string{"ahead of every peer in every row at once", "shm", "all rows", measured, yes(len(behind) == 0)})
		if len(behind) > 0 {
			t.notes = append(t.notes, "Behind in "+strings.Join(behind, "; ")+".")
		}
	}
	return t
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// writer writes a figure as tables do.
func writer(figure string) func(float64) string {
	switch figure {
	case workload.Ratio:
		return times
	case workload.P50, workload.P99, workload.P999:
		return func(v float64) string { return micros(v) + " µs" }
	case workload.Memory:
		return kib
	}
	return count
}

// limit gives the number that a figure is held against.
func (r *result) limit(t workload.Target) (v float64, ok bool) {
	switch {
	case t.Than != "":
		v, ok = r.figure(t.Workload, t.Than, t.Figure)
		return v + t.Slack, ok
	case t.AtLeast > 0:
		return t.AtLeast, true
	}
	return t.AtMost, true
}

func (r *result) met(t workload.Target, v float64) bool {
	limit, ok := r.limit(t)
	if t.AtLeast > 0 {
		return ok && v >= limit
	}
	return ok && v <= limit
}

// bound writes a target.
func (r *result) bound(t workload.Target) string {
	write := writer(t.Figure)
	limit, ok := r.limit(t)
	switch {
	case t.AtLeast > 0:
		return "at least " + write(t.AtLeast)
	case t.Than != "" && !ok:
		return "at most that of " + t.Than
	case t.Than != "":
		return fmt.Sprintf("at most that of %s, %s", t.Than, write(limit))
	}
	return "at most " + write(t.AtMost)
}

// ahead counts the rows of a peer and lists those in which it is behind one that is not ours, with who is ahead.
func (r *result) ahead(peer string) (rows int, behind []string) {
	for _, w := range workload.Table() {
		own, there := r.figure(w.Name, peer, w.By)
		if !there {
			continue
		}
		rows++
		var who []string
		for _, c := range r.cells {
			other, there := c.Figures[w.By]
			if c.Workload != w.Name || c.Ours || !there {
				continue
			}
			if workload.Larger(w.By) && other.Median > own || !workload.Larger(w.By) && other.Median < own {
				who = append(who, c.Peer)
			}
		}
		if len(who) > 0 {
			behind = append(behind, w.Name+" ("+strings.Join(who, ", ")+")")
		}
	}
	return rows, behind
}
