package npipe

import (
	"context"
	"io/fs"

	"github.com/bellpull/bellpull/transport"
)

// Transport makes connections and listeners for the scheme npipe. The zero value does what .NET does by default, but
// for AnyServer. Its methods may be called concurrently as long as nobody writes its fields.
type Transport struct {
	// CurrentUserOnly keeps to this process's user, as PipeOptions.CurrentUserOnly does: a listener drops clients of
	// any other user once they have connected, root included, and a dialler refuses a server of any other user with
	// [transport.ErrNotTrusted]. By default a listener takes whom the file's mode lets in, [Conn.Identity] says who it
	// is, and for a dialler see AnyServer.
	CurrentUserOnly bool

	// AnyServer makes a dialler accept a server of any user, as .NET does by default. Without it, on Unix, it takes one
	// of its own user, or of root when root owns the socket file: the files are in a directory where every user can
	// make some, so whoever comes first has the name. It yields to CurrentUserOnly.
	AnyServer bool

	// Dir replaces the directory of the sockets on Unix, for processes whose TMPDIR differs from that of the others.
	// It must be absolute. Default: [os.TempDir].
	Dir string

	// Mode is the permission of the socket on Unix; connecting takes write permission. Default 0: what the umask
	// makes of 0777, as for .NET; commonly that lets other users not connect (0755).
	Mode fs.FileMode

	// OnStolen, if set, is told when another process takes a listener's name, and when the listener has it again. The
	// error is a [*transport.Error] of kind [transport.ErrStolen] with a *unixsock.StolenError inside. It is called
	// on a goroutine of the listener, one call at a time, and may call [Listener.Close].
	OnStolen func(error)
}

var _ transport.Transport = Transport{}

// Schemes gives "npipe".
func (Transport) Schemes() []string { return []string{"npipe"} }

// Dial connects to the server of the pipe a. It blocks until connected, refused or ctx is done. It does not wait for
// a server that is not there yet, as .NET's Connect does. The connection is the caller's to close; it is a [*Conn].
//
// Errors are [*transport.Error]: [transport.ErrNoServer], [transport.ErrNotTrusted], [transport.ErrAddress] (no such
// name can be, too long, on another machine), [transport.ErrNotSocket], [fs.ErrPermission], those of ctx, and
// [errors.ErrUnsupported].
func (t Transport) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := t.dial(ctx, a)
	if err != nil {
		return nil, err // not a *Conn that is nil
	}
	return c, nil
}

// Listen claims the pipe a. It blocks while it asks whether a server that is there already is alive, at most about a
// second, and no longer than ctx. The result is a [*Listener].
//
// Errors are [*transport.Error]: [transport.ErrInUse] (a live process has the name; a [*transport.OwnerError] inside
// names it), [transport.ErrAddress], [transport.ErrNotSocket], [fs.ErrPermission], those of ctx, and
// [errors.ErrUnsupported].
func (t Transport) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := t.listen(ctx, a)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Dial connects to the server of the pipe addr, which [transport.ParseAddr] reads: npipe:NAME or \\.\pipe\NAME. See
// [Transport.Dial].
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

// Listen claims the pipe addr, which [transport.ParseAddr] reads: npipe:NAME or \\.\pipe\NAME. See
// [Transport.Listen].
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
