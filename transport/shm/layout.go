package shm

// The layout of a segment: what one side writes.
const (
	slotSize  = 128
	wordSize  = 8
	maxInline = slotSize - wordSize

	headerSize = 4096
	offSleep   = 128 // u32: how the owner's reader is, see below
	offDone    = 256 // u64: slots of the other side's ring that the owner's reader is done with
	offCPU     = 384 // u32: where the owner's reader was last, plus one; 0: not known
	offLive    = 512 // u32: 1 while ring and arena may be touched

	defaultSlots = 1024
	defaultArena = 512 << 10
	maxSlots     = 1 << 16
	maxArena     = 64 << 20
	arenaAlign   = 64
)

// The sleep word: how the reader is in the two low bits, and above them how often it has slept. Who publishes something
// rings when it is not awake, once for each sleep. Memory is given back only while it is sound asleep: a light sleeper
// looks at the ring once more.
const (
	awake      = 0
	dozing     = 1
	asleep     = 2
	sleepMask  = 3
	sleepShift = 2
)

// The low half of a slot's word: two bits of kind, the rest the length. The kind 0 is none.
const (
	kindShift = 30
	lenMask   = 1<<kindShift - 1

	kindInline = 1 // the bytes follow in the slot
	kindArena  = 2 // u32 in the slot: where in the arena the bytes are
	kindSync   = 3 // no bytes; u32 in the slot: how many records of the socket come before what follows
)

// number gives the high half of a slot's word: never 0, which is what untouched memory says, and another one in each lap.
func number(slot uint64) uint32 { return uint32(slot) | 1<<31 }

// geometry is the size of a segment.
type geometry struct{ slots, arena uint64 }

func (g geometry) ring() uint64 { return g.slots * slotSize }
func (g geometry) size() uint64 { return headerSize + g.ring() + g.arena }

// sound says whether a segment may have the size: what the other side says is looked at before it is used.
func (g geometry) sound() bool {
	return g.slots >= 16 && g.slots <= maxSlots && g.slots&(g.slots-1) == 0 &&
		g.arena >= 4096 && g.arena <= maxArena && g.arena%4096 == 0
}
