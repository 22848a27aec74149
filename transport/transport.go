// Package transport defines what carries bytes between two processes: addresses, connections, and the Port that
// protocol engines drive. It knows nothing of calls.
//
// A carrier (package unixsock, tcp, mem, npipe, …) gives ordinary [net.Conn] and [net.Listener] values, so net/http,
// gRPC and crypto/tls take them as they are. Engines wrap a connection in a [Port]; see [NewPort].
//
// # Concurrency
//
// A [Conn] follows the rules of [net.Conn]: any number of goroutines may call its methods at once. A [Port] has
// stricter rules, stated at each method. [Set] and [Addr] are immutable values.
package transport

import (
	"context"
	"net"
)

// A Conn is one live connection between two processes. It is a [net.Conn] that also knows who is at the other end
// and what the carrier promises.
//
// Errors are those of package net: a closed Conn answers [net.ErrClosed], an expired deadline
// [os.ErrDeadlineExceeded], both inside a [*net.OpError].
type Conn interface {
	net.Conn

	// Identity says who is at the other end, as the operating system tells it, never as the peer does.
	// It does not block; the answer was taken when the connection was made.
	Identity() Identity

	// Traits says what this connection promises. It does not block.
	Traits() Traits
}

// A TryWriter is a [Conn] that can write without blocking. A Port over a Conn that is none hands every write to
// the link's writer goroutine, which costs one hand-off.
type TryWriter interface {
	// TryWrite writes as much of p as the carrier takes at once and returns how much that was. It never blocks:
	// when nothing can be taken it returns 0 and a nil error. It does not keep p. At most one goroutine may be in
	// TryWrite or Write at a time.
	TryWrite(p []byte) (n int, err error)
}

// An Ender is a [Conn] that can tell, without reading, that its other end is no more. Its methods do not block, read
// nothing, and may be called by anyone at any time. Of a Conn that is closed here both say true.
type Ender interface {
	// Ended says that nothing follows what is here to be read: the other end was closed or has ended its writing, or its
	// process is gone. Where the system does not tell that, it is said when all has been read.
	Ended() bool
	// HungUp says that the other end has gone in both directions. TCP tells that only of one that was reset.
	HungUp() bool
}

// A Listener accepts connections. Its Accept returns values that implement [Conn].
type Listener interface {
	net.Listener

	// AcceptConn is Accept with the richer type. It blocks until a connection is there or the Listener is closed,
	// which gives [net.ErrClosed]. Any number of goroutines may call it.
	AcceptConn() (Conn, error)

	// Traits says what accepted connections promise before there is one.
	Traits() Traits
}

// A Transport makes connections and listeners for the schemes it names. Its methods may be called concurrently.
type Transport interface {
	// Schemes lists the address schemes this transport serves, such as "unix" and "local".
	Schemes() []string

	// Dial connects to the process that listens at a. It blocks until connected, refused, or ctx is done.
	// Nobody listening is [ErrNoServer]; see [Error].
	Dial(ctx context.Context, a Addr) (Conn, error)

	// Listen claims a. It blocks only as long as the operating system takes; ctx bounds probing of an endpoint
	// that is already there. A live owner is [ErrInUse]; see [Error].
	Listen(ctx context.Context, a Addr) (Listener, error)
}

// Identity is what the operating system says of the process at the other end of a connection.
// The zero Identity knows nothing: every field is unset and SameUser is false.
type Identity struct {
	// PID is the process id at the time of connecting, 0 when unknown. A pid can be reused; treat it as a hint.
	PID int
	// UID and GID are the effective user and group ids on Unix; valid only when HasUser.
	UID, GID int
	// HasUser says that UID and GID come from the operating system.
	HasUser bool
	// SameUser says that the operating system proves the other end to be this process's own user
	// (or, for a server reached through a path that root owns, root).
	SameUser bool
	// Remote is the address of the other end in words, for logs: "tcp:127.0.0.1:40112", "unix:/run/x.sock".
	Remote string
}

// Traits are the promises of a carrier. The zero Traits promise nothing.
type Traits struct {
	// Scheme is the canonical scheme of the address, such as "unix".
	Scheme string
	// Local: both ends are always on one machine.
	Local bool
	// SameUser: the carrier proves that both ends belong to one user, so a protocol may do without a token.
	SameUser bool
	// PeerIdentity: Identity carries pid and user.
	PeerIdentity bool
	// HalfClose: CloseWrite ends one direction and the other goes on.
	HalfClose bool
	// Encrypted: bytes are protected on the way.
	Encrypted bool
	// Message: one write is one read; otherwise the carrier is a byte stream.
	Message bool
	// MaxMessage bounds one message in bytes when Message is set; 0 means no bound of the carrier's own.
	MaxMessage int
	// Lossy: messages can be lost or reordered (udp).
	Lossy bool
}
