//go:build linux || darwin

package unixsock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// firstInherited is where the descriptors begin (SD_LISTEN_FDS_START).
const firstInherited = 3

// maxInherited bounds what is believed of LISTEN_FDS.
const maxInherited = 1024

// inheritedMu keeps two calls of Inherited from adopting the same descriptors. What it guards is the process's own:
// its descriptors and its environment.
var inheritedMu sync.Mutex

// Inherited gives listeners for the sockets that systemd handed to this process (socket activation: LISTEN_PID,
// LISTEN_FDS, LISTEN_FDNAMES), in their order; none if there are no such sockets or they are meant for another
// process. [Listener.Name] tells which is which. Their files belong to systemd: they are neither watched nor removed.
//
// The kernel tells clients who called listen on a socket, and not who accepts from it. So a client trusts such a socket
// as it trusts whoever made it: its own user, or root where root owns the file. Inherited does not call listen again. It
// would put this process's user to a socket from which its maker, whoever that is, may still accept. Who connects is
// told by the kernel as for any other socket.
//
// Call it early in main. The sockets are marked close-on-exec and the three variables are removed from the
// environment, so neither child processes nor a second call get them. It does not block.
//
// Each descriptor must be a listening stream socket of the Unix family. If one is not, nothing is adopted and the
// error is a [*transport.Error] that names the descriptor, of kind [transport.ErrNotSocket] or
// [transport.ErrAddress]; a malformed environment is [transport.ErrAddress] too.
func Inherited(opts ...ListenOption) ([]*Listener, error) {
	var t Transport
	for _, o := range opts {
		o.applyListen(&t)
	}
	inheritedMu.Lock()
	defer inheritedMu.Unlock()
	names, err := inheritedNames()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	for i, name := range names {
		fd := firstInherited + i
		unix.CloseOnExec(fd)
		if err := checkInherited(fd); err != nil {
			return nil, inheritError(fd, name, err)
		}
	}
	list := make([]*Listener, 0, len(names))
	for i, name := range names {
		l, err := adopt(t, firstInherited+i, name)
		if err != nil {
			for _, l := range list {
				l.Close()
			}
			return nil, inheritError(firstInherited+i, name, err)
		}
		list = append(list, l)
	}
	for _, v := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(v)
	}
	return list, nil
}

// inheritedNames reads the environment and gives one name for each descriptor.
func inheritedNames() ([]string, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil {
		return nil, environmentError(err)
	}
	if n < 0 || n > maxInherited {
		return nil, environmentError(fmt.Errorf("%d descriptors, at most %d are believed", n, maxInherited))
	}
	names := make([]string, n)
	if text, ok := os.LookupEnv("LISTEN_FDNAMES"); ok {
		given := strings.Split(text, ":")
		if len(given) != n {
			return nil, environmentError(fmt.Errorf("%d names for %d descriptors", len(given), n))
		}
		copy(names, given)
	}
	return names, nil
}

func environmentError(err error) error {
	return &transport.Error{Op: "inherit", Addr: "LISTEN_FDS", Kind: transport.ErrAddress, Err: err,
		Advice: "the service manager sets LISTEN_FDS and LISTEN_FDNAMES; do not set them by hand"}
}

// checkInherited says whether fd is a listening stream socket of the Unix family.
func checkInherited(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if _, ok := sa.(*unix.SockaddrUnix); !ok || kind != unix.SOCK_STREAM {
		return errors.New("not a stream socket of the Unix family")
	}
	if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || on == 0 {
		return errors.New("the socket does not listen")
	}
	return nil
}

// adopt makes a Listener of fd and closes fd, of which the Listener has a copy.
func adopt(t Transport, fd int, name string) (*Listener, error) {
	f := os.NewFile(uintptr(fd), "inherited:"+strconv.Itoa(fd))
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	u, ok := l.(*net.UnixListener)
	if !ok {
		l.Close()
		return nil, errors.New("not a stream socket of the Unix family")
	}
	u.SetUnlinkOnClose(false)
	adopted := newListener(t, transport.Addr{Scheme: "unix", Rest: u.Addr().String()}, &socket{acceptor: u})
	adopted.name = name
	return adopted, nil
}

func inheritError(fd int, name string, err error) error {
	kind := transport.ErrAddress
	if errors.Is(err, unix.ENOTSOCK) || errors.Is(err, unix.EBADF) {
		kind = transport.ErrNotSocket
	}
	what := "fd:" + strconv.Itoa(fd)
	if name != "" {
		what += " " + strconv.Quote(name)
	}
	return &transport.Error{Op: "inherit", Addr: what, Kind: kind, Err: err,
		Advice: "the unit's socket wants ListenStream= with a path and Accept=no"}
}
