package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/measure"
)

// benchRun measures the rows of one bell bench.
type benchRun struct {
	*app
	cfg      *benchConfig
	addr     string
	protocol *benchProtocol
	peers    []*bellpull.Peer // dialled so far; a row uses the first ones
}

// A benchRow is one combination of the flags, and what its rounds gave.
type benchRow struct {
	bytes, conns, callers int

	all    *measure.Hist // of all rounds
	rounds []benchRound
}

// benchRound is what one round of a row gave.
type benchRound struct {
	calls, missed int64
	perSecond     float64
	quantiles     [len(benchShares)]float64 // microseconds
}

// benchShares are the percentiles that have a column and a key.
var benchShares = [...]float64{0.5, 0.9, 0.99, 0.999, 0.9999}

func (b *benchRun) close() {
	for _, p := range b.peers {
		hangUp(p)
	}
}

// run measures all rows, taking turns.
func (b *benchRun) run(ctx context.Context) ([]*benchRow, error) {
	var rows []*benchRow
	for _, n := range b.cfg.bytes {
		for _, conns := range b.cfg.conns {
			for _, callers := range b.cfg.callers {
				rows = append(rows, &benchRow{bytes: n, conns: conns, callers: callers, all: measure.NewHist(3)})
			}
		}
	}
	// Calls have no context of their own, as those of users who want speed: when ours ends, their connections do.
	stop := context.AfterFunc(ctx, b.close)
	defer stop()
	bar := b.newBar(len(rows) * b.cfg.rounds)
	defer bar.end()
	for range b.cfg.rounds {
		for _, row := range rows {
			bar.name(row)
			if err := b.round(ctx, row); err != nil {
				if ctx.Err() != nil {
					return nil, benchInterrupted(ctx)
				}
				return nil, b.explain(err, row)
			}
			bar.step()
		}
	}
	return rows, nil
}

// round measures one round of a row, after a tenth of it to warm up.
func (b *benchRun) round(ctx context.Context, row *benchRow) error {
	if err := b.dial(ctx, row.conns); err != nil {
		return err
	}
	peers := b.peers[:row.conns]
	callers := make([]measure.Call, 0, row.conns*row.callers)
	for _, p := range peers {
		for range row.callers {
			callers = append(callers, b.call(p, row.bytes))
		}
	}
	load := measure.Load{For: b.cfg.roundTime(), Rate: b.cfg.rate, Pause: b.cfg.pause}
	if len(callers) > 64 {
		load.Digits = 2 // three digits of a thousand callers are 260 MiB
	}
	warm := load
	warm.For /= 10
	if _, err := warm.Run(ctx, callers); err != nil {
		return err
	}
	if err := b.settle(ctx, peers); err != nil {
		return err
	}
	from := time.Now()
	r, err := load.Run(ctx, callers)
	if err != nil {
		return err
	}
	if b.cfg.notify { // sent is not read
		if err := b.settle(ctx, peers); err != nil {
			return err
		}
		r.Took = time.Since(from)
	}
	done := benchRound{calls: r.Calls, missed: r.Missed, perSecond: r.PerSecond()}
	for i, q := range benchShares {
		done.quantiles[i] = measure.Micros(r.Hist.At(q))
	}
	row.rounds = append(row.rounds, done)
	row.all.Add(r.Hist)
	return nil
}

// dial makes sure that there are so many connections.
func (b *benchRun) dial(ctx context.Context, n int) error {
	for len(b.peers) < n {
		p, err := b.cfg.link.dial(ctx, b.addr, bellpull.WithTimeout(b.cfg.link.timeout))
		if err != nil {
			return err
		}
		b.peers = append(b.peers, p)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// call gives the call of one caller.
func (b *benchRun) call(p *bellpull.Peer, size int) measure.Call {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i)
	}
	ctx, method := context.Background(), b.cfg.method
	switch args := b.cfg.args; {
	case args != nil && b.cfg.notify:
		return func() error { return p.Notify(ctx, method, args...) }
	case args != nil:
		return func() error {
			_, err := bellpull.Call[json.RawMessage](ctx, p, method, args...)
			return err
		}
	case b.cfg.notify:
		return func() error { return p.Notify(ctx, method, body) }
	}
	dst, same := make([]byte, 0, size), method == "echo"
	return func() error {
		got, err := p.CallBytes(ctx, method, dst, body)
		if err == nil && same && !bytes.Equal(got, body) {
			err = errAnswer
		}
		return err
	}
}

// settle waits until the other side has read all notifies: it reads in order.
func (b *benchRun) settle(ctx context.Context, peers []*bellpull.Peer) error {
	if !b.cfg.notify {
		return nil
	}
	for _, p := range peers {
		pctx, cancel := context.WithTimeout(ctx, b.cfg.link.timeout)
		_, err := p.Ping(pctx)
		if e, ok := errors.AsType[*bellpull.Error](err); ok && e.Code == bellpull.CodeUnsupported {
			if b.cfg.args != nil {
				_, err = bellpull.Call[json.RawMessage](pctx, p, b.cfg.method, b.cfg.args...)
			} else {
				_, err = p.CallBytes(pctx, b.cfg.method, nil, []byte{0})
			}
		}
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// explain gives the error of a row, with advice about the flags where they are the reason.
func (b *benchRun) explain(err error, row *benchRow) error {
	if errors.Is(err, errAnswer) {
		return &localError{fmt.Errorf("%s: %w", b.cfg.method, err), "is it the echo of bell serve? With another --method answers are not compared"}
	}
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return &localError{err, "see the cause"}
	}
	d := *e
	switch e.Code {
	case bellpull.CodeNoMethod:
		d.Advice = "name a method of that server that takes bytes with --method; bell serve has echo"
	case bellpull.CodeTooLarge:
		d.Advice = "the transport or the other side has a smaller limit; give a smaller --size than " + sizeText(row.bytes)
	case bellpull.CodeBusy:
		d.Advice = fmt.Sprintf("%d callers on a connection are more than the other side lets run at once; give fewer --callers", row.callers)
	case bellpull.CodeDeadline:
		d.Advice = "with so many at once a call may take long; give a longer --timeout or fewer --callers"
	case bellpull.CodeUnavailable, bellpull.CodeClosed:
		if !b.cfg.notify {
			return err
		}
		d.Advice = "a server whose handler is slower than notifies come ends the connection once too many wait; give a --rate"
	case bellpull.CodeBadArgument:
		switch {
		case b.protocol.name == "campus" && e.Op == "dial":
			d.Advice = "give npipe:NAME or local:NAME"
		case b.cfg.args == nil:
			d.Advice = "the method must take and give bytes, as echo of bell serve does; for any other give --method and its arguments"
		default:
			return err
		}
	default:
		return err
	}
	return &d
}
