package transport

import "time"

// base is where Now counts from. A Time read inside a testing/synctest bubble differs from it by a constant, so Now
// is monotonic there as well.
var base = time.Now()

// Now gives the time on this process's monotonic clock in nanoseconds. It is what deadlines of a [Port] and of calls
// are measured against; it says nothing to another process.
func Now() int64 { return int64(time.Since(base)) }
