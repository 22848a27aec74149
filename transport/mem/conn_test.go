package mem_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

func TestCloseLeavesWhatWasWritten(t *testing.T) {
	a, b := mem.Pipe()
	defer b.Close()
	a.Write([]byte("last words"))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "last words" || err != nil {
		t.Errorf("ReadAll = %q, %v", got, err)
	}
	for _, f := range []func([]byte) (int, error){b.Write, b.TryWrite} {
		_, err := f([]byte("x"))
		var op *net.OpError
		if !errors.Is(err, syscall.EPIPE) || !errors.As(err, &op) || op.Op != "write" || op.Net != "mem" {
			t.Errorf("write to a closed end = %v, want EPIPE in an OpError", err)
		}
	}
	if err := a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close = %v, want net.ErrClosed", err)
	}
	for name, err := range map[string]error{
		"SetDeadline": a.SetDeadline(time.Now()), "SetReadDeadline": a.SetReadDeadline(time.Time{}),
		"SetWriteDeadline": a.SetWriteDeadline(time.Time{}), "CloseWrite": a.CloseWrite(),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close = %v, want net.ErrClosed", name, err)
		}
	}
}

func TestTryWriteStopsAtTheLimit(t *testing.T) {
	a, b := mem.Pipe(mem.Buffer(10))
	defer b.Close()
	defer a.Close()
	for _, want := range []int{7, 3, 0} {
		if n, err := a.TryWrite([]byte("1234567")); n != want || err != nil {
			t.Fatalf("TryWrite = %d, %v, want %d", n, err, want)
		}
	}
	buf := make([]byte, 4)
	io.ReadFull(b, buf)
	if n, err := a.TryWrite([]byte("abcdef")); n != 4 || err != nil {
		t.Fatalf("TryWrite after a Read of 4 = %d, %v", n, err)
	}
	a.CloseWrite()
	if rest, _ := io.ReadAll(b); string(rest) != "567123abcd" {
		t.Errorf("the rest = %q", rest)
	}
}

// The ring grows, wraps and empties at every offset; what comes out is what went in.
func TestRingAgainstModel(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		limit := 1 + rnd.IntN(3000)
		a, b := mem.Pipe(mem.Buffer(limit))
		var model []byte
		next := byte(0)
		for range 400 {
			p := make([]byte, rnd.IntN(limit+10))
			if rnd.IntN(2) == 0 {
				for i := range p {
					p[i] = next + byte(i)
				}
				n, err := a.TryWrite(p)
				if want := min(len(p), limit-len(model)); n != want || err != nil {
					t.Fatalf("seed %d: TryWrite(%d) = %d, %v, want %d", seed, len(p), n, err, want)
				}
				model, next = append(model, p[:n]...), next+byte(n)
			} else if len(model) > 0 {
				n, err := b.Read(p)
				if want := min(len(p), len(model)); n != want || err != nil || !bytes.Equal(p[:n], model[:n]) {
					t.Fatalf("seed %d: Read(%d) = %d, %v, want %d bytes of the model", seed, len(p), n, err, want)
				}
				model = model[n:]
			}
		}
		a.Close()
		b.Close()
	}
}

func TestReadAndWriteDoNotAllocate(t *testing.T) {
	a, b := mem.Pipe()
	defer b.Close()
	defer a.Close()
	buf := make([]byte, 4096)
	deadline := time.Now().Add(time.Hour)
	got := testing.AllocsPerRun(100, func() {
		a.SetDeadline(deadline)
		a.Write(buf)
		a.TryWrite(buf)
		io.ReadFull(b, buf)
		io.ReadFull(b, buf)
	})
	if got != 0 {
		t.Errorf("%v allocations a round, want 0", got)
	}
}

func TestAddresses(t *testing.T) {
	client, server := connect(t, mem.New(), "calc")
	defer server.Close()
	defer client.Close()
	if got := client.RemoteAddr(); got != at("calc") || client.Identity().Remote != "mem:calc" {
		t.Errorf("the dialler's RemoteAddr = %v, Identity = %+v", got, client.Identity())
	}
	if server.LocalAddr() != at("calc") || server.RemoteAddr() != client.LocalAddr() || server.RemoteAddr() == at("calc") {
		t.Errorf("server: %v <- %v, client: %v", server.LocalAddr(), server.RemoteAddr(), client.LocalAddr())
	}
}

func TestNetworksAreApart(t *testing.T) {
	var zero mem.Network
	n := mem.New()
	for _, network := range []*mem.Network{&zero, n} {
		l, err := network.Listen(t.Context(), at("same"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	if _, err := mem.New().Dial(t.Context(), at("same")); !errors.Is(err, transport.ErrNoServer) {
		t.Errorf("Dial in a third Network = %v, want ErrNoServer", err)
	}
}

func TestAddressesRefused(t *testing.T) {
	n := mem.New()
	for _, a := range []transport.Addr{{}, {Scheme: "mem"}, {Scheme: "tcp", Rest: "127.0.0.1:1"}} {
		if _, err := n.Dial(t.Context(), a); !errors.Is(err, transport.ErrAddress) {
			t.Errorf("Dial(%q) = %v, want ErrAddress", a, err)
		}
		if _, err := n.Listen(t.Context(), a); !errors.Is(err, transport.ErrAddress) {
			t.Errorf("Listen(%q) = %v, want ErrAddress", a, err)
		}
	}
}

func BenchmarkPingPong(b *testing.B) {
	x, y := mem.Pipe()
	defer x.Close()
	go func() {
		defer y.Close()
		buf := make([]byte, 64)
		for {
			n, err := y.Read(buf)
			if err != nil {
				return
			}
			y.Write(buf[:n])
		}
	}()
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		x.Write(buf)
		io.ReadFull(x, buf)
	}
}
