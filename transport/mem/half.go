package mem

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// firstBuffer is the memory claimed for the first byte; it doubles from there up to the limit.
const firstBuffer = 512

// A half is one direction of a connection: a ring of bytes that one end writes and the other reads.
//
// Waiting is done on condition variables and never on a mutex, because only the former is durable under synctest: a
// second writer that queued on a mutex behind a blocked first one would keep the bubble's clock from moving, and so
// the first one's deadline from expiring. Hence the flag writing, which is a lock made of mu and writable.
//
// Wake-ups are broadcasts. A single signal could reach a waiter that leaves for another reason (its deadline) at the
// same moment, and the one that could have used the bytes would sleep on.
type half struct {
	limit int

	mu       sync.Mutex
	readable sync.Cond // bytes came, or a reader must leave
	writable sync.Cond // room came, the turn of a writer ended, or a writer must leave
	buf      []byte    // ring; nil until the first byte, never longer than limit
	head     int       // index of the oldest byte
	used     int       // number of bytes held
	writing  bool      // one Write is under way; others wait so that two do not interleave
	ended    bool      // no more bytes will be written
	noWriter bool      // the writing end is closed; implies ended
	noReader bool      // the reading end is closed
	readBy   deadline
	writeBy  deadline
}

func newHalf(limit int) *half {
	h := &half{limit: limit}
	h.readable.L, h.writable.L = &h.mu, &h.mu
	h.readBy.cond, h.writeBy.cond = &h.readable, &h.writable
	return h
}

// read takes up to len(p) bytes and blocks while there are none. Errors come bare; the Conn dresses them.
func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.noReader:
			return 0, net.ErrClosed
		case h.readBy.expired:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case h.used > 0:
			n := h.take(p)
			h.writable.Broadcast()
			return n, nil
		case h.ended:
			return 0, io.EOF
		}
		h.readable.Wait()
	}
}

// write puts all of p and blocks while there is no room. n counts what was put even when err is set.
func (h *half) write(p []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.writing {
		if err := h.writeErr(); err != nil {
			return 0, err
		}
		h.writable.Wait()
	}
	h.writing = true
	defer func() {
		h.writing = false
		h.writable.Broadcast()
	}()
	for {
		if err := h.writeErr(); err != nil {
			return n, err
		}
		n += h.put(p[n:])
		if n == len(p) {
			return n, nil
		}
		h.writable.Wait()
	}
}

// tryWrite puts what fits and never waits: neither for room nor for another writer's turn.
func (h *half) tryWrite(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.writeErr(); err != nil {
		return 0, err
	}
	if h.writing {
		return 0, nil
	}
	return h.put(p), nil
}

// writeErr says why nothing can be written now, or nil. mu is held.
func (h *half) writeErr() error {
	switch {
	case h.noWriter:
		return net.ErrClosed
	case h.writeBy.expired:
		return os.ErrDeadlineExceeded
	case h.ended || h.noReader:
		return syscall.EPIPE
	}
	return nil
}

// put appends as much of p as there is room for and wakes the readers. mu is held.
func (h *half) put(p []byte) int {
	p = p[:min(len(p), h.limit-h.used)]
	if len(p) == 0 {
		return 0
	}
	h.grow(h.used + len(p))
	tail := h.head + h.used
	if tail >= len(h.buf) {
		tail -= len(h.buf)
	}
	n := copy(h.buf[tail:], p)
	copy(h.buf, p[n:])
	h.used += len(p)
	h.readable.Broadcast()
	return len(p)
}

// take moves the oldest bytes into p. There is at least one. mu is held.
func (h *half) take(p []byte) int {
	p = p[:min(len(p), h.used)]
	n := copy(p, h.buf[h.head:])
	copy(p[n:], h.buf)
	h.head += len(p)
	if h.head >= len(h.buf) {
		h.head -= len(h.buf)
	}
	if h.used -= len(p); h.used == 0 {
		h.head = 0 // the next bytes lie in one piece, at the place that is warm
	}
	return len(p)
}

// grow makes the ring hold at least need bytes, which the limit allows. mu is held.
func (h *half) grow(need int) {
	if need <= len(h.buf) {
		return
	}
	size := max(len(h.buf), firstBuffer)
	for size < need {
		size *= 2
	}
	buf := make([]byte, min(size, h.limit))
	if h.used > 0 {
		n := copy(buf, h.buf[h.head:min(h.head+h.used, len(h.buf))])
		copy(buf[n:], h.buf[:h.used-n])
	}
	h.buf, h.head = buf, 0
}

// end says that no more bytes come. What was written can still be read.
func (h *half) end() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noWriter {
		return net.ErrClosed
	}
	h.ended = true
	h.wakeAll()
	return nil
}

// closeWriter is end for good: the writing end is gone. It says whether it was this call that did it.
func (h *half) closeWriter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noWriter {
		return false
	}
	h.ended, h.noWriter = true, true
	h.writeBy.stop()
	h.wakeAll()
	return true
}

// closeReader gives up the reading end and what nobody will read.
func (h *half) closeReader() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noReader = true
	h.buf, h.head, h.used = nil, 0, 0
	h.readBy.stop()
	h.wakeAll()
}

// state gives what has become of the two ends.
func (h *half) state() (ended, noReader, noWriter bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended, h.noReader, h.noWriter
}

func (h *half) wakeAll() {
	h.readable.Broadcast()
	h.writable.Broadcast()
}

func (h *half) setReadBy(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noReader {
		return net.ErrClosed
	}
	h.readBy.set(t)
	return nil
}

func (h *half) setWriteBy(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.noWriter {
		return net.ErrClosed
	}
	h.writeBy.set(t)
	return nil
}
