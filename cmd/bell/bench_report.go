package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/bellpull/bellpull/internal/chart"
	"github.com/bellpull/bellpull/internal/measure"
)

// benchRecord is a row of bell bench in -o json. The times are spreads over the rounds.
type benchRecord struct {
	Address  string  `json:"address"`
	Protocol string  `json:"protocol"`
	Method   string  `json:"method"`
	Kind     string  `json:"kind"` // "call" or "notify"
	Loop     string  `json:"loop"` // "closed" or "open"
	Rate     float64 `json:"rate"` // calls a second that were wanted; 0: closed
	Pause    float64 `json:"pause_ms"`
	Bytes    int     `json:"bytes"`
	Conns    int     `json:"conns"`
	Callers  int     `json:"callers"` // on each connection
	Rounds   int     `json:"rounds"`
	Seconds  float64 `json:"seconds"` // of a round
	Platform string  `json:"platform"`
	CPUs     int     `json:"cpus"`

	Calls     int64           `json:"calls"`
	Missed    int64           `json:"missed"`
	PerSecond measure.Spread  `json:"calls_per_s"`
	Bytesps   measure.Spread  `json:"bytes_per_s"`
	P50       measure.Spread  `json:"p50_us"`
	P90       measure.Spread  `json:"p90_us"`
	P99       measure.Spread  `json:"p99_us"`
	P999      measure.Spread  `json:"p999_us"`
	P9999     measure.Spread  `json:"p9999_us"`
	Max       float64         `json:"max_us"`
	Curve     []measure.Point `json:"curve"`
}

