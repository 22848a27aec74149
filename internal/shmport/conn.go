//go:build linux

package shmport

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// Transport is the spike as a transport, for the scheme "shm". The zero value is ready.
type Transport struct{}

// Schemes gives "shm".
func (Transport) Schemes() []string { return []string{"shm"} }

func lifeline(a transport.Addr) transport.Addr {
	return transport.Addr{Scheme: "local", Rest: a.Rest + ".shm"}
}

// Dial connects, and waits for the memory.
func (Transport) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := unixsock.Transport{}.Dial(ctx, lifeline(a))
	if err != nil {
		return nil, err
	}
	life := c.(*unixsock.Conn)
	if d, ok := ctx.Deadline(); ok {
		life.SetReadDeadline(d)
	}
	mem, err := receive(life)
	if err != nil {
		life.Close()
		return nil, &transport.Error{Op: "dial", Addr: a.String(), Err: err}
	}
	life.SetReadDeadline(time.Time{})
	return newConn(life, mem, 1), nil
}

// Listen claims the name.
func (Transport) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := unixsock.Transport{}.Listen(ctx, lifeline(a))
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l, addr: a}, nil
}

type listener struct {
	transport.Listener
	addr transport.Addr
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Accept() (net.Conn, error) { return l.AcceptConn() }

func (l *listener) AcceptConn() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err != nil {
		return nil, err
	}
	life := c.(*unixsock.Conn)
	mem, err := send(life)
	if err != nil {
		life.Close()
		return nil, err
	}
	return newConn(life, mem, 0), nil
}

func (l *listener) Traits() transport.Traits {
	t := l.Listener.Traits()
	t.Scheme = "shm"
	return t
}

// conn is the connection before and beside its Port.
type conn struct {
	life *unixsock.Conn
	mem  []byte
	side int
}

func newConn(life *unixsock.Conn, mem []byte, side int) *conn { return &conn{life, mem, side} }

func (c *conn) Port(_ transport.Split, cfg transport.PortConfig) transport.Port {
	if cfg.MaxFrame <= 0 {
		cfg.MaxFrame = maxFrame
	}
	return &port{conn: c, cfg: cfg, in: halfOf(c.mem, 1-c.side), out: halfOf(c.mem, c.side)}
}

// ring wakes the other side. A doorbell that is full has been rung.
func (c *conn) ring() error {
	_, err := c.life.TryWrite([]byte{1})
	return err
}

// Close hangs up. The memory stays mapped: a caller may still be in it. The spike gives it back with the process.
func (c *conn) Close() error { return c.life.Close() }

func (c *conn) Identity() transport.Identity { return c.life.Identity() }

func (c *conn) Traits() transport.Traits {
	t := c.life.Traits()
	t.Scheme = "shm"
	return t
}

var errPortOnly = errors.New("the shared-memory spike is driven through its Port only")

func (c *conn) Read([]byte) (int, error)           { return 0, errPortOnly }
func (c *conn) Write([]byte) (int, error)          { return 0, errPortOnly }
func (c *conn) LocalAddr() net.Addr                { return c.life.LocalAddr() }
func (c *conn) RemoteAddr() net.Addr               { return c.life.RemoteAddr() }
func (c *conn) SetDeadline(t time.Time) error      { return c.life.SetDeadline(t) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.life.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.life.SetWriteDeadline(t) }

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// send makes the memory and passes its descriptor.
func send(life *unixsock.Conn) ([]byte, error) {
	fd, err := unix.MemfdCreate("bellpull-shm", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, memSize); err != nil {
		return nil, err
	}
	if _, _, err := life.WriteMsgUnix([]byte{0}, unix.UnixRights(fd), nil); err != nil {
		return nil, err
	}
	return unix.Mmap(fd, 0, memSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// receive takes the descriptor and maps the memory.
func receive(life *unixsock.Conn) ([]byte, error) {
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := life.ReadMsgUnix(make([]byte, 1), oob)
	if err != nil {
		return nil, err
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(msgs) != 1 {
		return nil, errors.New("no memory came with the greeting")
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return nil, errors.New("no memory came with the greeting")
	}
	defer unix.Close(fds[0])
	return unix.Mmap(fds[0], 0, memSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}
