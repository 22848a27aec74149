package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

type run struct {
	peers   []peer
	sizes   []int
	rounds  int
	each    time.Duration
	callers int
}

type key struct {
	peer    string
	bytes   int
	callers int
}

// all runs the rounds and gives the medians, in the order of sizes and peers.
func (r run) all() ([]cell, error) {
	samples := map[key][]cell{}
	var order []key
	for round := range r.rounds {
		for _, size := range r.sizes {
			raw := cell{}
			for i := range r.peers {
				p := r.peers[i]
				cells, err := r.measure(p, size)
				if err != nil {
					return nil, fmt.Errorf("%s, %d bytes: %w", p.name, size, err)
				}
				for _, c := range cells {
					if p.name == "raw" {
						raw = c
					}
					c.Ratio, c.OpsX = c.P50/raw.P50, c.Ops/raw.Ops
					k := key{c.Peer, c.Bytes, c.Callers}
					if round == 0 {
						order = append(order, k)
					}
					samples[k] = append(samples[k], c)
				}
			}
		}
	}
	out := make([]cell, 0, len(order))
	for _, k := range order {
		out = append(out, median(samples[k]))
	}
	return out, nil
}

func median(list []cell) cell {
	m := list[0]
	pick := func(f func(cell) float64) float64 {
		v := make([]float64, len(list))
		for i, c := range list {
			v[i] = f(c)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	m.P50 = pick(func(c cell) float64 { return c.P50 })
	m.P99 = pick(func(c cell) float64 { return c.P99 })
	m.Ops = pick(func(c cell) float64 { return c.Ops })
	m.Ratio = pick(func(c cell) float64 { return c.Ratio })
	m.OpsX = pick(func(c cell) float64 { return c.OpsX })
	return m
}

// measure starts a peer's server as a process and calls it: one caller, then many on one connection.
func (r run) measure(p peer, size int) ([]cell, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	addr := filepath.Join(dir, "s")
	cmd := exec.Command(os.Args[0], "serve", p.name, addr)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer cmd.Wait()
	defer in.Close() // a server ends with its standard input
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	c, err := p.dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	one, err := r.loop(c, p.name, size, 1)
	if err != nil || !p.many || r.callers < 2 || size > 4096 {
		return []cell{one}, err
	}
	many, err := r.loop(c, p.name, size, r.callers)
	return []cell{one, many}, err
}

// loop has callers call for the time of a cell, after a tenth of it to warm up.
func (r run) loop(c caller, name string, size, callers int) (cell, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		first error
	)
	begin := time.Now().Add(r.each / 10)
	end := begin.Add(r.each)
	for range callers {
		wg.Go(func() {
			b := &buffers{body: make([]byte, size), answer: make([]byte, 0, size)}
			took := make([]time.Duration, 0, 1<<20/callers)
			for at := time.Now(); at.Before(end); {
				if err := c.call(b); err != nil {
					mu.Lock()
					first = err
					mu.Unlock()
					return
				}
				now := time.Now()
				if at.After(begin) {
					took = append(took, now.Sub(at))
				}
				at = now
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	wg.Wait()
	if first != nil {
		return cell{}, first
	}
	slices.Sort(all)
	us := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Nanoseconds()) / 1e3 }
	return cell{Peer: name, Bytes: size, Callers: callers, P50: us(0.5), P99: us(0.99), Ops: float64(len(all)) / r.each.Seconds()}, nil
}

// ready tells the parent that the server listens, and returns when the parent is done with it.
func ready() error {
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	return nil
}
