// Package campus is dotnetCampus.Ipc: a Bellpull node as one more process of a family of .NET processes that use that
// library, and the same between Go processes.
//
//	node, err := campus.Listen(ctx, "npipe:calc", mux)          // new IpcProvider("calc")
//	peer, err := campus.Dial(ctx, "npipe:calc")                 // GetAndConnectToPeerAsync("calc")
//	sum, err := bellpull.Call[Sum](ctx, peer, "add", Pair{1, 2}) // a JSON direct route
//
// # Names and pipes
//
// A process has one name, under which it listens, and two connections with each other process: each writes on the one
// it dialled and reads on the one it accepted. So whoever dials must listen too: [Dial] and the nodes of others listen
// at the node's name by themselves where the address is a name (npipe, local, mem, shm), and are told where to listen
// elsewhere. Whoever is dialled dials back: by [bellpull.Node.Know], or at the same kind of address under the name that
// the other has registered. Where addresses are no names (unix, tcp) both sides need Node.Know.
//
// A name is one process. Whoever registers under the name of a peer that is away, and is there when it is dialled back, is
// that peer, whichever side dialled before; so two processes have one Peer of each other, and two connections, also
// when both dial at once.
//
// The first frame on each connection registers the name of the process that dialled it. There is nothing else to shake
// hands with, no token, no ping and no goodbye: a process that closes is seen to hang up.
//
// # What travels how
//
//	bellpull.Call, Peer.Notify      a JSON direct route: one argument, one result, which must be an object
//	Peer.CallBytes, or one []byte   a raw-byte direct route
//	Raw(peer).Request, .Notify      a request or message without a route, with a business header or none
//	ObjectOf(peer, c, id).Invoke    a member of a remote object, of the contract c; Objects.Serve is the other side
//
// A JSON route has at most one argument; without one {} is sent, and {} is what a handler without parameters gets. An
// answer of no bytes says that nobody handled the request or that the handler failed: [bellpull.Maybe].
//
// The section numbers in the comments are those of the dotnetCampus.Ipc specification of this project.
package campus
