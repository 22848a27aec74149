//go:build linux || darwin

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// canStop says that processes can be stopped and continued.
const canStop = true

func stopProcess(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }
func contProcess(p *os.Process) error { return p.Signal(syscall.SIGCONT) }

// setApart gives a process to be started a group of its own: the terminal's ctrl-C is for us alone, and should we die
// without ending it, the system hangs up on it, even when it is stopped.
func setApart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
