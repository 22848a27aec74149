package main

import (
	"math"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/chart"
	"github.com/bellpull/bellpull/internal/measure"
)

func TestSizesAreBytesInPowersOfTwo(t *testing.T) {
	for in, want := range map[string]int{"1": 1, "64": 64, "64B": 64, "1KiB": 1024, " 16 MiB ": 16 << 20, "1GiB": 1 << 30} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "0", "-1", "1KB", "1.5KiB", "2GiB", "KiB", "64 64", "99999999999999999999"} {
		if got, err := parseSize(bad); err == nil {
			t.Errorf("%q is taken for %d", bad, got)
		}
	}
	for n, want := range map[int]string{1: "1 B", 1000: "1000 B", 1024: "1 KiB", 1 << 20: "1 MiB", 1<<20 + 1: "1048577 B"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// benchRec gives a row of three rounds whose figures all are v, 1 % up and down.
func benchRec(bytes int, perSecond, us float64) *benchRecord {
	around := func(v float64) measure.Spread { return measure.Spread{Median: v, Min: v * 0.99, Max: v * 1.01} }
	return &benchRecord{Kind: "call", Loop: "closed", Bytes: bytes, Conns: 1, Callers: 1, Rounds: 3,
		PerSecond: around(perSecond), P50: around(us), P99: around(us), P999: around(us)}
}

func TestComparingKnowsWhatIsBetter(t *testing.T) {
	old := []*benchRecord{benchRec(64, 1000, 10), benchRec(128, 1000, 10), benchRec(1, 1, 1)}
	now := []*benchRecord{benchRec(128, 1010, 10.1), benchRec(64, 2000, 20), benchRec(2, 1, 1)}
	got := map[string]string{}
	for _, c := range compareRows(old, now) {
		got[sizeText(c.Bytes)+" "+c.Figure] = c.Verdict
	}
	for key, want := range map[string]string{
		"64 B calls_per_s": verdictBetter, "64 B p50_us": verdictWorse, "64 B p999_us": verdictWorse,
		"128 B calls_per_s": verdictSame, "128 B p50_us": verdictSame,
		"1 B ": verdictOnlyOld, "2 B ": verdictOnlyNew,
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d figures, want 4 of two rows and 2 rows without a mate: %v", len(got), got)
	}
}

func TestRowsOfAnotherRateAreNotCompared(t *testing.T) {
	a, b := benchRec(64, 1000, 10), benchRec(64, 1000, 10)
	b.Loop, b.Rate = "open", 500
	for _, c := range compareRows([]*benchRecord{a}, []*benchRecord{b}) {
		if c.Figure != "" {
			t.Errorf("compared: %+v", c)
		}
	}
}

func TestThePictureGetsTheShareItsCallsCanTell(t *testing.T) {
	r := benchRec(64, 1, 1)
	r.Curve = []measure.Point{{Q: 0, Micros: 1}, {Q: 0.5, Micros: 2}, {Q: 0.999, Micros: 30}}
	l := benchLines("t", []*benchRecord{r}, func(int) string { return "64 B" })
	if got := l.Lines[0].Points; len(got) != 3 || got[0] != (chart.Point{X: 1, Y: 1}) || math.Abs(got[2].X-1000) > 0.1 || got[2].Y != 30 {
		t.Errorf("the points are %v", got)
	}
	var ticks []string
	for _, tick := range l.X.Ticks {
		ticks = append(ticks, tick.Label)
	}
	if got, want := strings.Join(ticks, ", "), "0, 50 %, 90 %, 99 %, 99.9 %"; got != want {
		t.Errorf("the ticks are %s, want %s", got, want)
	}
}
