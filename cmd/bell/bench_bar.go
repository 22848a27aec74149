package main

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// A bar shows on a terminal how far a run is. nil shows nothing.
type bar struct {
	all *mpb.Progress
	one *mpb.Bar
	row atomic.Pointer[string]
}

// newBar gives a bar of so many steps where the standard error is a terminal and the output is for people.
func (a *app) newBar(steps int) *bar {
	if a.json() || !terminal(a.err) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	b := &bar{all: mpb.New(mpb.WithOutput(a.err), mpb.WithWidth(40))}
	b.row.Store(new(string))
	b.one = b.all.AddBar(int64(steps), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return *b.row.Load() }, decor.WC{W: 30, C: decor.DindentRight})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 6}), decor.Name(" left")))
	return b
}

// name says what is measured now.
func (b *bar) name(r *benchRow) {
	if b != nil {
		s := fmt.Sprintf("%s, %d × %d callers", sizeText(r.bytes), r.conns, r.callers)
		b.row.Store(&s)
	}
}

func (b *bar) step() {
	if b != nil {
		b.one.Increment()
	}
}

// end takes the bar off the terminal.
func (b *bar) end() {
	if b != nil {
		b.one.Abort(true)
		b.all.Wait()
	}
}
