package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// demoLimit bounds bell demo.
const demoLimit = 12 * time.Second

// demo is one run of bell demo.
type demo struct {
	*app
	dir string // for sockets and files, removed at the end
}

// demoPart is one part of the demo. run prints it and says whether all was right.
type demoPart struct {
	name, title string
	run         func(context.Context) bool
}

func (d *demo) parts() []demoPart {
	return []demoPart{
		{"calls", "64 bytes there and back to another process: p50 of this run", d.calls},
		{"replay", "Sessions recorded from live .NET processes, replayed", d.replay},
		{"kill", "A server under full load, killed with -9 and started again, three times", d.kill},
		{"frame", "The call add(1, 2) in DMTP, as it went over the wire", d.frame},
		{"paste", "Now you", d.paste},
	}
}

func (a *app) demoCmd() *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show in ten seconds what works, and prove it",
		Long: `demo starts processes of its own and shows

  calls    how long a call takes, beside a bare socket and net/rpc
  replay   that sessions recorded from .NET are understood byte by byte
  kill     that calls neither get lost nor run twice when the server is killed
  frame    one call on the wire, byte by byte
  paste    what to type to do it yourself

The exit code is 0 when all of it was right, else 1.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{app: a}
			for _, name := range only {
				if !slices.ContainsFunc(d.parts(), func(p demoPart) bool { return p.name == name }) {
					return usage("--only %q: the parts are calls, replay, kill, frame and paste", name)
				}
			}
			return d.run(cmd.Context(), only)
		},
	}
	cmd.Flags().StringSliceVar(&only, "only", nil, "parts to show, separated by commas (default all)")
	return cmd
}

func (d *demo) run(ctx context.Context, only []string) error {
	dir, err := os.MkdirTemp("", "bell-demo-")
	if err != nil {
		return &localError{err, "make sure that the directory for temporary files can be written to"}
	}
	defer os.RemoveAll(dir)
	d.dir = dir
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	from := time.Now()
	var wrong []string
	for i, p := range d.parts() {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		d.say("%s\n", d.paint(bold, fmt.Sprintf("%d  %s", i+1, p.title)))
		if !p.run(ctx) {
			wrong = append(wrong, p.name)
		}
		d.say("")
	}
	took := time.Since(from).Seconds()
	if len(wrong) > 0 {
		d.say("%s in %.1f s: not right: %s", d.paint(red, "done"), took, strings.Join(wrong, ", "))
		return quietExit(exitFailed)
	}
	d.say("%s in %.1f s: all right", d.paint(green, "done"), took)
	return nil
}

// say writes a line for people.
func (d *demo) say(format string, args ...any) {
	if !d.json() {
		d.write(fmt.Appendf(nil, format+"\n", args...))
	}
}

// mark says ok or FAILED in colour.
func (d *demo) mark(ok bool) string {
	if ok {
		return d.paint(green, "ok")
	}
	return d.paint(red, "FAILED")
}

// pasteRecord is part "paste" in -o json.
type pasteRecord struct {
	Part     string   `json:"part"`
	OK       bool     `json:"ok"`
	Commands []string `json:"commands"` // the first in one terminal, the others in another
}

// paste prints two lines for two terminals.
func (d *demo) paste(context.Context) bool {
	bell := os.Args[0]
	serve, call := demoPaste(bell)
	d.emit(pasteRecord{"paste", true, []string{serve, call}}, "")
	d.say("   in one terminal       %s", serve)
	d.say("   in another            %s", call)
	return true
}
