package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/bellpull/bellpull/internal/measure"
)

// compareRecord is one figure of bell bench --compare in -o json.
type compareRecord struct {
	Kind    string  `json:"kind"`
	Loop    string  `json:"loop"`
	Rate    float64 `json:"rate"`
	Pause   float64 `json:"pause_ms"`
	Bytes   int     `json:"bytes"`
	Conns   int     `json:"conns"`
	Callers int     `json:"callers"`

	Figure  string  `json:"figure,omitempty"` // a key of a row
	Old     float64 `json:"old"`
	New     float64 `json:"new"`
	Ratio   float64 `json:"ratio"`        // new over old; 0 when there is no old one
	Beyond  bool    `json:"beyond_noise"` // see measure.Change
	Verdict string  `json:"verdict"`
}

// Verdicts about a figure, or about a row that one of the results lacks.
const (
	verdictBetter  = "better"
	verdictWorse   = "worse"
	verdictSame    = "same"
	verdictOnlyOld = "only_old"
	verdictOnlyNew = "only_new"
)

// benchKey says which rows of two results belong together: those that measured the same, wherever.
type benchKey struct {
	kind, loop            string
	rate, pause           float64
	bytes, conns, callers int
}

func (r *benchRecord) key() benchKey {
	return benchKey{r.Kind, r.Loop, r.Rate, r.Pause, r.Bytes, r.Conns, r.Callers}
}

// benchFigures are the figures that are compared.
func benchFigures() []benchFigure {
	return []benchFigure{
		{"calls_per_s", true, func(r *benchRecord) measure.Spread { return r.PerSecond }},
		{"p50_us", false, func(r *benchRecord) measure.Spread { return r.P50 }},
		{"p99_us", false, func(r *benchRecord) measure.Spread { return r.P99 }},
		{"p999_us", false, func(r *benchRecord) measure.Spread { return r.P999 }},
	}
}

type benchFigure struct {
	name string
	more bool // is better
	of   func(*benchRecord) measure.Spread
}

// compareBench compares two results, the old one first.
func (a *app) compareBench(args []string, svg string) error {
	if len(args) != 2 {
		return usage("--compare wants two files of -o json, the old one first; got %d", len(args))
	}
	picture, err := createSVG(svg)
	if err != nil {
		return err
	}
	defer picture.Close()
	old, err := readBench(args[0])
	if err != nil {
		return err
	}
	now, err := readBench(args[1])
	if err != nil {
		return err
	}
	if old[0].Platform != now[0].Platform || old[0].CPUs != now[0].CPUs {
		a.note("not the same kind of machine: %s with %d CPUs, %s with %d", old[0].Platform, old[0].CPUs, now[0].Platform, now[0].CPUs)
	}
	a.emitText("old: %s\nnew: %s\n", from(args[0], old), from(args[1], now))
	a.emitText(compareColumns, "row", "figure", "old", "new", "ratio", "")
	a.showCompared(old, now)
	names := func(i int) string {
		if i < len(old) {
			return "old " + old[i].label()
		}
		return "new " + now[i-len(old)].label()
	}
	title := filepath.Base(args[0]) + " and " + filepath.Base(args[1])
	return picture.write(benchLines(title, append(old[:len(old):len(old)], now...), names).SVG())
}

// from says what a file has.
func from(path string, rows []*benchRecord) string {
	return fmt.Sprintf("%s, %s over %s, %d rounds of %.3g s", path, rows[0].Address, rows[0].Protocol, rows[0].Rounds, rows[0].Seconds)
}

const compareColumns = "%-34s %-12s %10s %10s %8s  %s"

// showCompared prints what compare finds.
func (a *app) showCompared(old, now []*benchRecord) {
	for _, r := range compareRows(old, now) {
		row := fmt.Sprintf("%s %s, %d × %d, %s", r.Kind, sizeText(r.Bytes), r.Conns, r.Callers, r.Loop)
		mark := ""
		switch {
		case r.Figure == "":
			mark = map[string]string{verdictOnlyOld: "only in the old one", verdictOnlyNew: "only in the new one"}[r.Verdict]
			a.emit(r, fmt.Sprintf("%-34s %s", row, mark))
			continue
		case r.Verdict == verdictBetter:
			mark = a.paint(green, "better")
		case r.Verdict == verdictWorse:
			mark = a.paint(red, "worse")
		default:
			mark = "within noise"
		}
		a.emit(r, fmt.Sprintf(compareColumns, row, r.Figure, micro(r.Old), micro(r.New), fmt.Sprintf("%.2fx", r.Ratio), mark))
	}
}

// compareRows compares the rows that both results have, and lists the others.
func compareRows(old, now []*benchRecord) (list []compareRecord) {
	mates := map[benchKey]*benchRecord{}
	for _, r := range now {
		mates[r.key()] = r
	}
	head := func(r *benchRecord, verdict string) compareRecord {
		return compareRecord{Kind: r.Kind, Loop: r.Loop, Rate: r.Rate, Pause: r.Pause, Bytes: r.Bytes, Conns: r.Conns, Callers: r.Callers, Verdict: verdict}
	}
	both := map[benchKey]bool{}
	for _, r := range old {
		mate := mates[r.key()]
		if mate == nil {
			list = append(list, head(r, verdictOnlyOld))
			continue
		}
		both[r.key()] = true
		for _, f := range benchFigures() {
			a, b := f.of(r), f.of(mate)
			change := measure.Compare(a, b, min(r.Rounds, mate.Rounds))
			c := head(r, verdictSame)
			c.Figure, c.Old, c.New, c.Ratio, c.Beyond = f.name, a.Median, b.Median, change.Ratio, change.Beyond
			if change.Beyond {
				c.Verdict = verdictWorse
				if (b.Median > a.Median) == f.more {
					c.Verdict = verdictBetter
				}
			}
			list = append(list, c)
		}
	}
	for _, r := range now {
		if !both[r.key()] {
			list = append(list, head(r, verdictOnlyNew))
		}
	}
	return list
}

// readBench reads the rows of a result.
func readBench(path string) ([]*benchRecord, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &localError{err, "--compare wants two files written with `bell bench … -o json > FILE`"}
	}
	defer f.Close()
	var rows []*benchRecord
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		r := &benchRecord{}
		if err := d.Decode(r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, &localError{fmt.Errorf("%s: %w", path, err), "it is no result of bell bench; write one with `bell bench … -o json > FILE`"}
		}
		if r.Kind == "" || r.Rounds == 0 {
			return nil, &localError{fmt.Errorf("%s has a line that is no row of bell bench", path), "write one with `bell bench … -o json > FILE`"}
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, &localError{fmt.Errorf("%s is empty", path), "write it with `bell bench … -o json > FILE`"}
	}
	return rows, nil
}
