package rivals

import (
	"net"
	"sync"

	"github.com/bellpull/bellpull/bench/rival"
)

// rawShared is a raw connection that several callers share, as one would write it by hand: each writes its frame, and a
// goroutine reads and hands out the answers by their numbers.
type rawShared struct {
	c net.Conn

	mu      sync.Mutex // of writing, and of what follows
	free    []*rawWaiter
	waiters []*rawWaiter
	err     error
}

// rawWaiter waits for the answer with its number.
type rawWaiter struct {
	number uint32
	out    []byte
	b      *rival.Buffers
	done   chan error
}

func shareRaw(c net.Conn) *rawShared {
	r := &rawShared{c: c}
	go r.read()
	return r
}

func (r *rawShared) Close() error { return r.c.Close() }

func (r *rawShared) read() {
	for f := newFrames(r.c); ; {
		frame, err := f.next()
		if err != nil {
			r.fail(err)
			return
		}
		r.mu.Lock()
		w := r.waiters[number(frame)]
		r.mu.Unlock()
		w.done <- w.b.Check(frame[rawHead:])
	}
}

// fail ends all calls that wait.
func (r *rawShared) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	for _, w := range r.waiters {
		select {
		case w.done <- err:
		default:
		}
	}
}

// take gives a waiter that nobody uses.
func (r *rawShared) take() *rawWaiter {
	if n := len(r.free); n > 0 {
		w := r.free[n-1]
		r.free = r.free[:n-1]
		return w
	}
	w := &rawWaiter{number: uint32(len(r.waiters)), done: make(chan error, 1)}
	r.waiters = append(r.waiters, w)
	return w
}

func (r *rawShared) Call(b *rival.Buffers) error {
	r.mu.Lock()
	if r.err != nil {
		r.mu.Unlock()
		return r.err
	}
	w := r.take()
	w.b = b
	w.out = appendFrame(w.out[:0], w.number, b.Body)
	_, err := r.c.Write(w.out)
	r.mu.Unlock()
	if err != nil {
		return err
	}
	err = <-w.done
	r.mu.Lock()
	r.free = append(r.free, w)
	r.mu.Unlock()
	return err
}
