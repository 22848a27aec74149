//go:build linux || darwin

package unixsock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// pair gives the two ends of a connection.
func pair(t *testing.T) (client, server *Conn) {
	t.Helper()
	at := "unix:" + filepath.Join(shortDir(t), "s")
	l := listen(t, at)
	return dial(t, at), accept(t, l)
}

func TestTryWrite(t *testing.T) {
	a, b := pair(t)
	if n, err := a.TryWrite(nil); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	// Fill the kernel's buffers; more than 64 MiB they do not take.
	piece := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	var sent []byte
	full := false
	for range 1024 {
		n, err := a.TryWrite(piece)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, piece[:n]...)
		if full = n == 0; full {
			break
		}
	}
	if !full {
		t.Fatalf("%d bytes taken and nobody reads", len(sent))
	}
	if n, err := a.TryWrite(piece[:1]); n != 0 || err != nil {
		t.Errorf("full: %d, %v; want 0 and no error", n, err)
	}
	b.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(b, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("other bytes than TryWrite took, %v", err)
	}
	if n, err := a.TryWrite([]byte("more")); n != 4 || err != nil {
		t.Errorf("with room again: %d, %v", n, err)
	}
}

func TestTryWriteErrors(t *testing.T) {
	a, b := pair(t)
	a.SetWriteDeadline(time.Unix(1, 0))
	if n, err := a.TryWrite([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past deadline: %d, %v", n, err)
	}
	a.SetWriteDeadline(time.Time{})
	b.Close()
	n, err := a.TryWrite([]byte("x"))
	oe, ok := errors.AsType[*net.OpError](err)
	if n != 0 || !errors.Is(err, syscall.EPIPE) || !ok || oe.Op != "write" {
		t.Errorf("to the dead: %d, %v; want EPIPE in an OpError", n, err)
	}
	a.Close()
	if n, err := a.TryWrite([]byte("x")); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %d, %v", n, err)
	}
}

func TestTryWriteAllocates(t *testing.T) {
	a, b := pair(t)
	out, in := []byte("0123456789"), make([]byte, 10)
	n := testing.AllocsPerRun(100, func() {
		if n, err := a.TryWrite(out); n != len(out) || err != nil {
			t.Fatal(n, err)
		}
		if _, err := io.ReadFull(b, in); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a write, want none", n)
	}
}

func TestHalfClose(t *testing.T) {
	a, b := pair(t)
	a.Write([]byte("question"))
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b.SetDeadline(time.Now().Add(patience))
	if got, err := io.ReadAll(b); err != nil || string(got) != "question" {
		t.Fatalf("read %q, %v", got, err)
	}
	if _, err := b.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if got, err := io.ReadAll(a); err != nil || string(got) != "answer" {
		t.Errorf("read %q, %v", got, err)
	}
}

// TestCloseRead: an end that takes no more bytes can still send, as one-way pipes do.
func TestCloseRead(t *testing.T) {
	a, b := pair(t)
	if err := a.CloseRead(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing to an end that does not read: %v, want EPIPE", err)
	}
	if _, err := a.Write([]byte("x")); err != nil {
		t.Errorf("writing from that end: %v", err)
	}
}

func TestTraitsAndIdentity(t *testing.T) {
	_, dirs := homes(t)
	for _, at := range []string{"local:i", "unix:" + shortDir(t) + "/s"} {
		t.Run(at[:5], func(t *testing.T) {
			l := listen(t, at, dirs)
			a := dial(t, at, dirs)
			b := accept(t, l)
			want := transport.Identity{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid(),
				HasUser: true, SameUser: true, Remote: at}
			traits := transport.Traits{Scheme: l.addr.Scheme, Local: true, SameUser: true, PeerIdentity: true, HalfClose: true}
			for name, c := range map[string]*Conn{"dialler": a, "acceptor": b} {
				if got := c.Identity(); got != want {
					t.Errorf("%s: %+v, want %+v", name, got, want)
				}
				if got := c.Traits(); got != traits {
					t.Errorf("%s: %+v, want %+v", name, got, traits)
				}
			}
			traits.SameUser = l.addr.Scheme == "local"
			if got := l.Traits(); got != traits {
				t.Errorf("listener: %+v, want %+v", got, traits)
			}
		})
	}
	l := listen(t, "unix:"+shortDir(t)+"/s", WithSameUserOnly())
	if !l.Traits().SameUser {
		t.Error("a listener for the same user does not promise it")
	}
}

// TestHTTP: net/http takes listeners and connections as they are.
func TestHTTP(t *testing.T) {
	_, dirs := homes(t)
	l := listen(t, "local:web", dirs)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello ", r.URL.Path)
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{DialContext: dialFunc("local:web", dirs), DisableKeepAlives: true}}
	resp, err := client.Get("http://web/there")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || string(body) != "hello /there" {
		t.Errorf("got %q, %v", body, err)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}
