//go:build linux

package shm

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapped maps a descriptor. What is mapped is no business of the garbage collector's; see leave.
func mapped(fd int, size uint64, prot int) ([]byte, error) {
	at, err := unix.MmapPtr(fd, 0, nil, uintptr(size), prot, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(at), size), nil
}

// leave takes the memory away from under the segment: at once, though somebody may be reading or writing it. What is
// there then is private and reads as zeros, so they notice nothing, and what they do there reaches nobody. The address
// space goes when nobody can hold a part of it any more.
func (s *segment) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return
	}
	s.gone = true
	at, size, prot := unsafe.Pointer(&s.mem[0]), uintptr(len(s.mem)), unix.PROT_READ
	if s.file != nil {
		prot |= unix.PROT_WRITE
		s.file.Close()
	}
	unix.MmapPtr(-1, 0, at, size, prot, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED|unix.MAP_NORESERVE)
	runtime.AddCleanup(s, func(size uintptr) { unix.MunmapPtr(at, size) }, size)
}
