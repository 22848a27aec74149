package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull"
)

// times sums up how long things took.
type times struct {
	n             int
	min, max, sum time.Duration
}

func (t *times) add(d time.Duration) {
	if t.n == 0 || d < t.min {
		t.min = d
	}
	t.max = max(t.max, d)
	t.sum += d
	t.n++
}

func (t *times) avg() time.Duration { return t.sum / time.Duration(max(t.n, 1)) }

// String gives min/avg/max in milliseconds.
func (t *times) String() string {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	return fmt.Sprintf("%.3f/%.3f/%.3f ms", ms(t.min), ms(t.avg()), ms(t.max))
}

// timesRecord sums up calls or pings in -o json.
type timesRecord struct {
	Sent     int     `json:"sent"`
	Received int     `json:"received"`
	Min      float64 `json:"min_us"`
	Avg      float64 `json:"avg_us"`
	Max      float64 `json:"max_us"`
}

func (t *times) record(sent int) timesRecord {
	return timesRecord{sent, t.n, micros(t.min), micros(t.avg()), micros(t.max)}
}

// micros gives a duration in microseconds, to the nanosecond.
func micros(d time.Duration) float64 { return float64(d) / 1e3 }

// pingRecord is one pong in -o json.
type pingRecord struct {
	Peer   string  `json:"peer"`
	Seq    int     `json:"seq"`
	Micros float64 `json:"us"`
}

func (a *app) pingCmd() *cobra.Command {
	var (
		l        link
		count    int
		interval time.Duration
	)
	cmd := &cobra.Command{
		Use:   "ping ADDRESS",
		Short: "Measure round trips that run no code of the other side's user",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 1 || interval < 0 {
				return usage("want --count of 1 or more and no negative --interval")
			}
			p, err := l.dial(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer hangUp(p)
			return a.ping(cmd.Context(), p, &l, count, interval)
		},
	}
	l.dialFlags(cmd.Flags())
	cmd.Flags().IntVarP(&count, "count", "n", 5, "how often")
	cmd.Flags().DurationVar(&interval, "interval", 200*time.Millisecond, "pause between two")
	return cmd
}

// ping pings until count or the first failure, which comes after the sums.
func (a *app) ping(ctx context.Context, p *bellpull.Peer, l *link, count int, interval time.Duration) (err error) {
	var all times
	sent := 0
	for err == nil && sent < count {
		if sent > 0 && !pause(ctx, interval) {
			break
		}
		sent++
		var took time.Duration
		pctx, cancel := context.WithTimeout(ctx, l.timeout)
		took, err = p.Ping(pctx)
		cancel()
		if err == nil {
			all.add(took)
			a.emit(pingRecord{p.Name(), sent, micros(took)},
				fmt.Sprintf("pong from %s: seq=%d time=%.3f ms", oneLine(p.Name(), 80), sent, float64(took)/1e6))
		}
	}
	a.emit(all.record(sent), fmt.Sprintf("%d sent, %d received, min/avg/max %s", sent, all.n, all.String()))
	return err
}

// pause waits for d and says whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
