package tcp_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/tcp"
)

func listenTLS(t *testing.T, tr *tcp.Transport) (transport.Listener, transport.Addr) {
	t.Helper()
	l, err := tr.Listen(t.Context(), loopback("tcps")())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(transport.Addr)
}

// rawDial connects without saying anything.
func rawDial(t *testing.T, a transport.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", a.Rest)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Clients that never shake hands, as many as a crowd, do not keep others waiting.
func TestSilentClientsDelayNobody(t *testing.T) {
	tr := withTLS(t)
	tr.HandshakeTimeout = time.Hour
	l, a := listenTLS(t, tr)
	for range tcp.MaxHandshakes / 2 {
		rawDial(t, a)
	}
	got := accept(t, l)
	c, err := tr.Dial(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := <-got
	defer s.Close()
	if want := (transport.Traits{Scheme: "tcps", HalfClose: true, Encrypted: true}); s.Traits() != want {
		t.Errorf("Traits = %+v, want %+v", s.Traits(), want)
	}
	if state := s.(*tcp.TLSConn).ConnectionState(); !state.HandshakeComplete {
		t.Error("Accept gave a connection whose handshake is not done")
	}
}

// More of them than there are places give way, the oldest first.
func TestSilentClientsMakeRoom(t *testing.T) {
	tr := withTLS(t)
	tr.HandshakeTimeout = time.Hour
	crowded := make(chan error, tcp.MaxHandshakes)
	tr.OnHandshakeError = func(_ net.Addr, err error) { crowded <- err }
	l, a := listenTLS(t, tr)
	silent := make([]net.Conn, tcp.MaxHandshakes+10)
	for i := range silent {
		silent[i] = rawDial(t, a)
	}
	got := accept(t, l)
	c, err := tr.Dial(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := <-got
	defer s.Close()
	for i, c := range silent[:11] {
		if over, ok := errors.AsType[*transport.LimitError](<-crowded); !ok || over.Limit != tcp.MaxHandshakes {
			t.Error("OnHandshakeError was not told of the limit")
		}
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("silent client %d got an answer", i)
		}
	}
	silent[11].SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := silent[11].Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("one had to go too many:", err)
	}
}

// A client that says nothing has its time.
func TestSilentClientsGiveWay(t *testing.T) {
	tr := withTLS(t)
	tr.HandshakeTimeout = 50 * time.Millisecond
	failed := make(chan error, 1)
	tr.OnHandshakeError = func(_ net.Addr, err error) { failed <- err }
	_, a := listenTLS(t, tr)
	c := rawDial(t, a)
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("it got an answer")
	}
	if err := <-failed; err == nil {
		t.Error("OnHandshakeError was told of nothing")
	}
}

// Close does not wait for clients that say nothing.
func TestCloseEndsHandshakes(t *testing.T) {
	tr := withTLS(t)
	tr.HandshakeTimeout = time.Hour
	l, a := listenTLS(t, tr)
	c := rawDial(t, a)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a client whose listener closed got an answer")
	}
}

func TestCertificateNotTrusted(t *testing.T) {
	tr := withTLS(t)
	l, a := listenTLS(t, tr)
	_, err := tcp.Dial(t.Context(), a.String(), tcp.WithClientTLS(withTLS(t).ClientTLS))
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || !errors.Is(err, transport.ErrNotTrusted) {
		t.Errorf("Dial to a stranger = %v, want ErrNotTrusted and the cause", err)
	}
	l.Close()
}

func TestServerWithoutTLS(t *testing.T) {
	l, err := tcp.Listen(t.Context(), "tcp:127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := l.AcceptConn(); err == nil {
			io.WriteString(c, "220 this is something else\r\n")
			c.Close()
		}
	}()
	a := transport.Addr{Scheme: "tcps", Rest: l.Addr().(transport.Addr).Rest}
	_, err = withTLS(t).Dial(t.Context(), a)
	if te, ok := errors.AsType[*transport.Error](err); !ok || te.Err == nil {
		t.Errorf("Dial = %v, want an *Error with a cause", err)
	}
	<-done
}

// The client says its last word and goes without ever having read.
func TestLastWordsArrive(t *testing.T) {
	tr := withTLS(t)
	l, a := listenTLS(t, tr)
	got := accept(t, l)
	c, err := tr.Dial(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "last words"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	s := <-got
	defer s.Close()
	if text, err := io.ReadAll(s); string(text) != "last words" || err != nil {
		t.Errorf("ReadAll = %q, %v", text, err)
	}
}
