package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// usage of a process that must be the same after a node as before it.
type holdings struct {
	goroutines, files int
}

// held counts the goroutines and open files of this process; files is 0 where the system does not tell.
func held() holdings {
	h := holdings{goroutines: runtime.NumGoroutine()}
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if list, err := os.ReadDir(dir); err == nil {
			h.files = len(list)
			break
		}
	}
	return h
}

// heldAtFirst is held after the runtime has opened what it keeps open once there was a network connection.
func heldAtFirst() holdings {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	return held()
}

const (
	leftPatience = time.Second // for goroutines that have returned but not ended
	leftPause    = 5 * time.Millisecond
)

// tellLeft says on standard output what the process has more than before, and on standard error who holds it.
func tellLeft(a *app, before holdings) {
	now := held()
	for from := time.Now(); time.Since(from) < leftPatience && (now.goroutines > before.goroutines || now.files > before.files); now = held() {
		time.Sleep(leftPause)
	}
	a.write(fmt.Appendf(nil, "left %d %d\n", max(0, now.goroutines-before.goroutines), max(0, now.files-before.files)))
	if now.goroutines > before.goroutines {
		var b strings.Builder
		pprof.Lookup("goroutine").WriteTo(&b, 1)
		fmt.Fprint(a.err, b.String())
	}
}
