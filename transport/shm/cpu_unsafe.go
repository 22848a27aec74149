//go:build linux

package shm

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func getcpu() (cpu uint32) {
	unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0)
	return cpu
}
