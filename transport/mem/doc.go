// Package mem carries bytes inside one process. Its scheme is "mem".
//
// There is no table shared by the whole process: a [Network] has its own names, and two Networks never meet. A pair
// of connections without any name comes from [Pipe].
//
//	network := mem.New()
//	l, err := network.Listen(ctx, transport.Addr{Scheme: "mem", Rest: "calc"})
//	conn, err := network.Dial(ctx, transport.Addr{Scheme: "mem", Rest: "calc"})
//
// # Concurrency
//
// Every method may be called by any number of goroutines at once. The package starts no goroutine; an armed deadline
// is one timer, released when it expires, is cleared, or the connection is closed.
//
// # Virtual time
//
// Everything that blocks here is durably blocked in the sense of [testing/synctest]: connections, listeners and
// timeouts made inside a bubble work on its clock. They must stay in the bubble they were made in. A Network may be
// made outside and used by many bubbles, each with names of its own.
//
// # Caveats
//
// Unlike a socket, a connection that is closed with unread bytes behind it does not reset the other end: what was
// written before is still read there, and then comes [io.EOF].
package mem
