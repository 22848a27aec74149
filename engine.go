package bellpull

import (
	"context"
	"log/slog"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// What follows is for authors of protocol engines. Users of Bellpull meet only [Protocol], as a value they pass on.

// A Protocol is how processes talk over a transport: dmtp.Protocol, campus.Protocol, or one's own. It is a value with
// options; the work is done by the [Engine] it opens. A Protocol of a comparable type (a pointer, say) has one Engine
// per [Node]: what is dialled and what is accepted then share it.
type Protocol interface {
	// Open makes the engine of one node. It checks the options and does no I/O.
	Open(Host) (Engine, error)
}

// A Carrier is a [Protocol] that brings a default set of transports for its addresses.
type Carrier interface {
	Transports() transport.Set
}

// A Guard is a [Protocol] that looks at a listener before it is used, such as one that wants a token where the
// transport does not prove who is there.
type Guard interface {
	Admit(transport.Traits) error
}

// A Fitter is a [Protocol] that cannot serve every handler.
type Fitter interface {
	// Fits says why the protocol cannot serve a method, nil when it can. It is asked of the methods that the node's
	// [Mux] has when the protocol is first used, and of those that are added later.
	Fits(*Method) error
}

// A Drainer is a [Link] that can refuse new requests while those that run finish.
type Drainer interface {
	// Drain blocks until no handler of the link runs, ctx is done or the link has ended.
	Drain(ctx context.Context)
}

// A Runner is an [Engine] that counts the handlers it runs, so that a [Node.Close] that gives up can say how many.
type Runner interface {
	// Running gives how many handlers have not returned, those of links that have ended included. It does not block.
	Running() int
}

// A Homed [Link] is one of a protocol in which a process is dialled where its name says: who has the name is who answers
// there. So a dialled peer that is away has come back when its process has dialled us and was dialled back, and a
// peer that dialled us and is away is the same when we dial it.
type Homed interface {
	// Home is where this side has dialled the process of the link. It does not change.
	Home() transport.Addr
}

// An Engine runs a protocol for one node. It may own several connections per link, or one connection may be no link
// at all: that is why it serves the node and not a connection. Its methods may be called concurrently.
type Engine interface {
	// Serve takes a connection that a listener of the node accepted. It does not block: handshakes and reading run
	// in goroutines of the engine. The engine owns the connection.
	Serve(transport.Conn)

	// Dial makes a link to the process at to. It blocks until the link is up (and [Host.Up] has returned), refused,
	// or ctx is done. Errors are [*Error]. ctx must be handed on to [Host.Up].
	Dial(ctx context.Context, to transport.Addr) (Link, error)

	// Close ends all links and waits for the engine's goroutines, handlers included.
	Close() error
}

// A Host is what a node offers to an engine. Its methods may be called concurrently and, but for Connect and Run,
// do not block.
type Host interface {
	// Name is the node's name, "" when it has none.
	Name() string
	// Incarnation tells the peer that is being dialled with ctx from another of the same name, over reconnects. It is
	// random and made for the service alone that is dialled: who knows it can replace the peer's link. 0 for any other
	// context.
	Incarnation(ctx context.Context) uint64
	// Epoch is the node's own random number, which tells it from all others, of the same name too. It is no secret.
	Epoch() uint64
	// Listens says that the node has a listener, so that others may dial it.
	Listens() bool
	// Settle is to be called before an accepted link of a node that listens itself goes up. If this node may be dialling
	// that one just now, and has the smaller epoch, or has dialled one of that name which is away, it blocks
	// until that is decided, 0.8 s at most.
	Settle(name string, epoch, incarnation uint64)
	// Join is for a dial that was refused because the node at the other end, of this epoch, has dialled this one. It
	// finds the link that came of that among those that this node accepted: same says whether the incarnation that its
	// client told proves it. The peer that is dialled with ctx and that link's become one.
	Join(ctx context.Context, epoch uint64, same func(incarnation uint64) bool) (Link, error)
	// Heartbeat is the node's policy for links: a link on which nothing was heard for every is pinged, where the
	// protocol can, and one on which nothing was heard within the second time is given up. Both are 0 when there is
	// to be none.
	Heartbeat() (every, within time.Duration)
	// Connect dials an address with the node's transports. It blocks until connected or ctx is done.
	Connect(ctx context.Context, to transport.Addr) (transport.Conn, error)
	// Listen has the node listen for this engine, unless it does so there already, as [Node.Listen] does. It is for
	// engines whose peers dial back.
	Listen(ctx context.Context, at transport.Addr) error
	// NameAt gives the name that [Node.Know] was told for an address.
	NameAt(at transport.Addr) (name string, ok bool)
	// Adopt makes the peer that is dialled with ctx and that of a link which is up already one: the dial has led to
	// where that link leads. It fails when the link has ended.
	Adopt(ctx context.Context, l Link) error
	// Lookup says where a named peer listens, for engines that dial back. The table is filled by [Node.Know].
	Lookup(peer string) (transport.Addr, bool)
	// Up announces a link that is ready and binds it to its peer. ctx is the one that Dial was given, or any other
	// for accepted links. [CodeNameTaken]: a live peer has the link's name already, or, with a [*TwinError], this node
	// has dialled that one; [CodeBusy]: the node has as many links as it takes ([WithMaxLinks]). The engine refuses the
	// other side then.
	// The engine must not call Find or Run for the link before.
	Up(ctx context.Context, l Link) (*Peer, error)
	// Rename moves a link's peer to another name, or fails with [CodeNameTaken] and changes nothing. The engine has
	// the link report the new name after it returned nil.
	Rename(l Link, name string) error
	// Down takes a link off its peer. err says why it ended. To be called once for each link that went Up.
	Down(l Link, err error)
	// Find gives the handler of a method for requests of p: p's own first, then the node's. nil: there is none.
	// The result may be kept as long as Generation gives the same number.
	Find(p *Peer, method []byte) *Method
	// Generation changes whenever a handler is added or taken away.
	Generation() uint64
	// Run runs the request's handler through the interceptors, turns a panic into [CodePanic], and returns when the
	// handler has.
	Run(m *Method, w *Reply, r *Request)
	// Emit tells the node's watchers of an event that has no link of its own, such as a refused handshake.
	Emit(Event)
	// Log is the node's logger, never nil.
	Log() *slog.Logger
}

// A Link is one live, authenticated connection that speaks a protocol; it dies once. Engines make links, peers use
// them. All methods may be called concurrently.
type Link interface {
	// Do runs an exchange: it sends the request and, for a call, blocks until the answer is in x, the deadline is
	// over, x.Ctx is done or the link ends. The error is nil or an [*Error]; a Verb that the link does not know is
	// [CodeUnsupported]. x and all it refers to belong to the link until Do returns, and not a moment longer.
	Do(x *Exchange) error
	// Open opens a channel, or answers [CodeUnsupported].
	Open(ctx context.Context, spec ChannelSpec) (*Channel, error)
	// Ping measures one round trip that runs no user code, or answers [CodeUnsupported].
	Ping(ctx context.Context) (time.Duration, error)
	// Name is the name the other end gave itself or was given; with some protocols it can change.
	Name() string
	// Named says that the name is the other end's own and outlives the link.
	Named() bool
	// Epoch is the other node's, 0 when the protocol does not say.
	Epoch() uint64
	// Bind says that the link is another peer's from now on. Up has bound it to its first.
	Bind(*Peer)
	// Incarnation tells apart two runs of a process of one name; 0 when the protocol does not say.
	Incarnation() uint64
	Identity() transport.Identity
	Traits() Traits
	// Metadata is what the other end said of itself in the handshake; not to be changed. May be nil.
	Metadata() []Pair
	// Close says goodbye where the protocol has a word for it, ends the link and fails what runs. It blocks at most
	// five seconds for the other side's part. Closing again returns nil at once.
	Close(reason string) error
	// Done is closed when the link has ended; Err then says why, and is nil before.
	Done() <-chan struct{}
	Err() error
}

// Traits say what a link can do.
type Traits struct {
	Protocol  string // "dmtp", "campus"
	Calls     bool
	Notifies  bool
	Messages  bool // bodies without a method
	Channels  bool
	Pings     bool
	Cancels   bool // a cancelled call is cancelled over there too
	Deadlines bool // the handler over there knows the caller's deadline
	Compact   bool // both ends are Bellpull and agreed on its own, shorter frames
	Transport transport.Traits
}

// A Pair is one entry of metadata. Null tells "no value" from the empty one where the protocol does.
type Pair struct {
	Key, Value string
	Null       bool
}

// Encoding says what the bytes of a request or an answer are.
type Encoding uint8

const (
	// EncodingBytes: the bytes are the user's own.
	EncodingBytes Encoding = iota
	// EncodingJSON: in a request a JSON array of the positional arguments, in an answer one JSON value.
	EncodingJSON
	// EncodingNone: no value at all: the answer of a handler without a result.
	EncodingNone
)

// An Exchange is one call or notify on its way. Peers fill it and links work on it; see [Link.Do].
type Exchange struct {
	Ctx      context.Context // never nil; looked at only when about to block
	Verb     any             // a verb that one protocol has beside calls and notifies; see Peer.Do. nil for those
	Notify   bool            // no answer is wanted
	Sent     func()          // to be called, under no lock, when the request has its place among those that go out; may be nil
	Accepted bool            // the answer is wanted when the request was taken, before it ran (DMTP WaitSend)
	Method   string          // at most MaxMethod bytes
	Encoding Encoding
	Body     []byte
	Args     []any  // what the JSON in Body was made of, for protocols that spell it otherwise; nil where that is not known
	Meta     []Pair // call metadata; nil where there is none
	Deadline int64  // on the clock of transport.Now; 0 means none

	// Set by the link. Answer is Dst with the answer appended.
	Dst            []byte
	Answer         []byte
	AnswerEncoding Encoding
}

// MaxMethod bounds the name of a method in bytes (the wire's str8).
const MaxMethod = 254

// A ChannelSpec says which channel to open.
type ChannelSpec struct {
	Name string
	Meta []Pair
}

// A Channel is an ordered, two-way sub-stream of a link. No engine of this version opens one.
type Channel struct{}

// A ChannelOption changes how a channel is opened.
type ChannelOption interface{ channelOption(*ChannelSpec) }
