//go:build linux || darwin

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// maxSocketPath is the longest path of a socket in bytes, as package unixsock documents it.
func maxSocketPath() int {
	if runtime.GOOS == "darwin" {
		return 103
	}
	return 107
}

// socketPaths gives the paths where a server of the address may have its socket, as packages unixsock and npipe
// document them. A test compares them with where listeners really are.
func socketPaths(a transport.Addr) ([]string, error) {
	switch a.Scheme {
	case "local":
		uid := strconv.Itoa(os.Geteuid())
		dirs := []string{"/tmp/bellpull-" + uid}
		if runtime.GOOS == "linux" {
			dirs = append([]string{"/run/user/" + uid + "/bellpull"}, dirs...)
		}
		for i, dir := range dirs {
			path := dir + "/" + a.Rest + ".sock"
			if len(path) > maxSocketPath() {
				sum := sha256.Sum256([]byte(a.Rest))
				path = filepath.Join(dir, hex.EncodeToString(sum[:16])+".hsock")
			}
			dirs[i] = path
		}
		return dirs, nil
	case "npipe":
		if a.Rest[0] == '/' {
			return []string{a.Rest}, nil
		}
		return []string{filepath.Join(os.TempDir(), "CoreFxPipe_"+a.Rest)}, nil
	}
	return []string{a.Rest}, nil
}

// look finds out what is at a path and whether somebody listens there.
func look(ctx context.Context, path string, private bool, timeout time.Duration) spot {
	s := spot{path: path, private: private, exit: exitNoServer}
	if path[0] == '@' {
		s.connect(ctx, timeout)
		return s
	}
	if !s.dir() {
		return s
	}
	fi, err := os.Lstat(path)
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		fi, err = os.Stat(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.detail, s.fix = "nothing is there", "start the server, or check the spelling of the address"
		return s
	case err != nil:
		s.detail, s.fix = printable(err.Error()), "make the path readable to this user"
		return s
	case fi.Mode()&fs.ModeSocket == 0:
		s.detail = fmt.Sprintf("%s, not a socket", kindOf(fi.Mode()))
		s.fix, s.exit = "check the spelling of the address, or move that file away", exitRefused
		return s
	}
	s.connect(ctx, timeout)
	s.detail = fmt.Sprintf("%s, mode %04o, user %d", s.detail, fi.Mode().Perm(), ownerOf(fi))
	return s
}

// dir looks at the directory of the socket; of a private one it must be only ours.
func (s *spot) dir() bool {
	dir := filepath.Dir(s.path)
	fi, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.detail = "there is no directory " + oneLine(dir, 0)
		s.fix = "check the spelling of the address; the directory must be there before the server starts"
		if s.private {
			s.fix = "start the server as this user, which makes the directory"
		}
		return false
	case err != nil:
		s.detail, s.fix = printable(err.Error()), "make the directory reachable for this user"
		return false
	case !s.private:
		return true
	case !fi.IsDir(), ownerOf(fi) != os.Geteuid(), fi.Mode().Perm()&0o077 != 0:
		s.detail = fmt.Sprintf("%s is a %s of user %d with mode %04o, not a directory of user %d with mode 0700",
			oneLine(dir, 0), kindOf(fi.Mode()), ownerOf(fi), fi.Mode().Perm(), os.Geteuid())
		s.fix = fmt.Sprintf("see ls -ld %s; remove it or chmod 700 it", oneLine(dir, 0))
		s.exit = exitRefused
		return false
	}
	return true
}

// connect asks whether somebody listens.
func (s *spot) connect(ctx context.Context, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var nd net.Dialer
	c, err := nd.DialContext(ctx, "unix", s.path)
	switch {
	case err == nil:
		c.Close()
		s.live, s.detail = true, "live socket"
	case errors.Is(err, syscall.EAGAIN):
		s.live, s.detail = true, "live socket whose queue is full"
	case errors.Is(err, syscall.ECONNREFUSED) && s.path[0] == '@':
		s.detail, s.fix = "nobody listens", "start the server, or check the spelling of the name"
	case errors.Is(err, syscall.ECONNREFUSED):
		s.detail, s.fix = "stale socket: who made it has ended", "start the server again, which replaces the file"
	case errors.Is(err, fs.ErrPermission):
		s.detail, s.exit = "socket that this user may not connect to", exitRefused
		s.fix = "run as its user, or have the server set a wider mode"
	case errors.Is(err, syscall.EPROTOTYPE):
		s.detail, s.fix = "datagram socket", "check the spelling of the address; this is a service of another kind"
	default:
		s.detail, s.fix = "socket that cannot be connected to: "+printable(err.Error()), "see the cause"
	}
}

func ownerOf(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// kindOf names the kind of a file.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "regular file"
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "FIFO"
	}
	return "device"
}
