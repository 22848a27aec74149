//go:build shmipc

package main

import (
	"encoding/binary"
	"net"
	"os"
	"sync"

	"github.com/cloudwego/shmipc-go"

	"github.com/bellpull/bellpull/bench/rival"
)

// shmipcPeer is cloudwego/shmipc-go: a session for each connection and a stream for each caller. A session reserves 32 MiB,
// so there are no thousand of them.
func shmipcPeer() []rival.Peer {
	shmipc.SetLogLevel(5) // none: it writes to the standard output
	return []rival.Peer{{Facts: rival.Facts{Name: "shmipc", About: "cloudwego/shmipc-go; one-way: an answer to every 512th message", MaxConns: 100},
		Serve: func(addr string, s *rival.Server) error {
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go serveSession(c, s)
				}
			}()
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			conf := shmipc.DefaultSessionManagerConfig()
			conf.LogOutput, conf.MemMapType = os.Stderr, shmipc.MemMapTypeMemFd
			conf.Network, conf.Address, conf.SessionNum = "unix", addr, 1
			m, err := shmipc.NewSessionManager(conf)
			return &shmipcConn{m: m}, err
		}),
	}}
}

// A frame is its kind, the length of the body, and the body.
const (
	shmipcHead   = 5
	shmipcCall   = 0
	shmipcNotify = 1
	shmipcCredit = 512
)

func serveSession(c net.Conn, s *rival.Server) {
	defer c.Close()
	conf := shmipc.DefaultConfig()
	conf.LogOutput = os.Stderr
	session, err := shmipc.Server(c, conf)
	if err != nil {
		return
	}
	defer session.Close()
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			return
		}
		go func() {
			defer stream.Close()
			for {
				kind, body, err := readShmipc(stream)
				if err != nil {
					return
				}
				if kind == shmipcNotify {
					s.Take(body)
				} else {
					s.Handle(body)
					if writeShmipc(stream, kind, body) != nil {
						return
					}
				}
				stream.BufferReader().ReleasePreviousRead()
			}
		}()
	}
}

func readShmipc(s *shmipc.Stream) (kind byte, body []byte, err error) {
	r := s.BufferReader()
	head, err := r.ReadBytes(shmipcHead)
	if err != nil {
		return 0, nil, err
	}
	kind = head[0]
	body, err = r.ReadBytes(int(binary.LittleEndian.Uint32(head[1:])))
	return kind, body, err
}

func writeShmipc(s *shmipc.Stream, kind byte, body []byte) error {
	w := s.BufferWriter()
	head, err := w.Reserve(shmipcHead)
	if err != nil {
		return err
	}
	head[0] = kind
	binary.LittleEndian.PutUint32(head[1:], uint32(len(body)))
	if _, err := w.WriteBytes(body); err != nil {
		return err
	}
	return s.Flush(false)
}

type shmipcConn struct {
	m *shmipc.SessionManager

	mu   sync.Mutex
	free []*shmipc.Stream // between calls
	out  *shmipc.Stream
	sent int
}

func (c *shmipcConn) Close() error { return c.m.Close() }

func (c *shmipcConn) take() (*shmipc.Stream, error) {
	c.mu.Lock()
	if n := len(c.free); n > 0 {
		s := c.free[n-1]
		c.free = c.free[:n-1]
		c.mu.Unlock()
		return s, nil
	}
	c.mu.Unlock()
	return c.m.GetStream()
}

func (c *shmipcConn) Call(b *rival.Buffers) error {
	s, err := c.take()
	if err != nil {
		return err
	}
	if err := writeShmipc(s, shmipcCall, b.Body); err != nil {
		return err
	}
	_, answer, err := readShmipc(s)
	if err != nil {
		return err
	}
	err = b.Check(answer)
	s.BufferReader().ReleasePreviousRead()
	c.mu.Lock()
	c.free = append(c.free, s)
	c.mu.Unlock()
	return err
}

// Notify sends on a stream of its own. Every 512th message is followed by a call: without that the buffers run out.
func (c *shmipcConn) Notify(body []byte) (err error) {
	if c.out == nil {
		if c.out, err = c.m.GetStream(); err != nil {
			return err
		}
	}
	if err := writeShmipc(c.out, shmipcNotify, body); err != nil {
		return err
	}
	if c.sent++; c.sent%shmipcCredit != 0 {
		return nil
	}
	if err := writeShmipc(c.out, shmipcCall, []byte{0}); err != nil {
		return err
	}
	_, _, err = readShmipc(c.out)
	c.out.BufferReader().ReleasePreviousRead()
	return err
}

func (c *shmipcConn) Flush() error { return nil }
