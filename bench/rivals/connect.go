package rivals

import (
	"context"
	"net"
	"net/http"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bellpull/bellpull/bench/rival"
)

// connectGo is connect-go over HTTP/2 without TLS, its answers not compressed.
func connectGo() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "connect", About: "connect-go, h2c over a Unix socket; one-way: a client stream"},
		Serve: func(addr string, s *rival.Server) error {
			l, err := net.Listen("unix", addr)
			if err != nil {
				return err
			}
			mux := http.NewServeMux()
			mux.Handle("/bench.Echo/Call", connect.NewUnaryHandler("/bench.Echo/Call",
				func(_ context.Context, in *connect.Request[wrapperspb.BytesValue]) (*connect.Response[wrapperspb.BytesValue], error) {
					s.Handle(in.Msg.Value)
					return connect.NewResponse(in.Msg), nil
				}))
			mux.Handle("/bench.Echo/Take", connect.NewClientStreamHandler("/bench.Echo/Take",
				func(_ context.Context, in *connect.ClientStream[wrapperspb.BytesValue]) (*connect.Response[emptypb.Empty], error) {
					for in.Receive() {
						s.Take(in.Msg().Value)
					}
					return connect.NewResponse(&emptypb.Empty{}), in.Err()
				}))
			go (&http.Server{Handler: mux, Protocols: plainHTTP2()}).Serve(l)
			return nil
		},
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			t := &http.Transport{Protocols: plainHTTP2(), DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", addr)
			}}
			options := connect.WithAcceptCompression("gzip", nil, nil)
			return &connectConn{
				t:    t,
				call: connect.NewClient[wrapperspb.BytesValue, wrapperspb.BytesValue](&http.Client{Transport: t}, "http://bench/bench.Echo/Call", options),
				take: connect.NewClient[wrapperspb.BytesValue, emptypb.Empty](&http.Client{Transport: t}, "http://bench/bench.Echo/Take", options),
			}, nil
		}),
	}
}

func plainHTTP2() *http.Protocols {
	p := &http.Protocols{}
	p.SetUnencryptedHTTP2(true)
	return p
}

type connectConn struct {
	t    *http.Transport
	call *connect.Client[wrapperspb.BytesValue, wrapperspb.BytesValue]
	take *connect.Client[wrapperspb.BytesValue, emptypb.Empty]
	once sync.Once
	out  *connect.ClientStreamForClient[wrapperspb.BytesValue, emptypb.Empty]
}

func (c *connectConn) Close() error {
	c.t.CloseIdleConnections()
	return nil
}

func (c *connectConn) Flush() error { return nil }

func (c *connectConn) Call(b *rival.Buffers) error {
	out, err := c.call.CallUnary(context.Background(), connect.NewRequest(&wrapperspb.BytesValue{Value: b.Body}))
	if err != nil {
		return err
	}
	return b.Check(out.Msg.Value)
}

func (c *connectConn) Notify(body []byte) error {
	c.once.Do(func() { c.out = c.take.CallClientStream(context.Background()) })
	return c.out.Send(&wrapperspb.BytesValue{Value: body})
}
