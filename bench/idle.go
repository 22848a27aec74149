package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/worker"
	"github.com/bellpull/bellpull/bench/workload"
)

// An idler is a peer whose connections are left alone.
type idler struct {
	contestant
	*pair
	w     workload.Workload
	first [2]rival.Usage // of server and client, with one connection
	begin [2]rival.Usage // when nothing was done any more
	end   [2]rival.Usage
	took  time.Duration // between the two
	err   error
}

// idleRound connects every peer, uses the connections, and then leaves all of them alone at once: idle processes do not
// disturb each other.
func (r *runner) idleRound(ctx context.Context, w workload.Workload) error {
	ctx, cancel := context.WithTimeout(ctx, r.idle+time.Duration(len(r.contestants))*slack)
	defer cancel()
	var all []*idler
	defer func() {
		for _, i := range all {
			i.stop()
		}
	}()
	for _, c := range r.contestants {
		cell := r.result.cell(w, c)
		if cell.Note = w.Unfit(c.Facts); cell.Note != "" {
			cell.Unfit = true
			continue
		}
		i := &idler{contestant: c, w: w.For(c.Facts)}
		if i.pair, i.err = r.start(ctx, w, c); i.err == nil {
			all = append(all, i)
			i.err = i.crowd(ctx)
		}
		if cell.Note = noteOf(i.err); i.err != nil {
			fmt.Fprintf(os.Stderr, "%s, %s: %v\n", w.Name, c.Name, i.err)
		}
	}
	fmt.Fprintf(os.Stderr, "idle for %v\n", r.idle)
	if !sleep(ctx, r.idle/2) { // what follows use ends: buffers are given back, timers run out
		return context.Cause(ctx)
	}
	r.eachIdler(all, func(i *idler) { i.err = i.ask(ctx, &i.begin, false) })
	from := time.Now()
	if !sleep(ctx, r.idle-r.idle/2) {
		return context.Cause(ctx)
	}
	r.eachIdler(all, func(i *idler) {
		i.took = time.Since(from)
		i.err = i.ask(ctx, &i.end, false)
	})
	var raw figures
	for _, i := range all { // one after another: what is collected must not disturb what is measured
		f := figures{}
		if i.err == nil {
			f, i.err = i.figures(ctx)
		}
		cell := r.result.cell(w, i.contestant)
		if cell.Note = noteOf(i.err); i.err != nil {
			continue
		}
		if i.Name == base {
			raw = f
		}
		if raw != nil {
			f[workload.Ratio] = ratio(w.By, f, raw)
		}
		cell.Conns = i.w.Conns
		cell.add(f)
	}
	return nil
}

func noteOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// crowd uses one connection, looks at the memory, and then uses all of them.
func (i *idler) crowd(ctx context.Context) error {
	one := i.w
	one.Conns = 1
	if err := i.client.Ask(ctx, worker.Command{Do: worker.Begin, Workload: one}, nil); err != nil {
		return err
	}
	if err := i.ask(ctx, &i.first, true); err != nil {
		return err
	}
	return i.client.Ask(ctx, worker.Command{Do: worker.Begin, Workload: i.w}, nil)
}

// figures gives what a connection holds, and how often anybody woke up.
func (i *idler) figures(ctx context.Context) (figures, error) {
	var now [2]rival.Usage
	if err := i.ask(ctx, &now, true); err != nil {
		return nil, err
	}
	grown, woken := 0.0, 0.0
	for k := range now {
		grown += float64(now[k].Minus(i.first[k]).Bytes)
		woken += float64(i.end[k].Minus(i.begin[k]).Wakes)
	}
	return figures{workload.Memory: grown / float64(max(i.w.Conns-1, 1)), workload.Wakes: woken / i.took.Seconds()}, nil
}

// ask asks both processes what they used.
func (i *idler) ask(ctx context.Context, u *[2]rival.Usage, memory bool) error {
	for k, p := range []*worker.Process{i.server, i.client} {
		if err := p.Ask(ctx, worker.Command{Do: worker.Used, Memory: memory}, &u[k]); err != nil {
			return err
		}
	}
	return nil
}

// eachIdler runs f for all that are well, at once.
func (r *runner) eachIdler(all []*idler, f func(*idler)) {
	var wg sync.WaitGroup
	for _, i := range all {
		if i.err == nil {
			wg.Go(func() { f(i) })
		}
	}
	wg.Wait()
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
