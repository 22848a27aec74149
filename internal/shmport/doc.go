// Package shmport is a spike: a ring in shared memory as a [transport.Port], to prove that the contracts of package
// transport and the engines above them carry a call in less than a microsecond. Its scheme is "shm".
//
// It trusts its peer. It has no seals, no bounds on what it reads from shared memory beyond plain slicing, no limit on
// what a peer may do to it, and frames of at most a quarter of a ring. Nothing but the demonstration and the benchmarks
// may use it.
//
// A connection is a Unix socket (local:NAME.shm), over which the listener sends the descriptor of a memory of its own
// making. The socket stays open: it is the doorbell for a side that sleeps, and its end is the connection's.
//
//	memory     header page: two lines a direction, then the two rings
//	direction  line 0: "asleep" of its reader; line 1: slots its reader has released
//	ring       4,096 slots of 128 bytes
//	frame      in as many slots as it takes, contiguous: u64 (low: length; high: number of the first slot, plus one),
//	           then the bytes. Length 2^32-1: the rest of the ring is left out, go on at its beginning.
//
// The word of the slot behind the last frame is always zero before that frame is published, so that a reader never
// takes a payload for a word.
package shmport

const (
	slotSize  = 128
	slots     = 4096
	ringSize  = slots * slotSize
	page      = 4096
	memSize   = page + 2*ringSize
	wordSize  = 8
	maxFrame  = ringSize / 4
	skip      = 1<<32 - 1
	asleepOff = 0
	doneOff   = 128
	dirStride = 256
)
