//go:build !linux && !darwin

package campus_test

func runChild() bool { return false }
