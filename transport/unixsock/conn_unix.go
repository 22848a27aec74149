//go:build linux || darwin

package unixsock

import (
	"os"
	"syscall"
)

// writeOnce makes one attempt of TryWrite. It says true always: false would make the runtime wait for room.
func (c *Conn) writeOnce(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), c.try)
		switch err {
		case nil:
			c.tried = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			c.tryErr = os.NewSyscallError("write", err)
		}
		return true
	}
}
