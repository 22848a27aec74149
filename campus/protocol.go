package campus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/shm"
	"github.com/bellpull/bellpull/transport/tcp"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// Dialect is how JSON values are spelled for the .NET build at the other end. What is read may be in any.
type Dialect struct{ d campuswire.Dialect }

// The dialects of .NET builds.
var (
	STJ        = Dialect{campuswire.STJ}        // System.Text.Json: .NET 8 and later
	Camel      = Dialect{campuswire.Camel}      // the same with a context of camelCase names that leaves nulls out
	Newtonsoft = Dialect{campuswire.Newtonsoft} // Newtonsoft.Json: older targets
)

// Protocol is dotnetCampus.Ipc with its options, for [bellpull.Node.Listen] and [bellpull.Node.Dial]. All listeners and
// peers of a node that are to be one process to the others must use one *Protocol. Do not change it once it is used.
//
// To a .NET caller of a JSON route the error of a handler is an exception of the type "Bellpull.CODE.RAN", unless it is or
// wraps an [*Exception], whose type, message and stack it then has. A caller gets an exception back as an *Exception.
type Protocol struct {
	// Magic is IpcConfiguration.MessageHeader, which all processes of a family share. Default "dotnet campus".
	Magic string
	// Dialect spells what this side writes. Default STJ.
	Dialect Dialect
	// OnMessage takes messages that no route took, in their order; nil: they are dropped. The body may begin with a
	// business header, that of a route which nobody handles too: nothing tells it from data.
	OnMessage bellpull.Handler
	// OnRequest answers requests without a route; nil, or an error: the answer of no bytes, "nobody handled it".
	OnRequest bellpull.Handler
	// Objects keeps the remote objects of this side. nil: it has none, and can give none away.
	Objects *Objects
	// AllowOthers lets processes of other users in, where the file's mode or the network does.
	AllowOthers bool
	// RegisterTimeout bounds the wait for the other side's registration. Default 5 s.
	RegisterTimeout time.Duration
	// MaxInFlight bounds the requests under way from this side to a peer. Default and most 4,096.
	MaxInFlight int
	// MaxHandlers bounds the requests of one peer that run at once. Default 256.
	MaxHandlers int
	// OneByOne has handlers run one at a time, those of one peer in the order of its requests and messages
	// (IpcTaskScheduling.LocalOneByOne). A handler that waits for a peer which waits for a handler here waits until its
	// deadline. Default: they run concurrently, messages of one peer in their order (GlobalConcurrent).
	OneByOne bool
	// MaxPending bounds the connections that have not registered yet, and apart from them those that have and are being
	// dialled back; the oldest makes room. Default 256.
	MaxPending int
}

const (
	defaultRegisterTimeout = 5 * time.Second
	defaultMaxPending      = 256
)

var (
	_ bellpull.Protocol = (*Protocol)(nil)
	_ bellpull.Carrier  = (*Protocol)(nil)
	_ bellpull.Guard    = (*Protocol)(nil)
)

// Transports gives the carriers of the addresses npipe:, local:, unix:, tcp: and shm:.
func (p *Protocol) Transports() transport.Set {
	return transport.NewSet(&unixsock.Transport{}, &npipe.Transport{AnyServer: p.AllowOthers}, &tcp.Transport{}, &shm.Transport{})
}

// Admit refuses to listen where the transport does not tell who connects: the protocol has no token.
func (p *Protocol) Admit(t transport.Traits) error {
	if p.AllowOthers || t.SameUser || t.PeerIdentity {
		return nil
	}
	return &bellpull.Error{Code: bellpull.CodeRefused, Op: "listen", Peer: t.Scheme, Ran: bellpull.Never,
		Msg:    "the protocol has no token, so it would answer everybody who reaches this transport",
		Advice: "use npipe: or local: instead, or set AllowOthers"}
}

