// Package unixsock carries bytes over Unix sockets: private endpoints of this user (local:NAME), sockets at a path
// of your choice (unix:/run/x.sock, on Linux also unix:@name) and sockets handed over by systemd ([Inherited]).
//
// [Transport] serves the schemes local and unix to protocol engines. [Listen] and [Dial] give the same as plain
// [net.Listener] and [net.Conn] values, which net/http and gRPC take as they are.
//
// # Private endpoints
//
// local:NAME is a socket of mode 0600 in a directory of mode 0700 that belongs to this process's effective user. The
// directory is found by user id and never by environment, so that processes with different environments meet:
//
//	Linux   /run/user/UID/bellpull where /run/user/UID exists and is the user's, else /tmp/bellpull-UID
//	macOS   /tmp/bellpull-UID
//
// The server takes the first it can use; the client tries all. The socket is NAME.sock and beside it lies NAME.lock,
// which the server holds locked (flock) and which tells its process id: of several servers that start at once
// exactly one gets the name. When the socket's path would be longer than the system allows (107 bytes on Linux, 103
// on macOS) the files are H.hsock and H.hlock, where H is the first 32 hexadecimal digits of the SHA-256 of NAME.
// Clients of other users are dropped, root's excepted, and the client refuses a server of another user.
//
// # Sockets at a path
//
// unix:/path says exactly where. A socket file that is there already is connected to first: a live server's is left
// alone ([transport.ErrInUse]), a dead one's is replaced, and anything else than a socket is never removed
// ([transport.ErrNotSocket]). While Bellpull processes do this they hold a lock on the directory, so they do not
// remove each other's fresh sockets. A [Listener] looks every 250 ms whether the file is still its own and binds
// again when it is gone or dead; see [Transport.OnStolen].
//
// Any user whom the file's mode lets in may connect; [Conn.Identity] says who it is. The client accepts a server
// that runs as its own user, or as root if root owns the file; see [Transport.AnyServer].
//
// # Concurrency
//
// A [Transport] is a value without state. [Conn] and [Listener] follow net.Conn and net.Listener, except for
// [Conn.TryWrite].
//
// # Platforms
//
// Linux and macOS. Elsewhere everything builds and [Transport.Dial] and [Transport.Listen] answer
// [errors.ErrUnsupported]: Windows has Unix sockets but does not say who is at the other end, and named pipes do.
//
// # Caveats
//
// macOS refuses connections to a server whose accept queue is full, as it does for a dead one. A Listen on the path
// of a server that is that busy asks four times within 30 ms before it takes the socket for dead; private endpoints
// are safe because of their lock.
package unixsock
