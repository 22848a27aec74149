package shm

// rdtscp gives the number of the CPU, which Linux keeps where RDTSCP finds it.
func rdtscp() (cpu uint32)

// extended gives the features of the processor's leaf 0x80000001.
func extended() (edx uint32)

var hasRDTSCP = extended()&(1<<27) != 0

// currentCPU gives the CPU this goroutine runs on just now, plus one.
func currentCPU() uint32 {
	if hasRDTSCP {
		return rdtscp() + 1
	}
	return getcpu() + 1
}
