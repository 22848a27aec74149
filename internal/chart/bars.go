package chart

import "math"

// A Bar is a named value. Faint bars are those that the others are compared with.
type Bar struct {
	Name  string
	Value float64
	Faint bool
}

// Bars is a chart of horizontal bars, one below the other in the order given, each with its value.
type Bars struct {
	Title string
	Unit  string // follows each value
	Log   bool
	Bars  []Bar
}

const (
	barStep  = 22
	barLeft  = 130
	barRight = 110
	barTop   = 36
)

// SVG draws the chart. A value that it cannot show, such as 0 where it is logarithmic, has no bar.
func (b Bars) SVG() []byte {
	c := newCanvas(width, barTop+barStep*len(b.Bars)+12, b.Title)
	axis := Axis{Log: b.Log}
	var values []float64
	for _, bar := range b.Bars {
		if axis.shows(bar.Value) {
			values = append(values, bar.Value)
		}
	}
	x, _ := axis.fit(values, barLeft, width-barRight)
	if !b.Log && len(values) > 0 { // the longest bar ends where there is room for its value
		x.top = max(values[0], x.low+math.SmallestNonzeroFloat64)
		for _, v := range values {
			x.top = max(x.top, v)
		}
		if x.top == x.low {
			x.top++
		}
	}
	for i, bar := range b.Bars {
		y := barTop + i*barStep
		c.text(barLeft-8, y+14, "end", ink, bar.Name, "")
		end := float64(barLeft)
		if axis.shows(bar.Value) {
			end = max(x.at(bar.Value), barLeft+1)
			fill := palette()[0]
			if bar.Faint {
				fill = pale
			}
			c.printf(`<rect x="%d" y="%d" width="%s" height="%d" rx="2" fill="%s"/>`+"\n", barLeft, y+2, num(end-barLeft), barStep-6, fill)
		}
		c.text(int(end)+6, y+14, "start", ink, Number(bar.Value)+b.Unit, "")
	}
	return c.end()
}
