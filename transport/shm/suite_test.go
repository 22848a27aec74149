//go:build linux

package shm

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/transporttest"
)

var names atomic.Int64

func addr() transport.Addr {
	return transport.Addr{Scheme: "shm", Rest: fmt.Sprintf("test-%d-%d", os.Getpid(), names.Add(1))}
}

// TestSuite: the rules of all transports, with the usual rings and with small ones.
func TestSuite(t *testing.T) {
	for name, tr := range map[string]*Transport{"usual": {}, "small": {Slots: 16, Arena: 256 << 10}, "without spinning": {Spin: SpinNever}} {
		t.Run(name, func(t *testing.T) {
			transporttest.TestStream(t, func(transporttest.TB) transporttest.Setup {
				return transporttest.Setup{Transport: tr, Addr: addr}
			})
		})
	}
}
