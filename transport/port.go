package transport

// A Port is a connection as a protocol engine drives it: whole frames in, batched frames out, and nobody's
// goroutine inside. [NewPort] makes one of any [Conn]; shared memory implements it directly.
//
// The reading half (Next, Wait) belongs to one goroutine at a time, the reader; engines pass that role on, with a
// happens-before edge between the two. The writing half (Reserve … Commit) may be used by any number of goroutines.
// Wake, Flush, Identity, Traits and Close may be called by anyone at any time.
type Port interface {
	// Next gives the next whole frame that has already arrived; ok is false when there is none. It never blocks.
	// The frame is borrowed: it is valid until the following call of Next or Wait, by whoever makes it.
	// An error is final: framing violated ([ErrFrame], [ErrTooLarge]).
	Next() (frame []byte, ok bool, err error)

	// Wait blocks the reader until something may have arrived, Wake was called, the connection failed, or the time
	// until (nanoseconds on this process's [Now] clock; 0 means for ever) has come. It may return for no reason.
	// A failed or ended connection is the error: [io.EOF] when the other end hung up between frames.
	Wait(until int64) error

	// Wake makes the running, or else the next, Wait return. It never blocks. Several Wakes may count as one.
	Wake()

	// Reserve gives room for n bytes of the unsent batch and holds the batch until Commit. The caller writes one
	// or several whole frames into it and must call Commit soon, without blocking in between.
	// [ErrFull]: the batch is at its bound and holds something already; nothing is held, retry after a Flush.
	Reserve(n int) ([]byte, error)

	// Commit adds the first n bytes of the reserved room to the batch and lets the batch go. Commit(0) adds nothing.
	Commit(n int)

	// Flush hands the batch to the carrier. It never blocks. Calls at once are merged: one works for all, the
	// others return at once. rest says that the carrier did not take everything: the owner must have Drain called.
	Flush() (rest bool, err error)

	// Drain writes what Flush could not. It blocks until the batch is empty or the connection failed or was
	// closed. One goroutine at a time, the link's writer, and only after Flush said rest.
	Drain() error

	// Queued gives the number of bytes committed and not yet taken by the carrier.
	Queued() int

	// Life notes the signs of life of the other side.
	Life() *Life

	Identity() Identity
	Traits() Traits

	// Close ends the connection: Wait and Drain return. Closing again does nothing.
	Close() error
}

// A Rester is a [Port] that can let go of what an idle connection does not need, such as memory that it takes again when
// there is something to send.
type Rester interface {
	// Rest is called when nothing has come for a while. It does not block, and may do nothing.
	Rest()
}

// A Split finds the end of the first frame in b, which holds the bytes that have arrived so far. It gives the
// frame's whole length in bytes, or 0 when b is too short to tell. The length may exceed len(b). An error says that
// no frame begins here and ends the connection. It must not keep b.
type Split func(b []byte) (n int, err error)

// PortConfig sets the bounds of a Port. The zero value gives the defaults.
type PortConfig struct {
	// MaxFrame bounds one whole frame in bytes, either way. Default 16 MiB + 64 KiB.
	MaxFrame int
	// MaxBatch bounds the unsent batch in bytes; a single frame may exceed it when the batch is empty.
	// Default 1 MiB.
	MaxBatch int
}

const (
	defaultMaxFrame = 16<<20 + 64<<10
	defaultMaxBatch = 1 << 20
	// firstRead is the buffer that a connection begins with: what a crowd of them claims before they have sent much.
	firstRead = 4 << 10
	// readAhead is how much memory is claimed ahead of the bytes that have arrived.
	readAhead = 64 << 10
	// keepBuffer is the largest buffer kept between frames; a larger one goes back to the heap.
	keepBuffer = 256 << 10
	// drainChunk is how much Drain writes at a time, so that a slow reader is seen to read.
	drainChunk = 64 << 10
)

// WithDefaults gives the bounds that hold, for makers of Ports.
func (c PortConfig) WithDefaults() PortConfig {
	if c.MaxFrame <= 0 {
		c.MaxFrame = defaultMaxFrame
	}
	if c.MaxBatch <= 0 {
		c.MaxBatch = defaultMaxBatch
	}
	return c
}

// Frame gives the length of the frame that b begins with, 0 when that cannot be told yet, for makers of Ports. Errors are
// [ErrFrame] and [ErrTooLarge]; from is who sent it.
func (c PortConfig) Frame(split Split, b []byte, from interface{ Identity() Identity }) (int, error) {
	n, err := split(b)
	switch {
	case err != nil:
		return 0, &Error{Op: "read", Addr: from.Identity().Remote, Kind: ErrFrame, Err: err,
			Advice: "the other end speaks another protocol or is broken"}
	case n > c.MaxFrame:
		return 0, &Error{Op: "read", Addr: from.Identity().Remote, Kind: ErrTooLarge,
			Err: &LimitError{What: "frame", Size: int64(n), Limit: int64(c.MaxFrame)}, Advice: "the protocol's limit on this side can be raised"}
	}
	return n, nil
}

// Room says whether n bytes may be reserved at once, for makers of Ports: [ErrTooLarge] when they may not.
func (c PortConfig) Room(n int, to interface{ Identity() Identity }) error {
	if n <= c.MaxFrame {
		return nil
	}
	return &Error{Op: "write", Addr: to.Identity().Remote, Kind: ErrTooLarge,
		Err: &LimitError{What: "frame", Size: int64(n), Limit: int64(c.MaxFrame)}, Advice: "send less at a time, or raise the protocol's limit on both sides"}
}
