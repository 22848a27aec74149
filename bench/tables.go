package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/bellpull/bellpull/bench/workload"
	"github.com/bellpull/bellpull/internal/chart"
	"github.com/bellpull/bellpull/internal/measure"
)

// A column of a table of peers.
type column struct {
	head string
	text func(*cell) string
}

func column1(head, figure string, write func(float64) string) column {
	return column{head, func(c *cell) string { return figureText(c, figure, write) }}
}

func figureText(c *cell, figure string, write func(float64) string) string {
	s, ok := c.Figures[figure]
	if !ok {
		return "–"
	}
	return write(s.Median)
}

// both writes the client's figure and the server's.
func both(head, client, server string, write func(float64) string) column {
	return column{head, func(c *cell) string {
		return figureText(c, client, write) + " + " + figureText(c, server, write)
	}}
}

func times(v float64) string { return chart.Number(v) + "x" }
func micros(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return chart.Number(v)
}

func seconds(v float64) string { return fmt.Sprintf("%.2f", v) }

// count writes a number of things, and 0 for what the runtime does now and then.
func count(v float64) string {
	if v < 0.05 {
		return "0"
	}
	return chart.Number(v)
}

func kib(v float64) string { return fmt.Sprintf("%.1f KiB", v/1024) }

// columns gives those of a kind of workload.
func columns(w workload.Workload) []column {
	vs := column1("vs raw", workload.Ratio, times)
	p50, p99, p999 := column1("p50 µs", workload.P50, micros), column1("p99 µs", workload.P99, micros), column1("p99.9 µs", workload.P999, micros)
	cpu := both("CPU s per million", workload.CPUClient, workload.CPUServer, seconds)
	allocs := both("allocations", workload.AllocsClient, workload.AllocsServer, count)
	switch w.Kind {
	case workload.Notify:
		return []column{vs, column1("messages/s", workload.PerSecond, chart.Number), cpu, allocs}
	case workload.Stream:
		return []column{vs, column1("B/s", workload.Bytes, chart.Number), both("CPU s per million writes", workload.CPUClient, workload.CPUServer, seconds)}
	case workload.Idle:
		return []column{vs, column1("memory of a connection", workload.Memory, kib), column1("wake-ups/s", workload.Wakes, count)}
	}
	return []column{vs, column1("calls/s", workload.PerSecond, chart.Number), p50, p99, p999, cpu, allocs}
}

// A table is a head and rows of words.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

// tables gives one for each workload that has cells, but not for those of series.
func (r *result) tables() (list []table) {
	for _, w := range workload.Table() {
		if t := r.table(w); len(t.rows) > 0 {
			list = append(list, t)
		}
	}
	return list
}

func (r *result) table(w workload.Workload) table {
	cols := columns(w)
	t := table{title: w.Title, head: []string{"peer"}}
	for _, c := range cols {
		t.head = append(t.head, c.head)
	}
	unfit := map[string][]string{}
	var reasons []string
	for _, p := range r.run.Peers {
		c := r.find(w.Name, p.Name)
		switch {
		case c == nil:
			continue
		case len(c.Figures) == 0 && c.Unfit:
			if unfit[c.Note] == nil {
				reasons = append(reasons, c.Note)
			}
			unfit[c.Note] = append(unfit[c.Note], p.Name)
			continue
		case len(c.Figures) == 0:
			t.notes = append(t.notes, p.Name+" failed: "+c.Note)
			continue
		case c.Note != "":
			t.notes = append(t.notes, fmt.Sprintf("%s failed after %d rounds: %s", p.Name, c.Rounds, c.Note))
		}
		name := p.Name
		if c.Conns > 0 && c.Conns != w.Conns {
			name = fmt.Sprintf("%s (%d connections)", name, c.Conns)
		}
		row := []string{name}
		for _, col := range cols {
			row = append(row, col.text(c))
		}
		t.rows = append(t.rows, row)
	}
	for _, why := range reasons {
		t.notes = append(t.notes, "Not there: "+strings.Join(unfit[why], ", ")+" ("+why+").")
	}
	return t
}

// plain writes a table for a terminal.
func (t table) plain(w io.Writer) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, word := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(word))
		}
	}
	fmt.Fprintf(w, "\n%s\n", t.title)
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, word := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(word))
			if i == 0 {
				fmt.Fprint(w, "  "+word+pad)
			} else {
				fmt.Fprint(w, "  "+pad+word)
			}
		}
		fmt.Fprintln(w)
	}
	for _, n := range t.notes {
		fmt.Fprintln(w, "  "+n)
	}
}

// markdown writes a table for a document.
func (t table) markdown(w io.Writer) {
	if t.title != "" {
		fmt.Fprintf(w, "### %s\n\n", t.title)
	}
	line := func(words []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(words, " | ")) }
	line(t.head)
	marks := []string{"---"}
	for range t.head[1:] {
		marks = append(marks, "--:")
	}
	line(marks)
	for _, row := range t.rows {
		line(row)
	}
	fmt.Fprintln(w)
	for _, n := range t.notes {
		fmt.Fprintf(w, "%s\n\n", n)
	}
}

// text writes everything for a terminal.
func (r *result) text(w io.Writer) error {
	fmt.Fprintln(w, r.run)
	for _, t := range r.tables() {
		t.plain(w)
	}
	for _, t := range r.seriesTables() {
		t.plain(w)
	}
	if t := r.judged(); len(t.rows) > 0 {
		t.plain(w)
	}
	return nil
}

// String says where and how it was measured.
func (a about) String() string {
	s := fmt.Sprintf("%s, %d CPUs (%s), kernel %s, %s; %d rounds of %s", a.Platform, a.CPUs, a.CPU, a.Kernel, a.Go, a.Rounds, a.Each)
	return strings.NewReplacer(" ()", "", ", kernel ,", ",").Replace(s)
}

// spread writes a median with what its rounds were.
func spread(s measure.Spread, write func(float64) string) string {
	return fmt.Sprintf("%s (%s to %s)", write(s.Median), write(s.Min), write(s.Max))
}
