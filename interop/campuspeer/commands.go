package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// A command is one line of the input.
type command struct {
	ID      json.RawMessage `json:"id"`
	Do      string          `json:"do"`
	Timeout *float64        `json:"timeout_ms"`
	To      *string         `json:"to"`
	Try     bool            `json:"try"`
	control.Body
	Header  string                     `json:"header"`
	Text    *string                    `json:"text"`
	Route   *string                    `json:"route"`
	JSON    json.RawMessage            `json:"json"`
	Object  string                     `json:"object"`
	Member  string                     `json:"member"`
	Args    []json.RawMessage          `json:"args"`
	Path    string                     `json:"path"`
	Query   map[string]json.RawMessage `json:"query"`
	Headers map[string]string          `json:"headers"`

	placed func() // to be called when what the command sends has its place among what goes out
}

// ordered are the commands that send to a peer in their order. Those that are true wait for an answer.
var ordered = map[string]bool{"connect": false, "notify": false, "notify_string": false, "json_notify": false, "raw_notify": false,
	"request": true, "json_get": true, "raw_get": true, "object_call": true}

// take begins a command. One that waits does not hold up the next.
func (p *peer) take(line []byte) {
	c := command{ID: json.RawMessage("null")}
	if err := json.Unmarshal(line, &c); err != nil {
		p.lines.Answer(c.ID, nil, badArgument("%v", err))
		return
	}
	p.count("do:" + c.Do)
	timeout := 5 * time.Second
	if c.Timeout != nil {
		timeout = time.Duration(*c.Timeout * float64(time.Millisecond))
	}
	var before chan struct{}
	c.placed = func() {}
	if _, ok := ordered[c.Do]; ok && c.To != nil {
		placed := make(chan struct{})
		before, p.lanes[*c.To] = p.lanes[*c.To], placed
		c.placed = sync.OnceFunc(func() { close(placed) })
	}
	p.wg.Go(func() {
		ctx, cancel := context.WithTimeout(bellpull.WithCall(context.Background(), bellpull.OnSent(c.placed)), timeout)
		defer cancel()
		defer c.placed()
		if before != nil {
			select {
			case <-before:
			case <-ctx.Done():
			}
		}
		result, err := p.do(ctx, &c)
		p.lines.Answer(c.ID, result, err)
	})
}

// do runs a command.
func (p *peer) do(ctx context.Context, c *command) (any, error) {
	switch c.Do {
	case "stats":
		return p.stats(), nil
	case "open":
		return nil, p.open(ctx)
	case "close":
		if c.To == nil {
			p.close()
			return nil, nil
		}
	case "connect", "notify", "notify_string", "request", "json_notify", "json_get", "raw_notify", "raw_get",
		"object_call", "mvc_get", "mvc_post":
	default:
		return nil, control.Unsupported("unknown command %q", c.Do)
	}
	if c.To == nil {
		return nil, badArgument("%s wants to", c.Do)
	}
	s, err := p.session()
	if err != nil {
		return nil, err
	}
	switch c.Do {
	case "close":
		return nil, s.drop(ctx, *c.To)
	case "connect":
		if err := s.connect(ctx, *c.To, c.Try, c.placed); err != nil {
			return nil, err
		}
		return control.Fields{"name": *c.To}, nil
	case "object_call":
		defer p.asking()()
		return s.objectCall(ctx, c)
	case "mvc_get", "mvc_post":
		defer p.asking()()
		return s.mvc(ctx, c)
	case "json_notify", "json_get", "raw_notify", "raw_get":
		if c.Route == nil {
			return nil, badArgument("%s wants route", c.Do)
		}
	}
	return s.send(ctx, c)
}

// send runs a command that sends bytes or JSON.
func (s *session) send(ctx context.Context, c *command) (result any, err error) {
	body, err := c.payload()
	if err != nil {
		return nil, err
	}
	header, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(c.Header), "0x"), 16, 64)
	if err != nil && c.Header != "" {
		return nil, badArgument("header: %v", err)
	}
	if ordered[c.Do] {
		defer s.asking()()
	}
	err = s.with(ctx, *c.To, func(ctx context.Context, to *bellpull.Peer) error {
		switch c.Do {
		case "notify":
			return campus.Raw(to).Notify(ctx, header, body)
		case "notify_string":
			if c.Text == nil {
				return badArgument("notify_string wants text")
			}
			return campus.Raw(to).String(ctx, *c.Text)
		case "request":
			got, err := campus.Raw(to).Request(ctx, header, body)
			result = control.AddBody(control.Fields{}, got)
			return orNothing(err)
		case "json_notify":
			return to.Notify(ctx, *c.Route, c.parameter()...)
		case "json_get":
			got, err := bellpull.Call[json.RawMessage](ctx, to, *c.Route, c.parameter()...)
			result = got
			return routeFailure(*c.Route, err)
		case "raw_notify":
			return to.Notify(ctx, *c.Route, withHeader(header, body))
		default:
			got, err := to.CallBytes(ctx, *c.Route, nil, withHeader(header, body))
			result = control.AddBody(control.Fields{}, got)
			return orNothing(err)
		}
	})
	return result, err
}

// payload gives the bytes of a command; none is an empty body.
func (c *command) payload() ([]byte, error) {
	if !c.Given() {
		return []byte{}, nil
	}
	b, err := c.Bytes()
	if err != nil {
		return nil, badArgument("%v", err)
	}
	return append([]byte{}, b...), nil
}

// parameter gives the parameter of a JSON route, if there is one.
func (c *command) parameter() []any {
	if isNull(c.JSON) {
		return nil
	}
	return []any{c.JSON}
}

// withHeader puts a header in front of the payload of a route.
func withHeader(header uint64, body []byte) []byte {
	if header == 0 {
		return body
	}
	return append(binary.LittleEndian.AppendUint64(nil, header), body...)
}

func badArgument(format string, args ...any) error {
	return &control.Failure{Type: "ArgumentException", Message: fmt.Sprintf(format, args...)}
}
