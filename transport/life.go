package transport

import "sync/atomic"

// Life counts the signs of life of the other side: bytes that arrived, and bytes that a carrier which had fallen behind
// took after all, since that means that somebody reads. A heartbeat looks at it now and then. The zero Life is ready.
type Life struct {
	signs  atomic.Uint64
	looked atomic.Uint64 // signs at the last Look
	first  atomic.Int64  // when the first one after it came
}

// Sign notes a sign of life. It may be called by the reader and by the writer at once: one of two may then be lost. One
// that meets a Look counts for the next, whose time may be that of an earlier one.
func (l *Life) Sign() {
	n := l.signs.Load()
	if n == l.looked.Load() {
		l.first.Store(Now())
	}
	l.signs.Store(n + 1)
}

// Look gives the number of signs since the last Look and the time of the first of them on the clock of [Now]. One
// goroutine looks.
func (l *Life) Look() (signs uint64, first int64) {
	n := l.signs.Load()
	was := l.looked.Swap(n)
	return n - was, l.first.Load()
}
