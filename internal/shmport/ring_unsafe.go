//go:build linux

package shmport

import (
	"sync/atomic"
	"unsafe"
)

// half is one direction of the memory, seen from either end.
type half struct {
	ring   []byte
	asleep *atomic.Uint32
	done   *atomic.Uint64
}

// halfOf gives direction i of a mapped memory. The memory is page aligned, and all offsets are multiples of 8, so the
// words are aligned as sync/atomic wants them.
func halfOf(mem []byte, i int) half {
	h := mem[i*dirStride:]
	return half{
		ring:   mem[page+i*ringSize : page+(i+1)*ringSize : page+(i+1)*ringSize],
		asleep: (*atomic.Uint32)(unsafe.Pointer(&h[asleepOff])),
		done:   (*atomic.Uint64)(unsafe.Pointer(&h[doneOff])),
	}
}

// word gives the first word of a slot.
func (h *half) word(slot uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&h.ring[slot%slots*slotSize]))
}
