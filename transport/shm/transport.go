//go:build linux

package shm

import (
	"context"
	"fmt"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// greetIn bounds the time that the two sides have to tell each other of their memory.
const greetIn = 3 * time.Second

func socketOf(a transport.Addr) transport.Addr {
	return transport.Addr{Scheme: "local", Rest: a.Rest + ".shm"}
}

// Dial connects to the process that listens under a name. It blocks until the memory is there, refused, or ctx is done.
func (t *Transport) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	if err := t.check("dial", a); err != nil {
		return nil, err
	}
	c, err := unixsock.Transport{}.Dial(ctx, socketOf(a))
	if err != nil {
		return nil, err
	}
	by := time.Now().Add(greetIn)
	if d, ok := ctx.Deadline(); ok && d.Before(by) {
		by = d
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn, err := t.meet(c.(*unixsock.Conn), a, by)
	if err == nil && !stop() {
		conn.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, &transport.Error{Op: "dial", Addr: a.String(), Err: err, Advice: "look whether the other end serves shm: addresses"}
	}
	return conn, nil
}

// meet makes a connection of a socket, which it owns.
func (t *Transport) meet(life *unixsock.Conn, a transport.Addr, by time.Time) (*Conn, error) {
	life.SetDeadline(by)
	own, err := newSegment(t.geometry())
	if err != nil {
		life.Close()
		return nil, err
	}
	err = greet(life, own)
	var peer *segment
	if err == nil {
		peer, err = greeted(life)
	}
	if err == nil {
		err = life.SetDeadline(time.Time{})
	}
	if err != nil {
		life.Close()
		own.leave()
		if peer != nil {
			peer.leave()
		}
		return nil, err
	}
	return &Conn{life: life, own: own, peer: peer, addr: a, reserve: own.reserve, spin: t.Spin != SpinNever, onShort: t.OnShort}, nil
}

// Listen claims a name.
func (t *Transport) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	if err := t.check("listen", a); err != nil {
		return nil, err
	}
	l, err := unixsock.Transport{}.Listen(ctx, socketOf(a))
	if err != nil {
		return nil, err
	}
	return newListener(t, l, a), nil
}

func (t *Transport) check(op string, a transport.Addr) error {
	if a.Scheme != "shm" {
		return &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Advice: "package shm serves shm:NAME"}
	}
	if t.geometry().sound() {
		return nil
	}
	return &transport.Error{Op: op, Addr: a.String(), Err: fmt.Errorf("%d slots and an arena of %d bytes", t.Slots, t.Arena),
		Advice: "Transport.Slots is a power of two from 16 to 65536, Arena a multiple of 4096 up to 64 MiB"}
}
