package main

import (
	"fmt"
	"os"
	"strings"
)

// processName gives the name of a process's program, "" when it cannot be told.
func processName(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return oneLine(strings.TrimSuffix(string(b), "\n"), 64)
}
