package worker

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// CPUs gives those that this process may use.
func CPUs() (list []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for i := range 1024 {
		if set.IsSet(i) {
			list = append(list, i)
		}
	}
	return list
}

// pinned starts a process on the given CPUs: it inherits those of the thread that starts it.
func pinned(cpus []int, start func() error) error {
	if len(cpus) == 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	for _, n := range cpus {
		set.Set(n)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	err := start()
	if back := unix.SchedSetaffinity(0, &before); back != nil {
		runtime.LockOSThread() // the thread ends with its goroutine, rather than run others on the wrong CPU
		return back
	}
	return err
}
