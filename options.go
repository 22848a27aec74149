package bellpull

import (
	"log/slog"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A NodeOption changes a [Node]; see the With… functions.
type NodeOption interface{ applyNode(*nodeConfig) }

// A ListenOption changes one listener.
type ListenOption interface{ applyListen(*listenConfig) }

// A DialOption changes one dialled peer.
type DialOption interface{ applyDial(*dialConfig) }

// A CallOption changes the calls made with a context; see [WithCall].
type CallOption interface{ applyCall(*callConfig) }

type nodeConfig struct {
	mux        *Mux
	set        transport.Set
	log        *slog.Logger
	timeout    time.Duration
	beatEvery  time.Duration
	beatWithin time.Duration
	maxLinks   int
	callChain  []CallInterceptor
	serveChain []HandlerInterceptor
	random     func() uint64 // where random numbers come from; rand.Uint64 but in a simulation
}

// dice is a transport that throws the node's dice too, so that a simulated run can be repeated. See internal/sim.
type dice interface{ Random() uint64 }

// dicer gives the dice of the last of the transports that has some, else those it had.
func dicer(have func() uint64, ts []transport.Transport) func() uint64 {
	for _, t := range ts {
		if d, ok := t.(dice); ok {
			have = d.Random
		}
	}
	return have
}

type listenConfig struct{}

type dialConfig struct {
	noReconnect bool
	failFast    bool
	waitServer  bool
}

type callConfig struct {
	sent       func()
	meta       []Pair
	idempotent bool
	accepted   bool
}

type nodeOption func(*nodeConfig)

func (f nodeOption) applyNode(c *nodeConfig) { f(c) }

type dialOption func(*dialConfig)

func (f dialOption) applyDial(c *dialConfig) { f(c) }

type callOption func(*callConfig)

func (f callOption) applyCall(c *callConfig) { f(c) }

// WithMux makes m the node's handlers. Default: an empty Mux, see [Node.Mux].
func WithMux(m *Mux) NodeOption { return nodeOption(func(c *nodeConfig) { c.mux = m }) }

// WithTransports adds transports to those the protocols bring, and wins over them.
func WithTransports(ts ...transport.Transport) NodeOption {
	return nodeOption(func(c *nodeConfig) { c.set, c.random = c.set.With(ts...), dicer(c.random, ts) })
}

// WithLogger makes the node log there: handler panics, refused handshakes, failing listeners. Default: nowhere.
func WithLogger(l *slog.Logger) NodeOption { return nodeOption(func(c *nodeConfig) { c.log = l }) }

// WithTimeout bounds calls whose context has no deadline. Default 30 s; it must be positive.
func WithTimeout(d time.Duration) NodeOption {
	return nodeOption(func(c *nodeConfig) { c.timeout = d })
}

// WithHeartbeat sets how links are looked after: one on which nothing was heard for every is pinged, and one on which
// nothing was heard within the second time is given up, as when the other process had died: its calls fail, [Maybe],
// and a dialled peer redials. Any byte that arrives is a sign of life, and so is what a slow reader takes of a backlog.
// A process that is only slow answers: pings run no user code. Defaults: 5 s and 15 s. within must be at least twice
// every; every 0 is no heartbeat at all, and then a stopped process is noticed by the deadlines of calls alone.
func WithHeartbeat(every, within time.Duration) NodeOption {
	return nodeOption(func(c *nodeConfig) { c.beatEvery, c.beatWithin = every, within })
}

// WithMaxLinks bounds the links the node has at once, dialled and accepted. Beyond it a client is refused, with an
// [EventRefused], and a dial fails, both [CodeBusy] with a [transport.LimitError]; a link that replaces one of the same
// peer is let in. Default 16,384; it must be positive.
func WithMaxLinks(n int) NodeOption { return nodeOption(func(c *nodeConfig) { c.maxLinks = n }) }

// WithCallInterceptor puts f around every call and notify this node makes. The first one added is the outermost:
//
//	call -> first -> second -> link -> second -> first -> caller
func WithCallInterceptor(f CallInterceptor) NodeOption {
	return nodeOption(func(c *nodeConfig) { c.callChain = append(c.callChain, f) })
}

// WithHandlerInterceptor puts f around every handler this node runs. The first one added is the outermost.
func WithHandlerInterceptor(f HandlerInterceptor) NodeOption {
	return nodeOption(func(c *nodeConfig) { c.serveChain = append(c.serveChain, f) })
}

// WithoutReconnect makes the peer end with its first link.
func WithoutReconnect() DialOption { return dialOption(func(c *dialConfig) { c.noReconnect = true }) }

// FailFast makes calls fail at once, [Never], while the peer is down. Default: they wait for it within their deadline.
func FailFast() DialOption { return dialOption(func(c *dialConfig) { c.failFast = true }) }

// WaitForServer makes Dial wait until somebody listens, trying again as for a reconnect, bounded by ctx. A server that
// hangs up in the handshake or refuses us is tried again a few times: it may be on its way out, or may not have noticed
// yet that our predecessor of the same name is gone. Default: the first failure is Dial's.
func WaitForServer() DialOption { return dialOption(func(c *dialConfig) { c.waitServer = true }) }

// Metadata sends pairs beside the arguments, where the protocol has room for them.
func Metadata(pairs ...Pair) CallOption {
	return callOption(func(c *callConfig) { c.meta = append(c.meta, pairs...) })
}

// Idempotent says that running twice does no harm: a call that failed [Maybe] because its link was lost is made once
// more on the next link, within its deadline.
func Idempotent() CallOption { return callOption(func(c *callConfig) { c.idempotent = true }) }

// Accepted asks only for the word that the request was taken, not for its result (DMTP: WaitSend).
func Accepted() CallOption { return callOption(func(c *callConfig) { c.accepted = true }) }

// OnSent has f called when the request has its place among those that go out to the peer: what is sent after that comes
// behind it. So calls that are to arrive in an order need not wait for each other's answers. f runs on the goroutine of the
// call and must not block; it is called again when the call is made once more on another link, and never when nothing is
// sent.
func OnSent(f func()) CallOption { return callOption(func(c *callConfig) { c.sent = f }) }
