package interop_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/httplink"
)

// run does what a command says with the verbs that users have, and gives its result as the control protocol shows it.
func (a *recApp) run(ctx context.Context, c *recOrder) (any, error) {
	if c.do == "connect" {
		return a.connect(ctx, c)
	}
	if (c.do == "mvc_get" || c.do == "mvc_post") && a.peerNow(c.To) == nil { // these connect by themselves
		if _, err := a.connect(ctx, c); err != nil {
			return nil, err
		}
	}
	p, err := a.peer(ctx, c.To)
	if err != nil {
		return nil, err
	}
	if !a.reconnect && !p.Up() { // one that dialled us may do so again: calls wait for it as long as they may
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
	}
	body, err := hex.DecodeString(c.Hex)
	if err != nil {
		return nil, err
	}
	if c.Fill != nil {
		body = dmtpFill(*c.Fill, c.Seed)
	}
	var header uint64
	if c.Header != "" {
		if header, err = strconv.ParseUint(c.Header, 0, 64); err != nil {
			return nil, err
		}
	}
	var args []any
	if c.JSON != nil {
		args = append(args, c.JSON)
	}
	shown := func(b []byte, err error) (any, error) { return recBytes(map[string]any{}, b), err }
	switch c.do {
	case "notify":
		return nil, campus.Raw(p).Notify(ctx, header, body)
	case "notify_string":
		return nil, campus.Raw(p).String(ctx, c.Text)
	case "request":
		return shown(campus.Raw(p).Request(ctx, header, body))
	case "raw_get":
		return shown(p.CallBytes(ctx, c.Route, nil, body))
	case "raw_notify":
		return nil, p.Notify(ctx, c.Route, body)
	case "json_notify":
		return nil, p.Notify(ctx, c.Route, args...)
	case "json_get":
		return bellpull.Call[any](ctx, p, c.Route, args...)
	case "object_call":
		return a.call(ctx, p, c)
	case "mvc_get", "mvc_post":
		return recHTTP(ctx, p, c)
	}
	return nil, fmt.Errorf("no command %q", c.do)
}

func (a *recApp) connect(ctx context.Context, c *recOrder) (any, error) {
	a.mu.Lock()
	node, proto := a.node, a.proto
	if p := a.known[c.To]; p == nil || !p.Up() {
		a.dialled[c.To] = true
	}
	a.mu.Unlock()
	var opts []bellpull.DialOption
	if !a.reconnect {
		opts = append(opts, bellpull.WithoutReconnect())
	}
	if c.waitForThem {
		opts = append(opts, bellpull.WaitForServer())
	}
	p, err := node.Dial(ctx, "npipe:"+c.To, proto, opts...)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.known[c.To] = p // the event may come later
	a.mu.Unlock()
	return map[string]any{"name": p.Name()}, nil
}

// peerNow gives the peer of a name, whether it is up or not.
func (a *recApp) peerNow(name string) *bellpull.Peer {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known[name]
}

func (a *recApp) peer(ctx context.Context, name string) (*bellpull.Peer, error) {
	if p := a.peerNow(name); p != nil {
		return p, nil
	}
	a.mu.Lock()
	node := a.node
	a.mu.Unlock()
	return node.Wait(ctx, name)
}

