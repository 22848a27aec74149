package transporttest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// onClose breaks the Close of every connection.
func onClose(f func(c *fakeConn) error) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.close = func() error { return f(c) } }
	}
}

// mapRead gives another error for one of Read.
func mapRead(from, to error) func(*fakeNetwork) {
	return onRead(func(c *fakeConn, p []byte) (int, error) {
		n, err := c.Conn.Read(p)
		if errors.Is(err, from) {
			err = to
		}
		return n, err
	})
}

// mapWrite gives another error for one of Write.
func mapWrite(from, to error) func(*fakeNetwork) {
	return onWrite(func(c *fakeConn, p []byte) (int, error) {
		n, err := c.Conn.Write(p)
		if errors.Is(err, from) {
			if err = to; to == nil {
				n = len(p)
			}
		}
		return n, err
	})
}

// onlyOnce breaks a Close that comes after the first.
func onlyOnce(again func(c *fakeConn) error) func(*fakeNetwork) {
	return onClose(func(c *fakeConn) error {
		err := c.Conn.Close()
		if errors.Is(err, net.ErrClosed) {
			select {
			case <-c.network.released: // the case is over
			default:
				return again(c)
			}
		}
		return err
	})
}

// idle is a Close that closes nothing while the case lasts.
func idle(c *fakeConn) error {
	select {
	case <-c.network.released:
		return c.Conn.Close()
	default:
		return nil
	}
}

var closeFaults = []fault{
	{in: "CloseIsEOF", name: "ends with another error", want: "want io.EOF itself",
		spoil: mapRead(io.EOF, io.ErrUnexpectedEOF)},
	{in: "CloseIsEOF", name: "forgets what was not flushed", want: "of 10000 bytes",
		spoil: onWrite(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.Write(p[:max(0, len(p)-100)])
			return n + min(100, len(p)), err
		})},
	{in: "CloseUnblocksRead", name: "closes nothing", want: blocks, spoil: onClose(idle)},
	{in: "CloseUnblocksRead", name: "blocks in Close", want: "Close of the end that reads: " + blocks,
		spoil: onClose(func(c *fakeConn) error {
			c.network.block()
			return c.Conn.Close()
		})},
	{in: "CloseUnblocksRead", name: "takes its own Close for the end", want: "want use of closed",
		spoil: mapRead(net.ErrClosed, io.EOF)},
	{in: "CloseUnblocksRead", name: "gives the error bare", want: "want a *net.OpError",
		spoil: mapRead(net.ErrClosed, net.ErrClosed)},
	{in: "CloseUnblocksRead", name: "takes the other's Close for an error", want: "want io.EOF itself",
		spoil: mapRead(io.EOF, syscall.ECONNRESET)},
	{in: "CloseUnblocksWrite", name: "closes nothing", want: blocks, spoil: onClose(idle)},
	{in: "CloseUnblocksWrite", name: "takes the other's Close for its own", want: "says the other end is gone",
		spoil: mapWrite(syscall.EPIPE, &net.OpError{Op: "write", Err: net.ErrClosed})},
	{in: "CloseUnblocksWrite", name: "gives the error bare", want: "want a *net.OpError",
		spoil: mapWrite(syscall.EPIPE, io.ErrClosedPipe)},
	{in: "WriteToTheDead", name: "says nothing", want: "Write to a closed end: ", hangs: true,
		spoil: mapWrite(syscall.EPIPE, nil)},
	{in: "WriteToTheDead", name: "times out", want: "says the other end is gone",
		spoil: mapWrite(syscall.EPIPE, &net.OpError{Op: "write", Err: os.ErrDeadlineExceeded})},
	{in: "ClosedErrors", name: "has another error for Write", want: "Write after Close: got the error",
		spoil: mapWrite(net.ErrClosed, syscall.EPIPE)},
	{in: "ClosedErrors", name: "sets deadlines of what is closed", want: "SetReadDeadline after Close: got the error",
		spoil: func(n *fakeNetwork) {
			n.conn = func(c *fakeConn) { c.readBy = func(t time.Time) error { c.Conn.SetReadDeadline(t); return nil } }
		}},
	{in: "ClosedErrors", name: "blocks in Read", want: "Read after Close: " + blocks,
		spoil: onRead(func(c *fakeConn, p []byte) (int, error) {
			n, err := c.Conn.Read(p)
			if errors.Is(err, net.ErrClosed) {
				c.network.block()
			}
			return n, err
		})},
	{in: "ClosedErrors", name: "forgets its address", want: "has the addresses", spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.local = func() net.Addr { return nil } }
	}},
	{in: "CloseTwice", name: "panics", want: "panic: closed twice",
		spoil: onlyOnce(func(*fakeConn) error { panic("closed twice") })},
	{in: "CloseTwice", name: "has another error", want: "want net.ErrClosed or nothing",
		spoil: onlyOnce(func(*fakeConn) error { return syscall.EBADF })},
	{in: "CloseTwice", name: "blocks", want: blocks,
		spoil: onlyOnce(func(c *fakeConn) error { c.network.block(); return nil })},
	{in: "HalfClose", name: "has no CloseWrite", want: "has no CloseWrite", spoil: func(n *fakeNetwork) {
		n.as = func(c *fakeConn) transport.Conn { return struct{ transport.Conn }{c} }
	}},
	{in: "HalfClose", name: "ends both directions", want: "Read after CloseWrite", spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.closeWrite = c.Conn.Close }
	}},
	{in: "HalfClose", name: "ends nothing", want: "Read to the end: " + blocks, spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) { c.closeWrite = func() error { return nil } }
	}},
	{in: "HalfClose", name: "goes on writing", want: "Write after CloseWrite succeeded",
		spoil: mapWrite(syscall.EPIPE, nil)},
	{in: "NothingLeft", name: "leaks a goroutine", want: "goroutines were left",
		spoil: onClose(func(c *fakeConn) error {
			c.network.leak()
			return c.Conn.Close()
		})},
	{in: "NothingLeft", name: "leaks a descriptor", want: "descriptors were left", needs: "linux darwin",
		spoil: onClose(func(c *fakeConn) error {
			if f, err := os.Open(os.DevNull); err == nil {
				c.network.blocked.Go(func() { // kept; and so is this goroutine, but that is said beside
					c.network.block()
					f.Close()
				})
			}
			return c.Conn.Close()
		})},
}
