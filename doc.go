// Package bellpull lets processes on one machine call each other through whatever local channel the operating system
// offers, in the protocol their neighbours already speak.
//
// A [Node] is this process's end: a name, listeners, handlers, the table of peers. A [Peer] is a stable handle on
// another process. Package dmtp speaks TouchSocket's DMTP, so the other process may be a .NET one.
//
//	mux := bellpull.NewMux()                                  // server
//	bellpull.Handle(mux, "add", func(ctx context.Context, p Pair) (int, error) { return p.A + p.B, nil })
//	node, err := dmtp.Listen(ctx, "local:calc", mux)
//
//	peer, err := dmtp.Dial(ctx, "local:calc")                 // client
//	sum, err := bellpull.Call[int](ctx, peer, "add", Pair{1, 2})
//
// # Shapes of exchange
//
// A call has one answer. A notify has none. A message is a body without a method (package dmtp: user frames). What a
// protocol cannot do answers [errors.ErrUnsupported] at once; [Traits] say it beforehand.
//
// # Errors
//
// Every failure is an [*Error]: a [Code], whether the call ran ([Never], [Maybe], [Yes]), who says so, and one line of
// advice. Each code matches a sentinel with [errors.Is].
//
// # Concurrency
//
// Nodes, peers and muxes may be used by any number of goroutines. Calls of one peer run at once; notifies and messages
// of one peer run one after another, in the order they were sent. A handler never delays the connection it came
// through by more than a millisecond or two: when it takes longer, somebody else goes on reading.
//
// # Caveats
//
// Delivery is at most once. A process of the same user can attach a debugger to us: "trusted" means protected against
// mistakes and against other users, not against oneself.
package bellpull
