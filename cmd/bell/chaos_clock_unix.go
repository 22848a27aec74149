//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// machineNow gives the machine's monotonic clock in nanoseconds, which all processes share. On Linux it goes on while a
// process is stopped.
func machineNow() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return t.Nano()
}
