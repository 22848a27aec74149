package measure

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is what a histogram can hold; a longer time counts as this.
const longest = time.Hour

// A Hist keeps times of calls. It has a fixed size and allocates nothing when it records. Its methods must not be called
// at once.
type Hist struct{ h *hdrhistogram.Histogram }

// NewHist gives an empty Hist that keeps times to so many significant digits, 1 to 5. 3 take 260 KiB, 2 take 40.
func NewHist(digits int) *Hist { return &Hist{hdrhistogram.New(1, int64(longest), digits)} }

// Record adds one time.
func (h *Hist) Record(d time.Duration) { h.h.RecordValue(int64(min(max(d, 1), longest))) }

// Add adds all of another Hist.
func (h *Hist) Add(o *Hist) { h.h.Merge(o.h) }

// Reset empties it.
func (h *Hist) Reset() { h.h.Reset() }

// Count is the number of times in it.
func (h *Hist) Count() int64 { return h.h.TotalCount() }

// At gives the time that a share q of all (0 to 1) did not exceed, 0 when there are none.
func (h *Hist) At(q float64) time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.h.ValueAtPercentile(100 * q))
}

// Max gives the longest time.
func (h *Hist) Max() time.Duration { return time.Duration(h.h.Max()) }

// A Point says that a share Q of all calls took at most Micros microseconds.
type Point struct {
	Q      float64 `json:"q"`
	Micros float64 `json:"us"`
}

// shares are those of a curve, closer together where it gets rare.
func shares() []float64 {
	return []float64{0, .1, .25, .5, .6, .7, .8, .9, .95, .98, .99, .995, .998, .999, .9995, .9998, .9999, .99995, .99999, .999999}
}

// Curve gives the times at rising shares, as far as there are calls to tell them: the share 0.999 needs a thousand.
func (h *Hist) Curve() []Point {
	var list []Point
	for _, q := range shares() {
		if float64(h.Count())*(1-q) < 1 {
			break
		}
		list = append(list, Point{q, Micros(h.At(q))})
	}
	return list
}

// Micros gives a time in microseconds.
func Micros(d time.Duration) float64 { return float64(d) / 1e3 }
