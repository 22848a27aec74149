package transporttest

import (
	"io"
	"sync/atomic"
)

// onWrite breaks the Write of every connection.
func onWrite(f func(c *fakeConn, p []byte) (int, error)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.write = func(p []byte) (int, error) { return f(c, p) } }
	}
}

// onRead breaks the Read of every connection.
func onRead(f func(c *fakeConn, p []byte) (int, error)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.read = func(p []byte) (int, error) { return f(c, p) } }
	}
}

// keep gives a write that delivers its argument with the following call.
func keep(write func([]byte) (int, error)) func([]byte) (int, error) {
	var kept []byte
	return func(p []byte) (int, error) {
		write(kept)
		kept = p
		return len(p), nil
	}
}

var byteFaults = []fault{
	{in: "Bodies", name: "drops the last byte", want: blocks, spoil: onWrite(func(c *fakeConn, p []byte) (int, error) {
		n, err := c.Conn.Write(p[:len(p)-min(1, len(p)/2)])
		return n + min(1, len(p)/2), err
	})},
	{in: "Bodies", name: "changes a byte", want: "of the stream is",
		spoil: onRead(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.Read(p)
			if n > 500 {
				p[500] ^= 1
			}
			return n, err
		})},
	{in: "Bodies", name: "turns halves round", want: "of the stream is",
		spoil: onWrite(func(c *fakeConn, p []byte) (int, error) {
			c.Conn.Write(p[len(p)/2:])
			c.Conn.Write(p[:len(p)/2])
			return len(p), nil
		})},
	{in: "Bodies", name: "writes less than all", want: "and no error",
		spoil: onWrite(func(c *fakeConn, p []byte) (int, error) {
			return c.Conn.Write(p[:min(len(p), 4096)])
		})},
	{in: "SmallReads", name: "drops what a Read does not take", want: blocks,
		spoil: onRead(func(c *fakeConn, p []byte) (int, error) {
			all := make([]byte, 4096)
			n, err := c.Conn.Read(all)
			return copy(p, all[:n]), err
		})},
	{in: "EmptyReadAndWrite", name: "blocks in an empty Read", want: "empty Read of nothing: " + blocks,
		spoil: onRead(func(c *fakeConn, p []byte) (int, error) {
			if len(p) == 0 {
				c.network.block()
			}
			return c.Conn.Read(p)
		})},
	{in: "EmptyReadAndWrite", name: "sends a byte for nothing", want: "of the stream is",
		spoil: onWrite(func(c *fakeConn, p []byte) (int, error) {
			if len(p) == 0 {
				c.Conn.Write([]byte{0})
			}
			return c.Conn.Write(p)
		})},
	{in: "EmptyReadAndWrite", name: "takes an empty Read for the end", want: "want 0, nil",
		spoil: onRead(func(c *fakeConn, p []byte) (int, error) {
			if len(p) == 0 {
				return 0, io.EOF
			}
			return c.Conn.Read(p)
		})},
	{in: "WriteKeepsNothing", name: "keeps the buffer", want: "of the stream is", spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.write = keep(c.Conn.Write) }
	}},
	{in: "WritersDoNotMix", name: "writes in two halves", want: "bytes into writer", spoil: func(n *fakeNetwork) {
		var calls atomic.Int32
		second := make(chan struct{})
		n.conn = func(c *fakeConn) {
			c.write = func(p []byte) (int, error) {
				call := calls.Add(1)
				c.Conn.Write(p[:len(p)/2])
				switch call { // the second half of the first Write comes after the first half of the second
				case 1:
					select {
					case <-second:
					case <-n.released:
					}
				case 2:
					close(second)
				}
				m, err := c.Conn.Write(p[len(p)/2:])
				return len(p)/2 + m, err
			}
		}
	}},
}
