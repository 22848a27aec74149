package shm

import "github.com/bellpull/bellpull/transport"

// Transport is shared memory as a transport, for the scheme "shm". The zero Transport is ready. Do not change it once it
// is used.
type Transport struct {
	// Spin says whether readers wait awake for a moment before they sleep. Default SpinBriefly.
	Spin Spin
	// Slots is the number of frames of this side that can be under way, a power of two from 16 to 65,536. Default 1,024.
	Slots int
	// Arena is how many bytes those may have that are longer than 120 bytes: a multiple of 4,096 up to 64 MiB. Default
	// 512 KiB. A frame longer than a quarter of it goes in parts.
	Arena int
	// OnShort, if set, is told when there was no memory to reserve: the connection then uses its socket, and tries again
	// after a second. It must not block.
	OnShort func(error)
}

// Spin is how a reader waits.
type Spin uint8

const (
	// SpinBriefly: 2 us of polling and 50 us of yielding, and never while nothing comes.
	SpinBriefly Spin = iota
	// SpinNever: it sleeps at once. For machines on battery, or with more to do than they can.
	SpinNever
)

func (t *Transport) geometry() geometry {
	g := geometry{uint64(t.Slots), uint64(t.Arena)}
	if g.slots == 0 {
		g.slots = defaultSlots
	}
	if g.arena == 0 {
		g.arena = defaultArena
	}
	return g
}

// Schemes gives "shm".
func (t *Transport) Schemes() []string { return []string{"shm"} }

var _ transport.Transport = (*Transport)(nil)
