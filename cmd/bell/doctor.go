package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// checkRecord is one check of bell doctor in -o json.
type checkRecord struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

func (a *app) doctorCmd() *cobra.Command {
	var l link
	cmd := &cobra.Command{
		Use:   "doctor ADDRESS",
		Short: "Find out why a server cannot be reached, or that all is well",
		Long: `doctor looks at an address step by step: its form, the files or hosts behind it, the connection, who serves it,
the handshake, what the link can do, and a ping. Each failure comes with its cause and what to do. The exit code is
that of the first failure, or 6 when something else than DMTP answered. dotnetCampus.Ipc has no ping.`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			d := &doctor{app: a, link: &l}
			if err := d.examine(cmd.Context(), args[0]); err != nil {
				return err
			}
			switch {
			case d.failed == 0:
				a.emit(checkRecord{Check: "verdict", OK: true, Detail: "all is well"}, "all is well")
				return nil
			case d.failed == 1:
				d.verdict("1 problem; see its fix above")
			default:
				d.verdict(fmt.Sprintf("%d problems; begin with the first fix", d.failed))
			}
			return quietExit(d.exit)
		},
	}
	l.dialFlags(cmd.Flags())
	return cmd
}

// doctor is one run of bell doctor.
type doctor struct {
	*app
	link   *link
	failed int
	exit   int // of the first failure
}

func (d *doctor) verdict(text string) {
	d.emit(checkRecord{Check: "verdict", Detail: text, Fix: "see the checks above"}, text)
}

func (d *doctor) good(check, format string, args ...any) {
	r := checkRecord{Check: check, OK: true, Detail: fmt.Sprintf(format, args...)}
	d.emit(r, fmt.Sprintf("%s   %-9s %s", d.paint(green, "ok"), check, r.Detail))
}

// bad tells of a failure; exit is the exit code that it stands for.
func (d *doctor) bad(check string, exit int, detail, fix string) {
	if d.failed++; d.failed == 1 {
		d.exit = exit
	}
	d.emit(checkRecord{Check: check, Detail: detail, Fix: fix},
		fmt.Sprintf("%s %-9s %s\n     %-9s fix: %s", d.paint(red, "FAIL"), check, detail, "", fix))
}

// badError is bad for an error of the library.
func (d *doctor) badError(check string, err error) {
	p := problemOf(err, "bell doctor")
	d.bad(check, p.exit, p.Message, p.Hint)
}

// examine goes through the checks, each of which needs those before. An error is one of usage.
func (d *doctor) examine(ctx context.Context, addr string) error {
	pipes, err := d.link.campus(addr)
	if err != nil {
		return err
	}
	proto, err := d.link.protocol()
	if err != nil {
		return err
	}
	a, err := transport.ParseAddr(addr)
	if err != nil {
		d.badError("address", bellpull.WrapTransport("parse", addr, err))
		return nil
	}
	set := proto.Transports()
	if pipes {
		set = (&campus.Protocol{}).Transports()
	}
	if _, err := set.Find(a); err != nil {
		d.badError("address", bellpull.WrapTransport("resolve", addr, err))
		return nil
	}
	if a.String() != addr {
		d.good("address", "%s (you wrote %s)", oneLine(a.String(), 0), oneLine(addr, 0))
	} else {
		d.good("address", "%s", oneLine(a.String(), 0))
	}
	d.places(ctx, a)
	if !d.connect(ctx, set, a) {
		return nil
	}
	d.handshake(ctx, set, a)
	return nil
}

// connect makes a bare connection and looks who is at the other end.
func (d *doctor) connect(ctx context.Context, set transport.Set, a transport.Addr) bool {
	ctx, cancel := context.WithTimeout(ctx, d.link.timeout)
	defer cancel()
	from := time.Now()
	c, err := set.Dial(ctx, a)
	if err != nil {
		d.badError("connect", bellpull.WrapTransport("dial", a.String(), err))
		return false
	}
	defer c.Close()
	d.good("connect", "in %s", time.Since(from).Round(time.Microsecond))
	id := c.Identity()
	if id.PID == 0 && !id.HasUser {
		d.good("server", "%s does not tell which process or user serves it", a.Scheme+":")
		return true
	}
	var uid *int
	if id.HasUser {
		uid = &id.UID
	}
	trust := "another user than this one"
	if id.SameUser {
		trust = "trusted: this user, or root where the file is root's"
	}
	d.good("server", "%s; %s", who(id.PID, uid, ""), trust)
	return true
}

// handshake asks to be let in, and where that fails for want of a common language, finds out what is spoken there.
func (d *doctor) handshake(ctx context.Context, set transport.Set, a transport.Addr) {
	p, err := d.link.dial(ctx, a.String())
	if err != nil {
		e, ok := errors.AsType[*bellpull.Error](err)
		if !ok {
			d.badError("handshake", err)
			return
		}
		pr := problemOf(err, "bell doctor")
		switch {
		case e.Code == bellpull.CodeRefused && e.Remote:
			d.bad("handshake", pr.exit, "refused: "+fmt.Sprintf("%q", e.Msg), d.tokenFix())
		case (e.Code == bellpull.CodeProtocol || e.Code == bellpull.CodeDeadline) && d.link.speak == speakDMTP:
			d.bad("handshake", pr.exit, pr.Message, pr.Hint)
			d.probe(ctx, set, a)
		default:
			d.bad("handshake", pr.exit, pr.Message, pr.Hint)
		}
		return
	}
	defer hangUp(p)
	d.good("handshake", "let in; the server is known as %s", oneLine(p.Name(), 80))
	d.good("traits", "%s", traitsText(p.Traits()))
	if !p.Traits().Pings {
		return
	}
	pctx, cancel := context.WithTimeout(ctx, d.link.timeout)
	defer cancel()
	took, err := p.Ping(pctx)
	if err != nil {
		d.badError("ping", err)
		return
	}
	d.good("ping", "%.3f ms", float64(took)/1e6)
}

// tokenFix says what to do about a refusal.
func (d *doctor) tokenFix() string {
	if p, err := d.link.protocol(); err == nil && p.Token != "" {
		return "the token given is not the server's, or the server wants more: compare --token or BELL_TOKEN with what it was started with"
	}
	return "give the server's token with --token or in BELL_TOKEN, or run as the server's user"
}

// traitsText lists what a link can do.
func traitsText(t bellpull.Traits) string {
	words := []string{t.Protocol}
	add := func(ok bool, word string) {
		if ok {
			words = append(words, word)
		}
	}
	add(t.Compact, "compact frames (both ends are Bellpull)")
	add(!t.Compact && t.Protocol == speakDMTP, "plain frames")
	add(t.Calls, "calls")
	add(t.Notifies, "notifies")
	add(t.Messages, "messages")
	add(t.Channels, "channels")
	add(t.Pings, "pings")
	add(t.Cancels, "cancels")
	add(t.Deadlines, "deadlines")
	over := []string{t.Transport.Scheme}
	for _, x := range []struct {
		ok   bool
		word string
	}{
		{t.Transport.Local, "local"}, {t.Transport.SameUser, "same user"}, {t.Transport.PeerIdentity, "identity"},
		{t.Transport.HalfClose, "half-close"}, {t.Transport.Encrypted, "encrypted"}, {t.Transport.Message, "message mode"},
		{t.Transport.Lossy, "lossy"},
	} {
		if x.ok {
			over = append(over, x.word)
		}
	}
	return strings.Join(words, ", ") + "; over " + strings.Join(over, ", ")
}
