//go:build linux

package shm

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// ends gives two connected ports with frames of u32 length, bytes.
func ends(t testing.TB, tr *Transport, cfg transport.PortConfig) (a, b *port) {
	t.Helper()
	at := addr()
	l, err := tr.Listen(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan transport.Conn, 1)
	go func() {
		c, _ := l.AcceptConn()
		got <- c
	}()
	c, err := tr.Dial(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	a, b = transport.NewPort(c, splitFrames, cfg).(*port), transport.NewPort(<-got, splitFrames, cfg).(*port)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func splitFrames(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	return 4 + int(binary.LittleEndian.Uint32(b)), nil
}

// say sends a frame.
func say(t testing.TB, p *port, body []byte) {
	t.Helper()
	for {
		room, err := p.Reserve(4 + len(body))
		if err == transport.ErrFull {
			rest, err := p.Flush()
			if err == nil && rest {
				err = p.Drain()
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint32(room, uint32(len(body)))
		copy(room[4:], body)
		p.Commit(4 + len(body))
		break
	}
	rest, err := p.Flush()
	if err == nil && rest {
		err = p.Drain()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hear takes a frame.
func hear(t testing.TB, p *port) []byte {
	t.Helper()
	for {
		f, ok, err := p.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return f[4:]
		}
		from := transport.Now()
		if err := p.Wait(from + int64(2*time.Second)); err != nil {
			t.Fatal(err)
		}
		if transport.Now()-from > int64(time.Second) {
			w := word(p.peer.ring, p.read&(p.peer.slots-1)).Load()
			t.Logf("read %d told %d want %d pieces %d piece %v live %d ready %v word %x write %d held %x sent %d synced %d sleep %d peersleep %d", p.read, p.told, p.want, p.pieces, p.piece != nil, p.peer.live.Load(), p.ready(), w, p.write, p.held, p.sent, p.synced, p.own.sleep.Load(), p.peer.sleep.Load())
			t.FailNow()
		}
	}
}

func TestFramesGoBackAndForth(t *testing.T) {
	a, b := ends(t, &Transport{}, transport.PortConfig{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20000 {
			say(t, b, hear(t, b))
		}
	}()
	for i := range 20000 {
		body := make([]byte, i%3000)
		for j := range body {
			body[j] = byte(i + j)
		}
		say(t, a, body)
		got := hear(t, a)
		if string(got) != string(body) {
			t.Fatalf("%d: %d bytes, want %d", i, len(got), len(body))
		}
	}
	<-done
}

// TestLessMayBeCommittedThanWasReserved: what follows does not come to lie over it, though neither was read yet.
func TestLessMayBeCommittedThanWasReserved(t *testing.T) {
	a, b := ends(t, &Transport{}, transport.PortConfig{})
	a.warm = warmAfter
	put := func(reserve int, body string) {
		room, err := a.Reserve(reserve)
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint32(room, uint32(len(body)))
		copy(room[4:], body)
		a.Commit(4 + len(body))
	}
	bodies := []string{strings.Repeat("a", 100), strings.Repeat("b", 200), "c", strings.Repeat("d", 300)}
	for _, body := range bodies {
		put(1000, body)
	}
	if _, err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, want := range bodies {
		if got := hear(t, b); string(got) != want {
			t.Errorf("%.20q, want %.20q", got, want)
		}
	}
}
