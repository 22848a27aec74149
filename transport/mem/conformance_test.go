package mem_test

import (
	"strconv"
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
	"github.com/bellpull/bellpull/transport/transporttest"
)

func TestConformance(t *testing.T) {
	transporttest.TestStream(t, func(t transporttest.TB) transporttest.Setup {
		n := 0
		return transporttest.Setup{
			Transport: mem.New(mem.Backlog(5)),
			Addr:      func() transport.Addr { n++; return at(strconv.Itoa(n)) },
			Backlog:   5,
		}
	})
}

func TestPipeConformance(t *testing.T) {
	for _, buffer := range []int{10_000, mem.DefaultBuffer} {
		t.Run(strconv.Itoa(buffer), func(t *testing.T) {
			transporttest.TestPair(t, func(transporttest.TB) (a, b transport.Conn) {
				return mem.Pipe(mem.Buffer(buffer))
			})
		})
	}
}
