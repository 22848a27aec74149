package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

func (a *app) serveCmd() *cobra.Command {
	var (
		l     link
		grace time.Duration
		max   int
		quiet bool
	)
	cmd := &cobra.Command{
		Use:   "serve ADDRESS...",
		Short: "Serve a few methods to try things out, and print the calls",
		Long: `serve listens at the addresses and answers these methods:

  add A B       the sum of two numbers
  echo [ARG…]   the argument again; several as an array
  fail TEXT     an error with the text
  panic TEXT    a panic of the handler
  sleep MS      answers after so many milliseconds, or ends when the caller gives up
  time          the time here
  upper TEXT    the text in capitals
  whoami        what the server knows of the caller

With --protocol campus each takes one object and gives one: add '{"A":1,"B":2}', upper '{"Text":"x"}', sleep
'{"Milliseconds":5}'.

The first SIGINT or SIGTERM lets calls that run finish, the second ends at once.`,
		Example: "  bell serve local:demo tcp:127.0.0.1:0 --token secret",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipes, err := l.campus(args...)
			if err != nil {
				return err
			}
			p, err := l.protocol()
			if err != nil {
				return err
			}
			var opts []bellpull.NodeOption
			if !quiet {
				opts = append(opts, bellpull.WithHandlerInterceptor(a.showHandlers(max)))
			}
			p.OnFrame = func(f *dmtp.Frame) {
				if !quiet {
					a.showFrame(f, max)
				}
			}
			s := server{app: a, link: &l, grace: grace}
			if !pipes {
				s.node = bellpull.NewNode(l.name, append(opts, bellpull.WithMux(demoMux()))...)
				return s.run(cmd.Context(), &p, args)
			}
			q, err := l.pipes()
			if err != nil {
				return err
			}
			s.node = bellpull.NewNode(l.ownName(args[0]), append(opts, bellpull.WithMux(pipeMux()))...)
			return s.run(cmd.Context(), q, args)
		},
	}
	l.listenFlags(cmd.Flags())
	cmd.Flags().DurationVar(&grace, "grace", 5*time.Second, "how long calls that run may go on at the end")
	cmd.Flags().IntVar(&max, "max", 64, "bytes shown of arguments and answers in text; 0: all")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "do not print calls, notifies and frames")
	return cmd
}

// showHandlers is the interceptor that prints what handlers did.
func (a *app) showHandlers(max int) bellpull.HandlerInterceptor {
	return func(next bellpull.Handler) bellpull.Handler {
		return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			if r.Number() != 0 { // a frame, which is printed by itself
				next.ServeBell(w, r)
				return
			}
			from := time.Now()
			defer func() {
				took := time.Since(from)
				if v := recover(); v != nil {
					a.showRequest(r, took, max, &problem{Code: bellpull.CodePanic.String(), Message: panicText(v), Executed: "yes"}, 0, nil)
					panic(v)
				}
				enc, body, err := w.Result()
				var fail *problem
				if err != nil {
					fail = &problem{Code: err.Code.String(), Message: err.Msg, Executed: err.Ran.String()}
				}
				a.showRequest(r, took, max, fail, enc, body)
			}()
			next.ServeBell(w, r)
		})
	}
}
