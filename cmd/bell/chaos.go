package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// chaosRecord is the first record of bell chaos in -o json.
type chaosRecord struct {
	Seed      uint64  `json:"seed"`
	Transport string  `json:"transport"`
	Protocol  string  `json:"protocol"`
	Servers   int     `json:"servers"`
	Clients   int     `json:"clients"`
	Callers   int     `json:"callers"`
	Strikes   int     `json:"strikes"`
	Planned   float64 `json:"planned_seconds"`
}

// chaosSecond is the record of each second.
type chaosSecond struct {
	Second float64  `json:"second"`
	Acked  int      `json:"ok_calls"`
	Never  int      `json:"never"`
	Maybe  int      `json:"maybe"`
	Open   int      `json:"open"`
	Kills  int      `json:"kills"`
	Stops  int      `json:"stops"`
	Did    []string `json:"did"`
}

// Bounds of the flags: ids and logs have room for that many.
const (
	maxServers = 64
	maxClients = 64
	maxCallers = 200
	maxDelay   = time.Minute
	maxStop    = 8 * time.Second // well below the silence after which a node gives up a link
)

func (a *app) chaosCmd() *cobra.Command {
	var (
		c         chaosConfig
		s         schedule
		transport string
	)
	cmd := &cobra.Command{
		Use:   "chaos",
		Short: "Kill, stop and continue servers and clients, and see whether the promises hold",
		Long: `chaos starts servers of a journal and clients that call them, as processes of their own, and kills, stops
and continues them at random. Each server writes down what it runs before it answers; each client logs each call
before and after. In the end the two are compared: was an acknowledged call lost, did one run twice, did an error
say that a call did not run that did, did all come back in time, do all find back to each other, is anything left.

The exit code is 0 when every promise was kept, 1 when one was broken. docs/cli.md has the promises and the figures.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				s.seed = uint64(rand.Uint32())
			}
			if p := chaosProtocolOf(c.protocol); p != nil && !cmd.Flags().Changed("transport") {
				transport = p.transport()
			}
			if s.kills == 0 && s.length == 0 {
				s.length = 10 * time.Second
			}
			c.seed, s.servers, s.clients, s.stops = s.seed, c.servers, c.clients, canStop
			s.longest = min(2*c.deadline, maxStop)
			if err := c.check(transport, &s); err != nil {
				return err
			}
			c.strikes, c.tail = s.draw(), planFirst
			return a.chaos(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.IntVar(&c.servers, "servers", 2, "servers, each with a journal of its own")
	f.IntVar(&c.clients, "clients", 4, "client processes; each calls all servers in turn")
	f.IntVar(&c.callers, "callers", 8, "goroutines of a client that call at once")
	f.IntVar(&s.kills, "kills", 0, "end after so many kills")
	f.DurationVar(&s.length, "for", 0, "end after that time (default 10s, unless --kills is given)")
	f.DurationVar(&s.every, "every", 150*time.Millisecond, "mean time between two strikes")
	f.Uint64Var(&s.seed, "seed", 0, "of the schedule: the same one gives the same strikes (default: a random one)")
	f.StringVar(&transport, "transport", "", "what they meet over: "+strings.Join(transportNames(), ", ")+
		" (default: "+defaultTransport()+" for dmtp, "+defaultPipe()+" for campus)")
	f.StringVar(&c.protocol, "protocol", chaosProtocols[0].name, "what they speak: "+strings.Join(protocolNames(), ", "))
	f.DurationVar(&c.deadline, "deadline", 500*time.Millisecond, "longest deadline of a call; the shortest is a fifth of it")
	f.DurationVar(&c.pause, "pause", 5*time.Millisecond, "mean pause of a caller between two calls")
	f.StringVar(&c.fault, "fault", "", "have servers or clients do wrong, to see the verdict notice: "+strings.Join(faultNames(), ", "))
	return cmd
}

func transportNames() (list []string) {
	for _, t := range chaosTransports {
		list = append(list, t.name)
	}
	return list
}

func protocolNames() (list []string) {
	for _, p := range chaosProtocols {
		list = append(list, p.name)
	}
	return list
}

func faultNames() (list []string) {
	for name := range chaosFaults {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// check refuses what does not fit.
func (c *chaosConfig) check(transport string, s *schedule) error {
	if chaosProtocolOf(c.protocol) == nil {
		return usage("--protocol %q: it is one of %s", c.protocol, strings.Join(protocolNames(), ", "))
	}
	if c.transport = chaosTransportOf(transport); c.transport == nil {
		return usage("--transport %q: it is one of %s", transport, strings.Join(transportNames(), ", "))
	}
	if c.fault != "" && chaosFaults[c.fault] == "" {
		return usage("--fault %q: it is one of %s", c.fault, strings.Join(faultNames(), ", "))
	}
	for _, n := range []struct {
		flag       string
		value, max int64
		min        int64
	}{
		{"servers", int64(c.servers), maxServers, 1},
		{"clients", int64(c.clients), maxClients, 1},
		{"callers", int64(c.callers), maxCallers, 1},
		{"kills", int64(s.kills), 10000, 0},
		{"every", int64(s.every / time.Millisecond), int64(maxDelay / time.Millisecond), 1},
		{"deadline", int64(c.deadline / time.Millisecond), int64(maxDelay / time.Millisecond), 10},
		{"pause", int64(c.pause / time.Millisecond), int64(maxDelay / time.Millisecond), 0},
		{"for", int64(s.length / time.Second), int64(30 * 24 * time.Hour / time.Second), 0},
	} {
		if n.value < n.min || n.value > n.max {
			return usage("--%s is out of its range", n.flag)
		}
	}
	return nil
}

// chaos does a run and tells how it goes.
func (a *app) chaos(ctx context.Context, c chaosConfig) error {
	rec := chaosRecord{c.seed, c.transport.name, c.protocol, c.servers, c.clients, c.callers, len(c.strikes), 0}
	if n := len(c.strikes); n > 0 {
		rec.Planned = c.strikes[n-1].at.Seconds()
	}
	text := fmt.Sprintf("seed %d: %d servers, %d clients of %d callers, %s over %s; %d strikes in %.0f s", c.seed, c.servers,
		c.clients, c.callers, c.protocol, c.transport.name, len(c.strikes), rec.Planned)
	if !canStop {
		text += "; this system does not stop processes: kills only"
	}
	a.emit(rec, text)
	r := &chaosRun{chaosConfig: c, second: a.chaosSecond}
	v, err := r.run(ctx)
	if err != nil {
		return err
	}
	a.chaosVerdict(v)
	if v.Verdict != "kept" {
		return quietExit(exitFailed)
	}
	return nil
}

func (a *app) chaosSecond(r *chaosRun, at time.Duration) {
	n := &r.ledger.counts
	rec := chaosSecond{at.Round(time.Millisecond).Seconds(), n[outcomeOK], n[outcomeNever], n[outcomeMaybe], n[outcomeOpen], r.kills, r.stops, r.did}
	if rec.Did == nil {
		rec.Did = []string{}
	}
	a.emit(rec, fmt.Sprintf("%4.0f s  ok %d  never %d  maybe %d  kills %d  stops %d  %s", rec.Second, rec.Acked, rec.Never, rec.Maybe,
		rec.Kills, rec.Stops, a.paint(dim, cmp.Or(strings.Join(rec.Did, ", "), "calm"))))
}

func (a *app) chaosVerdict(v *chaosVerdict) {
	colour := green
	if v.Verdict != "kept" {
		colour = red
	}
	text := fmt.Sprintf("ok %d  never %d  maybe %d  lost %d  doubled %d  hung %d  leaked %d  wrong %d  late %d  away %d  unknown %d\n",
		v.Acked, v.Never, v.Maybe, v.Lost, v.Doubled, v.Hung, v.Leaked, v.Wrong, v.Late, v.Away, v.Unknown)
	for _, s := range v.Broken {
		text += "  " + oneLine(s, 400) + "\n"
	}
	text += fmt.Sprintf("%s: seed %d, %d calls, %d kills, %d stops in %.1f s; at most %.0f ms after a deadline, %.0f ms after a death, %.0f ms until back",
		a.paint(colour, v.Verdict), v.Seed, v.Calls, v.Kills, v.Stops, v.Seconds, v.Deadline, v.Death, v.Back)
	a.emit(v, text)
}
