package rivals

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"storj.io/drpc"
	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcmanager"
	"storj.io/drpc/drpcserver"
	"storj.io/drpc/drpcwire"

	"github.com/bellpull/bellpull/bench/rival"
)

// drpcGo is storj's. A connection makes one call after another: those of several callers wait in line.
func drpcGo() rival.Peer {
	manager := drpcmanager.Options{Reader: drpcwire.ReaderOptions{MaximumBufferSize: Largest}}
	return rival.Peer{Facts: rival.Facts{Name: "drpc", About: "storj/drpc over a Unix socket, one call at a time on a connection; one-way: a stream"},
		Serve: func(addr string, s *rival.Server) error {
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			go drpcserver.NewWithOptions(drpcHandler{s}, drpcserver.Options{Manager: manager}).Serve(context.Background(), l)
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			c, err := net.Dial("unix", addr)
			if err != nil {
				return nil, err
			}
			return &drpcConn{c: drpcconn.NewWithOptions(c, drpcconn.Options{Manager: manager})}, nil
		}),
	}
}

type drpcHandler struct{ s *rival.Server }

func (h drpcHandler) HandleRPC(stream drpc.Stream, rpc string) error {
	in := new(wrapperspb.BytesValue)
	switch rpc {
	case "/Call":
		if err := stream.MsgRecv(in, protoEncoding{}); err != nil {
			return err
		}
		h.s.Handle(in.Value)
		return stream.MsgSend(in, protoEncoding{})
	case "/Take":
		for {
			if err := stream.MsgRecv(in, protoEncoding{}); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			h.s.Take(in.Value)
		}
	}
	return fmt.Errorf("no rpc %q", rpc)
}

// protoEncoding is what the generated code would have.
type protoEncoding struct{}

func (protoEncoding) Marshal(m drpc.Message) ([]byte, error) { return proto.Marshal(m.(proto.Message)) }

func (protoEncoding) Unmarshal(b []byte, m drpc.Message) error {
	return proto.Unmarshal(b, m.(proto.Message))
}

type drpcConn struct {
	c    *drpcconn.Conn
	mu   sync.Mutex // of a call
	once sync.Once
	out  drpc.Stream
	err  error
}

func (d *drpcConn) Close() error { return d.c.Close() }
func (d *drpcConn) Flush() error { return nil }

func (d *drpcConn) Call(b *rival.Buffers) error {
	out := new(wrapperspb.BytesValue)
	d.mu.Lock()
	err := d.c.Invoke(context.Background(), "/Call", protoEncoding{}, &wrapperspb.BytesValue{Value: b.Body}, out)
	d.mu.Unlock()
	if err != nil {
		return err
	}
	return b.Check(out.Value)
}

func (d *drpcConn) Notify(body []byte) error {
	d.once.Do(func() { d.out, d.err = d.c.NewStream(context.Background(), "/Take", protoEncoding{}) })
	if d.err != nil {
		return d.err
	}
	return d.out.MsgSend(&wrapperspb.BytesValue{Value: body}, protoEncoding{})
}
