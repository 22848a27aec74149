//go:build arpc

package main

import (
	"net"
	"os"
	"time"

	"github.com/lesismal/arpc"
	"github.com/lesismal/arpc/log"

	"github.com/bellpull/bellpull/bench/rival"
)

// arpcPeer is lesismal/arpc over a Unix socket. Its handlers run on the reader, but for a method that is registered as one
// that takes long.
func arpcPeer() []rival.Peer {
	log.Output = os.Stderr
	log.SetLevel(log.LevelError)
	return []rival.Peer{{Facts: rival.Facts{Name: "arpc", About: "lesismal/arpc over a Unix socket"},
		Serve: func(addr string, s *rival.Server) error {
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			a := arpc.NewServer()
			echo := func(c *arpc.Context) {
				s.Handle(c.Body())
				c.Write(c.Body())
			}
			a.Handler.Handle("echo", echo)
			a.Handler.Handle("slow", echo, true)
			a.Handler.Handle("take", func(c *arpc.Context) { s.Take(c.Body()) })
			go a.Serve(l)
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			c, err := arpc.NewClient(func() (net.Conn, error) { return net.Dial("unix", addr) })
			return arpcConn{c}, err
		}),
	}}
}

const arpcWait = 10 * time.Second

type arpcConn struct{ c *arpc.Client }

func (a arpcConn) Flush() error { return nil }

func (a arpcConn) Close() error {
	a.c.Stop()
	return nil
}

func (a arpcConn) Call(b *rival.Buffers) error {
	method := "echo"
	if rival.Asleep(b.Body) {
		method = "slow"
	}
	var out []byte
	if err := a.c.Call(method, b.Body, &out, arpcWait); err != nil {
		return err
	}
	return b.Check(out)
}

func (a arpcConn) Notify(body []byte) error { return a.c.Notify("take", body, arpcWait) }
