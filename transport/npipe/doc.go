// Package npipe carries bytes over named pipes as .NET has them, so that Go and .NET programs meet by a name.
//
// [Transport] serves the scheme npipe to protocol engines. [Listen] and [Dial] give the same as plain
// [net.Listener] and [net.Conn] values.
//
// # Names
//
// On Linux and macOS a .NET pipe is a Unix stream socket, and npipe:NAME is its file:
//
//	npipe:editor         $TMPDIR/CoreFxPipe_editor, with /tmp where TMPDIR is not set
//	npipe:/run/x.sock    /run/x.sock: a name that begins with a slash is the path itself
//
// Other names with a slash, and the name "anonymous" in any case, are refused, as .NET does. The path has the limit
// of the system, 107 bytes on Linux and 103 on macOS; under /tmp that leaves 91 for the name on Linux. Longer
// ones are [transport.ErrAddress]. Both sides must have the same TMPDIR, which services with a private /tmp, containers
// and macOS's directories for each user break; see [Transport.Dir].
//
// # Servers of one name
//
// A .NET server takes the path over from whatever socket lies there, that of a live process too, and removes the file
// when it ends. A [Listener] leaves a live server alone ([transport.ErrInUse]). When its own file is taken or removed
// it notices within 250 ms, tells [Transport.OnStolen], and binds again as soon as the path is free.
//
// # One-way pipes
//
// A .NET end with PipeDirection.In or Out shuts the other direction of its socket down. Writing to an end that is Out
// is EPIPE, and reading from one that is In gives the end at once, which says nothing of the connection.
//
// # Concurrency
//
// A [Transport] is a value without state. [Conn] and [Listener] follow net.Conn and net.Listener, except for
// [Conn.TryWrite].
//
// # Platforms
//
// Linux and macOS, in byte mode, which is the only one .NET has there. Elsewhere everything builds and
// [Transport.Dial] and [Transport.Listen] answer [errors.ErrUnsupported].
package npipe
