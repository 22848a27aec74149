package transporttest

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// timeout is the error of a deadline, as it should be.
var timeout = &net.OpError{Op: "test", Net: "mem", Err: os.ErrDeadlineExceeded}

// onSet breaks SetReadDeadline and the reading half of SetDeadline.
func onSet(f func(c *fakeConn, t time.Time) error) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) {
			c.readBy = func(t time.Time) error { return f(c, t) }
			c.both = c.readBy
		}
	}
}

var deadlineFaults = []fault{
	{in: "PastDeadline", name: "ignores deadlines", want: "Read past its deadline: got the error <nil>",
		spoil: onSet(func(*fakeConn, time.Time) error { return nil })},
	{in: "PastDeadline", name: "has another error", want: "want i/o timeout",
		spoil: mapRead(os.ErrDeadlineExceeded, context.DeadlineExceeded)},
	{in: "PastDeadline", name: "gives the error bare", want: "want a *net.OpError",
		spoil: mapRead(os.ErrDeadlineExceeded, os.ErrDeadlineExceeded)},
	{in: "PastDeadline", name: "cannot take it back", want: "Read without a deadline",
		spoil: onSet(func(c *fakeConn, t time.Time) error {
			if t.IsZero() {
				return nil
			}
			return c.Conn.SetReadDeadline(t)
		})},
	{in: "PastDeadline", name: "writes all the same", want: "left something",
		spoil: onWrite(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.Write(p)
			if err != nil {
				c.Conn.SetWriteDeadline(time.Time{})
				c.Conn.Write(p)
			}
			return n, err
		})},
	{in: "DeadlineUnblocks", name: "ignores what is past", want: "Read after SetReadDeadline: " + blocks,
		spoil: onSet(func(c *fakeConn, t time.Time) error {
			if !t.After(time.Now()) {
				return nil
			}
			return c.Conn.SetReadDeadline(t)
		})},
	{in: "DeadlineUnblocks", name: "has no SetDeadline", want: "Read after SetDeadline: " + blocks,
		spoil: func(n *fakeNetwork) {
			n.conn = func(c *fakeConn) { c.both = func(time.Time) error { return nil } }
		}},
	{in: "DeadlineUnblocks", name: "knows no soon", want: "Read after SetReadDeadline soon: " + blocks,
		spoil: onSet(func(c *fakeConn, t time.Time) error {
			if t.After(time.Now()) {
				t = time.Time{}
			}
			return c.Conn.SetReadDeadline(t)
		})},
	{in: "DeadlineUnblocks", name: "mixes the directions up", want: "Read beside an expired write deadline",
		spoil: func(n *fakeNetwork) {
			n.conn = func(c *fakeConn) { c.writeBy = c.Conn.SetDeadline }
		}},
	{in: "DeadlineStorm", name: "loses what a late Read took", want: "of the stream is", spoil: func(n *fakeNetwork) {
		var once atomic.Bool
		n.conn = func(c *fakeConn) {
			c.read = func(p []byte) (int, error) {
				m, err := c.Conn.Read(p)
				if m > 0 && once.CompareAndSwap(false, true) {
					return 0, timeout
				}
				return m, err
			}
		}
	}},
	{in: "DeadlineStorm", name: "counts nothing of a late Write", want: "of the stream is",
		spoil: func(n *fakeNetwork) {
			var once atomic.Bool
			n.conn = func(c *fakeConn) {
				c.write = func(p []byte) (int, error) {
					if once.CompareAndSwap(false, true) {
						for written := 0; written == 0; { // the storm is on: some attempts fail
							written, _ = c.Conn.Write(p[:len(p)/2])
						}
						return 0, timeout
					}
					return c.Conn.Write(p)
				}
			}
		}},
	{in: "DeadlineStorm", name: "has another error for a late Read", want: "in Read: ", spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.read = func([]byte) (int, error) { return 0, context.DeadlineExceeded } }
	}},
}
