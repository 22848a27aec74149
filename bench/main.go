// Command bench measures Bellpull beside what else two Go processes can talk through: calls, messages without an answer,
// streams and idle connections. Every client and every server is a process of its own; the peers take turns in rounds,
// so that all of them see the same machine; figures are medians of the rounds, and ratios are to a raw socket in the same
// round. README.md says how to use it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bellpull/bellpull/bench/rivals"
	"github.com/bellpull/bellpull/bench/worker"
	"github.com/bellpull/bellpull/bench/workload"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == worker.Word {
		os.Exit(worker.Main(rivals.All(), os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := bench(ctx, os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	rounds  int
	each    time.Duration
	idle    time.Duration
	peers   string
	rows    string
	sets    string
	format  string
	save    string
	from    string
	against string
	all     bool
	docs    bool
	dir     string
	with    list
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }
func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 5, "interleaved rounds")
	f.DurationVar(&o.each, "each", 400*time.Millisecond, "time of one measurement; a fifth of it goes before, to warm up")
	f.DurationVar(&o.idle, "idle", 60*time.Second, "how long connections of the set idle are left alone")
	f.StringVar(&o.peers, "peers", "", "peers, separated by commas; the raw socket is always there (default all)")
	f.StringVar(&o.rows, "workloads", "*", "workloads, separated by commas, * for any letters")
	f.StringVar(&o.sets, "set", "table", "sets of workloads, separated by commas: table, series, idle (with -docs: all)")
	f.StringVar(&o.format, "o", "text", "text, or json: what -save writes")
	f.StringVar(&o.save, "save", "", "write the result into a file")
	f.StringVar(&o.from, "from", "", "do not measure, take the result of a file")
	f.StringVar(&o.against, "against", "", "compare with the result of a file")
	f.BoolVar(&o.all, "all", false, "with -against: list what is within noise too")
	f.BoolVar(&o.docs, "docs", false, "write tables and pictures into the documents")
	f.StringVar(&o.dir, "dir", "../docs", "where the documents are")
	f.Var(&o.with, "with", "program with more peers, see more/; may be repeated")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("%q is no flag; see -help", f.Arg(0))
	case o.format != "text" && o.format != "json":
		return nil, fmt.Errorf("-o %s: want text or json", o.format)
	case o.rounds < 1 || o.each < time.Millisecond:
		return nil, fmt.Errorf("want -rounds of 1 and -each of 1ms at least")
	}
	set := false
	f.Visit(func(f *flag.Flag) { set = set || f.Name == "set" })
	if o.docs && !set {
		o.sets = "table,series,idle"
	}
	return o, nil
}

// workloads gives those that were asked for.
func (o *options) workloads() (chosen []workload.Workload, err error) {
	known := map[string]bool{"table": true, "series": true, "idle": true}
	sets := strings.Split(o.sets, ",")
	for _, s := range sets {
		if !known[s] {
			return nil, fmt.Errorf("-set %s: want table, series or idle", s)
		}
	}
	for _, w := range slices.Concat(workload.Table(), workload.Series()) {
		set := "table"
		switch {
		case w.Kind == workload.Idle:
			set = "idle"
		case w.Series != "":
			set = "series"
		}
		named := slices.ContainsFunc(strings.Split(o.rows, ","), func(p string) bool {
			ok, _ := path.Match(strings.ReplaceAll(p, "/", "|"), strings.ReplaceAll(w.Name, "/", "|"))
			return ok
		})
		if named && (slices.Contains(sets, set) || o.rows != "*") {
			chosen = append(chosen, w)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-workloads %s: there is none of that name; see workload/workload.go", o.rows)
	}
	return chosen, nil
}

func bench(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	var old *result
	if o.against != "" { // before it takes long
		if old, err = load(o.against); err != nil {
			return err
		}
	}
	now, err := o.result(ctx)
	if err != nil {
		return err
	}
	if o.save != "" {
		if err := now.save(o.save); err != nil {
			return err
		}
	}
	switch {
	case o.format == "json":
		err = now.write(os.Stdout)
	case old != nil:
		err = compare(os.Stdout, old, now, o.all)
	case o.docs:
		err = now.document(o.dir)
	default:
		err = now.text(os.Stdout)
	}
	if err != nil {
		return err
	}
	return now.failures()
}

// result measures, or reads what was measured.
func (o *options) result(ctx context.Context) (*result, error) {
	if o.from != "" {
		return load(o.from)
	}
	rows, err := o.workloads()
	if err != nil {
		return nil, err
	}
	who, err := contestants(ctx, o.with, o.peers)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(who, func(c contestant) bool { return c.Name == "nats" }) {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		if err := buildBroker(ctx, dir); err != nil {
			return nil, err
		}
	}
	r := &runner{options: o, contestants: who, result: newResult(o, who)}
	return r.result, r.run(ctx, rows)
}
