// Package tcp carries bytes over TCP: scheme "tcp", and "tcps" with TLS.
//
//	l, err := tcp.Listen(ctx, "tcp:127.0.0.1:0")
//	conn, err := tcp.Dial(ctx, l.Addr().String())
//
// The operating system says nothing of the process or user at the other end of a TCP connection, not even on the
// loopback interface, where every user of the machine may connect. A protocol over this transport needs a token of
// its own, or TLS with client certificates. For the same reason a loopback address does not make a connection
// "local": a forwarded port looks exactly like that.
//
// # Concurrency
//
// A [Transport] is read only; its methods may be called by any number of goroutines at once, as may those of
// listeners and connections. Plain TCP starts no goroutine. A "tcps" listener has one that accepts and a bounded
// number that shake hands; its Close waits for all of them.
//
// # Platforms
//
// Linux, macOS, Windows. On Windows a [Conn] is no [transport.TryWriter]: a socket there cannot be asked to take
// what it can at once while an overlapped write may be pending.
//
// # Caveats
//
// The length of the queue of connections not yet accepted is the system's (net.core.somaxconn, kern.ipc.somaxconn,
// about 200 on Windows); Go has no knob for it.
//
// TLS cannot go on after a Write that ran into its deadline: records may be cut in half. Such a connection answers
// every further Write with the same error.
package tcp
