//go:build linux

package shm

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// pages gives how many bytes of a segment of ours are really there.
func pages(t *testing.T, s *segment) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(int(s.file.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

// TestMemoryIsReservedWhenItIsUsedAndGivenBackWhenNot: and what goes over the socket meanwhile comes in order.
func TestMemoryIsReservedWhenItIsUsedAndGivenBackWhenNot(t *testing.T) {
	a, b := ends(t, &Transport{}, transport.PortConfig{})
	talk := func(n int) {
		t.Helper()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range n {
				say(t, b, hear(t, b))
			}
		}()
		for i := range n {
			body := strings.Repeat(string(rune('a'+i%26)), 1+i*7%5000)
			say(t, a, []byte(body))
			if got := hear(t, a); string(got) != body {
				t.Fatalf("%d: %.20q, want %.20q", i, got, body)
			}
		}
		<-done
	}
	talk(2)
	if n := pages(t, a.own); n > headerSize {
		t.Errorf("%d bytes after hardly any use", n)
	}
	for round := range 3 {
		talk(100)
		if n := pages(t, a.own); n < int64(a.own.size()) {
			t.Errorf("round %d: %d bytes reserved, want %d", round, n, a.own.size())
		}
		woke := make(chan error, 1)
		go func() { woke <- b.Wait(transport.Now() + int64(20*time.Second)) }()
		for b.own.sleep.Load()&sleepMask != asleep {
			time.Sleep(time.Millisecond)
		}
		a.Rest()
		if n := pages(t, a.own); n > headerSize {
			t.Errorf("round %d: %d bytes after they were given back", round, n)
		}
		b.Wake()
		if err := <-woke; err != nil {
			t.Fatal(err)
		}
	}
}

// TestMemoryIsNotGivenBackWhileSomebodyMayLookAtIt: the other side is awake, or has not read all.
func TestMemoryIsNotGivenBackWhileSomebodyMayLookAtIt(t *testing.T) {
	a, b := ends(t, &Transport{}, transport.PortConfig{})
	a.warm = warmAfter
	say(t, a, []byte("x"))
	a.Rest()
	if a.own.live.Load() == 0 || pages(t, a.own) <= headerSize {
		t.Error("given back under what was not read")
	}
	hear(t, b)
	b.tell()
	a.Rest()
	if a.own.live.Load() == 0 {
		t.Error("given back while the other side is awake")
	}
}

// TestWithoutMemoryFramesGoOverTheSocket: the owner is told, and it is tried again.
func TestWithoutMemoryFramesGoOverTheSocket(t *testing.T) {
	told := make(chan error, 100)
	a, b := ends(t, &Transport{OnShort: func(err error) { told <- err }}, transport.PortConfig{})
	limit := errors.New("none left")
	a.conn.reserve = func() error { return limit }
	for i := range 100 {
		body := strings.Repeat("x", 1+i*997)
		say(t, a, []byte(body))
		if got := hear(t, b); string(got) != body {
			t.Fatalf("%d: %d bytes", i, len(got))
		}
	}
	if err := <-told; !errors.Is(err, limit) {
		t.Error(err)
	}
	if a.own.live.Load() != 0 {
		t.Error("the memory is used all the same")
	}
	a.conn.reserve = a.own.reserve
	a.again, a.warm = 0, warmAfter
	say(t, a, []byte("back"))
	if got := hear(t, b); string(got) != "back" || a.own.live.Load() == 0 {
		t.Errorf("%q, live %d", got, a.own.live.Load())
	}
}

// TestForeignMemoryIsRefused: what is not sealed, can grow or shrink, is no memory, or not of the size that was said.
func TestForeignMemoryIsRefused(t *testing.T) {
	g := geometry{64, 64 << 10}
	memory := func(size uint64, sealed int) *os.File {
		fd, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Ftruncate(fd, int64(size)); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, sealed); err != nil {
			t.Fatal(err)
		}
		return os.NewFile(uintptr(fd), "x")
	}
	plain, err := os.CreateTemp(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	plain.Truncate(int64(g.size()))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for name, c := range map[string]struct {
		file  *os.File
		g     geometry
		owner int
	}{
		"unsealed":         {memory(g.size(), 0), g, os.Getuid()},
		"that can grow":    {memory(g.size(), unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL), g, os.Getuid()},
		"that can shrink":  {memory(g.size(), unix.F_SEAL_GROW|unix.F_SEAL_SEAL), g, os.Getuid()},
		"with more seals":  {memory(g.size(), unix.F_SEAL_GROW|unix.F_SEAL_SHRINK), g, os.Getuid()},
		"short":            {memory(g.size()-1, seals), g, os.Getuid()},
		"long":             {memory(g.size()+4096, seals), g, os.Getuid()},
		"a file":           {plain, g, os.Getuid()},
		"a pipe":           {r, g, os.Getuid()},
		"of another user":  {memory(g.size(), seals), g, os.Getuid() + 1},
		"odd slots":        {memory(geometry{63, 64 << 10}.size(), seals), geometry{63, 64 << 10}, os.Getuid()},
		"no slots":         {memory(geometry{0, 64 << 10}.size(), seals), geometry{0, 64 << 10}, os.Getuid()},
		"an endless arena": {memory(g.size(), seals), geometry{64, 1 << 40}, os.Getuid()},
	} {
		if s, err := openSegment(c.file, c.g, c.owner); !errors.Is(err, errMemory) {
			t.Errorf("memory %s: %v, %v", name, s, err)
		}
	}
	s, err := openSegment(memory(g.size(), seals), g, os.Getuid())
	if err != nil {
		t.Fatal("sound memory:", err)
	}
	s.leave()
}
