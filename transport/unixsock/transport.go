package unixsock

import (
	"context"
	"io/fs"

	"github.com/bellpull/bellpull/transport"
)

// Transport makes connections and listeners for the schemes local and unix. The zero value works. Its methods may be
// called concurrently as long as nobody writes its fields.
type Transport struct {
	// Dirs replaces the directories of private endpoints, for tests and for programs that keep to themselves. Both
	// sides must name the same, in the same order. A missing one is made, its parent is not. Default: see the
	// package documentation.
	Dirs []string

	// Mode is the permission of a socket at a path, set before anyone can connect on Linux and right after on
	// macOS. Connecting takes write permission. Only the low nine bits count. Default 0: what the umask of the
	// process makes of 0777, which commonly lets other users not connect (0755). Private sockets are always 0600.
	Mode fs.FileMode

	// SameUserOnly makes a listener drop clients, and a dialler refuse servers, of any other user, root included.
	// Default: see AnyServer for diallers; listeners at a path take whom the file's mode lets in.
	SameUserOnly bool

	// AnyServer makes a dialler of a unix: address accept a server of any user. By default it takes one of its own
	// user, or of root when root owns the socket file, and refuses others with [transport.ErrNotTrusted]. It does
	// nothing for local: addresses and yields to SameUserOnly.
	AnyServer bool

	// OnStolen, if set, is told when the socket file of a listener is removed or replaced, once for each change, and
	// when the listener has bound again. The error is a [*transport.Error] of kind [transport.ErrStolen] with a
	// [*StolenError] inside. It is called on a goroutine of the listener, one call at a time, with no lock held; it
	// may block, and may call [Listener.Close].
	OnStolen func(error)

	// Backlog bounds the connections that wait to be accepted. A dialler that finds the queue full waits. 0 means
	// [DefaultBacklog]; the system may have a lower limit (net.core.somaxconn; 128 on macOS).
	Backlog int
}

// DefaultBacklog is the length of a listener's queue. In a flood of connections whoever comes stands at its end: a
// longer one takes longer to get through than an honest client wants to wait.
const DefaultBacklog = 512

var _ transport.Transport = Transport{}

// Schemes gives "local" and "unix".
func (Transport) Schemes() []string { return []string{"local", "unix"} }

// Dial connects to the server at a. It blocks until connected, refused or ctx is done; with the accept queue of the
// server full it goes on trying until ctx is done. The connection is the caller's to close; it is a [*Conn].
//
// Errors are [*transport.Error]: [transport.ErrNoServer] (nobody listens, or whoever did is dead),
// [transport.ErrNotTrusted] (the server is another user's), [transport.ErrAddress] (malformed, too long),
// [transport.ErrNotSocket], [fs.ErrPermission] (the file's mode keeps us out), those of ctx, and
// [errors.ErrUnsupported].
func (t Transport) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := t.dial(ctx, a)
	if err != nil {
		return nil, err // not a *Conn that is nil
	}
	return c, nil
}

// Listen claims a. It blocks while it asks whether a socket that is there already is alive, at most about a second,
// and no longer than ctx. The result is a [*Listener].
//
// Errors are [*transport.Error]: [transport.ErrInUse] (a live process has it; a [*transport.OwnerError] inside names
// it), [transport.ErrNotSocket], [transport.ErrAddress] (malformed, too long, no such directory),
// [transport.ErrNotTrusted] (the private directory is not private), [fs.ErrPermission], those of ctx, and
// [errors.ErrUnsupported].
func (t Transport) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := t.listen(ctx, a)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Dial connects to the server at addr, which [transport.ParseAddr] reads. See [Transport.Dial].
func Dial(ctx context.Context, addr string, opts ...DialOption) (*Conn, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	var t Transport
	for _, o := range opts {
		o.applyDial(&t)
	}
	return t.dial(ctx, a)
}

// Listen claims addr, which [transport.ParseAddr] reads. See [Transport.Listen].
func Listen(ctx context.Context, addr string, opts ...ListenOption) (*Listener, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	var t Transport
	for _, o := range opts {
		o.applyListen(&t)
	}
	return t.listen(ctx, a)
}
