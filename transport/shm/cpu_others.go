//go:build linux && !amd64

package shm

// currentCPU gives the CPU this goroutine runs on just now, plus one.
func currentCPU() uint32 { return getcpu() + 1 }
