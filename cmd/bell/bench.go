package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// benchConfig is what the flags of bell bench say.
type benchConfig struct {
	link    link
	self    string // transport of the server of our own; "" is none
	method  string
	notify  bool
	rate    float64
	pause   time.Duration
	lasts   time.Duration // of a row, all rounds together
	rounds  int
	sizes   []string
	conns   []int
	callers []int
	svg     string
	compare bool

	bytes []int // sizes, read
	args  []any // for a method that takes them; nil: bytes
}

// Bounds of the flags: beyond them it is a mistake rather than a measurement.
const (
	maxBenchConns   = 10000
	maxBenchCallers = 4096
	maxBenchRate    = 10e6
	maxBenchSize    = 1 << 30
)

func (a *app) benchCmd() *cobra.Command {
	var c benchConfig
	cmd := &cobra.Command{
		Use:   "bench ADDRESS [ARG...] | --self | --compare OLD NEW",
		Short: "Measure calls of an address: times, throughput, one-way, many connections",
		Long: `bench calls a method that answers with its bytes, such as echo of bell serve, and tells how long that took. With
--self it starts a server of its own beside it. With an ARG it calls --method with arguments, as bell call does.

Without --rate it is a closed loop: each caller waits for its answer before it calls again. That tells what the
connection can do, and nothing of calls that come while it is busy. With --rate calls are due at fixed moments and
each one's time runs from when it was due, so that waiting for a busy server counts (no coordinated omission).

--size, --conns and --callers take lists; each combination is a row. Rows take turns, in rounds.`,
		Example: "  bell bench --self\n" +
			"  bell bench local:demo --size 64,1KiB,64KiB --callers 1,64 --svg times.svg\n" +
			"  bell bench local:demo --rate 20000 --callers 8\n" +
			"  bell bench local:demo --method add 1 2\n" +
			"  bell bench --self=tcp -o json > tcp.json; bell bench --self=unix -o json > unix.json\n" +
			"  bell bench --compare tcp.json unix.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.compare {
				return a.compareBench(args, c.svg)
			}
			if err := c.check(cmd.Flags(), args); err != nil {
				return err
			}
			return a.bench(cmd.Context(), &c, args)
		},
	}
	f := cmd.Flags()
	c.link.dialFlags(f)
	f.StringVar(&c.self, "self", "", "start a server of our own; =TRANSPORT is one of "+strings.Join(selfTransports(), ", "))
	f.Lookup("self").NoOptDefVal = selfAuto
	f.StringVar(&c.method, "method", "echo", "method to call: one that takes bytes")
	f.BoolVar(&c.notify, "notify", false, "send notifies, which have no answer, and measure until all were read")
	f.Float64Var(&c.rate, "rate", 0, "calls or notifies a second, of all callers together; 0: as fast as they go")
	f.DurationVar(&c.pause, "pause", 0, "wait so long before each call, so that both sides have gone to sleep")
	f.DurationVar(&c.lasts, "for", 2*time.Second, "how long to measure each row")
	f.IntVar(&c.rounds, "rounds", 5, "in so many rounds, which tell how much a figure varies")
	f.StringSliceVar(&c.sizes, "size", []string{"64"}, "bytes of a call, such as 64,1KiB,1MiB")
	f.IntSliceVar(&c.conns, "conns", []int{1}, "connections")
	f.IntSliceVar(&c.callers, "callers", []int{1}, "calls at once on each connection")
	f.StringVar(&c.svg, "svg", "", "draw the percentiles into a file")
	f.BoolVar(&c.compare, "compare", false, "compare two results of -o json")
	return cmd
}

