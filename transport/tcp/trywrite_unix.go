//go:build unix

package tcp

import (
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/bellpull/bellpull/transport"
)

var _ transport.TryWriter = (*Conn)(nil)

// maxTry bounds one attempt; some systems refuse more than an int32 holds.
const maxTry = 1 << 30

// tryWriter makes write attempts on a non-blocking socket. The closure is made once and the arguments travel in
// fields, because one made for every call would be allocated.
type tryWriter struct {
	raw     syscall.RawConn
	attempt func(fd uintptr) (done bool)

	mu  sync.Mutex
	p   []byte
	n   int
	err error
}

func (w *tryWriter) init(c *net.TCPConn) (err error) {
	w.raw, err = c.SyscallConn()
	w.attempt = w.write
	return err
}

// write is called by the runtime's poller with the descriptor. It always says done: not done would park.
func (w *tryWriter) write(fd uintptr) bool {
	for {
		w.n, w.err = syscall.Write(int(fd), w.p)
		if w.err != syscall.EINTR {
			return true
		}
	}
}

// TryWrite writes as much of p as the socket takes at once and never blocks: 0 and nil say that it takes nothing
// now. It does not keep p and does not allocate. At most one goroutine may be in TryWrite or Write at a time.
// Errors are those of Write, [os.ErrDeadlineExceeded] among them.
func (c *Conn) TryWrite(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	w := &c.try
	if !w.mu.TryLock() { // against the contract; better nothing written than two writes mixed
		return 0, nil
	}
	defer w.mu.Unlock()
	w.p, w.n, w.err = p[:min(len(p), maxTry)], 0, nil
	err := w.raw.Write(w.attempt)
	w.p = nil
	switch {
	case err != nil: // closed, or past the deadline: no attempt was made
		return 0, err
	case w.err == syscall.EAGAIN:
		return 0, nil
	case w.err != nil:
		return 0, &net.OpError{Op: "write", Net: plain, Source: c.LocalAddr(), Addr: c.RemoteAddr(),
			Err: os.NewSyscallError("write", w.err)}
	}
	return w.n, nil
}
