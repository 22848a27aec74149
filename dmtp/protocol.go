package dmtp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/shm"
	"github.com/bellpull/bellpull/transport/tcp"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// Protocol is DMTP with its options, for [bellpull.Node.Listen] and [bellpull.Node.Dial]. The zero value works where
// the transport proves that both ends belong to one user. It is copied when used; do not change what it points to.
type Protocol struct {
	// Token is the shared secret; "" is none. A service refuses clients whose token differs, comparing in constant
	// time, before it asks Verify. It travels in clear: use TLS or a private transport.
	Token string
	// Verify decides about a client, beside the token; see [Verify]. It runs on the connection's goroutine, which
	// reads nothing meanwhile; the VerifyTimeout goes on. nil accepts.
	Verify func(*Verify) error
	// ID is the id a client asks for. Default: the node's name; without that the service chooses.
	ID string
	// Metadata is what a client says of itself in the handshake. At most 256 pairs, 64 KiB.
	Metadata []bellpull.Pair
	// OnFrame takes user frames, in their order; see [Frame]. nil: they are dropped.
	OnFrame func(*Frame)
	// Plain uses nothing that is not TouchSocket's: no compact frames, no word of Bellpull in the handshake.
	Plain bool
	// AllowAnonymous lets a service without Token and Verify accept anybody who reaches it.
	AllowAnonymous bool
	// NewID makes the id of the n-th connection, n from 1. Default: as TouchSocket, "01-00-00-00", "02-00-00-00", …
	// Ids have at most 254 bytes and must differ.
	NewID func(n uint64) string
	// VerifyTimeout bounds the time from a connection to its accepted handshake. Default 3 s.
	VerifyTimeout time.Duration
	// CloseTimeout bounds the wait for the other side's part in closing. Default 5 s.
	CloseTimeout time.Duration
	// MaxBody bounds the body of a frame in bytes, either way. Default 16 MiB.
	MaxBody int
	// MaxHandshakes bounds the connections that have not been let in yet; a further one has the oldest of them closed,
	// with an EventRefused of CodeBusy. Those Verify is deciding about are not closed: when there are no others, the new
	// one is. Keep it below the process's limit of descriptors. Default 1,024.
	MaxHandshakes int
	// MaxInFlight bounds the calls under way from this side of a link. Default and most 4,096.
	MaxInFlight int
	// MaxHandlers bounds the calls of one peer that run at once. Default 256.
	MaxHandlers int
	// MaxHandlerBytes bounds what the calls of one peer hold while they run or their answers wait for room; a further
	// call is refused, unless it is the only one. Default 64 MiB.
	MaxHandlerBytes int
	// TCP is the transport of tcp: and tcps:, with its TLS configuration.
	TCP tcp.Transport
}

// maxGateBody bounds a frame's body before the handshake, and at any time that of a frame which the protocol itself
// answers, in bytes.
const maxGateBody = 64 << 10

// maxTries bounds the handshakes of one connection that are refused before it is closed.
const maxTries = 16

// maxLingering bounds the connections that said goodbye and have not hung up yet; further ones are closed at once.
const maxLingering = 1024

// Verify is what a service knows of a client that asks to be let in. The callback may change ID and Metadata, set
// Message, and refuse by returning an error, whose text the client is told.
type Verify struct {
	Token    string          // as the client sent it; already compared if Protocol.Token is set
	ID       string          // the id asked for, "" for any; what stands here afterwards is given
	Current  string          // the id the connection has so far, which stays when ID is ""
	Metadata []bellpull.Pair // the client's; what stands here afterwards is the peer's and goes into the answer
	Message  string          // for the client when it is accepted
	Identity transport.Identity
	Traits   transport.Traits
}

var (
	_ bellpull.Protocol = Protocol{}
	_ bellpull.Carrier  = Protocol{}
	_ bellpull.Guard    = Protocol{}
)

// Transports gives the carriers of the addresses local:, unix:, npipe:, tcp:, tcps: and shm:. Others, such as mem:, come with
// [bellpull.WithTransports].
func (p Protocol) Transports() transport.Set {
	t := p.TCP
	return transport.NewSet(&unixsock.Transport{}, &npipe.Transport{}, &t, &shm.Transport{})
}

// Admit refuses to listen without a token where the transport does not prove who connects.
func (p Protocol) Admit(t transport.Traits) error {
	if p.open() || t.SameUser || t.PeerIdentity {
		return nil
	}
	return &bellpull.Error{Code: bellpull.CodeRefused, Op: "listen", Peer: t.Scheme, Ran: bellpull.Never,
		Msg:    "a service without a token would answer everybody who reaches this transport",
		Advice: "set a Token or Verify, use local: instead, or say AllowAnonymous"}
}