// check says what of the command line does not fit, and reads the sizes.
func (c *benchConfig) check(f *pflag.FlagSet, args []string) error {
	within := func(flag string, list []int, most int) error {
		for _, n := range list {
			if n < 1 || n > most {
				return usage("--%s %d: want 1 to %d", flag, n, most)
			}
		}
		if len(list) == 0 {
			return usage("--%s is empty", flag)
		}
		return nil
	}
	switch {
	case c.self == "" && len(args) == 0:
		return usage("give the ADDRESS of a server, or --self for one of our own")
	case c.self != "" && len(args) > 0:
		return usage("--self starts a server of its own, so there can be no ADDRESS; to choose its transport say --self=%s", args[0])
	case len(args) > 1 && !f.Changed("method"):
		return usage("%s takes bytes; say with --method which one takes the argument %q", c.method, args[1])
	case len(args) > 1 && f.Changed("size"):
		return usage("--size is of methods that take bytes, and there are arguments")
	case benchProtocolOf(c.link.speak) == nil:
		return usage("--protocol %q: it is one of %s", c.link.speak, strings.Join(benchProtocolNames(), ", "))
	case c.self != "" && c.self != selfAuto && !slices.Contains(benchProtocolOf(c.link.speak).over, c.self):
		return usage("--self=%s: with %s it is one of %s", c.self, c.link.speak, strings.Join(benchProtocolOf(c.link.speak).over, ", "))
	case c.rate < 0 || c.rate > maxBenchRate:
		return usage("--rate %v: want 0 to %.0f", c.rate, maxBenchRate)
	case c.pause < 0 || c.pause > 0 && c.rate > 0:
		return usage("--pause %v: want none with a --rate, and none that is negative", c.pause)
	case c.rounds < 1 || c.rounds > 1000:
		return usage("--rounds %d: want 1 to 1000", c.rounds)
	case c.lasts < time.Duration(c.rounds)*time.Millisecond:
		return usage("--for %v: want a millisecond at least for each of %d rounds", c.lasts, c.rounds)
	}
	if err := within("conns", c.conns, maxBenchConns); err != nil {
		return err
	}
	if err := within("callers", c.callers, maxBenchCallers); err != nil {
		return err
	}
	if slices.Max(c.conns) > 1 && (c.link.id != "" || c.link.name != "") {
		return usage("--id and --name are of one connection, and --conns wants %d", slices.Max(c.conns))
	}
	if c.link.speak != "dmtp" {
		for _, name := range []string{"token", "id", "meta", "plain"} {
			if f.Changed(name) {
				return usage("--%s is of dmtp; %s has no such thing", name, c.link.speak)
			}
		}
	}
	if len(args) > 1 {
		c.args = arguments(args[1:])
		c.bytes = []int{len(bytes.TrimSpace(jsonLine(c.args)))}
		c.sizes = nil
	} else if len(c.sizes) == 0 {
		return usage("--size is empty")
	}
	for _, s := range c.sizes {
		n, err := parseSize(s)
		if err != nil {
			return err
		}
		c.bytes = append(c.bytes, n)
	}
	_, err := c.link.protocol()
	return err
}

// units are those of sizes, the largest first.
var units = []struct {
	name string
	size int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// parseSize reads "64", "64B", "1KiB" or "16MiB".
func parseSize(s string) (int, error) {
	number, factor := strings.TrimSpace(s), 1
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.size
			break
		}
	}
	var n int
	if _, err := fmt.Sscanf(number+"\n", "%d\n", &n); err != nil || n < 1 || n > maxBenchSize/factor {
		return 0, usage("--size %q: want a number of bytes, such as 64, 1KiB or 16MiB", s)
	}
	return n * factor, nil
}

// sizeText writes a number of bytes in the largest unit that divides it.
func sizeText(n int) string {
	for _, u := range units {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return "0 B"
}

// bench measures every row and tells what came of it.
func (a *app) bench(ctx context.Context, c *benchConfig, args []string) error {
	picture, err := createSVG(c.svg)
	if err != nil {
		return err
	}
	defer picture.Close()
	addr := ""
	if len(args) > 0 {
		addr = args[0]
	}
	if c.self != "" {
		server, at, err := startBenchServer(ctx, c)
		if err != nil {
			return err
		}
		defer server.stop()
		addr = at
	}
	b := &benchRun{app: a, cfg: c, addr: addr, protocol: benchProtocolOf(c.link.speak)}
	defer b.close()
	a.beginBench(c, addr)
	rows, err := b.run(ctx)
	if err != nil {
		return err
	}
	records := a.showBench(c, addr, rows)
	return picture.write(benchLines("bell bench "+addr, records, func(i int) string { return records[i].label() }).SVG())
}
