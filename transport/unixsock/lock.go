//go:build linux || darwin

package unixsock

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// A lockFile is the lock of a private endpoint: a file beside the socket, held with flock and telling the pid of its
// holder. The kernel drops the lock when the holder dies, however that happens.
//
// Only the holder removes the file, and whoever locks it looks afterwards whether the file is still the one at the
// path. So two processes never hold locks on different files of one name.
type lockFile struct {
	f    *os.File
	path string
}

const (
	lockPause = 2 * time.Millisecond
	// lockPatience bounds how long a loser waits for the winner to write its pid.
	lockPatience = 250 * time.Millisecond
)

// takeLock locks the file at path, which it makes if need be. When another process, or another Listener of this one,
// holds the lock, the error is a [*transport.OwnerError] with the holder's pid.
func takeLock(ctx context.Context, path string) (*lockFile, error) {
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	last := false
	for {
		l, pid, err := tryLock(path)
		switch {
		case l != nil:
			return l, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, errReplaced):
			return nil, err
		case err == errReplaced:
			pid = 0
		case last || alive(pid):
			return nil, &transport.OwnerError{PID: pid, UID: os.Geteuid(), HasUser: true}
		}
		// The winner is between taking the lock and writing its pid, or is just going.
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-patience.C:
			last = true
		case <-time.After(lockPause):
		}
	}
}

var errReplaced = errors.New("the lock file was replaced")

// tryLock makes one attempt. When somebody holds the lock it gives EWOULDBLOCK and the pid in the file, 0 if there
// is none.
func tryLock(path string) (*lockFile, int, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, err
	}
	return lockOpened(f, path)
}

// lockOpened locks f, which was opened at path and may not be there any more. It closes f if it cannot.
func lockOpened(f *os.File, path string) (*lockFile, int, error) {
	if err := flock(f, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		var text [24]byte
		n, _ := f.ReadAt(text[:], 0)
		pid, _ := strconv.Atoi(string(bytes.TrimSpace(text[:n])))
		return nil, pid, err
	}
	l := &lockFile{f, path}
	if !l.held() {
		f.Close()
		return nil, 0, errReplaced
	}
	if err := l.sign(); err != nil {
		l.release()
		return nil, 0, err
	}
	return l, 0, nil
}

// sign writes our pid into the file.
func (l *lockFile) sign() error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// held says whether the file at the path is still the one that is locked.
func (l *lockFile) held() bool {
	mine, err := l.f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(l.path)
	return err == nil && os.SameFile(mine, there)
}

// release removes the file, while it is still locked, and lets the lock go.
func (l *lockFile) release() {
	if l.held() {
		unix.Unlink(l.path)
	}
	l.f.Close()
}

// flock locks f and goes on when a signal interrupts it.
func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if err != unix.EINTR {
			return err
		}
	}
}

// alive says whether a process pid exists, as far as we may know.
func alive(pid int) bool {
	return pid > 0 && unix.Kill(pid, 0) != unix.ESRCH
}

// dirPatience bounds how long lockDir waits for another process.
const dirPatience = time.Second

// lockDir keeps other Bellpull processes from making sockets in dir until the returned function is called. Between
// finding a socket dead and replacing it another process could do the same, and remove our fresh one.
//
// It is a courtesy among processes that know it: where the directory cannot be opened, or a stranger sits on the
// lock, it goes on without.
func lockDir(ctx context.Context, dir string) (unlock func()) {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return func() {}
	}
	patience := time.NewTimer(dirPatience)
	defer patience.Stop()
	for flock(f, unix.LOCK_EX|unix.LOCK_NB) == unix.EWOULDBLOCK {
		select {
		case <-time.After(lockPause):
			continue
		case <-patience.C:
		case <-ctx.Done():
		}
		f.Close()
		return func() {}
	}
	return func() { f.Close() }
}

// sameFile says whether fi is the file last seen as id.
func sameFile(id, fi fs.FileInfo) bool {
	return id != nil && fi != nil && os.SameFile(id, fi)
}
