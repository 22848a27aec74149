// Campuspeer is Bellpull's dotnetCampus.Ipc behind the control protocol of the interop suite, so that a test can drive it,
// the reference peer and a live .NET process in the same way:
//
//	campuspeer --name alpha --reconnect --json stj --mvc
//
// Commands are JSON objects, one a line, on standard input; answers and events leave on standard output; logs go to
// standard error. The first line is {"event":"ready"}. The end of the input shuts it down.
//
// It is made of packages campus and httplink alone: what it does, users can do. Nothing of the campus part of the control
// protocol is left out; a command that it does not know is answered with error type Unsupported.
//
// Exit codes: 0 after the end of the input, 1 when it cannot listen, 2 for flags or names it does not know.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/interop/internal/control"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program. It returns the exit code when everything it started is gone.
func run(args []string, in io.Reader, out, log io.Writer) int {
	o, err := parseFlags(args, log)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(log, "campuspeer:", err)
		return 2
	}
	p := newPeer(o, control.NewLines(out, describe), log)
	if err := p.open(context.Background()); err != nil {
		fmt.Fprintln(log, "campuspeer:", err)
		if errors.Is(err, bellpull.ErrBadArgument) {
			return 2
		}
		return 1
	}
	var mvc any
	if o.mvc {
		mvc = o.web()
	}
	p.lines.Begin("ready", control.Fields{"name": o.name, "pid": os.Getpid(), "json": o.dialect.name, "reconnect": o.reconnect,
		"mvc": mvc, "runtime": runtime.Version(), "impl": "bellpull"})
	control.Read(in, p.take)
	p.stop()
	return 0
}
