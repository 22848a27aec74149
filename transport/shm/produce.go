//go:build linux

package shm

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// warmAfter is how many pieces go over the socket before memory is reserved, unless there is coldAfter between two of
// them: connections that are hardly used cost none.
const (
	warmAfter = 4
	coldAfter = time.Second
)

// share is the largest part of the arena that one piece takes; what is longer goes in several.
const share = 4

func (p *port) Reserve(n int) ([]byte, error) {
	if err := p.cfg.Room(n, p.conn); err != nil {
		return nil, err
	}
	p.mu.Lock()
	room, err := p.reserve(n)
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	return room, nil
}

func (p *port) reserve(n int) ([]byte, error) {
	w := &p.writer
	switch {
	case w.werr != nil:
		return nil, w.werr
	case p.closed.Load():
		return nil, net.ErrClosed
	case len(w.staged) == 0 && p.own.live.Load() == 0 && !p.goLive():
		b, err := p.sock.Reserve(pieceHead + n)
		if err != nil {
			return nil, err
		}
		w.mode, w.room = onSocket, b
		return b[pieceHead:], nil
	case len(w.staged) > 0 || n > int(p.own.geometry.arena/share):
		if left := len(w.staged) - w.moved; left > 0 && left+n > p.cfg.MaxBatch {
			w.starved = true
			return nil, transport.ErrFull
		}
		w.mode = inStage
		from := len(w.staged)
		if cap(w.staged)-from < n {
			grown := make([]byte, from, max(2*cap(w.staged), from+n))
			copy(grown, w.staged)
			w.staged = grown
		}
		return w.staged[from : from+n : from+n], nil
	case !p.roomFor(n):
		w.starved = true
		return nil, transport.ErrFull
	}
	return p.place(n), nil
}

// roomFor says whether the ring takes a piece of n bytes now. Called with mu held.
func (p *port) roomFor(n int) bool {
	slots := uint64(1)
	if p.sent != p.synced {
		slots = 2
	}
	if p.fits(slots, n) {
		return true
	}
	done := p.peer.done.Load()
	if done-p.released > p.write-p.released { // never more than there are, never fewer than before
		p.werr = p.violation("write", errDone)
		return false
	}
	if done > p.released {
		p.tail = p.marks[(done-1)&(p.own.slots-1)]
		p.released = done
		p.life.Sign()
	}
	return p.fits(slots, n)
}

var errDone = errors.New("more released than was published")

func (p *port) fits(slots uint64, n int) bool {
	if p.write+slots-p.released > p.own.slots {
		return false
	}
	return n <= maxInline || arenaEnd(p.beginOf(n), n)-p.tail <= p.own.geometry.arena
}

// beginOf gives where in the arena n bytes would begin, counted as head is: they are never cut by its end.
func (p *port) beginOf(n int) uint64 {
	size := p.own.geometry.arena
	if left := size - p.head%size; left < uint64(n) {
		return p.head + left
	}
	return p.head
}

// arenaEnd gives what head is behind n bytes that begin there.
func arenaEnd(begin uint64, n int) uint64 {
	return (begin + uint64(n) + arenaAlign - 1) &^ (arenaAlign - 1)
}

// place gives the room for a piece that fits.
func (p *port) place(n int) []byte {
	if p.sent != p.synced { // what went over the socket comes first
		i := p.write & (p.own.slots - 1)
		store32(p.own.ring[i*slotSize+wordSize:], p.sent)
		p.publish(kindSync << kindShift)
		p.synced = p.sent
	}
	if n <= maxInline {
		p.mode = inRing
		at := (p.write&(p.own.slots-1))*slotSize + wordSize
		return p.own.ring[at : at+uint64(n) : at+uint64(n)]
	}
	p.mode = inArena
	p.begin = p.beginOf(n)
	at := p.begin % p.own.geometry.arena
	return p.own.arena[at : at+uint64(n) : at+uint64(n)]
}

// publish stores the word of the next slot, or holds it back when it is the first since the last Flush: behind a word
// that is not there nothing is seen.
func (p *port) publish(low uint64) {
	i := p.write & (p.own.slots - 1)
	p.marks[i] = p.head
	w := uint64(number(p.write))<<32 | low
	if p.held == 0 {
		p.first, p.held = p.write, w
	} else {
		word(p.own.ring, i).Store(w)
	}
	p.write++
}

func (p *port) Commit(n int) {
	defer p.mu.Unlock()
	switch {
	case p.mode == inStage:
		p.staged = p.staged[:len(p.staged)+n]
	case p.mode != onSocket && n > 0:
		p.put(n)
	case p.mode == onSocket && n > 0:
		putPieceHead(p.room, n, p.write)
		p.sock.Commit(pieceHead + n)
		p.sent++
	case p.mode == onSocket:
		p.sock.Commit(0)
	}
	p.room = nil
}

// put publishes the first n bytes of the room that place gave.
func (p *port) put(n int) {
	if p.mode == inRing {
		p.publish(kindInline<<kindShift | uint64(n))
		return
	}
	i := p.write & (p.own.slots - 1)
	store32(p.own.ring[i*slotSize+wordSize:], uint32(p.begin%p.own.geometry.arena))
	p.head = arenaEnd(p.begin, n)
	p.publish(kindArena<<kindShift | uint64(n))
}