// call invokes a member of a remote object, with the types that it has in .NET.
func (a *recApp) call(ctx context.Context, p *bellpull.Peer, c *recOrder) (any, error) {
	a.mu.Lock()
	o := a.refs[c.Object]
	a.mu.Unlock()
	if o == nil {
		contract := campusCalculator
		if a.play.s.Name == "spec-vectors" {
			contract = recFoo
		}
		o = campus.ObjectOf(p, contract, c.Object)
	}
	args, err := a.arguments(c)
	if err != nil {
		return nil, err
	}
	switch c.Member {
	case "Counter", "Name", "Title":
		if len(args) > 0 {
			return nil, o.Set(ctx, c.Member, args[0])
		}
		var text *string
		if c.Member != "Counter" {
			return &text, o.Get(ctx, c.Member, &text)
		}
		var n int32
		return &n, o.Get(ctx, c.Member, &n)
	case "Child":
		var child *campus.Object
		if err := o.Invoke(ctx, c.Member, &child, args...); err != nil || child == nil {
			return nil, err
		}
		return map[string]any{"ref": a.refer(child)}, nil
	}
	if c.Member == "AddAsync" && o.Contract() == recFoo {
		var s string
		return &s, o.Invoke(ctx, c.Member, &s, args...)
	}
	out := recResults[c.Member]
	if out == nil {
		return nil, o.Invoke(ctx, c.Member, nil, args...)
	}
	result := out()
	return result, o.Invoke(ctx, c.Member, result, args...)
}

// recResults are the results of the members of ICalculator and INested.
var recResults = map[string]func() any{
	"Add": func() any { return new(int32) }, "AddAsync": func() any { return new(int32) }, "Slow": func() any { return new(int32) },
	"Fail": func() any { return new(int32) }, "Hit": func() any { return new(int32) },
	"Echo": func() any { return new(*string) }, "EchoAsync": func() any { return new(*string) }, "Use": func() any { return new(*string) },
	"Move": func() any { return new(*campusPoint) }, "Range": func() any { return new([]int32) },
	"Count": func() any { return new(map[string]int32) },
}

// arguments reads those of a command.
func (a *recApp) arguments(c *recOrder) ([]any, error) {
	var args []any
	for _, doc := range c.Args {
		switch {
		case c.Member == "Use":
			o, err := a.object(doc)
			if err != nil {
				return nil, err
			}
			args = append(args, o)
		case c.Member == "Move" && len(args) == 0:
			var p *campusPoint
			if err := json.Unmarshal(doc, &p); err != nil {
				return nil, err
			}
			args = append(args, p)
		default:
			args = append(args, doc)
		}
	}
	return args, nil
}

// object gives the object that a command names, or makes it.
func (a *recApp) object(doc json.RawMessage) (*campus.Object, error) {
	var m *struct {
		Ref, Title string
		Hits       int64
	}
	if err := json.Unmarshal(doc, &m); err != nil || m == nil {
		return nil, err
	}
	a.mu.Lock()
	o := a.refs[m.Ref]
	a.mu.Unlock()
	if o != nil {
		return o, nil
	}
	o, err := campusNew(m.Title, m.Hits)
	if m.Ref != "" && err == nil {
		a.mu.Lock()
		a.refs[m.Ref] = o
		a.mu.Unlock()
	}
	return o, err
}

// refer keeps an object under a name of the control protocol.
func (a *recApp) refer(o *campus.Object) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for n := 1; ; n++ {
		if ref := fmt.Sprint("n", n); a.refs[ref] == nil {
			a.refs[ref] = o
			return ref
		}
	}
}

// recHTTP asks a PipeMvc server with the standard client.
func recHTTP(ctx context.Context, p *bellpull.Peer, c *recOrder) (any, error) {
	query := url.Values{}
	for k, v := range c.Query {
		query.Set(k, string(bytes.Trim(v, `"`)))
	}
	target := "http://localhost" + c.Path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	method, body := http.MethodGet, io.Reader(nil)
	if c.do == "mvc_post" {
		method = http.MethodPost
		var doc any
		if err := json.Unmarshal(c.JSON, &doc); err != nil {
			return nil, err
		}
		in := doc.(map[string]any)
		text, err := recEscaped(struct {
			Name  any `json:"name"`
			Count any `json:"count"`
		}{in["name"], in["count"]})
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader([]byte(text))
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	for k, v := range c.Headers {
		req.Header.Set(k, v)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := (&http.Client{Transport: &httplink.Transport{Peer: p}}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return map[string]any{"status": resp.StatusCode, "body": string(got)}, err
}
