//go:build !linux

package worker

import "errors"

// CPUs: not told here.
func CPUs() []int { return nil }

func pinned(cpus []int, start func() error) error {
	if len(cpus) > 0 {
		return errors.ErrUnsupported
	}
	return start()
}
