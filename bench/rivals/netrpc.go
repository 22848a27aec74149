package rivals

import (
	"net"
	"net/rpc"

	"github.com/bellpull/bellpull/bench/rival"
)

// netRPC is the standard library's. It has no messages without an answer.
func netRPC() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "netrpc", About: "net/rpc with gob over a Unix socket"},
		Serve: func(addr string, s *rival.Server) error {
			r := rpc.NewServer()
			if err := r.RegisterName("Echo", &Echo{s}); err != nil {
				return err
			}
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			go r.Accept(l)
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			c, err := rpc.Dial("unix", addr)
			return rpcConn{c}, err
		}),
	}
}

// Echo is the service.
type Echo struct{ s *rival.Server }

// Bytes answers with its argument.
func (e *Echo) Bytes(in []byte, out *[]byte) error {
	e.s.Handle(in)
	*out = in
	return nil
}

type rpcConn struct{ c *rpc.Client }

func (r rpcConn) Close() error { return r.c.Close() }

func (r rpcConn) Call(b *rival.Buffers) error {
	var out []byte
	if err := r.c.Call("Echo.Bytes", b.Body, &out); err != nil {
		return err
	}
	return b.Check(out)
}
