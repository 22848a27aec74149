package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bellpull/bellpull"
)

// demoMux gives the methods of bell serve.
func demoMux() *bellpull.Mux {
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(echo))
	bellpull.HandleFunc(m, "add", func(a, b float64) float64 { return a + b })
	bellpull.HandleFunc(m, "fail", func(text string) error {
		if text == "" {
			text = "as you asked"
		}
		return errors.New(text)
	})
	bellpull.HandleFunc(m, "panic", func(text string) { panic(text) })
	bellpull.HandleFunc(m, "sleep", sleep)
	bellpull.HandleFunc(m, "time", func() string { return time.Now().Format(time.RFC3339Nano) })
	bellpull.HandleFunc(m, "upper", strings.ToUpper)
	bellpull.HandleFunc(m, "whoami", whoami)
	return m
}

func panicText(v any) string { return fmt.Sprint(v) }

// echo answers with what it got: bytes with bytes, one argument with it, several with their array.
func echo(w *bellpull.Reply, r *bellpull.Request) {
	if r.Encoding() == bellpull.EncodingBytes {
		w.Write(r.Borrow())
		return
	}
	var list []json.RawMessage
	if err := json.Unmarshal(r.Borrow(), &list); err != nil {
		w.Fail(&bellpull.Error{Code: bellpull.CodeBadArgument, Msg: err.Error()})
		return
	}
	switch len(list) {
	case 0:
	case 1:
		w.JSON(list[0])
	default:
		w.JSON(list)
	}
}

// sleep answers after ms milliseconds, unless nobody waits any more.
func sleep(ctx context.Context, ms int) (int, error) {
	if ms < 0 || ms > 24*60*60*1000 {
		return 0, &bellpull.Error{Code: bellpull.CodeBadArgument, Msg: "sleep: want 0 to 86400000 milliseconds"}
	}
	if !pause(ctx, time.Duration(ms)*time.Millisecond) {
		return 0, context.Cause(ctx)
	}
	return ms, nil
}

// caller's view from here, for whoami.
type callerInfo struct {
	Name string            `json:"name"`
	PID  int               `json:"pid,omitempty"`
	UID  *int              `json:"uid,omitempty"`
	Meta map[string]string `json:"meta,omitempty"`
}

func whoami(ctx context.Context) callerInfo {
	p := bellpull.Caller(ctx)
	id := p.Identity()
	c := callerInfo{Name: p.Name(), PID: id.PID, Meta: metaMap(p.Metadata())}
	if id.HasUser {
		c.UID = &id.UID
	}
	return c
}
