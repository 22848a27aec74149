package unixsock

import (
	"io/fs"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	maxPath      = 103 // usable bytes of sun_path
	haveAbstract = false
	pollRDHUP    = 0 // it is seen when all has been read
)

// systemDirs gives the directories of the user's private endpoints, best first.
func systemDirs(uid int) []place { return []place{{dir: "/tmp/bellpull-" + strconv.Itoa(uid)}} }

// peerOf asks the kernel who is at the other end.
func peerOf(raw syscall.RawConn) (pid, uid, gid int, err error) {
	var cred *unix.Xucred
	cerr := raw.Control(func(fd uintptr) {
		if cred, err = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED); err == nil {
			// The pid is a hint: without it the identity still holds.
			pid, _ = unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID)
		}
	})
	if cerr != nil {
		err = cerr
	}
	if err != nil {
		return 0, 0, 0, err
	}
	return pid, int(cred.Uid), int(cred.Groups[0]), nil
}

// premode does nothing: macOS gives a socket's file 0777 less the umask whatever the socket's mode is.
func premode(int, fs.FileMode) error { return nil }

// chmodSocket sets the mode of the socket file at path, and not of what a symbolic link there points to.
func chmodSocket(path string, mode fs.FileMode) error {
	if err := unix.Fchmodat(unix.AT_FDCWD, path, uint32(mode), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}
