//go:build !linux && !darwin

package main

import (
	"errors"
	"os"
	"os/exec"
)

// canStop says that processes can be stopped and continued.
const canStop = false

func stopProcess(*os.Process) error { return errors.ErrUnsupported }
func contProcess(*os.Process) error { return errors.ErrUnsupported }

// setApart: only stopped processes need it.
func setApart(*exec.Cmd) {}
