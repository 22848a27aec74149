//go:build libzmq

package main

import (
	"time"

	"github.com/pebbe/zmq4"

	"github.com/bellpull/bellpull/bench/rival"
)

// libzmqPeer is libzmq over its ipc transport: a REQ socket for each connection and a ROUTER that echoes, PUSH and PULL for
// messages without an answer. A socket belongs to one thread at a time, so a connection has one caller.
func libzmqPeer() []rival.Peer {
	return []rival.Peer{{Facts: rival.Facts{Name: "libzmq", About: "libzmq over ipc, called through cgo: REQ and ROUTER; one-way: PUSH and PULL", Alone: true},
		Serve: serveZMQ,
		Open: func(addr string, _ int) (rival.Client, error) {
			c, err := zmq4.NewContext()
			if err == nil {
				err = c.SetMaxSockets(4096)
			}
			return zmqClient{c, addr}, err
		}}}
}

const zmqLinger = time.Second

func serveZMQ(addr string, s *rival.Server) error {
	router, err := bound(zmq4.ROUTER, "ipc://"+addr)
	if err != nil {
		return err
	}
	go func() {
		for {
			parts, err := router.RecvMessageBytes(0)
			if err != nil {
				return
			}
			s.Handle(parts[len(parts)-1])
			if _, err := router.SendMessage(parts); err != nil {
				return
			}
		}
	}()
	pull, err := bound(zmq4.PULL, "ipc://"+addr+".push")
	if err != nil {
		return err
	}
	go func() {
		for {
			b, err := pull.RecvBytes(0)
			if err != nil {
				return
			}
			s.Take(b)
		}
	}()
	return nil
}

func bound(t zmq4.Type, addr string) (*zmq4.Socket, error) {
	s, err := zmq4.NewSocket(t)
	if err != nil {
		return nil, err
	}
	return s, s.Bind(addr)
}

type zmqClient struct {
	c    *zmq4.Context
	addr string
}

func (z zmqClient) Close() error { return z.c.Term() }

func (z zmqClient) Conn() (rival.Conn, error) {
	s, err := z.c.NewSocket(zmq4.REQ)
	if err != nil {
		return nil, err
	}
	s.SetLinger(zmqLinger)
	return &zmqConn{zmqClient: z, s: s}, s.Connect("ipc://" + z.addr)
}

type zmqConn struct {
	zmqClient
	s, out *zmq4.Socket
}

func (z *zmqConn) Close() error { return z.s.Close() }
func (z *zmqConn) Flush() error { return nil }

func (z *zmqConn) Call(b *rival.Buffers) error {
	if _, err := z.s.SendBytes(b.Body, 0); err != nil {
		return err
	}
	answer, err := z.s.RecvBytes(0)
	if err != nil {
		return err
	}
	return b.Check(answer)
}

func (z *zmqConn) Notify(body []byte) (err error) {
	if z.out == nil {
		if z.out, err = z.c.NewSocket(zmq4.PUSH); err != nil {
			return err
		}
		z.out.SetLinger(zmqLinger)
		if err := z.out.Connect("ipc://" + z.addr + ".push"); err != nil {
			return err
		}
	}
	_, err = z.out.SendBytes(body, 0)
	return err
}
