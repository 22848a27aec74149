package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/bellpull/bellpull/bench/workload"
	"github.com/bellpull/bellpull/internal/measure"
)

// A result is what a run measured: a line of JSON about the run, then one for each cell.
type result struct {
	run   about
	cells []*cell
}

// about says where and how it was measured.
type about struct {
	Bench    int      `json:"bench"` // version of the format
	Date     string   `json:"date"`
	Platform string   `json:"platform"`
	CPUs     int      `json:"cpus"`
	CPU      string   `json:"cpu"`
	Kernel   string   `json:"kernel"`
	Go       string   `json:"go"`
	Rounds   int      `json:"rounds"`
	Each     string   `json:"each"`
	Idle     string   `json:"idle"`
	Peers    []peerOf `json:"peers"`
}

type peerOf struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Ours  bool   `json:"ours"`
}

// A cell is one workload with one peer.
type cell struct {
	Workload string  `json:"workload"`
	Peer     string  `json:"peer"`
	Ours     bool    `json:"ours"`
	Rounds   int     `json:"rounds"`
	Conns    int     `json:"conns,omitempty"` // of an idle row, where they are fewer than it says
	Figures  spreads `json:"figures"`
	Note     string  `json:"note,omitempty"`  // why there are no figures, or only of some rounds
	Unfit    bool    `json:"unfit,omitempty"` // the note is no failure

	rounds []figures
}

// spreads are figures by name. In JSON each is [median, min, max], with as many digits as a measurement is worth.
type spreads map[string]measure.Spread

// MarshalJSON writes them.
func (s spreads) MarshalJSON() ([]byte, error) {
	short := map[string][3]float64{}
	for name, v := range s {
		short[name] = [3]float64{rounded(v.Median), rounded(v.Min), rounded(v.Max)}
	}
	return json.Marshal(short)
}

// UnmarshalJSON reads them.
func (s *spreads) UnmarshalJSON(b []byte) error {
	var short map[string][3]float64
	if err := json.Unmarshal(b, &short); err != nil {
		return err
	}
	*s = spreads{}
	for name, v := range short {
		(*s)[name] = measure.Spread{Median: v[0], Min: v[1], Max: v[2]}
	}
	return nil
}

func newResult(o *options, who []contestant) *result {
	r := &result{run: about{Bench: 1, Date: time.Now().UTC().Format(time.DateOnly), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), CPU: fieldOf("/proc/cpuinfo", "model name"), Kernel: kernel(), Go: runtime.Version(),
		Rounds: o.rounds, Each: o.each.String(), Idle: o.idle.String()}}
	for _, c := range who {
		r.run.Peers = append(r.run.Peers, peerOf{c.Name, c.About, c.Ours})
	}
	return r
}

// cell gives the cell of a workload and a peer, made on first use.
func (r *result) cell(w workload.Workload, p contestant) *cell {
	if c := r.find(w.Name, p.Name); c != nil {
		return c
	}
	c := &cell{Workload: w.Name, Peer: p.Name, Ours: p.Ours, Figures: spreads{}}
	r.cells = append(r.cells, c)
	return c
}

func (r *result) find(workload, peer string) *cell {
	for _, c := range r.cells {
		if c.Workload == workload && c.Peer == peer {
			return c
		}
	}
	return nil
}

// figure gives the median of a figure; ok is false when there is none.
func (r *result) figure(workload, peer, name string) (v float64, ok bool) {
	c := r.find(workload, peer)
	if c == nil {
		return 0, false
	}
	s, ok := c.Figures[name]
	return s.Median, ok
}

// add adds a round.
func (c *cell) add(f figures) {
	c.rounds = append(c.rounds, f)
	c.Rounds = len(c.rounds)
	for name := range f {
		var list []float64
		for _, round := range c.rounds {
			if v, ok := round[name]; ok {
				list = append(list, v)
			}
		}
		c.Figures[name] = measure.SpreadOf(list)
	}
}

// rounded keeps four digits, or a thousandth.
func rounded(v float64) float64 {
	var f float64
	s := fmt.Sprintf("%.3f", v)
	if v >= 100 || v <= -100 {
		s = fmt.Sprintf("%.4g", v)
	}
	fmt.Sscan(s, &f)
	return f
}

// failures says which of our own rows failed: those of others are theirs.
func (r *result) failures() error {
	var all []error
	for _, c := range r.cells {
		if (c.Ours || c.Peer == base) && c.Note != "" && !c.Unfit {
			all = append(all, fmt.Errorf("%s, %s: %s", c.Workload, c.Peer, c.Note))
		}
	}
	return errors.Join(all...)
}

func (r *result) write(to io.Writer) error {
	b := bufio.NewWriter(to)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.run); err != nil {
		return err
	}
	for _, c := range r.cells {
		if err := e.Encode(c); err != nil {
			return err
		}
	}
	return b.Flush()
}

func (r *result) save(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := r.write(f); err != nil {
		return err
	}
	return f.Close()
}

func load(path string) (*result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(f))
	r := &result{}
	if err := d.Decode(&r.run); err != nil || r.run.Bench != 1 {
		return nil, fmt.Errorf("%s is no result of this program: write one with -save", path)
	}
	for {
		c := &cell{}
		switch err := d.Decode(c); {
		case errors.Is(err, io.EOF):
			return r, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		r.cells = append(r.cells, c)
	}
}

// kernel gives its version, "" where it is not told.
func kernel() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(b))
}

// fieldOf gives the first value of a name in a file of the form "name : value".
func fieldOf(path, name string) string {
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
