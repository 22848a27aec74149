//go:build unix

package rival

import (
	"syscall"
	"time"
)

// times gives the CPU seconds of this process and how often its threads waited.
func times() (seconds float64, waits int64) {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0, 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds(), int64(r.Nvcsw)
}
