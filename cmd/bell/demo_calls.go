package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// What one call carries, and how long each contender is measured: in rounds that take turns, so that whatever else
// the machine does hits all of them alike.
const (
	callSize   = 64
	callRounds = 5
	callRound  = 100 * time.Millisecond
	callWarmUp = 200
)

// result is what one round gave: how long each call took.
type result []time.Duration

// A contender is one row of the table.
type contender struct {
	name    string
	measure func(ctx context.Context, round time.Duration) (result, error)
	all     result
	err     error
}

// callsRecord is part "calls" in -o json.
type callsRecord struct {
	Part  string    `json:"part"`
	OK    bool      `json:"ok"`
	Bytes int       `json:"bytes"`
	Rows  []callRow `json:"rows"`
}

// callRow is one row of it.
type callRow struct {
	Name  string  `json:"name"`
	OK    bool    `json:"ok"`
	P50   float64 `json:"p50_us"`
	Calls int     `json:"calls"`
	Error string  `json:"error,omitempty"`
}

// calls measures calls of 64 bytes over several ways to another process.
func (d *demo) calls(ctx context.Context) bool {
	rec := callsRecord{Part: "calls", Bytes: callSize}
	server, err := startPart(ctx, "echo", d.dir)
	if err != nil {
		d.say("   %s: %v", d.mark(false), err)
		d.emit(rec, "")
		return false
	}
	defer server.stop()
	t := &callTable{}
	defer t.close()
	err = t.connect(ctx, server)
	list := []*contender{
		{name: "shm", measure: func(ctx context.Context, round time.Duration) (result, error) { return measureShm(ctx, t, round) }},
		{name: "unixsock", measure: t.peerRound},
		{name: "socket", measure: t.rawRound},
		{name: "net/rpc", measure: t.rpcRound},
	}
	for range callRounds {
		for _, c := range list {
			if c.err == nil {
				c.err = err
			}
			if c.err != nil {
				continue
			}
			var r result
			r, c.err = c.measure(ctx, callRound)
			c.all = append(c.all, r...)
		}
	}
	rec.OK = true
	for _, c := range list {
		row := callRow{Name: c.name, OK: c.err == nil && len(c.all) > 0, Calls: len(c.all), P50: micros(p50(c.all))}
		if c.err != nil {
			row.P50, row.Error = 0, c.err.Error()
		}
		rec.OK = rec.OK && row.OK
		rec.Rows = append(rec.Rows, row)
	}
	d.emit(rec, "")
	d.showRows(rec.Rows)
	return rec.OK
}

// showRows draws the table with bars.
func (d *demo) showRows(rows []callRow) {
	block, top := "#", 0.0
	if terminal(d.out) {
		block = "█"
	}
	for _, r := range rows {
		top = max(top, r.P50)
	}
	const width = 44
	for _, r := range rows {
		if !r.OK {
			what := "FAILED"
			if r.Error == errMissing.Error() {
				what = "missing"
			}
			d.say("   %-10s %s: %s", r.Name, d.paint(red, what), oneLine(r.Error, 52))
			continue
		}
		n := max(1, int(r.P50/top*width+0.5))
		d.say("   %-10s %9.2f µs  %s", r.Name, r.P50, d.paint(green, strings.Repeat(block, n)))
	}
}

// p50 gives the median.
func p50(list result) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// timeCalls makes calls, one after another, for about round, and gives how long each took. The end of one is the
// beginning of the next, so reading the clock counts once a call.
func timeCalls(ctx context.Context, round time.Duration, call func() error) (result, error) {
	for range callWarmUp {
		if err := call(); err != nil {
			return nil, err
		}
	}
	list := make(result, 0, 1<<16)
	from := time.Now()
	for last := from; ; {
		if err := call(); err != nil {
			return list, err
		}
		now := time.Now()
		list = append(list, now.Sub(last))
		last = now
		if now.Sub(from) >= round {
			return list, ctx.Err()
		}
	}
}

// errAnswer says that an answer was not what was sent.
var errAnswer = errors.New("the answer is not what was sent")
