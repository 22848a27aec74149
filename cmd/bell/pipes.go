package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// What --protocol may be.
const (
	speakDMTP   = "dmtp"
	speakCampus = "campus"
)

// speaks adds the flag that says which protocol is spoken.
func (l *link) speaks(f *pflag.FlagSet) {
	f.StringVar(&l.speak, "protocol", speakDMTP, "what is spoken: dmtp, or campus, which is dotnetCampus.Ipc")
}

// campus says that dotnetCampus.Ipc is spoken, and checks what that leaves no room for. addrs are those of the command.
func (l *link) campus(addrs ...string) (bool, error) {
	switch l.speak {
	case speakDMTP:
		return false, nil
	case speakCampus:
	default:
		return false, usage("--protocol %q: it is dmtp or campus", l.speak)
	}
	for flag, given := range map[string]bool{"--token": l.token != "", "--id": l.id != "", "--meta": len(l.meta) > 0, "--plain": l.plain} {
		if given {
			return true, usage("%s: dotnetCampus.Ipc has no such thing", flag)
		}
	}
	if len(addrs) != 1 {
		return true, usage("a process of dotnetCampus.Ipc has one name, so it listens at one address")
	}
	if a, err := transport.ParseAddr(addrs[0]); err == nil && a.Scheme != "npipe" && a.Scheme != "local" && a.Scheme != "shm" {
		return true, usage("%s: a process of dotnetCampus.Ipc is dialled back under its name: give npipe:NAME, local:NAME or shm:NAME", a)
	}
	return true, nil
}

// pipes gives dotnetCampus.Ipc as the flags want it.
func (l *link) pipes() (*campus.Protocol, error) {
	if l.timeout <= 0 {
		return nil, usage("--timeout %v must be positive", l.timeout)
	}
	return &campus.Protocol{AllowOthers: l.anonymous}, nil
}

// ownName gives the name of a process that listens at an address of pipes.
func (l *link) ownName(addr string) string {
	if a, err := transport.ParseAddr(addr); l.name == "" && err == nil {
		return a.Rest
	}
	return l.name
}

// dialPipes connects by dotnetCampus.Ipc.
func (l *link) dialPipes(ctx context.Context, addr string, dial []bellpull.DialOption, node []bellpull.NodeOption) (*bellpull.Peer, error) {
	p, err := l.pipes()
	if err != nil {
		return nil, err
	}
	return campus.Dial(ctx, addr, campus.With(*p), campus.Name(l.name), campus.DialOptions(dial...), campus.NodeOptions(node...))
}

// The methods of bell serve for JSON routes, which take one object and give one.
type (
	pairArgs  struct{ A, B float64 }
	sumResult struct{ Value float64 }
	textArgs  struct{ Text string }
	waitArgs  struct{ Milliseconds int }
	timeNow   struct{ Time string }
)

// pipeMux gives the methods of bell serve over dotnetCampus.Ipc.
func pipeMux() *bellpull.Mux {
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(echo))
	bellpull.HandleFunc(m, "add", func(p pairArgs) sumResult { return sumResult{p.A + p.B} })
	bellpull.HandleFunc(m, "fail", func(t textArgs) error {
		if t.Text == "" {
			t.Text = "as you asked"
		}
		return errors.New(t.Text)
	})
	bellpull.HandleFunc(m, "panic", func(t textArgs) { panic(t.Text) })
	bellpull.HandleFunc(m, "sleep", func(ctx context.Context, w waitArgs) (waitArgs, error) {
		_, err := sleep(ctx, w.Milliseconds)
		return w, err
	})
	bellpull.HandleFunc(m, "time", func() timeNow { return timeNow{time.Now().Format(time.RFC3339Nano)} })
	bellpull.HandleFunc(m, "upper", func(t textArgs) textArgs { return textArgs{strings.ToUpper(t.Text)} })
	bellpull.HandleFunc(m, "whoami", whoami)
	return m
}

// sendPipes sends a message without a route.
func (a *app) sendPipes(ctx context.Context, l *link, addr string, header uint64, body []byte) error {
	p, err := l.dial(ctx, addr)
	if err != nil {
		return err
	}
	defer hangUp(p)
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if err := campus.Raw(p).Notify(ctx, header, body); err != nil {
		return err
	}
	a.emit(sendRecord{header, len(body), true}, fmt.Sprintf("sent %d bytes, header %#x", len(body), header))
	return nil
}