// open says that the service needs no proof of the user.
func (p Protocol) open() bool { return p.Token != "" || p.Verify != nil || p.AllowAnonymous }

// Open makes the engine of a node. An option out of its range is CodeBadArgument.
func (p Protocol) Open(h bellpull.Host) (bellpull.Engine, error) {
	if err := p.check(); err != nil {
		return nil, &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "open", Ran: bellpull.Never, Err: err,
			Advice: "correct the option of dmtp.Protocol"}
	}
	if p.ID == "" {
		p.ID = h.Name()
	}
	p.VerifyTimeout = orDefault(p.VerifyTimeout, defaultVerifyTimeout)
	p.CloseTimeout = orDefault(p.CloseTimeout, defaultCloseTimeout)
	p.MaxBody = orDefault(p.MaxBody, defaultMaxBody)
	p.MaxHandshakes = orDefault(p.MaxHandshakes, defaultMaxHandshakes)
	return newEngine(p, h), nil
}

const (
	defaultVerifyTimeout = 3 * time.Second
	defaultCloseTimeout  = 5 * time.Second
	defaultMaxBody       = 16 << 20
	defaultMaxHandshakes = 1024
)

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func (p Protocol) check() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("dmtp: "+format, args...))
		}
	}
	bad(len(p.ID) <= maxID, "ID of %d bytes, at most %d", len(p.ID), maxID)
	bad(p.VerifyTimeout >= 0, "VerifyTimeout %v is negative", p.VerifyTimeout)
	bad(p.CloseTimeout >= 0, "CloseTimeout %v is negative", p.CloseTimeout)
	bad(p.MaxBody == 0 || p.MaxBody >= maxGateBody && p.MaxBody <= 1<<30, "MaxBody %d, want 64 KiB to 1 GiB", p.MaxBody)
	bad(p.MaxHandshakes >= 0, "MaxHandshakes %d is negative", p.MaxHandshakes)
	bad(p.MaxInFlight >= 0 && p.MaxInFlight <= 4096, "MaxInFlight %d, want 1 to 4096", p.MaxInFlight)
	bad(p.MaxHandlers >= 0, "MaxHandlers %d is negative", p.MaxHandlers)
	bad(p.MaxHandlerBytes >= 0, "MaxHandlerBytes %d is negative", p.MaxHandlerBytes)
	if len(p.Metadata) > 0 {
		_, err := metadataOf(p.Metadata)
		bad(err == nil, "Metadata: %w", err)
	}
	return errors.Join(errs...)
}

// maxID bounds an id in bytes: router headers have it as str8 (section 3.1.4).
const maxID = 254

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

// Token sets the shared secret.
func Token(t string) Option { return option(func(c *config) { c.proto.Token = t }) }

// ID sets the id that a client asks for.
func ID(id string) Option { return option(func(c *config) { c.proto.ID = id }) }

// Name names the node, which others see as a peer of that name.
func Name(name string) Option { return option(func(c *config) { c.name = name }) }

// Plain uses nothing that is not TouchSocket's.
func Plain() Option { return option(func(c *config) { c.proto.Plain = true }) }

// AllowAnonymous lets a service without a token accept anybody who reaches it.
func AllowAnonymous() Option { return option(func(c *config) { c.proto.AllowAnonymous = true }) }

// OnVerify has f decide about clients.
func OnVerify(f func(*Verify) error) Option { return option(func(c *config) { c.proto.Verify = f }) }

// OnFrame has f take user frames.
func OnFrame(f func(*Frame)) Option { return option(func(c *config) { c.proto.OnFrame = f }) }

// Metadata is what a client says of itself.
func Metadata(pairs ...bellpull.Pair) Option {
	return option(func(c *config) { c.proto.Metadata = append(c.proto.Metadata, pairs...) })
}

// With sets the whole protocol; options behind it change that.
func With(p Protocol) Option { return option(func(c *config) { c.proto = p }) }

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
	if m != nil {
		c.node = append(c.node, bellpull.WithMux(m))
	}
	n := bellpull.NewNode(c.name, c.node...)
	if err := n.Listen(ctx, addr, c.proto); err != nil {
		n.Close(ctx)
		return nil, err
	}
	return n, nil
}

// Dial connects to the service at addr with a node of its own, which ends when the peer is closed. It blocks until the
// handshake is done or ctx is. The peer reconnects by itself; see [bellpull.Node.Dial].
func Dial(ctx context.Context, addr string, opts ...Option) (*bellpull.Peer, error) {
	c := makeConfig(opts)
	n := bellpull.NewNode(c.name, c.node...)
	p, err := n.Dial(ctx, addr, c.proto, c.dial...)
	if err != nil {
		n.Close(ctx)
		return nil, err
	}
	p.Own()
	return p, nil
}