func (p *port) Flush() (rest bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unstage()
	if err := p.flush(); err != nil {
		return false, err
	}
	if p.draining || !p.behind && !p.starved && len(p.staged) == 0 {
		return false, nil
	}
	p.draining = true
	return true, nil
}

// flush publishes what is held back, rings if the other side sleeps, and hands the socket its part. Called with mu held.
func (p *port) flush() error {
	if p.werr != nil {
		return p.werr
	}
	send := p.sent != p.flushed
	p.flushed = p.sent
	if p.held != 0 {
		word(p.own.ring, p.first&(p.own.slots-1)).Store(p.held)
		p.held = 0
		if s := p.peer.sleep.Load(); s&sleepMask != awake && s>>sleepShift != p.rung {
			p.rung = s >> sleepShift
			if b, err := p.sock.Reserve(1); err == nil { // a socket that is full has been rung
				b[0] = recordBell
				p.sock.Commit(1)
				send = true
			}
		}
	}
	if !send {
		return nil
	}
	rest, err := p.sock.Flush()
	if rest {
		p.behind = true
	}
	p.werr = err
	return err
}

// unstage moves what waits into the ring as far as there is room. Called with mu held.
func (p *port) unstage() {
	for p.moved < len(p.staged) {
		n := min(len(p.staged)-p.moved, int(p.own.geometry.arena/share))
		if !p.roomFor(n) {
			return
		}
		copy(p.place(n), p.staged[p.moved:p.moved+n])
		p.put(n)
		p.moved += n
	}
	if p.moved > 0 {
		p.moved = 0
		if p.staged = p.staged[:0]; cap(p.staged) > keepBuffer {
			p.staged = nil
		}
	}
}

// keepBuffer is the largest buffer kept between frames.
const keepBuffer = 256 << 10

// Drain waits until all that waited for room has gone, and there is some. It looks again and again: a side that is behind
// does not ring. The pauses are short at first, for a side that only is a little slower.
func (p *port) Drain() error { return p.drain(nil) }

// drain is Drain that gives up at a time that may change meanwhile; nil: never.
func (p *port) drain(by *atomic.Int64) error {
	var pause time.Duration
	from := transport.Now()
	for {
		if err := p.drainSocket(); err != nil {
			return err
		}
		p.mu.Lock()
		before := p.moved
		p.unstage()
		err := p.flush()
		switch {
		case err != nil:
		case p.closed.Load():
			err = net.ErrClosed
		case by != nil && expired(by):
			err = os.ErrDeadlineExceeded
		case pause > 0 && p.conn.life.HungUp(): // nobody will ever make room
			err = syscall.EPIPE
		}
		free := len(p.staged) == 0 && !p.behind && (!p.starved || p.own.live.Load() == 0 || p.roomFor(int(p.own.geometry.arena/share)))
		if err != nil || free {
			p.draining, p.starved = false, false
			p.mu.Unlock()
			return err
		}
		p.mu.Unlock()
		now := transport.Now()
		if p.moved != before {
			from = now
		}
		pause = p.breathe(now-from, pause)
	}
}

// breathe waits a moment for a side that is behind since a while: awake at first, since most are only a little slower, and
// then asleep for longer and longer. It gives how long it has slept.
func (p *port) breathe(behind int64, slept time.Duration) time.Duration {
	if p.conn.spin && behind < int64(yieldFor) {
		unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		return 0
	}
	pause := min(max(2*slept, firstPause), maxPause)
	time.Sleep(pause)
	return pause
}

func (p *port) drainSocket() error {
	p.mu.Lock()
	behind := p.behind
	p.behind = false
	p.mu.Unlock()
	if !behind {
		return nil
	}
	return p.sock.Drain()
}

// The pauses of Drain.
const (
	firstPause = 10 * time.Microsecond
	maxPause   = 2 * time.Millisecond
)

func (p *port) Queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.staged) - p.moved + p.sock.Queued()
	if n == 0 && p.starved {
		n = 1 // in the ring, and somebody waits for it to go
	}
	return n
}

// goLive reserves the memory if there is use for it, and says whether it is there. Called with mu held.
func (p *port) goLive() bool {
	now := transport.Now()
	if now-p.lastPiece > int64(coldAfter) && p.lastPiece != 0 {
		p.warm = 0
	}
	p.lastPiece = now
	if p.warm++; p.warm <= warmAfter || now < p.again {
		return false
	}
	if err := p.conn.reserve(); err != nil {
		p.warm, p.again = 0, now+int64(time.Second)
		p.conn.short(err)
		return false
	}
	if p.marks == nil {
		p.marks = make([]uint64, p.own.slots)
	}
	p.own.live.Store(1)
	return true
}

// Rest gives the memory back if all of it was read and the other side sleeps, so that it cannot be looking: it looks at
// our live word when it wakes, before it touches anything.
func (p *port) Rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own.live.Load() == 0 || p.held != 0 || len(p.staged) > 0 || p.starved || p.peer.done.Load() != p.write {
		return
	}
	s := p.peer.sleep.Load()
	if s&sleepMask != asleep {
		return
	}
	p.own.live.Store(0)
	if p.peer.sleep.Load() != s || p.own.giveBack() != nil {
		p.own.live.Store(1)
		return
	}
	p.warm = 0
}
