//go:build linux || darwin

package tcp

import (
	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

var _ transport.Ender = (*Conn)(nil)

// Ended says that the other end sends nothing more; see [transport.Ender].
func (c *Conn) Ended() bool {
	ended := true // so has a connection that is closed here
	c.try.raw.Control(func(fd uintptr) {
		state := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | pollRDHUP}}
		n, err := unix.Poll(state, 0)
		if n == 0 || err != nil || state[0].Revents&(unix.POLLHUP|unix.POLLERR|pollRDHUP) != 0 {
			ended = err == nil && n == 1
			return
		}
		n, _, err = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		ended = n == 0 && err == nil
	})
	return ended
}

// HungUp says that the connection was reset, or that both ends have ended their writing; see [transport.Ender].
func (c *Conn) HungUp() bool {
	up := true
	c.try.raw.Control(func(fd uintptr) {
		state := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(state, 0)
		up = err == nil && n == 1 && state[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
	})
	return up
}
