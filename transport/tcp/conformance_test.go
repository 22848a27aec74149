package tcp_test

import (
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/tcp"
	"github.com/bellpull/bellpull/transport/transporttest"
)

func loopback(scheme string) func() transport.Addr {
	return func() transport.Addr { return transport.Addr{Scheme: scheme, Rest: "127.0.0.1:0"} }
}

func TestConformance(t *testing.T) {
	transporttest.TestStream(t, func(transporttest.TB) transporttest.Setup {
		return transporttest.Setup{Transport: new(tcp.Transport), Addr: loopback("tcp")}
	})
}

func TestTLSConformance(t *testing.T) {
	shared := withTLS(t)
	transporttest.TestStream(t, func(transporttest.TB) transporttest.Setup {
		return transporttest.Setup{Transport: shared, Addr: loopback("tcps")}
	})
}
