//go:build linux

package shm

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// hostileFor is how long the other side is hostile in one run.
func hostileFor(t *testing.T) time.Duration {
	if os.Getenv("BELLPULL_LONG") != "" {
		return time.Minute
	}
	if testing.Short() {
		return 200 * time.Millisecond
	}
	return 2 * time.Second
}

// TestAHostileOtherSideCostsItsOwnConnection: it changes every word that it shares with us, at any time: what we publish
// goes by what it says it has taken, and what we read by what it says it has published. Nothing panics, nothing is read
// beside the memory; a frame arrives as it was sent, or the connection ends with an error that says why.
func TestAHostileOtherSideCostsItsOwnConnection(t *testing.T) {
	until := time.Now().Add(hostileFor(t))
	frames, ends := 0, 0
	for round := uint64(0); time.Now().Before(until); round++ {
		n, ended := hostileRound(t, round, min(time.Until(until), 250*time.Millisecond))
		frames += n
		if ended {
			ends++
		}
	}
	t.Logf("%d frames arrived whole, %d connections ended", frames, ends)
	if frames == 0 || ends == 0 {
		t.Error("want some of both")
	}
}

func hostileRound(t *testing.T, seed uint64, d time.Duration) (frames int, ended bool) {
	a, b := ends(t, &Transport{Slots: 64, Arena: 64 << 10}, transport.PortConfig{MaxFrame: 1 << 20})
	a.warm = warmAfter
	defer b.Close()
	defer a.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { spoil(a.own, rand.New(rand.NewPCG(seed, 1)), stop) })
	wg.Go(func() { // what the other side has to say, too
		defer a.Close()
		rng := rand.New(rand.NewPCG(seed, 2))
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := trySay(a, rng); err != nil {
				return
			}
		}
	})
	end := time.AfterFunc(d, func() { a.Close() })
	defer end.Stop()
	defer wg.Wait()
	defer close(stop)
	for {
		f, ok, err := b.Next()
		if err == nil && !ok {
			err = b.Wait(transport.Now() + int64(100*time.Millisecond))
		}
		switch {
		case err != nil:
			if !errors.Is(err, transport.ErrFrame) && !errors.Is(err, transport.ErrTooLarge) && !errors.Is(err, io.EOF) &&
				!errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, net.ErrClosed) {
				t.Errorf("it ends with %v", err)
			}
			return frames, errors.Is(err, transport.ErrFrame) || errors.Is(err, transport.ErrTooLarge)
		case ok && len(f) >= 8 && crc32.ChecksumIEEE(f[8:]) == binary.LittleEndian.Uint32(f[4:]):
			frames++
		}
	}
}

// spoil changes words that the other side reads: of the header, and of slots.
func spoil(s *segment, rng *rand.Rand, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		if s.live.Load() == 0 {
			continue
		}
		w := word(s.ring, rng.Uint64N(s.slots))
		switch v := w.Load(); rng.IntN(6) {
		case 0:
			w.Store(v ^ 1<<rng.IntN(64))
		case 1:
			w.Store(v&^lenMask | rng.Uint64N(lenMask))
		case 2:
			store32(s.ring[rng.Uint64N(s.slots)*slotSize+wordSize:], rng.Uint32())
		case 3:
			s.done.Store(rng.Uint64())
		case 4:
			s.sleep.Store(rng.Uint32())
		case 5:
			s.cpu.Store(rng.Uint32())
		}
		if i%64 == 0 {
			time.Sleep(time.Millisecond) // some frames are to come through
		}
	}
}

// trySay sends a frame with a sum over its body.
func trySay(p *port, rng *rand.Rand) error {
	n := 8 + rng.IntN(300)
	if rng.IntN(20) == 0 {
		n += rng.IntN(40 << 10)
	}
	room, err := p.Reserve(n)
	if err == nil {
		binary.LittleEndian.PutUint32(room, uint32(n-4))
		for i := range room[8:] {
			room[8+i] = byte(rng.Uint32())
		}
		sum := crc32.ChecksumIEEE(room[8:])
		binary.LittleEndian.PutUint32(room[4:], sum)
		p.Commit(n)
	} else if err != transport.ErrFull {
		return err
	}
	rest, err := p.Flush()
	if err == nil && rest {
		var by atomic.Int64
		by.Store(transport.Now() + int64(100*time.Millisecond))
		if err = p.drain(&by); errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
	}
	return err
}
