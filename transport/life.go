package transport

import "sync/atomic"

// Life notes the last sign of life of the other side: bytes that arrived, or bytes that a carrier which had fallen behind
// took after all, since that means that somebody reads. A heartbeat looks at it. The zero Life has seen none.
type Life struct{ last atomic.Int64 }

// Sign notes a sign of life. It costs a look at the clock. Anybody may call it at any time.
func (l *Life) Sign() { l.last.Store(Now()) }

// Last gives the time of the last sign on the clock of [Now], 0 when there was none.
func (l *Life) Last() int64 { return l.last.Load() }