// Open makes the engine of a node. An option out of its range is CodeBadArgument.
func (p *Protocol) Open(h bellpull.Host) (bellpull.Engine, error) {
	cfg := *p
	framing, err := campuswire.NewFraming(cfg.Magic)
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("campus: "+format, args...))
		}
	}
	bad(cfg.RegisterTimeout >= 0, "RegisterTimeout %v is negative", cfg.RegisterTimeout)
	bad(cfg.MaxInFlight >= 0 && cfg.MaxInFlight <= 4096, "MaxInFlight %d, want 1 to 4096", cfg.MaxInFlight)
	bad(cfg.MaxHandlers >= 0, "MaxHandlers %d is negative", cfg.MaxHandlers)
	bad(cfg.MaxPending >= 0, "MaxPending %d is negative", cfg.MaxPending)
	if err := errors.Join(errs...); err != nil {
		return nil, &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "open", Ran: bellpull.Never, Err: err,
			Advice: "correct the option of campus.Protocol"}
	}
	if cfg.RegisterTimeout == 0 {
		cfg.RegisterTimeout = defaultRegisterTimeout
	}
	if cfg.MaxPending == 0 {
		cfg.MaxPending = defaultMaxPending
	}
	return newEngine(cfg, framing, h)
}

// An Option sets something of the [Protocol] or the node that [Listen] or [Dial] makes.
type Option interface{ apply(*config) }

type config struct {
	proto Protocol
	name  string
	node  []bellpull.NodeOption
	dial  []bellpull.DialOption
}

type option func(*config)

func (f option) apply(c *config) { f(c) }

// Name names the node, which is what other processes dial. Default for Listen: the name in the address; for Dial: a
// random one of 32 hexadecimal digits, as .NET makes it.
func Name(name string) Option { return option(func(c *config) { c.name = name }) }

// With sets the whole protocol; options behind it change that.
func With(p Protocol) Option { return option(func(c *config) { c.proto = p }) }

// OnMessage has h take messages without a route.
func OnMessage(h bellpull.Handler) Option { return option(func(c *config) { c.proto.OnMessage = h }) }

// OnRequest has h answer requests without a route.
func OnRequest(h bellpull.Handler) Option { return option(func(c *config) { c.proto.OnRequest = h }) }

// ServeObjects has the objects of a table served, and those given away kept in it.
func ServeObjects(t *Objects) Option { return option(func(c *config) { c.proto.Objects = t }) }

// NodeOptions hands options to the node.
func NodeOptions(opts ...bellpull.NodeOption) Option {
	return option(func(c *config) { c.node = append(c.node, opts...) })
}

// DialOptions hands options to the dial.
func DialOptions(opts ...bellpull.DialOption) Option {
	return option(func(c *config) { c.dial = append(c.dial, opts...) })
}

func makeConfig(opts []Option) *config {
	c := &config{}
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// Listen makes a node that serves m (nil: nothing yet) at addr. It returns when the address is claimed; ctx bounds that
// only. Close the node to end it.
func Listen(ctx context.Context, addr string, m *bellpull.Mux, opts ...Option) (*bellpull.Node, error) {
	c := makeConfig(opts)
	if a, err := transport.ParseAddr(addr); err == nil && c.name == "" {
		c.name, _ = nameIn(a)
	}
	if m != nil {
		c.node = append(c.node, bellpull.WithMux(m))
	}
	n := bellpull.NewNode(c.name, c.node...)
	if err := n.Listen(ctx, addr, &c.proto); err != nil {
		n.Close(ctx)
		return nil, err
	}
	return n, nil
}

// Dial connects to the process at addr with a node of its own, which listens under its name and ends when the peer is
// closed. It blocks until both have registered with each other, or ctx is done. The peer reconnects by itself; see
// [bellpull.Node.Dial].
func Dial(ctx context.Context, addr string, opts ...Option) (*bellpull.Peer, error) {
	c := makeConfig(opts)
	n := bellpull.NewNode(c.name, c.node...)
	p, err := n.Dial(ctx, addr, &c.proto, c.dial...)
	if err != nil {
		n.Close(ctx)
		return nil, err
	}
	p.Own()
	return p, nil
}
