package rivals

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bellpull/bellpull/bench/rival"
)

// Largest is what peers with a limit of their own are set to.
const Largest = 32 << 20

// grpcGo is grpc-go: a call that takes and gives bytes in a message, and a stream from the client for what has no answer.
func grpcGo() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "grpc", About: "grpc-go over a Unix socket; one-way: a client stream"},
		Serve: func(addr string, s *rival.Server) error {
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			g := grpc.NewServer(grpc.MaxRecvMsgSize(Largest), grpc.MaxSendMsgSize(Largest))
			g.RegisterService(grpcService(), s)
			go g.Serve(l)
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			c, err := grpc.NewClient("unix:"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(Largest), grpc.MaxCallSendMsgSize(Largest)))
			return &grpcConn{c: c}, err
		}),
	}
}

// grpcService is what protoc would have made of
//
//	service Echo { rpc Call(BytesValue) returns (BytesValue); rpc Take(stream BytesValue) returns (Empty); }
func grpcService() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "bench.Echo",
		Methods: []grpc.MethodDesc{{MethodName: "Call", Handler: func(srv any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.BytesValue)
			if err := decode(in); err != nil {
				return nil, err
			}
			srv.(*rival.Server).Handle(in.Value)
			return in, nil
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Take", ClientStreams: true, Handler: func(srv any, stream grpc.ServerStream) error {
			in := new(wrapperspb.BytesValue)
			for {
				if err := stream.RecvMsg(in); errors.Is(err, io.EOF) {
					return stream.SendMsg(&emptypb.Empty{})
				} else if err != nil {
					return err
				}
				srv.(*rival.Server).Take(in.Value)
			}
		}}},
		HandlerType: (*any)(nil),
	}
}

type grpcConn struct {
	c    *grpc.ClientConn
	once sync.Once
	out  grpc.ClientStream
	err  error
}

func (g *grpcConn) Close() error { return g.c.Close() }
func (g *grpcConn) Flush() error { return nil }

func (g *grpcConn) Call(b *rival.Buffers) error {
	out := new(wrapperspb.BytesValue)
	if err := g.c.Invoke(context.Background(), "/bench.Echo/Call", &wrapperspb.BytesValue{Value: b.Body}, out); err != nil {
		return err
	}
	return b.Check(out.Value)
}

func (g *grpcConn) Notify(body []byte) error {
	g.once.Do(func() {
		g.out, g.err = g.c.NewStream(context.Background(), &grpcService().Streams[0], "/bench.Echo/Take")
	})
	if g.err != nil {
		return g.err
	}
	return g.out.SendMsg(&wrapperspb.BytesValue{Value: body})
}
