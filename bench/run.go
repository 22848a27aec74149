package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bellpull/bellpull/bench/worker"
	"github.com/bellpull/bellpull/bench/workload"
)

// runner measures.
type runner struct {
	*options
	contestants []contestant
	result      *result
}

// figures are what one measurement gave.
type figures map[string]float64

// run measures every workload with every peer, in rounds. A peer that fails a workload is left out of it from then on;
// the result says why.
func (r *runner) run(ctx context.Context, rows []workload.Workload) error {
	from := time.Now()
	busy := slices.DeleteFunc(slices.Clone(rows), func(w workload.Workload) bool { return w.Kind == workload.Idle })
	for round := range min(r.rounds, r.rounds*len(busy)) {
		for _, w := range busy {
			if err := r.round(ctx, round, w); err != nil {
				return err
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d, %v\n", round+1, r.rounds, time.Since(from).Round(time.Second))
	}
	for _, w := range rows {
		if w.Kind == workload.Idle {
			if err := r.idleRound(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// round measures one workload with every peer, beginning with another one each time.
func (r *runner) round(ctx context.Context, round int, w workload.Workload) error {
	got := make([]figures, len(r.contestants))
	for i := range r.contestants {
		i = (i + round) % len(r.contestants)
		c := r.contestants[i]
		cell := r.result.cell(w, c)
		if cell.Note != "" {
			continue
		}
		if cell.Note = w.Unfit(c.Facts); cell.Note != "" {
			cell.Unfit = true
			continue
		}
		f, err := r.measure(ctx, w, c)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, worker.ErrUnfit):
			cell.Note, cell.Unfit = "no such message", true
		case err != nil:
			cell.Note = err.Error()
			fmt.Fprintf(os.Stderr, "%s, %s: %v\n", w.Name, c.Name, err)
		}
		got[i] = f
	}
	for i, c := range r.contestants {
		if got[i] == nil {
			continue
		}
		if c.Name == base || got[0] != nil {
			got[i][workload.Ratio] = ratio(w.By, got[i], got[0])
		}
		r.result.cell(w, c).add(got[i])
	}
	return nil
}

// ratio says how many times better a figure is than that of the base.
func ratio(by string, f, of figures) float64 {
	a, b := f[by], of[by]
	if !workload.Larger(by) {
		a, b = b, a
	}
	if b == 0 {
		return 0
	}
	return a / b
}

// A pair is a server and a client that talk, both processes of their own.
type pair struct {
	server, client *worker.Process
	dir            string
	burner         *worker.Process
}

func (p *pair) stop() {
	for _, w := range []*worker.Process{p.client, p.server, p.burner} {
		if w != nil {
			w.Stop()
		}
	}
	os.RemoveAll(p.dir)
}

// start starts the processes of a measurement where they belong.
func (r *runner) start(ctx context.Context, w workload.Workload, c contestant) (p *pair, err error) {
	server, client, err := places(w.Place)
	if err != nil {
		return nil, err
	}
	p = &pair{}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	if p.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	addr, role := filepath.Join(p.dir, "s"), worker.Server
	if w.Kind == workload.Stream {
		role = worker.Sink
	}
	if w.Place == workload.Busy {
		if p.burner, err = worker.Start(ctx, c.program, worker.CPUs()[:1], worker.Burner); err != nil {
			return nil, err
		}
	}
	if p.server, err = worker.Start(ctx, c.program, server, role, c.Name, addr); err != nil {
		return nil, err
	}
	p.client, err = worker.Start(ctx, c.program, client, worker.Client, c.Name, addr)
	return p, err
}

// places gives the CPUs of server and client; none is any.
func places(p workload.Place) (server, client []int, err error) {
	cpus := worker.CPUs()
	switch p {
	case workload.Free:
		return nil, nil, nil
	case workload.Busy:
		if len(cpus) > 0 {
			return nil, nil, nil
		}
	case workload.Same:
		if len(cpus) > 0 {
			return cpus[:1], cpus[:1], nil
		}
	case workload.Apart:
		if len(cpus) > 1 {
			return cpus[:1], cpus[len(cpus)-1:], nil
		}
	}
	return nil, nil, fmt.Errorf("processes cannot be put on CPUs here (%d may be used)", len(cpus))
}
