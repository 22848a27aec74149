//go:build linux || darwin

package unixsock

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
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

// spent says whether the other end is closed, in both directions, and nothing is left to read. One that only sends no
// more, as a one-way client, is not spent.
func (c *Conn) spent() bool {
	spent := false
	c.raw.Control(func(fd uintptr) {
		state := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(state, 0); n != 1 || err != nil || state[0].Revents&unix.POLLHUP == 0 {
			return
		}
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		spent = n == 0 && err == nil
	})
	return spent
}

var _ transport.Ender = (*Conn)(nil)

// Ended says that the other end sends nothing more; see [transport.Ender].
func (c *Conn) Ended() bool {
	ended := true // so has a socket that is closed here
	c.raw.Control(func(fd uintptr) {
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

// HungUp says that the other end has closed its socket or its process has ended. One that only sends or reads no more has
// not. It does not block and reads nothing.
func (c *Conn) HungUp() bool {
	up := true // so is a socket that is closed here
	c.raw.Control(func(fd uintptr) { up = hungUp(fd) })
	return up
}

// AwaitHangUp blocks until [Conn.HungUp] would say true, which is nil, or the connection is closed here. It reads nothing,
// but counts as a Read: others wait for it, and a read deadline ends it. It is for connections that nobody reads.
func (c *Conn) AwaitHangUp() error {
	for {
		up, woken := false, false
		err := c.raw.Read(func(fd uintptr) bool {
			up = hungUp(fd)
			done := up || woken
			woken = true
			return done // false: the poller calls again when something has happened
		})
		if err != nil || up {
			return err
		}
		// To a one-way server's client the poller says "readable" with all that happens, such as room to write.
		time.Sleep(hangUpPause)
	}
}

// hangUpPause is the least time between two looks of AwaitHangUp.
const hangUpPause = 10 * time.Millisecond

func hungUp(fd uintptr) bool {
	state := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(state, 0)
	return err == nil && n == 1 && state[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}
