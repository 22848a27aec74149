package transporttest

import (
	"errors"
	"net"
	"syscall"
)

// onTry breaks the TryWrite of every connection.
func onTry(f func(c *fakeConn, p []byte) (int, error)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.try = func(p []byte) (int, error) { return f(c, p) } }
	}
}

// afterFull breaks the TryWrite that comes after one that took nothing.
func afterFull(f func(c *fakeConn, p []byte) (int, error)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) {
			full := false
			c.try = func(p []byte) (int, error) {
				if full {
					return f(c, p)
				}
				n, err := c.Conn.TryWrite(p)
				full = n == 0
				return n, err
			}
		}
	}
}

var tryFaults = []fault{
	{in: "TryWriteLosesNothing", name: "drops a byte it counts", want: "of the stream is",
		spoil: onTry(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.TryWrite(p[:len(p)-1])
			if n == len(p)-1 {
				n++
			}
			return n, err
		})},
	{in: "TryWriteLosesNothing", name: "counts less than it took", want: "of the stream is",
		spoil: onTry(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.TryWrite(p)
			return n / 2, err
		})},
	{in: "TryWriteLosesNothing", name: "counts more than there is", want: "TryWrite of 10000 bytes = 10001",
		spoil: onTry(func(c *fakeConn, p []byte) (int, error) {
			_, err := c.Conn.Write(p)
			return len(p) + 1, err
		})},
	{in: "TryWriteNeverBlocks", name: "is Write", want: blocks,
		spoil: onTry(func(c *fakeConn, p []byte) (int, error) { return c.Conn.Write(p) })},
	{in: "TryWriteNeverBlocks", name: "has an error for being full", want: "TryWrite with nobody reading: resource",
		spoil: afterFull(func(*fakeConn, []byte) (int, error) { return 0, syscall.EAGAIN })},
	{in: "TryWriteNeverBlocks", name: "has no bound", want: "that nobody reads",
		spoil: onTry(func(_ *fakeConn, p []byte) (int, error) {
			return len(p), nil
		})},
	{in: "TryWriteNeverBlocks", name: "takes nothing at all", want: "nothing from the start",
		spoil: onTry(func(*fakeConn, []byte) (int, error) {
			return 0, nil
		})},
	{in: "TryWriteNeverBlocks", name: "takes nothing any more", want: "room again: " + blocks,
		spoil: afterFull(func(c *fakeConn, p []byte) (int, error) {
			select {
			case <-c.network.released:
				return 0, net.ErrClosed
			default:
				return 0, nil
			}
		})},
	{in: "TryWriteKeepsNothing", name: "keeps the buffer", want: "of the stream is", spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.try = keep(c.Conn.TryWrite) }
	}},
	{in: "TryWriteErrors", name: "takes being dead for being full", want: "TryWrite to a closed end: " + blocks,
		spoil: onTry(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.TryWrite(p)
			if errors.Is(err, syscall.EPIPE) {
				err = nil
			}
			return n, err
		})},
	{in: "TryWriteErrors", name: "has another error after Close", want: "TryWrite after Close",
		spoil: onTry(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.TryWrite(p)
			if errors.Is(err, net.ErrClosed) {
				err = syscall.EBADF
			}
			return n, err
		})},
}
