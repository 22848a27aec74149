package mem_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

func at(name string) transport.Addr { return transport.Addr{Scheme: "mem", Rest: name} }

// connect gives both ends of one connection through n.
func connect(t *testing.T, n *mem.Network, name string) (client, server transport.Conn) {
	t.Helper()
	l, err := n.Listen(t.Context(), at(name))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = n.Dial(t.Context(), at(name)); err != nil {
		t.Fatal(err)
	}
	if server, err = l.AcceptConn(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestReadDeadlineOnTheBubblesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mem.Pipe()
		defer b.Close()
		defer a.Close()
		start := time.Now()
		a.SetReadDeadline(start.Add(30 * time.Second))
		_, err := a.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 30*time.Second {
			t.Errorf("Read = %v after %v, want os.ErrDeadlineExceeded after 30s", err, time.Since(start))
		}
		a.SetReadDeadline(time.Time{})
		b.Write([]byte{7})
		if n, err := a.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("Read after clearing the deadline = %d, %v", n, err)
		}
	})
}

// Two writers queue on one full buffer. Were the queue a mutex, the bubble's clock would stand still.
func TestQueuedWritersAreDurablyBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mem.Pipe(mem.Buffer(4))
		defer b.Close()
		defer a.Close()
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		errs := make(chan error)
		for range 2 {
			go func() {
				_, err := a.Write(make([]byte, 100))
				errs <- err
			}()
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Write = %v, want os.ErrDeadlineExceeded", err)
			}
		}
	})
}

func TestDeadlineMovedWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mem.Pipe()
		defer b.Close()
		defer a.Close()
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Second))
		done := make(chan error)
		go func() {
			_, err := a.Read(make([]byte, 1))
			done <- err
		}()
		synctest.Wait()
		a.SetReadDeadline(start.Add(time.Hour))
		if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("Read = %v after %v, want os.ErrDeadlineExceeded after 1h", err, time.Since(start))
		}
	})
}

func TestDialWaitsForRoomInTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.New(mem.Backlog(1))
		l, err := n.Listen(t.Context(), at("full"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		first, err := n.Dial(t.Context(), at("full"))
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := n.Dial(ctx, at("full")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Dial = %v after %v, want context.DeadlineExceeded after 1s", err, time.Since(start))
		}
		dialled := make(chan error)
		go func() {
			c, err := n.Dial(t.Context(), at("full"))
			if err == nil {
				c.Close()
			}
			dialled <- err
		}()
		synctest.Wait()
		c, err := l.AcceptConn()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := <-dialled; err != nil {
			t.Errorf("Dial after Accept made room = %v", err)
		}
	})
}

func TestCloseWakesDiallersAndEndsTheBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mem.New(mem.Backlog(1))
		l, err := n.Listen(t.Context(), at("x"))
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := n.Dial(t.Context(), at("x"))
		if err != nil {
			t.Fatal(err)
		}
		defer waiting.Close()
		dialled := make(chan error)
		go func() {
			_, err := n.Dial(t.Context(), at("x"))
			dialled <- err
		}()
		synctest.Wait()
		l.Close()
		if err := <-dialled; !errors.Is(err, transport.ErrNoServer) {
			t.Errorf("blocked Dial = %v, want ErrNoServer", err)
		}
		if _, err := waiting.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read of a connection never accepted = %v, want EOF", err)
		}
		if _, err := n.Listen(t.Context(), at("x")); err != nil {
			t.Errorf("Listen on the name given back = %v", err)
		}
	})
}

// One Network serves many bubbles; nothing it keeps may tie one to another.
func TestThousandBubbles(t *testing.T) {
	n := mem.New()
	for i := range 1000 {
		synctest.Test(t, func(t *testing.T) {
			client, server := connect(t, n, strconv.Itoa(i))
			defer server.Close()
			defer client.Close()
			go io.Copy(server, server)
			client.SetDeadline(time.Now().Add(time.Second))
			buf := make([]byte, 4)
			if _, err := client.Write([]byte("ping")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client, buf); err != nil || string(buf) != "ping" {
				t.Fatalf("bubble %d: echo = %q, %v", i, buf, err)
			}
			if _, err := client.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("bubble %d: Read = %v, want os.ErrDeadlineExceeded", i, err)
			}
		})
	}
}
