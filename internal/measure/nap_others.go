//go:build !linux

package measure

import "time"

func nap(d time.Duration) { time.Sleep(min(d, 50*time.Millisecond)) }
