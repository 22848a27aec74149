package main

import (
	"fmt"

	"github.com/bellpull/bellpull/bench/workload"
	"github.com/bellpull/bellpull/internal/chart"
)

// A series is a picture of workloads that grow.
type series struct {
	name, title, file string
	x                 func(workload.Workload) float64
	xlabel, ylabel    string
	figure            string
	ticks             []chart.Tick
}

func allSeries() []series {
	return []series{
		{name: workload.SeriesConns, title: "CPU time of a call of 64 B, by connections", file: "performance-conns.svg",
			x:      func(w workload.Workload) float64 { return float64(w.Conns) },
			xlabel: "connections, one call in flight on each", ylabel: "µs of CPU a call, client and server", figure: workload.CPUBoth,
			ticks: []chart.Tick{{At: 1, Label: "1"}, {At: 10, Label: "10"}, {At: 100, Label: "100"}, {At: 1000, Label: "1,000"}}},
		{name: workload.SeriesBytes, title: "Time of a call, by bytes", file: "performance-bytes.svg",
			x:      func(w workload.Workload) float64 { return float64(w.Bytes) },
			xlabel: "bytes there and back", ylabel: "median µs", figure: workload.P50,
			ticks: []chart.Tick{{At: 1, Label: "1 B"}, {At: 64, Label: "64 B"}, {At: 1 << 10, Label: "1 KiB"}, {At: 8 << 10, Label: "8 KiB"},
				{At: 64 << 10, Label: "64 KiB"}, {At: 512 << 10, Label: "512 KiB"}, {At: 4 << 20, Label: "4 MiB"}, {At: 16 << 20, Label: "16 MiB"}}},
	}
}

// rows gives the workloads of a series.
func (s series) rows() (list []workload.Workload) {
	for _, w := range workload.Series() {
		if w.Series == s.name {
			list = append(list, w)
		}
	}
	return list
}

// picture draws a series; ok is false when nothing of it was measured.
func (r *result) picture(s series) (svg []byte, ok bool) {
	l := chart.Lines{Title: s.title, X: chart.Axis{Label: s.xlabel, Log: true, Ticks: s.ticks}, Y: chart.Axis{Label: s.ylabel, Log: true}}
	for _, p := range r.run.Peers {
		line := chart.Line{Name: p.Name, Faint: !p.Ours && p.Name != base}
		for _, w := range s.rows() {
			if v, there := r.figure(w.Name, p.Name, s.figure); there {
				line.Points = append(line.Points, chart.Point{X: s.x(w), Y: v})
			}
		}
		if len(line.Points) > 0 {
			l.Lines = append(l.Lines, line)
		}
	}
	return l.SVG(), len(l.Lines) > 0
}

// seriesTables gives the numbers behind the pictures: peers down, steps across.
func (r *result) seriesTables() (list []table) {
	for _, s := range allSeries() {
		t := table{title: s.title + " (" + s.ylabel + ")", head: []string{"peer"}}
		for _, w := range s.rows() {
			t.head = append(t.head, chart.Number(s.x(w)))
		}
		for _, p := range r.run.Peers {
			row, any := []string{p.Name}, false
			for _, w := range s.rows() {
				word := "–"
				if v, ok := r.figure(w.Name, p.Name, s.figure); ok {
					word, any = chart.Number(v), true
				} else if c := r.find(w.Name, p.Name); c != nil && c.Note != "" && !c.Unfit {
					t.notes = append(t.notes, fmt.Sprintf("%s, %s failed: %s", p.Name, w.Name, c.Note))
				}
				row = append(row, word)
			}
			if any {
				t.rows = append(t.rows, row)
			}
		}
		if len(t.rows) > 0 {
			list = append(list, t)
		}
	}
	return list
}

// bars draws the times of one workload.
func (r *result) bars(name, title string) (svg []byte, ok bool) {
	b := chart.Bars{Title: title, Unit: " µs", Log: true}
	for _, p := range r.run.Peers {
		if v, there := r.figure(name, p.Name, workload.P50); there {
			b.Bars = append(b.Bars, chart.Bar{Name: p.Name, Value: v, Faint: !p.Ours})
		}
	}
	return b.SVG(), len(b.Bars) > 0
}
