package main

import (
	"context"
	"fmt"

	"github.com/bellpull/bellpull/internal/recorded"
)

// replayRecord is part "replay" in -o json.
type replayRecord struct {
	Part     string   `json:"part"`
	OK       bool     `json:"ok"`
	Sessions int      `json:"sessions"`
	Streams  int      `json:"streams"`
	Bytes    int      `json:"bytes"`
	Frames   int      `json:"frames"`
	Equal    int      `json:"equal"`    // encode to the same bytes again
	ByValue  int      `json:"by_value"` // hand-written JSON, encodes to the same value
	Opaque   int      `json:"opaque"`   // user frames: bytes without a structure
	Broken   int      `json:"broken"`   // recorded broken, and refused with the error they must give
	Errors   []string `json:"errors"`
}

// replay replays what .NET processes wrote and counts what came out equal.
func (d *demo) replay(ctx context.Context) bool {
	r := replayRecord{Part: "replay", Errors: []string{}}
	sessions, err := recorded.Sessions()
	if err != nil {
		r.Errors = append(r.Errors, err.Error())
	}
	var sum recorded.Report
	for _, s := range sessions {
		if ctx.Err() != nil {
			r.Errors = append(r.Errors, "no time left to replay all of them")
			break
		}
		report, err := recorded.Replay(s)
		if err != nil {
			r.Errors = append(r.Errors, err.Error())
		}
		sum.Add(report)
		r.Sessions++
	}
	r.Streams, r.Bytes, r.Frames = sum.Streams, sum.Bytes, sum.Frames
	r.Equal, r.ByValue, r.Opaque, r.Broken = sum.Packages+sum.Exact, sum.ByValue, sum.Opaque, sum.Flawed
	r.OK = len(r.Errors) == 0 && r.Frames > 0 && r.Equal+r.ByValue+r.Opaque+r.Broken == r.Frames
	d.emit(r, "")
	d.say("   %s  replayed %d sessions recorded from .NET, %d of %d frames equal", d.mark(r.OK), r.Sessions,
		r.Frames-r.Broken, r.Frames)
	d.say("       %d to the byte, %d by value (hand-written JSON), %d opaque user frames;", r.Equal, r.ByValue, r.Opaque)
	d.say("       the other %d were recorded broken and are refused as they must be", r.Broken)
	for i, e := range r.Errors {
		if i == 5 {
			d.say("       … and %d more", len(r.Errors)-i)
			break
		}
		d.say("       %s", oneLine(fmt.Sprint(e), 160))
	}
	return r.OK
}
