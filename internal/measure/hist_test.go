package measure

import (
	"testing"
	"time"
)

func TestTimesKeepThreeDigits(t *testing.T) {
	h := NewHist(3)
	for i := range 10000 {
		h.Record(time.Duration(i+1) * 100 * time.Nanosecond)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0.5, 500 * time.Microsecond}, {0.99, 990 * time.Microsecond}, {0.999, 999 * time.Microsecond}, {1, time.Millisecond}} {
		if got := h.At(c.q); (got - c.want).Abs() > c.want/1000 {
			t.Errorf("the share %v is %v, want %v", c.q, got, c.want)
		}
	}
}

func TestTimesOutOfRangeAreNotLost(t *testing.T) {
	h := NewHist(3)
	h.Record(0)
	h.Record(24 * time.Hour)
	if h.Count() != 2 || h.Max() < longest*999/1000 {
		t.Errorf("%d times, the longest %v; want 2, %v", h.Count(), h.Max(), longest)
	}
}

func TestACurveTellsNoShareThatItsCallsCannot(t *testing.T) {
	h := NewHist(3)
	if c := h.Curve(); len(c) != 0 {
		t.Errorf("a curve of no calls: %v", c)
	}
	for range 1000 {
		h.Record(time.Microsecond)
	}
	c := h.Curve()
	if last := c[len(c)-1]; last.Q != 0.999 || last.Micros < 0.999 || last.Micros > 1.001 {
		t.Errorf("the curve of 1000 calls ends with %v, want 0.999 and 1 us", last)
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	h := NewHist(3)
	if n := testing.AllocsPerRun(1000, func() { h.Record(12345) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestADifferenceCountsWhenEveryRoundShowsIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		a, b   []float64
		ratio  float64
		beyond bool
	}{
		{"all rounds faster", []float64{10, 11, 12}, []float64{20, 22, 21}, 21. / 11, true},
		{"all rounds slower", []float64{20, 22, 21}, []float64{10, 11, 12}, 11. / 21, true},
		{"rounds overlap", []float64{10, 11, 12}, []float64{12, 13, 14}, 13. / 11, false},
		{"apart, but by less than 2 %", []float64{1000, 1001, 1002}, []float64{1010, 1011, 1012}, 1.01, false},
		{"one round tells nothing", []float64{10}, []float64{20}, 2, false},
		{"nothing to compare with", []float64{0, 0, 0}, []float64{1, 1, 1}, 0, true},
	} {
		got := Compare(SpreadOf(c.a), SpreadOf(c.b), min(len(c.a), len(c.b)))
		if diff := got.Ratio - c.ratio; diff > 0.001 || diff < -0.001 || got.Beyond != c.beyond {
			t.Errorf("%s: %+v, want %v and %v", c.name, got, c.ratio, c.beyond)
		}
	}
}

func TestTheMedianOfAnEvenNumberLiesBetween(t *testing.T) {
	if got := SpreadOf([]float64{4, 1, 2, 3}); got != (Spread{2.5, 1, 4}) {
		t.Errorf("%+v", got)
	}
}
