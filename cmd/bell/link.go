package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// link holds the flags that say how to connect.
type link struct {
	speak     string
	token     string
	id        string
	name      string
	timeout   time.Duration
	plain     bool
	wait      bool
	anonymous bool
	meta      []string
}

// dialFlags adds the flags of commands that connect to a server.
func (l *link) dialFlags(f *pflag.FlagSet) {
	l.flags(f)
	f.StringVar(&l.id, "id", "", "id to ask the server for (default: the name)")
	f.StringArrayVar(&l.meta, "meta", nil, "k=v to say of this process in the handshake; may be repeated")
	f.BoolVar(&l.wait, "wait", false, "wait for the server to listen, within the timeout")
}

// listenFlags adds the flags of commands that are servers.
func (l *link) listenFlags(f *pflag.FlagSet) {
	l.flags(f)
	f.BoolVar(&l.anonymous, "anonymous", false, "without a token, let in anybody who reaches the address")
}

func (l *link) flags(f *pflag.FlagSet) {
	l.speaks(f)
	f.StringVar(&l.token, "token", "", "shared secret (default: $BELL_TOKEN)")
	f.StringVar(&l.name, "name", "", "name of this process, for its peers")
	f.DurationVar(&l.timeout, "timeout", 5*time.Second, "bound for each step")
	f.BoolVar(&l.plain, "plain", false, "speak plain DMTP only, nothing of Bellpull's own")
}

// protocol gives DMTP as the flags want it.
func (l *link) protocol() (dmtp.Protocol, error) {
	if l.timeout <= 0 {
		return dmtp.Protocol{}, usage("--timeout %v must be positive", l.timeout)
	}
	meta, err := pairs("--meta", l.meta)
	if err != nil {
		return dmtp.Protocol{}, err
	}
	token := l.token
	if token == "" {
		token = os.Getenv("BELL_TOKEN")
	}
	return dmtp.Protocol{Token: token, ID: l.id, Metadata: meta, Plain: l.plain, AllowAnonymous: l.anonymous,
		CloseTimeout: min(l.timeout, time.Second)}, nil
}

// dial connects as the flags say. The peer does not reconnect: a lost connection is to be seen.
func (l *link) dial(ctx context.Context, addr string, node ...bellpull.NodeOption) (*bellpull.Peer, error) {
	pipes, err := l.campus(addr)
	if err != nil {
		return nil, err
	}
	p, err := l.protocol()
	if err != nil {
		return nil, err
	}
	dial := []bellpull.DialOption{bellpull.WithoutReconnect()}
	if l.wait {
		dial = append(dial, bellpull.WaitForServer())
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if pipes {
		return l.dialPipes(ctx, addr, dial, node)
	}
	return dmtp.Dial(ctx, addr, dmtp.With(p), dmtp.Name(l.name), dmtp.DialOptions(dial...), dmtp.NodeOptions(node...))
}

// hangUp says goodbye to a peer, for a second at most.
func hangUp(p *bellpull.Peer) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p.Close(ctx)
}

// arrived makes sure that the other side has read all that was sent: it reads in order, so it has when it answers a
// ping. An error of it leaves open whether what was sent is there. Where there are no pings, hanging up sends what is left.
func (l *link) arrived(ctx context.Context, p *bellpull.Peer, op, method string) error {
	if p.Up() && !p.Traits().Pings {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	_, err := p.Ping(ctx)
	if e, ok := err.(*bellpull.Error); ok {
		d := *e
		d.Op, d.Method, d.Ran = op, method, bellpull.Maybe
		return &d
	}
	return err
}

// pairs reads k=v flags.
func pairs(flag string, list []string) ([]bellpull.Pair, error) {
	var out []bellpull.Pair
	for _, s := range list {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return nil, usage("%s %q: want key=value", flag, s)
		}
		out = append(out, bellpull.Pair{Key: k, Value: v})
	}
	return out, nil
}
