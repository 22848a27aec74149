//go:build !linux && !darwin

package main

import (
	"errors"
	"os"
)

// canStop says that processes can be stopped and continued.
const canStop = false

func stopProcess(*os.Process) error { return errors.ErrUnsupported }
func contProcess(*os.Process) error { return errors.ErrUnsupported }
