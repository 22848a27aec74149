package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
)

// A canvas is an SVG document that grows.
type canvas struct{ b bytes.Buffer }

// ink and paper: text and lines, and what lies behind them.
const (
	ink   = "#24292f"
	faint = "#d0d7de"
	pale  = "#8c959f" // for what others are compared with
	paper = "#ffffff"
	font  = "system-ui,sans-serif"
)

// palette has colours that people with colour blindness tell apart, in the order in which they are used.
func palette() []string {
	return []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#8c564b", "#332288", "#882255",
		"#117733", "#999933", "#000000"}
}

func newCanvas(width, height int, title string) *canvas {
	c := &canvas{}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="%s" font-size="12" role="img">`,
		width, height, width, height, font)
	c.printf("\n<title>%s</title>\n", escape(title))
	c.printf(`<rect width="%d" height="%d" fill="%s"/>`+"\n", width, height, paper)
	c.text(width/2, 20, "middle", ink, title, ` font-size="14" font-weight="bold"`)
	return c
}

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

// text writes s; more are further attributes.
func (c *canvas) text(x, y int, anchor, colour, s, more string) {
	c.printf(`<text x="%d" y="%d" text-anchor="%s" fill="%s"%s>%s</text>`+"\n", x, y, anchor, colour, more, escape(s))
}

func (c *canvas) line(x1, y1, x2, y2 float64, colour string, width float64) {
	c.printf(`<path d="M%s %sL%s %s" stroke="%s" stroke-width="%s"/>`+"\n", num(x1), num(y1), num(x2), num(y2), colour, num(width))
}

func (c *canvas) end() []byte {
	c.b.WriteString("</svg>\n")
	return c.b.Bytes()
}

// num writes a coordinate with a tenth of a pixel.
func num(v float64) string { return strconv.FormatFloat(float64(int64(v*10+0.5))/10, 'f', -1, 64) }

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s))
	return b.String()
}
