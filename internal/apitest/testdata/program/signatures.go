package main

import (
	"context"
	"iter"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// The signatures that programs rely on. A change of one does not compile.
var (
	_ func() *bellpull.Mux                                                                             = bellpull.NewMux
	_ func(*bellpull.Mux, string, func(context.Context, pair) (int, error))                            = bellpull.Handle[pair, int]
	_ func(*bellpull.Mux, string, any)                                                                 = bellpull.HandleFunc
	_ func(context.Context, *bellpull.Peer, string, ...any) (int, error)                               = bellpull.Call[int]
	_ func(string, ...bellpull.NodeOption) *bellpull.Node                                              = bellpull.NewNode
	_ func(bellpull.CallInterceptor) bellpull.NodeOption                                               = bellpull.WithCallInterceptor
	_ func(bellpull.HandlerInterceptor) bellpull.NodeOption                                            = bellpull.WithHandlerInterceptor
	_ func(*bellpull.Node, context.Context, string, bellpull.Protocol, ...bellpull.ListenOption) error = (*bellpull.Node).Listen

	_ func(*bellpull.Node, context.Context, string, bellpull.Protocol, ...bellpull.DialOption) (*bellpull.Peer, error) = (*bellpull.Node).Dial

	_ func(*bellpull.Node, context.Context, string) (*bellpull.Peer, error) = (*bellpull.Node).Wait
	_ func(*bellpull.Node) iter.Seq[*bellpull.Peer]                         = (*bellpull.Node).Peers
	_ func(*bellpull.Node, context.Context, string, ...any) (int, error)    = (*bellpull.Node).Broadcast

	_ func(*bellpull.Peer, context.Context, string, []byte, []byte) ([]byte, error) = (*bellpull.Peer).CallBytes
	_ func(*bellpull.Peer, context.Context, string, ...any) error                   = (*bellpull.Peer).Notify
	_ func(*bellpull.Peer, string, bellpull.Handler) func()                         = (*bellpull.Peer).Handle

	_ func(*bellpull.Peer, context.Context, string, ...bellpull.ChannelOption) (*bellpull.Channel, error) = (*bellpull.Peer).OpenChannel

	_ func(*bellpull.Request) context.Context = (*bellpull.Request).Context
	_ func(*bellpull.Request) []byte          = (*bellpull.Request).Body
	_ func(*bellpull.Request) []byte          = (*bellpull.Request).Borrow
	_ func(*bellpull.Error) bellpull.Executed = (*bellpull.Error).Executed
	_ interface {
		ServeBell(*bellpull.Reply, *bellpull.Request)
	} = bellpull.Handler(nil)

	_ func(context.Context, string, *bellpull.Mux, ...dmtp.Option) (*bellpull.Node, error) = dmtp.Listen
	_ func(context.Context, string, ...dmtp.Option) (*bellpull.Peer, error)                = dmtp.Dial
	_ func(context.Context, *bellpull.Peer, uint16, []byte) error                          = dmtp.SendFrame
	_ bellpull.Protocol                                                                    = dmtp.Protocol{}
	_ func(*dmtp.Verify) error                                                             = dmtp.Protocol{}.Verify
)
