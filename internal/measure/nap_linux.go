package measure

import (
	"syscall"
	"time"
)

// nap sleeps for d or less, 50 ms at most, so that whoever naps again and again notices when to stop. It sleeps on a
// thread of its own: a sleep of the runtime's that is shorter than a millisecond takes one.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(min(d, 50*time.Millisecond)))
	syscall.Nanosleep(&t, nil)
}
