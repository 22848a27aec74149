// Command bell serves, calls, watches and examines processes that speak through Bellpull. `bell help` lists its
// commands; docs/cli.md has every flag, exit code and key of -o json.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run runs one command line and gives its exit code. The first SIGINT or SIGTERM ends the command in an orderly way,
// the second one at once.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := &app{in: in, out: out, err: errOut, output: "text"}
	root := a.root()
	root.SetArgs(negatives(args))
	last, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	return a.fail(last, args, err)
}

// root makes the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "bell",
		Short: "Call other processes on this machine, and be called",
		Long: `bell serves, calls, watches and examines processes that speak through Bellpull.

Addresses look like local:editor, unix:/run/x.sock, npipe:editor or tcp:127.0.0.1:7789.
Exit codes: 0 ok, 1 failed, 2 usage, 3 no server, 4 refused or not trusted, 5 time is over, 6 another protocol,
7 no such method, 8 connection lost, 9 address in use, 130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.PersistentFlags().VarP(&outputFlag{&a.output}, "output", "o", "text for people, or json: one object a line")
	root.AddCommand(a.serveCmd(), a.callCmd(), a.notifyCmd(), a.pingCmd(), a.listenCmd(), a.sendCmd(), a.doctorCmd(),
		a.benchCmd(), a.demoCmd(), a.chaosCmd(), a.versionCmd(), a.demoPartCmd())
	return root
}
