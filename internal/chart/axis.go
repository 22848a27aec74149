package chart

import (
	"math"
	"strconv"
)

// A Tick is a labelled place on an axis.
type Tick struct {
	At    float64
	Label string
}

// An Axis is one side of a chart.
type Axis struct {
	Label string
	Log   bool   // each step of the same length multiplies
	Ticks []Tick // none: they are chosen
	// Unit follows the labels of ticks that are chosen.
	Unit string
}

// scale maps values of an axis to pixels.
type scale struct {
	log      bool
	low, top float64 // of the values, as logarithms where log
	from, to float64 // pixels
}

func (s scale) value(v float64) float64 {
	if s.log {
		return math.Log10(v)
	}
	return v
}

// at gives the pixel of a value.
func (s scale) at(v float64) float64 {
	return s.from + (s.value(v)-s.low)/(s.top-s.low)*(s.to-s.from)
}

// fit gives the scale of an axis for values, and its ticks. A value that a logarithm cannot show must not be among them.
func (a Axis) fit(values []float64, from, to float64) (scale, []Tick) {
	low, top := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, top = min(low, v), max(top, v)
	}
	if math.IsInf(low, 0) {
		low, top = 1, 1
	}
	if !a.Log {
		low, top = min(low, 0), max(top, 0)
	}
	s := scale{log: a.Log, from: from, to: to}
	ticks := a.Ticks
	switch {
	case len(ticks) > 0:
		for _, t := range ticks {
			low, top = min(low, t.At), max(top, t.At)
		}
	case a.Log:
		ticks, low, top = decades(low, top, a.Unit)
	default:
		ticks, top = steps(top, a.Unit)
	}
	s.low, s.top = s.value(low), s.value(top)
	if s.top <= s.low {
		s.top = s.low + 1
	}
	return s, ticks
}

// decades gives the powers of ten around values, with 2 and 5 between where there are few.
func decades(low, top float64, unit string) (ticks []Tick, first, last float64) {
	begin, end := math.Floor(math.Log10(low)+1e-9), math.Ceil(math.Log10(top)-1e-9)
	if end <= begin {
		end = begin + 1
	}
	between := []float64{1}
	if end-begin <= 3 {
		between = []float64{1, 2, 5}
	}
	for e := begin; e < end; e++ {
		for _, m := range between {
			ticks = append(ticks, tick(m*math.Pow(10, e), unit))
		}
	}
	last = math.Pow(10, end)
	return append(ticks, tick(last, unit)), math.Pow(10, begin), last
}

// steps gives about five round steps from 0 to a round number that is not below top.
func steps(top float64, unit string) (ticks []Tick, last float64) {
	if top <= 0 {
		top = 1
	}
	unitStep := math.Pow(10, math.Floor(math.Log10(top/4)))
	step := unitStep
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * unitStep; step*5 >= top {
			break
		}
	}
	for i := 0.0; ; i++ {
		ticks = append(ticks, tick(i*step, unit))
		if i*step >= top-step*1e-9 {
			return ticks, i * step
		}
	}
}

func tick(v float64, unit string) Tick { return Tick{v, Number(v) + unit} }

// Number writes a value with three digits and, from a thousand on, k, M or G.
func Number(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= u.size*0.9995 {
			return digits(v/u.size) + u.name
		}
	}
	return digits(v)
}

// digits writes three significant digits, and all those before the point.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	places := max(0, 2-int(math.Floor(math.Log10(math.Abs(v))+1e-9)))
	s := strconv.FormatFloat(v, 'f', places, 64)
	if places > 0 {
		f, _ := strconv.ParseFloat(s, 64)
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}
