//go:build linux || darwin

package npipe

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// prefix is what .NET puts before a pipe's name.
const prefix = "CoreFxPipe_"

// path gives where .NET has the socket of the pipe a.
func (t Transport) path(op string, a transport.Addr) (string, error) {
	bad := func(advice string) error {
		return &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Advice: advice}
	}
	name := a.Rest
	switch {
	case a.Scheme != "npipe":
		return "", bad("package npipe serves npipe:")
	case name == "" || strings.EqualFold(name, "anonymous") || strings.ContainsRune(name, 0):
		return "", bad("no pipe can have this name")
	case strings.HasPrefix(name, `\\`):
		return "", bad("pipes of other machines are reached from Windows only; use tcp:")
	case strings.HasSuffix(name, "/"):
		return "", bad("the path of a pipe does not end in a slash")
	case name[0] == '/':
		return name, nil
	case strings.ContainsRune(name, '/'):
		return "", bad("a pipe's name holds no slash, or begins with one and is a path")
	}
	dir := t.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	if !filepath.IsAbs(dir) {
		return "", bad("the directory of pipes is relative, so every process has another; set TMPDIR or Dir to an absolute one")
	}
	// Cut one slash at most, as .NET adds one only if there is none; and no Join, which would clean the name.
	return strings.TrimSuffix(dir, "/") + "/" + prefix + name, nil
}

// sockets gives the transport that does the work, and the address it does it at. OnStolen gets errors that name a.
func (t Transport) sockets(op string, a transport.Addr) (unixsock.Transport, transport.Addr, error) {
	path, err := t.path(op, a)
	if err != nil {
		return unixsock.Transport{}, transport.Addr{}, err
	}
	u := unixsock.Transport{Mode: t.Mode, SameUserOnly: t.CurrentUserOnly, AnyServer: t.AnyServer}
	if t.OnStolen != nil {
		u.OnStolen = func(err error) { t.OnStolen(named(err, a)) }
	}
	return u, transport.Addr{Scheme: "unix", Rest: path}, nil
}

// named gives err with the pipe's address beside the socket's, so that the user finds both what was asked for and
// where it is.
func named(err error, a transport.Addr) error {
	te, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return err
	}
	dup := *te
	dup.Addr = a.String() + " at " + strings.TrimPrefix(te.Addr, "unix:")
	return &dup
}

func (t Transport) dial(ctx context.Context, a transport.Addr) (*Conn, error) {
	u, at, err := t.sockets("dial", a)
	if err != nil {
		return nil, err
	}
	c, err := u.Dial(ctx, at)
	if err != nil {
		return nil, named(err, a)
	}
	return wrap(c, a), nil
}

func (t Transport) listen(ctx context.Context, a transport.Addr) (*Listener, error) {
	u, at, err := t.sockets("listen", a)
	if err != nil {
		return nil, err
	}
	l, err := u.Listen(ctx, at)
	if err != nil {
		return nil, named(err, a)
	}
	return &Listener{l.(*unixsock.Listener), a}, nil
}

// sock and listener keep the embedded fields out of the documentation: their methods are ours.
type (
	sock     = unixsock.Conn
	listener = unixsock.Listener
)

// A Conn is one connection over a pipe. It is made by [Dial] and [Listener.AcceptConn]; the zero Conn is not useful.
// On Unix it has the methods of [unixsock.Conn], among them TryWrite, CloseRead and CloseWrite.
type Conn struct {
	*sock
	at transport.Addr
}

var (
	_ transport.Conn      = (*Conn)(nil)
	_ transport.TryWriter = (*Conn)(nil)
)

func wrap(c net.Conn, a transport.Addr) *Conn { return &Conn{c.(*unixsock.Conn), a} }

// Identity says who is at the other end, as the operating system tells it. It does not block.
func (c *Conn) Identity() transport.Identity {
	id := c.sock.Identity()
	id.Remote = c.at.String()
	return id
}

// Traits says what this connection promises. SameUser is what Identity says. It does not block.
func (c *Conn) Traits() transport.Traits {
	t := c.sock.Traits()
	t.Scheme = c.at.Scheme
	return t
}

// A Listener accepts the clients of one pipe: any number of them, as .NET's servers do with as many instances. It is
// made by [Listen]; the zero Listener is not useful. On Unix it has the methods of [unixsock.Listener], among them
// Close and Path.
type Listener struct {
	*listener
	at transport.Addr
}

var _ transport.Listener = (*Listener)(nil)

// Accept is [Listener.AcceptConn] as [net.Listener] has it. The connection is a [*Conn].
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrap(c, l.at), nil
}

// AcceptConn waits for a client and gives its connection, a [*Conn], which the caller owns. Close unblocks it with
// [net.ErrClosed] in a [*net.OpError]; there is no other error. Any number of goroutines may call it.
func (l *Listener) AcceptConn() (transport.Conn, error) {
	c, err := l.listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrap(c, l.at), nil
}

// Addr gives the address to dial, a [transport.Addr].
func (l *Listener) Addr() net.Addr { return l.at }

// Traits says what accepted connections promise. SameUser is set with [Transport.CurrentUserOnly].
func (l *Listener) Traits() transport.Traits {
	t := l.listener.Traits()
	t.Scheme = l.at.Scheme
	return t
}
