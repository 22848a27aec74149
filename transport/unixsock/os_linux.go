package unixsock

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	maxPath      = 107 // usable bytes of sun_path
	haveAbstract = true
	pollRDHUP    = unix.POLLRDHUP // the other end sends nothing more, whatever there is to be read
)

// systemDirs gives the directories of the user's private endpoints, best first.
func systemDirs(uid int) []place {
	id := strconv.Itoa(uid)
	return []place{
		// Where there is no login session nobody makes /run/user/UID, and we must not.
		{dir: "/run/user/" + id + "/bellpull", parent: "/run/user/" + id},
		{dir: "/tmp/bellpull-" + id},
	}
}

// peerOf asks the kernel who is at the other end.
func peerOf(raw syscall.RawConn) (pid, uid, gid int, err error) {
	var cred *unix.Ucred
	cerr := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if cerr != nil {
		err = cerr
	}
	if err != nil {
		return 0, 0, 0, err
	}
	return int(cred.Pid), int(cred.Uid), int(cred.Gid), nil
}

// premode sets the mode that the socket's file is going to be born with; the kernel takes it, less the umask, from
// the socket at bind. So the file is never more open than asked for.
func premode(fd int, mode fs.FileMode) error {
	return os.NewSyscallError("fchmod", unix.Fchmod(fd, uint32(mode)))
}

// chmodSocket sets the mode of the socket file at path. Linux cannot say "do not follow" to chmod before 6.6, so it
// goes over a descriptor that names the file itself: whoever puts a symbolic link there gains nothing.
func chmodSocket(path string, mode fs.FileMode) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &fs.PathError{Op: "fstat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return &fs.PathError{Op: "chmod", Path: path, Err: unix.ENOTSOCK}
	}
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode)
}
