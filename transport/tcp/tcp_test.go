package tcp_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/tcp"
)

// accept gives the connection that the next Dial makes.
func accept(t *testing.T, l transport.Listener) <-chan transport.Conn {
	got := make(chan transport.Conn, 1)
	go func() {
		defer close(got)
		if c, err := l.AcceptConn(); err == nil {
			got <- c
		}
	}()
	t.Cleanup(func() {
		l.Close()
		for c := range got {
			c.Close()
		}
	})
	return got
}

func TestListenAndDialByText(t *testing.T) {
	l, err := tcp.Listen(t.Context(), "tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := accept(t, l)
	a := l.Addr().(transport.Addr)
	if at, err := netip.ParseAddrPort(a.Rest); a.Scheme != "tcp" || err != nil || at.Port() == 0 {
		t.Fatalf("Addr = %q, want tcp: and the real port", a)
	}
	c, err := tcp.Dial(t.Context(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := <-got
	defer s.Close()
	if want := (transport.Identity{Remote: a.String()}); c.Identity() != want {
		t.Errorf("the dialler's Identity = %+v, want %+v", c.Identity(), want)
	}
	if want := (transport.Identity{Remote: "tcp:" + c.LocalAddr().String()}); s.Identity() != want {
		t.Errorf("the acceptor's Identity = %+v, want %+v", s.Identity(), want)
	}
	if want := (transport.Traits{Scheme: "tcp", HalfClose: true}); c.Traits() != want {
		t.Errorf("Traits = %+v, want %+v", c.Traits(), want)
	}
}

func TestAddressesRefused(t *testing.T) {
	for _, text := range []string{"", "calc", "tcp:127.0.0.1", "tcp:127.0.0.1:http", "mem:x"} {
		if _, err := tcp.Dial(t.Context(), text); !errors.Is(err, transport.ErrAddress) {
			t.Errorf("Dial(%q) = %v, want ErrAddress", text, err)
		}
		if _, err := tcp.Listen(t.Context(), text); !errors.Is(err, transport.ErrAddress) {
			t.Errorf("Listen(%q) = %v, want ErrAddress", text, err)
		}
	}
	// An Addr made by hand was not looked at by the parser.
	_, err := new(tcp.Transport).Dial(t.Context(), transport.Addr{Scheme: "tcp", Rest: "x"})
	if !errors.Is(err, transport.ErrAddress) {
		t.Errorf("Dial without a port = %v, want ErrAddress", err)
	}
}

func TestTLSWithoutConfiguration(t *testing.T) {
	_, dialErr := tcp.Dial(t.Context(), "tcps:127.0.0.1:1", tcp.WithServerTLS(new(tls.Config)))
	_, listenErr := tcp.Listen(t.Context(), "tcps:127.0.0.1:0", tcp.WithClientTLS(new(tls.Config)))
	for field, err := range map[string]error{"ClientTLS": dialErr, "ServerTLS": listenErr} {
		te, ok := errors.AsType[*transport.Error](err)
		if !ok || !errors.Is(err, tcp.ErrNoTLS) || !errors.Is(err, transport.ErrAddress) || !strings.Contains(te.Advice, field) {
			t.Errorf("tcps without %s = %v, want ErrNoTLS with advice", field, err)
		}
	}
}

func TestHostNameThatIsNone(t *testing.T) {
	_, err := tcp.Dial(t.Context(), "tcp:nowhere.invalid:1")
	te, ok := errors.AsType[*transport.Error](err)
	if !ok || te.Op != "dial" || te.Err == nil || errors.Is(err, transport.ErrNoServer) {
		t.Errorf("Dial = %v, want an *Error with a cause and no kind", err)
	}
}

func TestTryWriteDoesNotAllocate(t *testing.T) {
	l, err := tcp.Listen(t.Context(), "tcp:127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := accept(t, l)
	c, err := tcp.Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w, ok := c.(transport.TryWriter)
	if !ok {
		t.Skip("no TryWriter on this system")
	}
	s := <-got
	defer s.Close()
	buf := make([]byte, 100)
	allocs := testing.AllocsPerRun(100, func() {
		if n, err := w.TryWrite(buf); n != len(buf) || err != nil {
			t.Fatalf("TryWrite = %d, %v", n, err)
		}
		io.ReadFull(s, buf)
	})
	if allocs != 0 {
		t.Errorf("%v allocations a round, want 0", allocs)
	}
}

func TestConnIsATCPConn(t *testing.T) {
	var c any = new(tcp.Conn)
	if _, ok := c.(interface{ SetNoDelay(bool) error }); !ok {
		t.Error("a Conn has no SetNoDelay")
	}
	if _, ok := c.(io.ReaderFrom); !ok {
		t.Error("a Conn is no ReaderFrom: io.Copy would not use the kernel's short cuts")
	}
	var _ net.Conn = new(tcp.Conn)
}
