package sim

import "time"

// A Fate is what happens to the bytes of one direction of a connection. The zero Fate lets them through at once.
type Fate struct {
	// Latency is the least time from a write to the arrival of its bytes; Jitter is added to it, from nothing to less
	// than so much, for each piece by itself. Pieces do not overtake each other.
	Latency, Jitter time.Duration
	// Piece is how many bytes arrive together at most; 0 is as many as were written together. A long write is cut into
	// eight pieces at most.
	Piece int
	// Room is how many bytes are on their way at most before writes block and a TryWrite takes a part; 0 is 64 KiB.
	Room int
	// Cuts says that the connection is cut, both ways, when CutAt bytes have arrived, or were to arrive when it is 0.
	// Reset has both ends see a reset instead of an end.
	Cuts  bool
	CutAt int64
	Reset bool
	// When StallAt bytes have arrived the others take StallFor longer: nothing else tells the two ends.
	StallAt  int64
	StallFor time.Duration
}

// A Course is what happens to one dial.
type Course struct {
	Pause  time.Duration // until there is an answer
	Refuse bool          // nobody listens, it says
	// HangUp gives a connection that no listener gets, and that ends after HangAfter.
	HangUp    bool
	HangAfter time.Duration
	// Out are the bytes of the one who dials, In those it gets.
	Out, In Fate
}

// A Script gives the course of the n-th dial of a host, n from 0. It is called concurrently and must depend on nothing
// but its arguments. The dice are the dial's own.
type Script func(host string, n int, d Dice) Course

// Calm is the script of a network without faults and delays.
func Calm(string, int, Dice) Course { return Course{} }