// record gives a row's record.
func (r *benchRow) record(c *benchConfig, addr string) *benchRecord {
	rec := &benchRecord{Address: addr, Protocol: c.link.speak, Method: c.method, Kind: "call", Loop: "closed", Rate: c.rate, Pause: float64(c.pause) / 1e6,
		Bytes: r.bytes, Conns: r.conns, Callers: r.callers, Rounds: len(r.rounds), Seconds: c.roundTime().Seconds(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
		Max: measure.Micros(r.all.Max()), Curve: r.all.Curve()}
	if c.notify {
		rec.Kind = "notify"
	}
	if c.rate > 0 {
		rec.Loop = "open"
	}
	spread := func(of func(benchRound) float64) measure.Spread {
		var list []float64
		for _, round := range r.rounds {
			list = append(list, math.Round(of(round)*1000)/1000) // a nanosecond, a thousandth of a call
		}
		return measure.SpreadOf(list)
	}
	for _, round := range r.rounds {
		rec.Calls += round.calls
		rec.Missed += round.missed
	}
	rec.PerSecond = spread(func(b benchRound) float64 { return b.perSecond })
	rec.Bytesps = spread(func(b benchRound) float64 { return b.perSecond * float64(r.bytes) })
	for i, to := range []*measure.Spread{&rec.P50, &rec.P90, &rec.P99, &rec.P999, &rec.P9999} {
		*to = spread(func(b benchRound) float64 { return b.quantiles[i] })
	}
	return rec
}

// roundTime is how long one round of a row lasts.
func (c *benchConfig) roundTime() time.Duration { return c.lasts / time.Duration(c.rounds) }

// loopText says how calls were made, which decides what the times mean.
func (c *benchConfig) loopText() string {
	switch {
	case c.notify && c.rate > 0:
		return fmt.Sprintf("one-way, %s notifies a second: times run from when one was due until it was handed over", chart.Number(c.rate))
	case c.notify:
		return "one-way: times are until a notify was handed over; calls/s until all of them were read"
	case c.rate > 0:
		return fmt.Sprintf("open loop, %s calls a second: times run from when a call was due (corrected for coordinated omission)", chart.Number(c.rate))
	}
	if c.pause > 0 {
		return fmt.Sprintf("closed loop with a pause of %v before each call, which is no part of it", c.pause)
	}
	return "closed loop: each caller waits for its answer; times say nothing of calls that come meanwhile, --rate does"
}

// benchColumns is the table's form: what was measured, then the figures.
const benchColumns = "%-8s %6s %8s %9s %8s %9s %9s %9s %9s %9s %9s"

// beginBench says what is going to be measured, and how.
func (a *app) beginBench(c *benchConfig, addr string) {
	rounds := fmt.Sprintf("%d rounds of %v a row", c.rounds, c.roundTime().Round(time.Millisecond/10))
	a.emitText("%s over %s, %s: medians\n%s\n", addr, c.link.speak, rounds, c.loopText())
}

// showBench prints the rows and gives their records.
func (a *app) showBench(c *benchConfig, addr string, rows []*benchRow) (records []*benchRecord) {
	a.emitText(benchColumns, "bytes", "conns", "callers", "calls/s", "B/s", "p50 µs", "p90 µs", "p99 µs", "p99.9 µs", "p99.99", "max µs")
	for _, r := range rows {
		rec := r.record(c, addr)
		records = append(records, rec)
		cells := []any{sizeText(r.bytes), strconv.Itoa(r.conns), strconv.Itoa(r.callers),
			chart.Number(rec.PerSecond.Median), chart.Number(rec.Bytesps.Median)}
		for i, s := range []measure.Spread{rec.P50, rec.P90, rec.P99, rec.P999, rec.P9999} {
			text := "-" // too few calls to tell
			if float64(rec.Calls)/float64(rec.Rounds)*(1-benchShares[i]) >= 1 {
				text = micro(s.Median)
			}
			cells = append(cells, text)
		}
		a.emit(rec, fmt.Sprintf(benchColumns, append(cells, micro(rec.Max))...))
		if rec.Missed > 0 {
			a.note("  of %d calls %d were due and never begun: the rate is more than these callers can do; give more --callers or a lower --rate",
				rec.Calls+rec.Missed, rec.Missed)
		}
	}
	return records
}

// emitText writes a line for people.
func (a *app) emitText(format string, args ...any) {
	if !a.json() {
		a.write(fmt.Appendf(nil, format+"\n", args...))
	}
}

// micro writes microseconds with three digits, or with all before the point.
func micro(v float64) string {
	places := 2
	switch {
	case v >= 100:
		places = 0
	case v >= 10:
		places = 1
	}
	return strconv.FormatFloat(v, 'f', places, 64)
}

// label names a row in a picture.
func (r *benchRecord) label() string {
	s := sizeText(r.Bytes)
	if r.Conns > 1 || r.Callers > 1 {
		s += fmt.Sprintf(", %d × %d", r.Conns, r.Callers)
	}
	return s
}

// benchLines draws the percentiles of records: one line each, further right where it gets rarer.
func benchLines(title string, rows []*benchRecord, names func(i int) string) chart.Lines {
	l := chart.Lines{Title: title, X: chart.Axis{Label: "share of calls that took at most so long", Log: true},
		Y: chart.Axis{Label: "µs", Log: true}}
	last := 0.0
	for i, r := range rows {
		line := chart.Line{Name: names(i)}
		for _, p := range r.Curve {
			line.Points = append(line.Points, chart.Point{X: 1 / (1 - p.Q), Y: p.Micros})
			last = max(last, 1/(1-p.Q))
		}
		l.Lines = append(l.Lines, line)
	}
	for i, name := range []string{"0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"} {
		if at := math.Pow10(i); i < 2 || at <= last*1.001 {
			l.X.Ticks = append(l.X.Ticks, chart.Tick{At: at, Label: name})
		}
		if i == 0 {
			l.X.Ticks = append(l.X.Ticks, chart.Tick{At: 2, Label: "50 %"})
		}
	}
	return l
}

// An svgFile is a picture to be; nil is none.
type svgFile struct{ f *os.File }

// createSVG makes the file before anything is measured, so that a wrong path does not cost a run.
func createSVG(path string) (*svgFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, &localError{err, "give --svg a path that can be written to"}
	}
	return &svgFile{f}, nil
}

func (s *svgFile) Close() {
	if s != nil {
		s.f.Close()
	}
}

func (s *svgFile) write(svg []byte) error {
	if s == nil {
		return nil
	}
	if _, err := s.f.Write(svg); err != nil {
		return &localError{err, "see the cause"}
	}
	return nil
}
