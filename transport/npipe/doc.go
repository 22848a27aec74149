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
// of the system, 107 bytes on Linux and 103 on macOS; under /tmp that leaves 91 for the name on Linux. A .NET server
// with a longer name starts and cannot be reached; here it is [transport.ErrAddress]. Both sides must have the same
// TMPDIR, which services with a private /tmp, containers and macOS's directories for each user break; see
// [Transport.Dir].
//
// # Servers of one name
//
// A .NET server removes whatever socket lies at its path, that of a live process too, and takes over. When it ends it
// removes the file without looking whose it is. A [Listener] here is politer ([transport.ErrInUse]) and notices both
// within 250 ms: it tells [Transport.OnStolen] and binds again as soon as the path is free.
//
// # One-way pipes
//
// A .NET end with PipeDirection.In or Out shuts the other direction of its socket down: reading from an Out client's
// server side works and writing to it is EPIPE; a Go client of an In server reads the end at once, which says nothing
// of the connection.
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
