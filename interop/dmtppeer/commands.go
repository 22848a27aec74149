package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// A command is one line of the input.
type command struct {
	ID      json.RawMessage `json:"id"`
	Do      string          `json:"do"`
	Timeout *float64        `json:"timeout_ms"`
	Peer    *string         `json:"peer"`
	Target  *string         `json:"target"`
	control.Body
	Flags         int               `json:"flags"`
	Reason        string            `json:"reason"`
	To            string            `json:"to"`
	Method        string            `json:"method"`
	Args          []json.RawMessage `json:"args"`
	Feedback      string            `json:"feedback"`
	Serialization string            `json:"serialization"`
	Meta          metadata          `json:"meta"`
	CancelAfter   *float64          `json:"cancel_after_ms"`
	Types         []string          `json:"types"`
	Returns       string            `json:"returns"`
}

// commands runs what comes in until the input ends. A command that waits does not hold up the next; those that write
// to one peer without waiting keep their order.
func (p *peer) commands(in io.Reader) {
	control.Read(in, p.take)
}

func (p *peer) take(line []byte) {
	c := command{ID: json.RawMessage("null")}
	if err := json.Unmarshal(line, &c); err != nil {
		p.lines.Answer(c.ID, nil, control.BadCommand("%v", err))
		return
	}
	timeout := 5 * time.Second
	if c.Timeout != nil {
		timeout = time.Duration(*c.Timeout * float64(time.Millisecond))
	}
	var before, done chan struct{}
	if c.Do == "send" || c.Do == "raw" || c.Do == "call" && c.Feedback == "onlysend" {
		lane := ""
		if c.Peer != nil {
			lane = *c.Peer
		}
		before, done = p.lanes[lane], make(chan struct{})
		p.lanes[lane] = done
	}
	p.wg.Go(func() {
		ctx, cancel := context.WithTimeout(p.ctx, timeout)
		defer cancel()
		if done != nil {
			defer close(done)
		}
		if before != nil {
			<-before
		}
		result, err := p.do(ctx, &c)
		p.lines.Answer(c.ID, result, err)
	})
}

// do runs a command.
func (p *peer) do(ctx context.Context, c *command) (result any, err error) {
	switch c.Do {
	case "stats":
		return p.stats(), nil
	case "connect":
		if p.opts.serve {
			return nil, control.BadCommand("only a client connects")
		}
		if err := p.dial(ctx); err != nil {
			return nil, err
		}
		return control.Fields{"id": p.sessionID(nil)}, nil
	case "chan_open", "chan_write", "chan_end", "chan_read", "chan_state", "pull", "push", "cache":
		return nil, control.Unsupported("%s: Bellpull has no channels, files and cache yet", c.Do)
	case "ping", "send", "close", "reset_id", "call", "raw":
	default:
		return nil, control.Unsupported("unknown command %q", c.Do)
	}
	if c.Target != nil {
		return nil, control.Unsupported("%s with a target: Bellpull does not route yet", c.Do)
	}
	to, err := p.pick(c)
	if err != nil {
		return nil, err
	}
	switch c.Do {
	case "ping":
		_, err = to.Ping(ctx)
		return p.pinged(err)
	case "send":
		return nil, p.send(ctx, to, c)
	case "close":
		return nil, to.CloseWith(ctx, c.Reason)
	case "reset_id":
		return nil, dmtp.Rename(ctx, to, c.To)
	case "call":
		return p.call(ctx, to, c)
	}
	raw, err := c.Bytes()
	if err != nil {
		return nil, err
	}
	return nil, dmtp.SendRaw(ctx, to, raw)
}

// pick gives the peer that a command is for.
func (p *peer) pick(c *command) (*bellpull.Peer, error) {
	if !p.opts.serve {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.service == nil || !p.service.Up() {
			return nil, &control.Failure{Type: "ClosedException", Message: "not online"}
		}
		return p.service, nil
	}
	var here []*bellpull.Peer
	for one := range p.node.Peers() {
		if c.Peer != nil && one.Name() == *c.Peer {
			return one, nil
		}
		here = append(here, one)
	}
	switch {
	case c.Peer != nil:
		return nil, &control.Failure{Type: "ClientNotFindException", Message: fmt.Sprintf("no client %q", *c.Peer)}
	case len(here) != 1:
		return nil, &control.Failure{Type: "ArgumentException", Message: fmt.Sprintf(`say which client with "peer": %d are online`, len(here))}
	}
	return here[0], nil
}

// pinged gives the outcome of a ping: false when it was not answered, or not well.
func (p *peer) pinged(err error) (bool, error) {
	e, ok := errors.AsType[*bellpull.Error](err)
	switch {
	case err == nil:
		return true, nil
	case ok && (e.Code == bellpull.CodeDeadline || e.Code == bellpull.CodeFailed):
		return false, nil
	}
	return false, err
}

// send sends a user frame within the limit of --max-package.
func (p *peer) send(ctx context.Context, to *bellpull.Peer, c *command) error {
	b, err := c.Bytes()
	if err != nil {
		return err
	}
	const header = 8
	if c.Flags < 0 || c.Flags > 0xffff {
		return control.BadCommand("flags %d", c.Flags)
	}
	if limit := p.opts.maxPackage; limit > 0 && len(b)+header > limit {
		return &control.Failure{Type: "ArgumentException", Message: fmt.Sprintf("a frame of %d bytes exceeds the package limit of %d", len(b)+header, limit)}
	}
	return dmtp.SendFrame(ctx, to, uint16(c.Flags), b)
}
