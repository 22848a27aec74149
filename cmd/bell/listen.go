package main

import (
	"context"
	"sync"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

func (a *app) listenCmd() *cobra.Command {
	var (
		l     link
		max   int
		count int
	)
	cmd := &cobra.Command{
		Use:   "listen ADDRESS...",
		Short: "Print everything that arrives",
		Long: `listen is a server without methods. It prints peers as they come and go, user frames, notifies and calls; calls
are answered no_method.`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 0 {
				return usage("--count %d is negative", count)
			}
			pipes, err := l.campus(args...)
			if err != nil {
				return err
			}
			p, err := l.protocol()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			left := &countdown{left: count, end: cancel}
			p.OnFrame = func(f *dmtp.Frame) {
				left.take(func() { a.showFrame(f, max) })
			}
			m := bellpull.NewMux()
			others := bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				if !r.Notify() {
					w.Fail(noMethods)
				}
				left.take(func() { a.showArrival(r, max) })
			})
			m.HandleOthers(others)
			s := server{app: a, link: &l, grace: l.timeout, node: bellpull.NewNode(l.name, bellpull.WithMux(m))}
			if !pipes {
				return s.run(ctx, &p, args)
			}
			q, err := l.pipes()
			if err != nil {
				return err
			}
			q.OnMessage, q.OnRequest = others, others
			s.node = bellpull.NewNode(l.ownName(args[0]), bellpull.WithMux(m))
			return s.run(ctx, q, args)
		},
	}
	l.listenFlags(cmd.Flags())
	cmd.Flags().IntVar(&max, "max", 64, "bytes shown of arguments and frames in text; 0: all")
	cmd.Flags().IntVar(&count, "count", 0, "end after so many frames, notifies and calls together; 0: go on")
	return cmd
}

// noMethods is how bell listen answers calls.
var noMethods = &bellpull.Error{Code: bellpull.CodeNoMethod, Msg: "this is bell listen, which has no methods"}

// showArrival prints a request that nobody handles.
func (a *app) showArrival(r *bellpull.Request, max int) {
	var answered *problem
	if !r.Notify() {
		answered = &problem{Code: noMethods.Code.String(), Message: "answered so", Executed: "never"}
	}
	a.showRequest(r, 0, max, answered, 0, nil)
}

// countdown lets so many things pass and then calls end; 0 means any number.
type countdown struct {
	mu   sync.Mutex
	left int
	over bool
	end  func()
}

// take runs f for one more thing, unless there have been enough.
func (c *countdown) take(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	f()
	if c.left--; c.left == 0 {
		c.over = true
		c.end()
	}
}
