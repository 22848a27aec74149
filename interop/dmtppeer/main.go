// Dmtppeer is Bellpull's DMTP behind the control protocol of the interop suite, so that a test can drive it, the
// reference peer and a live .NET process in the same way:
//
//	dmtppeer serve --listen tcp://127.0.0.1:0
//	dmtppeer dial --to tcp://127.0.0.1:7789 --id alice --meta k=v
//
// Commands are JSON objects, one a line, on standard input; answers and events leave on standard output; logs go to
// standard error. The first line is {"event":"ready"} or, when there is nothing to drive, {"event":"failed"}.
// The end of the input shuts it down.
//
// It speaks plain DMTP, as TouchSocket does. What Bellpull does not have yet (channels, files, the cache, routing,
// serializations other than Json) is answered with error type Unsupported.
//
// Exit codes: 0 after the end of the input, 2 for flags or addresses it does not know, 3 when a client's first
// connect failed.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bellpull/bellpull/interop/internal/control"
)

// impl names this program in the first line.
const impl = "bellpull"

// goodbye bounds the shutdown.
const goodbye = 2 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program. It returns the exit code when everything it started is gone.
func run(args []string, in io.Reader, out, log io.Writer) int {
	o, err := parseFlags(args, log)
	if err != nil {
		fmt.Fprintln(log, "dmtppeer:", err)
		return 2
	}
	p := newPeer(o, control.NewLines(out, describe), log)
	events := make(chan struct{})
	watch := p.node.Watch(context.Background())
	go func() {
		defer close(events)
		p.lines.AwaitFirst()
		for e := range watch {
			p.event(e)
		}
	}()
	code := p.start()
	if code == 0 {
		p.commands(in)
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	p.stop(ctx)
	<-events
	return code
}
