package rival

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// Usage is what a process has used since it began.
type Usage struct {
	CPU     float64 `json:"cpu"`     // seconds, user and system
	Mallocs uint64  `json:"mallocs"` // objects allocated
	Wakes   int64   `json:"wakes"`   // times a thread of it gave up the CPU to wait
	Bytes   int64   `json:"bytes"`   // proportional set size; 0 unless asked for, or where the system does not tell
}

// Plus adds another process's.
func (u Usage) Plus(o Usage) Usage {
	return Usage{u.CPU + o.CPU, u.Mallocs + o.Mallocs, u.Wakes + o.Wakes, u.Bytes + o.Bytes}
}

// Minus gives what was used since an earlier reading. Bytes become the growth.
func (u Usage) Minus(o Usage) Usage {
	return Usage{u.CPU - o.CPU, u.Mallocs - o.Mallocs, u.Wakes - o.Wakes, u.Bytes - o.Bytes}
}

// OwnUsage gives that of this process.
func OwnUsage(memory bool) Usage {
	u := Usage{}
	if memory {
		debug.FreeOSMemory() // and collects garbage before
		u.Bytes = proportional()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Mallocs = m.Mallocs
	u.CPU, u.Wakes = times()
	return u
}

// proportional gives the proportional set size: shared pages count by their share, so that memory which two processes
// map counts once.
func proportional() int64 {
	b, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
