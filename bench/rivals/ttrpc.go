package rivals

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bellpull/bellpull/bench/rival"
)

// ttrpcGo is containerd's. It bounds a message at 4 MiB.
func ttrpcGo() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "ttrpc", About: "containerd/ttrpc over a Unix socket; one-way: a client stream", MaxBody: 4<<20 - 1024},
		Serve: func(addr string, s *rival.Server) error {
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			t, err := ttrpc.NewServer()
			if err != nil {
				return err
			}
			t.RegisterService("bench.Echo", &ttrpc.ServiceDesc{
				Methods: map[string]ttrpc.Method{"Call": func(_ context.Context, decode func(any) error) (any, error) {
					in := new(wrapperspb.BytesValue)
					if err := decode(in); err != nil {
						return nil, err
					}
					s.Handle(in.Value)
					return in, nil
				}},
				Streams: map[string]ttrpc.Stream{"Take": {StreamingClient: true, Handler: func(_ context.Context, stream ttrpc.StreamServer) (any, error) {
					in := new(wrapperspb.BytesValue)
					for {
						if err := stream.RecvMsg(in); errors.Is(err, io.EOF) {
							return &emptypb.Empty{}, nil
						} else if err != nil {
							return nil, err
						}
						s.Take(in.Value)
					}
				}}},
			})
			go t.Serve(context.Background(), l)
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			c, err := net.Dial("unix", addr)
			if err != nil {
				return nil, err
			}
			return &ttrpcConn{c: ttrpc.NewClient(c)}, nil
		}),
	}
}

type ttrpcConn struct {
	c    *ttrpc.Client
	once sync.Once
	out  ttrpc.ClientStream
	err  error
}

func (t *ttrpcConn) Close() error { return t.c.Close() }
func (t *ttrpcConn) Flush() error { return nil }

func (t *ttrpcConn) Call(b *rival.Buffers) error {
	out := new(wrapperspb.BytesValue)
	if err := t.c.Call(context.Background(), "bench.Echo", "Call", &wrapperspb.BytesValue{Value: b.Body}, out); err != nil {
		return err
	}
	return b.Check(out.Value)
}

func (t *ttrpcConn) Notify(body []byte) error {
	t.once.Do(func() {
		t.out, t.err = t.c.NewStream(context.Background(), &ttrpc.StreamDesc{StreamingClient: true}, "bench.Echo", "Take", nil)
	})
	if t.err != nil {
		return t.err
	}
	return t.out.SendMsg(&wrapperspb.BytesValue{Value: body})
}
