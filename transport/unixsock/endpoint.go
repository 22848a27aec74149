//go:build linux || darwin

package unixsock

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// An endpoint is where a Listener listens and what it takes to listen there, at first and again after a theft.
type endpoint struct {
	cfg  Transport
	addr transport.Addr
	path string // of the socket, or "@name"

	// Of private endpoints:
	home     place
	lockPath string
	lock     *lockFile // held from the first claim on; nil for other classes
}

// A socket is one listening socket of a Listener.
type socket struct {
	acceptor
	file fs.FileInfo // the socket's file as it was made; nil for abstract and adopted sockets
}

// An acceptor is what a Listener needs of *net.UnixListener.
type acceptor interface {
	AcceptUnix() (*net.UnixConn, error)
	Close() error
}

func (e *endpoint) abstract() bool { return e.path[0] == '@' }
func (e *endpoint) private() bool  { return e.addr.Scheme == "local" }

// claim makes a listening socket at the endpoint, in place of a dead one if one is there.
func (e *endpoint) claim(ctx context.Context) (*socket, error) {
	switch {
	case e.private():
		if err := e.takeName(ctx); err != nil {
			return nil, err
		}
	case !e.abstract():
		defer lockDir(ctx, filepath.Dir(e.path))()
	}
	if !e.abstract() {
		if err := e.clear(ctx); err != nil {
			return nil, err
		}
	}
	return e.bind(ctx)
}

// takeName makes sure of the private directory and of the lock on the name.
func (e *endpoint) takeName(ctx context.Context) error {
	if skip, err := e.home.usable(); skip {
		return fail("listen", e.addr, nil, err, "the directory of private endpoints cannot be made; "+dirAdvice(e.home.dir))
	} else if err != nil {
		return fail("listen", e.addr, transport.ErrNotTrusted, err, "%s", dirAdvice(e.home.dir))
	}
	if e.lock != nil && e.lock.held() {
		return nil
	}
	if fi, err := os.Lstat(e.lockPath); err == nil && !fi.Mode().IsRegular() {
		return e.notOurs(fi, e.lockPath)
	}
	lock, err := takeLock(ctx, e.lockPath)
	if err != nil {
		return e.listenError(ctx, err)
	}
	if e.lock != nil {
		e.lock.release()
	}
	e.lock = lock
	return nil
}

// drop lets the lock go, if there is one.
func (e *endpoint) drop() {
	if e.lock != nil {
		e.lock.release()
		e.lock = nil
	}
}

// clear removes a dead socket from the path. Whatever else lies there is an error.
func (e *endpoint) clear(ctx context.Context) error {
	before, err := os.Lstat(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return e.listenError(ctx, err)
	}
	if before.Mode().Type() != fs.ModeSocket {
		return e.notOurs(before, e.path)
	}
	if err := probe(ctx, e.path); err != nil {
		return e.listenError(ctx, err)
	}
	now, err := os.Lstat(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return e.listenError(ctx, err)
	}
	if !os.SameFile(before, now) {
		return e.listenError(ctx, &transport.OwnerError{}) // somebody else was as quick
	}
	if err := unix.Unlink(e.path); err != nil && err != unix.ENOENT {
		return e.listenError(ctx, &fs.PathError{Op: "unlink", Path: e.path, Err: err})
	}
	return nil
}

// notOurs is the error of something that lies where a file of ours belongs.
func (e *endpoint) notOurs(fi fs.FileInfo, path string) error {
	return fail("listen", e.addr, transport.ErrNotSocket, nil, "a %s lies at %s and is not ours to remove; move it or choose another path",
		fileType(fi), show(path))
}

// bind makes the socket. Nothing lies at the path.
func (e *endpoint) bind(ctx context.Context) (*socket, error) {
	mode := e.cfg.Mode.Perm()
	if e.private() {
		mode = 0o600
	}
	file := !e.abstract()
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		if !file || mode == 0 {
			return nil
		}
		var err error
		if cerr := raw.Control(func(fd uintptr) { err = premode(int(fd), mode) }); cerr != nil {
			return cerr
		}
		return err
	}}
	l, err := lc.Listen(ctx, "unix", e.path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if perr := probe(ctx, e.path); perr != nil {
			err = perr
		}
	}
	if err != nil {
		return nil, e.listenError(ctx, err)
	}
	u := l.(*net.UnixListener)
	u.SetUnlinkOnClose(false) // it would not look whose the file is by then
	s := &socket{acceptor: u}
	if file {
		if s.file, err = os.Lstat(e.path); err == nil && mode != 0 && s.file.Mode().Perm() != mode {
			err = chmodSocket(e.path, mode)
		}
	}
	if err == nil {
		err = setBacklog(u, cmp.Or(e.cfg.Backlog, DefaultBacklog))
	}
	if err != nil {
		if s.owns(e.path) {
			unix.Unlink(e.path)
		}
		u.Close()
		return nil, e.listenError(ctx, err)
	}
	return s, nil
}

// setBacklog has the kernel bound the accept queue anew.
func setBacklog(l *net.UnixListener, n int) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := raw.Control(func(fd uintptr) { err = os.NewSyscallError("listen", unix.Listen(int(fd), n)) }); cerr != nil {
		return cerr
	}
	return err
}

// owns says whether the file at path is the socket's own. The open socket keeps its file's inode from being used
// again, so equal numbers mean the same file.
func (s *socket) owns(path string) bool {
	if s.file == nil {
		return false
	}
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(s.file, now)
}

// listenError finds the kind and the advice for what kept us from listening.
func (e *endpoint) listenError(ctx context.Context, err error) error {
	const inUse = "stop the other server or listen elsewhere"
	owner, owned := errors.AsType[*transport.OwnerError](err)
	switch {
	case owned && owner.PID == os.Getpid():
		return fail("listen", e.addr, transport.ErrInUse, err, "this program listens there already: close that listener first")
	case owned:
		return fail("listen", e.addr, transport.ErrInUse, err, inUse)
	case ctx.Err() != nil:
		return fail("listen", e.addr, nil, ctx.Err(), "finding out whether the endpoint is in use took longer than allowed")
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, syscall.EPROTOTYPE):
		return fail("listen", e.addr, transport.ErrInUse, err, inUse)
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return fail("listen", e.addr, transport.ErrAddress, err, "there is no directory %s; make it first", show(filepath.Dir(e.path)))
	case errors.Is(err, fs.ErrPermission):
		return fail("listen", e.addr, nil, err, "this user may not make, reach or replace %s; choose another directory or have its owner remove the file",
			show(e.path))
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOSPC):
		return fail("listen", e.addr, nil, err, "%s cannot take a file; choose another directory", show(filepath.Dir(e.path)))
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fail("listen", e.addr, nil, err, "too many open files: close some or raise the limit (ulimit -n)")
	}
	return fail("listen", e.addr, nil, err, "see the cause")
}
