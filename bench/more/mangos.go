//go:build mangos

package main

import (
	"time"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/protocol/pull"
	"go.nanomsg.org/mangos/v3/protocol/push"
	"go.nanomsg.org/mangos/v3/protocol/rep"
	"go.nanomsg.org/mangos/v3/protocol/req"
	_ "go.nanomsg.org/mangos/v3/transport/ipc"

	"github.com/bellpull/bellpull/bench/rival"
)

// mangosPeer is mangos over its ipc transport: REQ and REP with a context for each call at once, PUSH and PULL for messages
// without an answer.
func mangosPeer() []rival.Peer {
	return []rival.Peer{{Facts: rival.Facts{Name: "mangos", About: "mangos over ipc: REQ and REP; one-way: PUSH and PULL"},
		Serve: serveMangos, Open: func(addr string, _ int) (rival.Client, error) { return mangosClient{addr}, nil }}}
}

// mangosWorkers is how many requests are answered at once.
const mangosWorkers = 128

func serveMangos(addr string, s *rival.Server) error {
	answers, err := rep.NewSocket()
	if err != nil {
		return err
	}
	answers.SetOption(mangos.OptionMaxRecvSize, 0)
	if err := answers.Listen("ipc://" + addr); err != nil {
		return err
	}
	for range mangosWorkers {
		c, err := answers.OpenContext()
		if err != nil {
			return err
		}
		go func() {
			for {
				m, err := c.RecvMsg()
				if err != nil {
					return
				}
				s.Handle(m.Body)
				if c.SendMsg(m) != nil {
					return
				}
			}
		}()
	}
	takes, err := pull.NewSocket()
	if err != nil {
		return err
	}
	takes.SetOption(mangos.OptionMaxRecvSize, 0)
	if err := takes.Listen("ipc://" + addr + ".push"); err != nil {
		return err
	}
	go func() {
		for {
			m, err := takes.RecvMsg()
			if err != nil {
				return
			}
			s.Take(m.Body)
			m.Free()
		}
	}()
	return nil
}

type mangosClient struct{ addr string }

func (m mangosClient) Close() error { return nil }

func (m mangosClient) Conn() (rival.Conn, error) {
	s, err := req.NewSocket()
	if err != nil {
		return nil, err
	}
	s.SetOption(mangos.OptionMaxRecvSize, 0)
	s.SetOption(mangos.OptionRetryTime, time.Duration(0))
	if err := s.Dial("ipc://" + m.addr); err != nil {
		return nil, err
	}
	return &mangosConn{addr: m.addr, s: s, free: make(chan mangos.Context, mangosWorkers)}, nil
}

type mangosConn struct {
	addr string
	s    mangos.Socket
	free chan mangos.Context // between calls
	out  mangos.Socket
}

func (m *mangosConn) Close() error { return m.s.Close() }

func (m *mangosConn) Call(b *rival.Buffers) error {
	var c mangos.Context
	select {
	case c = <-m.free:
	default:
		var err error
		if c, err = m.s.OpenContext(); err != nil {
			return err
		}
	}
	if err := c.Send(b.Body); err != nil {
		return err
	}
	answer, err := c.RecvMsg()
	if err != nil {
		return err
	}
	err = b.Check(answer.Body)
	answer.Free()
	select {
	case m.free <- c:
	default:
		c.Close()
	}
	return err
}

func (m *mangosConn) Notify(body []byte) (err error) {
	if m.out == nil {
		if m.out, err = push.NewSocket(); err != nil {
			return err
		}
		if err := m.out.Dial("ipc://" + m.addr + ".push"); err != nil {
			return err
		}
	}
	return m.out.Send(body)
}

func (m *mangosConn) Flush() error { return nil }
