package transport

import "sync/atomic"

// Life notes the signs of life of the other side: bytes that arrived, and bytes that a carrier which had fallen behind
// took after all, since that means that somebody reads. A heartbeat looks at it now and then. The zero Life is ready.
type Life struct {
	signs atomic.Int32 // since the last Look: none, one, or more
	first atomic.Int64 // when the first one came
}

// Sign notes a sign of life. It may be called by the reader and by the writer at once: two may then count as one. One
// that meets a Look counts for the next, whose time may be that of an earlier one. On a link in use it is one load.
func (l *Life) Sign() {
	switch l.signs.Load() {
	case 0:
		l.first.Store(Now())
		l.signs.Store(1)
	case 1:
		l.signs.Store(2)
	}
}

// Look gives the number of signs since the last Look, 2 for any more, and the time of the first of them on the clock of
// [Now]. One goroutine looks.
func (l *Life) Look() (signs int, first int64) {
	return int(l.signs.Swap(0)), l.first.Load()
}
