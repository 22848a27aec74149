package pump

import (
	"os"

	"golang.org/x/sys/unix"
)

// kernelTicker ticks every millisecond between start and stop. start, stop and close are called with the monitor's mu
// held, wait by one goroutine.
type kernelTicker struct {
	f      *os.File
	fd     int // of f; File.Fd would take it off the poller
	closed bool
	buf    [8]byte
}

// newKernelTicker gives nil when the system has no timer to spare.
func newKernelTicker() *kernelTicker {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &kernelTicker{f: os.NewFile(uintptr(fd), "timerfd"), fd: fd}
}

// wait blocks until the next tick and says false once closed.
func (k *kernelTicker) wait() bool {
	_, err := k.f.Read(k.buf[:])
	return err == nil
}

func (k *kernelTicker) set(every unix.Timespec) {
	if !k.closed {
		unix.TimerfdSettime(k.fd, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil)
	}
}

func (k *kernelTicker) start() { k.set(unix.NsecToTimespec(int64(tickEvery))) }
func (k *kernelTicker) stop()  { k.set(unix.Timespec{}) }

func (k *kernelTicker) close() {
	k.closed = true
	k.f.Close()
}
