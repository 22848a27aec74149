//go:build !linux

package pump

// kernelTicker is not there on this system: ticks come from timers.
type kernelTicker struct{}

func newKernelTicker() *kernelTicker { return nil }

func (*kernelTicker) wait() bool { return false }
func (*kernelTicker) start()     {}
func (*kernelTicker) stop()      {}
func (*kernelTicker) close()     {}
