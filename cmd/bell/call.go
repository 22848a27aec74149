package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull"
)

// callRecord is one answer in -o json.
type callRecord struct {
	Method   string          `json:"method"`
	Seq      int             `json:"seq"` // from 1
	Result   json.RawMessage `json:"result"`
	Encoding string          `json:"encoding"` // "json", "bytes" (result is base64) or "none"
	Micros   float64         `json:"us"`
}

func (a *app) callCmd() *cobra.Command {
	var (
		l      link
		raw    bool
		repeat int
		meta   []string
	)
	cmd := &cobra.Command{
		Use:   "call ADDRESS METHOD [ARG...]",
		Short: "Call a method and print its answer",
		Long: `call connects, calls METHOD and prints the answer. Each ARG is JSON, or a string when it is not: 1, true,
'{"a":1}', hello. To pass a string that looks like JSON, quote it twice: '"1"'.`,
		Example: "  bell call local:demo add 1 2\n  bell call local:demo echo --bytes < picture.png > same.png",
		Args:    usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case repeat < 1:
				return usage("--repeat %d: want 1 or more", repeat)
			case raw && len(args) > 2:
				return usage("--bytes takes the argument from the input, so there can be no other")
			}
			c := caller{app: a, link: &l, method: args[1], args: arguments(args[2:])}
			var err error
			if c.meta, err = pairs("--call-meta", meta); err != nil {
				return err
			}
			if raw {
				if c.body, err = io.ReadAll(a.in); err != nil {
					return &localError{fmt.Errorf("reading the input: %w", err), "give the bytes as the input: < FILE"}
				}
			}
			return c.run(cmd.Context(), args[0], raw, repeat)
		},
	}
	l.dialFlags(cmd.Flags())
	cmd.Flags().BoolVar(&raw, "bytes", false, "send the input as bytes and write the answer as it is")
	cmd.Flags().IntVar(&repeat, "repeat", 1, "call that often, one after another")
	cmd.Flags().StringArrayVar(&meta, "call-meta", nil, "k=v to send beside the arguments; may be repeated")
	return cmd
}

// caller is one run of bell call.
type caller struct {
	*app
	link     *link
	method   string
	args     []any
	body     []byte
	meta     []bellpull.Pair
	encoding bellpull.Encoding // of the last answer
}

// watch is the interceptor that finds out what the wire said an answer is.
func (c *caller) watch(next bellpull.CallFunc) bellpull.CallFunc {
	return func(p *bellpull.Peer, x *bellpull.Exchange) error {
		err := next(p, x)
		c.encoding = x.AnswerEncoding
		return err
	}
}

func (c *caller) run(ctx context.Context, addr string, raw bool, repeat int) error {
	p, err := c.link.dial(ctx, addr, bellpull.WithCallInterceptor(c.watch))
	if err != nil {
		return err
	}
	defer hangUp(p)
	if len(c.meta) > 0 {
		ctx = bellpull.WithCall(ctx, bellpull.Metadata(c.meta...))
	}
	var all times
	for seq := 1; seq <= repeat; seq++ {
		took, err := c.once(ctx, p, seq, raw)
		if err != nil {
			return err
		}
		all.add(took)
	}
	if repeat > 1 {
		if c.json() {
			c.emit(all.record(repeat), "")
		} else {
			c.note("%d calls, min/avg/max %s", repeat, all.String())
		}
	}
	return nil
}

// once makes one call and prints its answer.
func (c *caller) once(ctx context.Context, p *bellpull.Peer, seq int, raw bool) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, c.link.timeout)
	defer cancel()
	from := time.Now()
	if raw {
		b, err := p.CallBytes(ctx, c.method, nil, c.body)
		took := time.Since(from)
		if err != nil {
			return 0, err
		}
		if !c.json() {
			c.write(b)
			return took, nil
		}
		v, _ := json.Marshal(b)
		if b == nil {
			v = json.RawMessage(`""`)
		}
		c.emit(&callRecord{c.method, seq, v, "bytes", micros(took)}, "")
		return took, nil
	}
	v, err := bellpull.Call[json.RawMessage](ctx, p, c.method, c.args...)
	took := time.Since(from)
	if err != nil {
		return 0, err
	}
	r := answer{c.encoding, v}
	c.emit(&callRecord{c.method, seq, r.result(), encodings[min(int(r.encoding), 2)], micros(took)}, r.text())
	return took, nil
}

func (a *app) notifyCmd() *cobra.Command {
	var (
		l    link
		meta []string
	)
	cmd := &cobra.Command{
		Use:   "notify ADDRESS METHOD [ARG...]",
		Short: "Tell a process something, without an answer",
		Long: `notify sends a notify and waits until the other side has read it. Whether anybody handles it there is not told.
Each ARG is JSON, or a string when it is not.`,
		Args: usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			pairs, err := pairs("--call-meta", meta)
			if err != nil {
				return err
			}
			p, err := l.dial(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer hangUp(p)
			ctx, cancel := context.WithTimeout(cmd.Context(), l.timeout)
			defer cancel()
			if len(pairs) > 0 {
				ctx = bellpull.WithCall(ctx, bellpull.Metadata(pairs...))
			}
			if err := p.Notify(ctx, args[1], arguments(args[2:])...); err != nil {
				return err
			}
			if err := l.arrived(ctx, p, "notify", args[1]); err != nil {
				return err
			}
			a.emit(notifyRecord{Method: args[1], Sent: true}, "sent")
			return nil
		},
	}
	l.dialFlags(cmd.Flags())
	cmd.Flags().StringArrayVar(&meta, "call-meta", nil, "k=v to send beside the arguments; may be repeated")
	return cmd
}

// notifyRecord says in -o json that a notify was read by the other side.
type notifyRecord struct {
	Method string `json:"method"`
	Sent   bool   `json:"sent"`
}
