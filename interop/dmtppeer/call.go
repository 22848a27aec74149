package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// call calls a method with Json arguments.
func (p *peer) call(ctx context.Context, to *bellpull.Peer, c *command) (any, error) {
	switch c.Serialization {
	case "json", "":
	default:
		return nil, control.Unsupported("serialization %q: Bellpull speaks json only", c.Serialization)
	}
	args, err := c.arguments()
	if err != nil {
		return nil, err
	}
	if c.Meta != nil {
		ctx = bellpull.WithCall(ctx, bellpull.Metadata(c.Meta...))
	}
	if c.CancelAfter != nil {
		inner, cancel := context.WithCancel(ctx)
		timer := time.AfterFunc(time.Duration(*c.CancelAfter*float64(time.Millisecond)), cancel)
		defer cancel()
		defer timer.Stop()
		ctx = inner
	}
	switch c.Feedback {
	case "onlysend":
		return nil, to.Notify(ctx, c.Method, args...)
	case "waitsend":
		ctx = bellpull.WithCall(ctx, bellpull.Accepted())
	case "waitinvoke", "":
	default:
		return nil, control.BadCommand("feedback %q", c.Feedback)
	}
	got, err := bellpull.Call[json.RawMessage](ctx, to, c.Method, args...)
	if err != nil || got == nil {
		return nil, err
	}
	if c.Returns == "bytes" || c.Returns == "" && c.Method == "bytes" {
		var b []byte
		if err := json.Unmarshal(got, &b); err != nil {
			return nil, &control.Failure{Type: "FormatException", Message: err.Error()}
		}
		return hex.EncodeToString(b), nil
	}
	return got, nil
}

// arguments brings the arguments of the control protocol into Json's form: they are the same but for byte[], which is
// hex or a pattern here and base64 there.
func (c *command) arguments() ([]any, error) {
	args := make([]any, len(c.Args))
	for i, a := range c.Args {
		isBytes := i < len(c.Types) && c.Types[i] == "bytes" || len(c.Types) == 0 && c.Method == "bytes"
		raw, err := bytesOf(a, isBytes)
		if err != nil {
			return nil, &control.Failure{Type: "ArgumentException", Message: err.Error()}
		}
		if raw != nil {
			a, _ = json.Marshal(base64.StdEncoding.EncodeToString(raw))
		}
		args[i] = a
	}
	return args, nil
}

// bytesOf reads an argument that stands for bytes; nil when it stands for itself.
func bytesOf(a json.RawMessage, isBytes bool) ([]byte, error) {
	var text string
	if isBytes && json.Unmarshal(a, &text) == nil && string(a) != "null" {
		b, err := hex.DecodeString(text)
		return append([]byte{}, b...), err
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(a, &members) != nil {
		return nil, nil
	}
	for name := range members {
		if name != "hex" && name != "fill" && name != "seed" {
			return nil, nil
		}
	}
	if members["hex"] == nil && members["fill"] == nil {
		return nil, nil
	}
	var spec control.Body
	if err := json.Unmarshal(a, &spec); err != nil {
		return nil, err
	}
	b, err := spec.Bytes()
	return append([]byte{}, b...), err
}
