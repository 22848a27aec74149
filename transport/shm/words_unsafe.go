//go:build linux

package shm

import (
	"sync/atomic"
	"unsafe"
)

// words are the header of a segment. The memory is page aligned and all offsets are multiples of 8, so that they are
// aligned as sync/atomic wants them.
type words struct {
	sleep *atomic.Uint32
	done  *atomic.Uint64
	cpu   *atomic.Uint32
	live  *atomic.Uint32
}

func wordsOf(mem []byte) words {
	_ = mem[headerSize-1]
	return words{
		sleep: (*atomic.Uint32)(unsafe.Pointer(&mem[offSleep])),
		done:  (*atomic.Uint64)(unsafe.Pointer(&mem[offDone])),
		cpu:   (*atomic.Uint32)(unsafe.Pointer(&mem[offCPU])),
		live:  (*atomic.Uint32)(unsafe.Pointer(&mem[offLive])),
	}
}

// word gives the word of a slot. i is below the number of slots of the ring.
func word(ring []byte, i uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&ring[i*slotSize : i*slotSize+wordSize][0]))
}

// load32 and store32 move the u32 behind a slot's word: one load, one store, never torn.
func load32(b []byte) uint32     { return (*atomic.Uint32)(unsafe.Pointer(&b[:4][0])).Load() }
func store32(b []byte, v uint32) { (*atomic.Uint32)(unsafe.Pointer(&b[:4][0])).Store(v) }
