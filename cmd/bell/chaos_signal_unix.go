//go:build linux || darwin

package main

import (
	"os"
	"syscall"
)

// canStop says that processes can be stopped and continued.
const canStop = true

func stopProcess(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }
func contProcess(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
