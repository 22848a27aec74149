package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// wellFormed reads SVG to its end and gives the text in it.
func wellFormed(t *testing.T, svg []byte) (words []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		if c, ok := tok.(xml.CharData); ok && strings.TrimSpace(string(c)) != "" {
			words = append(words, string(c))
		}
	}
}

func sample() Lines {
	l := Lines{Title: "Calls <64 B> & more", X: Axis{Label: "connections", Log: true}, Y: Axis{Label: "µs a call", Log: true}}
	for i, name := range []string{"raw", "unixsock", "shm"} {
		line := Line{Name: name, Faint: name == "raw"}
		for x := 1.0; x <= 1000; x *= 10 {
			line.Points = append(line.Points, Point{x, x / float64(i+1) / 3})
		}
		l.Lines = append(l.Lines, line)
	}
	return l
}

// TestPicturesKeepTheirBytes compares with files; UPDATE=1 writes them anew, to be looked at.
func TestPicturesKeepTheirBytes(t *testing.T) {
	bars := Bars{Title: "Calls a second, 64 B", Bars: []Bar{{"raw", 45450, true}, {"unixsock", 136000, false}, {"none", 0, false}, {"shm", 1.2e6, false}}}
	for name, svg := range map[string][]byte{"lines.svg": sample().SVG(), "bars.svg": bars.SVG()} {
		path := filepath.Join("testdata", name)
		wellFormed(t, svg)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, svg, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != string(svg) {
			t.Errorf("%s differs (%v); look at it with UPDATE=1 set. It is now\n%s", path, err, svg)
		}
	}
}

func TestWhatAnAxisCannotShowIsLeftOut(t *testing.T) {
	l := sample()
	l.Lines = append(l.Lines, Line{Name: "broken", Points: []Point{{0, 1}, {1, -1}, {1, math.NaN()}, {math.Inf(1), 1}}})
	svg := l.SVG()
	wellFormed(t, svg)
	for _, bad := range []string{"NaN", "Inf", "broken"} {
		if strings.Contains(string(svg), bad) {
			t.Errorf("%s is in %s", bad, svg)
		}
	}
	for _, empty := range [][]byte{Lines{}.SVG(), Bars{}.SVG(), Lines{X: Axis{Log: true}, Y: Axis{Log: true}}.SVG(),
		Bars{Bars: []Bar{{"a", 0, false}}, Log: true}.SVG(), Bars{Bars: []Bar{{"a", 0, false}}}.SVG()} {
		if wellFormed(t, empty); strings.Contains(string(empty), "NaN") || strings.Contains(string(empty), "Inf") {
			t.Errorf("a picture of nothing has %s", empty)
		}
	}
}

func TestTextCannotBreakOut(t *testing.T) {
	l := sample()
	l.Lines[0].Name = `</text><script>`
	words := strings.Join(wellFormed(t, l.SVG()), "|")
	if !strings.Contains(words, `</text><script>`) || !strings.Contains(words, "Calls <64 B> & more") {
		t.Errorf("the words are %s", words)
	}
}

func TestNamesOfLinesDoNotOverlap(t *testing.T) {
	for _, at := range []float64{0, 0.5, 1} {
		var lines []Line
		for range 20 {
			lines = append(lines, Line{Name: "same", Points: []Point{{1, at}, {2, at}}})
		}
		c := newCanvas(width, height, "")
		c.b.Reset()
		y, _ := Axis{}.fit([]float64{0, 1}, height-bottom, top)
		c.names(lines, coloured(lines), y)
		seen := map[int]bool{}
		for line := range strings.Lines(c.b.String()) {
			_, rest, _ := strings.Cut(line, ` y="`)
			word, _, _ := strings.Cut(rest, `"`)
			n, err := strconv.Atoi(word)
			if err != nil || seen[n] || n < 0 || n > height {
				t.Fatalf("lines that end at %v: a name at y=%s, where another is or the chart is over", at, word)
			}
			seen[n] = true
		}
		if len(seen) != 20 {
			t.Errorf("%d names, want 20", len(seen))
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 0.5: "0.5", 0.0123: "0.0123", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 999: "999",
		999.9: "1k", 1000: "1k", 45450: "45.5k", 1.2e6: "1.2M", 3.456e9: "3.46G", 65536: "65.5k", -1500: "-1.5k"} {
		if got := Number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestTicksAreRoundAndSpanTheValues(t *testing.T) {
	for _, top := range []float64{0, 0.3, 1, 7, 12, 99, 101, 12345} {
		ticks, last := steps(top, "")
		if len(ticks) < 2 || len(ticks) > 7 || last < top {
			t.Errorf("to %v: %v", top, ticks)
		}
	}
	for _, v := range [][2]float64{{1, 1}, {0.5, 20}, {3, 900000}, {1, 1000}} {
		ticks, low, top := decades(v[0], v[1], "")
		if low > v[0] || top < v[1] || len(ticks) < 2 || len(ticks) > 10 {
			t.Errorf("%v: %v", v, ticks)
		}
	}
}
