package main

import (
	"context"
	"time"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/worker"
	"github.com/bellpull/bellpull/bench/workload"
)

// slack is what a measurement may take beside its own time, starting the processes included.
const slack = 60 * time.Second

// measure measures a workload once, with processes of its own.
func (r *runner) measure(ctx context.Context, w workload.Workload, c contestant) (figures, error) {
	each := r.each * time.Duration(max(w.Times, 1))
	ctx, cancel := context.WithTimeout(ctx, 4*each+slack)
	defer cancel()
	p, err := r.start(ctx, w, c)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	var sent worker.Sent
	if err := p.client.Ask(ctx, worker.Command{Do: worker.Begin, Workload: w, For: r.each / 5}, &sent); err != nil {
		return nil, err
	}
	if _, err := p.await(ctx, sent.N); err != nil {
		return nil, err
	}
	var before, after rival.Usage
	if err := p.server.Ask(ctx, worker.Command{Do: worker.Used}, &before); err != nil {
		return nil, err
	}
	var got worker.Result
	if err := p.client.Ask(ctx, worker.Command{Do: worker.Run, For: each}, &got); err != nil {
		return nil, err
	}
	if got.Sent > 0 { // it is over when all of it has come
		at, err := p.await(ctx, got.Sent)
		if err != nil {
			return nil, err
		}
		got.Ended = max(got.Ended, at)
	}
	if err := p.server.Ask(ctx, worker.Command{Do: worker.Used}, &after); err != nil {
		return nil, err
	}
	return cellOf(w, got, after.Minus(before)), nil
}

// await waits until the server has taken so much, and says when it had.
func (p *pair) await(ctx context.Context, n int64) (at int64, err error) {
	if n == 0 {
		return 0, nil
	}
	var when worker.When
	err = p.server.Ask(ctx, worker.Command{Do: worker.Await, N: n}, &when)
	return when.At, err
}

// cellOf makes figures of what client and server said.
func cellOf(w workload.Workload, got worker.Result, server rival.Usage) figures {
	seconds, n := float64(got.Ended-got.Began)/1e9, float64(max(got.N, 1))
	f := figures{
		workload.PerSecond:    n / seconds,
		workload.CPUClient:    got.Used.CPU / n * 1e6,
		workload.CPUServer:    server.CPU / n * 1e6,
		workload.CPUBoth:      (got.Used.CPU + server.CPU) / n * 1e6,
		workload.AllocsClient: float64(got.Used.Mallocs) / n,
		workload.AllocsServer: float64(server.Mallocs) / n,
		workload.AllocsBoth:   float64(got.Used.Mallocs+server.Mallocs) / n,
	}
	switch w.Kind {
	case workload.Stream:
		f[workload.Bytes] = n * float64(w.Bytes) / seconds
	case workload.Calls, workload.Slow:
		for _, q := range []struct {
			name  string
			share float64
			us    float64
		}{{workload.P50, 0.5, got.P50}, {workload.P99, 0.99, got.P99}, {workload.P999, 0.999, got.P999}} {
			if n*(1-q.share) >= 0.999 { // fewer calls than that do not tell
				f[q.name] = q.us
			}
		}
	}
	return f
}
