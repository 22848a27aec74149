package chart

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A Point is a place in a chart of lines.
type Point struct{ X, Y float64 }

// A Line is a named series of points from left to right. Points that its chart cannot show, such as 0 on a logarithmic
// axis, are left out.
type Line struct {
	Name   string
	Points []Point
	// Faint lines are those that the others are compared with: thin, grey, and behind.
	Faint bool
}

// Lines is a chart of lines.
type Lines struct {
	Title string
	X, Y  Axis
	Lines []Line
}

const (
	width, height = 760, 420
	left, right   = 70, 170 // margins; the names of lines are to the right
	top, bottom   = 40, 50
)

// SVG draws the chart.
func (l Lines) SVG() []byte {
	c := newCanvas(width, height, l.Title)
	var xs, ys []float64
	lines := make([]Line, len(l.Lines))
	for i, line := range l.Lines {
		lines[i].Name, lines[i].Faint = line.Name, line.Faint
		for _, p := range line.Points {
			if l.X.shows(p.X) && l.Y.shows(p.Y) {
				xs, ys = append(xs, p.X), append(ys, p.Y)
				lines[i].Points = append(lines[i].Points, p)
			}
		}
	}
	x, xticks := l.X.fit(xs, left, width-right)
	y, yticks := l.Y.fit(ys, height-bottom, top)
	for _, t := range yticks {
		c.line(left, y.at(t.At), width-right, y.at(t.At), faint, 1)
		c.text(left-6, int(y.at(t.At))+4, "end", ink, t.Label, "")
	}
	for _, t := range xticks {
		c.line(x.at(t.At), top, x.at(t.At), height-bottom, faint, 1)
		c.text(int(x.at(t.At)), height-bottom+16, "middle", ink, t.Label, "")
	}
	c.text((left+width-right)/2, height-12, "middle", ink, l.X.Label, "")
	c.printf(`<text transform="translate(16 %d) rotate(-90)" text-anchor="middle" fill="%s">%s</text>`+"\n",
		(top+height-bottom)/2, ink, escape(l.Y.Label))
	colours := coloured(lines)
	for _, faint := range []bool{true, false} {
		for i, line := range lines {
			if line.Faint == faint {
				c.draw(line, x, y, colours[i])
			}
		}
	}
	c.names(lines, colours, y)
	return c.end()
}

func (a Axis) shows(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!a.Log || v > 0)
}

// A pen is how a line is drawn.
type pen struct {
	colour, dash string
	width        float64
}

// coloured gives each line its pen. Lines whose colour was used before are dashed.
func coloured(lines []Line) (pens []pen) {
	n := 0
	for _, l := range lines {
		p := pen{colour: pale, width: 1}
		if !l.Faint {
			colours := palette()
			p = pen{colour: colours[n%len(colours)], width: 2}
			if n >= len(colours) {
				p.dash = ` stroke-dasharray="5 3"`
			}
			n++
		}
		pens = append(pens, p)
	}
	return pens
}

// draw draws a line with a dot at each point.
func (c *canvas) draw(l Line, x, y scale, p pen) {
	if len(l.Points) == 0 {
		return
	}
	var path strings.Builder
	for i, p := range l.Points {
		path.WriteString(string("ML"[min(i, 1)]) + num(x.at(p.X)) + " " + num(y.at(p.Y)))
	}
	c.printf(`<path d="%s" fill="none" stroke="%s" stroke-width="%s"%s/>`+"\n", path.String(), p.colour, num(p.width), p.dash)
	for _, at := range l.Points {
		c.printf(`<circle cx="%s" cy="%s" r="%s" fill="%s"/>`+"\n", num(x.at(at.X)), num(y.at(at.Y)), num(p.width+0.5), p.colour)
	}
}

// names writes the names beside the ends of their lines, in the order of the ends and far enough apart to be read.
func (c *canvas) names(lines []Line, pens []pen, y scale) {
	type label struct {
		name, colour string
		at           float64
	}
	var list []label
	for i, l := range lines {
		if len(l.Points) > 0 {
			list = append(list, label{l.Name, pens[i].colour, y.at(l.Points[len(l.Points)-1].Y)})
		}
	}
	slices.SortStableFunc(list, func(a, b label) int { return cmp.Compare(a.at, b.at) })
	const apart = 14
	for i := range list { // down, away from the one above
		if i > 0 {
			list[i].at = max(list[i].at, list[i-1].at+apart)
		}
	}
	limit := float64(height - bottom)
	for i := len(list) - 1; i >= 0; i-- { // and up again, so that none falls off the chart
		list[i].at = min(list[i].at, limit)
		limit = list[i].at - apart
	}
	for _, n := range list {
		c.text(width-right+10, int(n.at)+4, "start", n.colour, n.name, "")
	}
}
