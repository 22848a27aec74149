//go:build linux

package shmport

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// port is one end of a connection.
type port struct {
	life transport.Life
	conn *conn
	cfg  transport.PortConfig

	// The reader's.
	in       half
	read     uint64 // number of the next slot
	borrowed uint64 // slots of the frame that Next gave out last
	bell     [64]byte
	shared   bool   // the other side seems to run on our CPU
	heard    bool   // something has come since the last sign of life was noted
	waits    uint32 // counts, for pollAgain
	ended    error

	woken   atomic.Bool
	closed  atomic.Bool
	starved atomic.Bool // a Reserve found no room since the last Drain

	// mu guards the fields that follow; Reserve takes it and Commit lets it go.
	mu       sync.Mutex
	out      half
	write    uint64 // number of the next slot
	released uint64 // what the other side's done last said
	first    uint64 // number of the first slot that is not published, when held is not 0
	held     uint64 // its word
}

var _ transport.Port = (*port)(nil)

func (p *port) Identity() transport.Identity { return p.conn.Identity() }
func (p *port) Traits() transport.Traits     { return p.conn.Traits() }
func (p *port) Life() *transport.Life        { return &p.life }

func slotsFor(n int) uint64 { return uint64((n + wordSize + slotSize - 1) / slotSize) }

func (p *port) Next() ([]byte, bool, error) {
	if p.borrowed > 0 {
		p.read += p.borrowed
		p.borrowed = 0
		p.in.done.Store(p.read)
	}
	for {
		w := p.in.word(p.read).Load()
		if uint32(w>>32) != uint32(p.read+1) {
			return nil, false, nil
		}
		n := uint32(w)
		if n == skip {
			p.read += slots - p.read%slots
			continue
		}
		at := p.read % slots * slotSize
		p.borrowed = slotsFor(int(n))
		return p.in.ring[at+wordSize : at+wordSize+uint64(n) : at+wordSize+uint64(n)], true, nil
	}
}

// The wait ladder: poll, then poll and yield the CPU, then sleep on the doorbell. Two processes on one CPU gain nothing
// by polling: each only keeps the other from running. So when an answer came with the first yield, the next waits begin
// with one; every pollAgain-th tries polling first, in case the two have moved apart.
const (
	pollFor   = 2 * time.Microsecond
	yieldFor  = 50 * time.Microsecond
	pollAgain = 32
)

func (p *port) ready() bool {
	return uint32(p.in.word(p.read+p.borrowed).Load()>>32) == uint32(p.read+p.borrowed+1)
}

// spin waits awake for a while and says whether something has come: a frame, or a Wake.
func (p *port) spin() bool {
	yields := 0
	p.waits++
	yielding := p.shared && p.waits%pollAgain != 0
	from := transport.Now()
	for spent := int64(0); spent < int64(yieldFor); spent = transport.Now() - from {
		if !yielding {
			for range 64 {
				if p.ready() {
					p.shared = yields == 1
					return true
				}
			}
		} else if p.ready() {
			p.shared = yields <= 1
			return true
		}
		if p.woken.Load() && p.woken.Swap(false) {
			return true
		}
		if yielding || spent > int64(pollFor) {
			unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
			yields++
		}
	}
	return false
}

func (p *port) Wait(until int64) error {
	if p.spin() {
		if p.ready() {
			if p.heard = true; p.waits%64 == 0 {
				p.life.Sign() // on a busy ring now and then, so that a call does not pay for the clock
			}
		}
		return nil
	}
	if p.heard { // just now
		p.heard = false
		p.life.Sign()
	}
	p.in.asleep.Store(1)
	defer p.in.asleep.Store(0)
	if p.ready() {
		return nil
	}
	if p.ended != nil {
		return p.ended
	}
	if until != 0 {
		p.conn.life.SetReadDeadline(time.Now().Add(time.Duration(until - transport.Now())))
	}
	if p.woken.Swap(false) {
		p.conn.life.SetReadDeadline(time.Time{})
		return nil
	}
	n, err := p.conn.life.Read(p.bell[:])
	if n > 0 {
		p.life.Sign()
	}
	if until != 0 || isTimeout(err) {
		p.woken.Store(false)
		p.conn.life.SetReadDeadline(time.Time{})
	}
	if err == nil || isTimeout(err) {
		return nil
	}
	if p.ended = err; p.ready() {
		return nil // what was published before the end still counts
	}
	return err
}

func (p *port) Wake() {
	p.woken.Store(true)
	p.conn.life.SetReadDeadline(time.Unix(1, 0))
}

func (p *port) Reserve(n int) ([]byte, error) {
	if n > maxFrame || n > p.cfg.MaxFrame {
		return nil, &transport.Error{Op: "write", Addr: p.Identity().Remote, Kind: transport.ErrTooLarge,
			Err: &transport.LimitError{What: "frame", Size: int64(n), Limit: maxFrame}, Advice: "the shared-memory spike has small rings; use local:"}
	}
	need := slotsFor(n)
	p.mu.Lock()
	if p.closed.Load() {
		p.mu.Unlock()
		return nil, io.ErrClosedPipe
	}
	at := p.write % slots
	gap := uint64(0)
	if at+need >= slots { // the frame must be contiguous, and the slot behind it must exist
		gap = slots - at
	}
	// One slot more than the frame takes: its word is zeroed before the frame is published.
	if p.write+gap+need+1-p.released > slots {
		if p.released = p.out.done.Load(); p.write+gap+need+1-p.released > slots {
			p.starved.Store(true)
			p.mu.Unlock()
			return nil, transport.ErrFull
		}
	}
	if gap > 0 {
		p.publish(p.write, skip)
		p.write += gap
		at = 0
	}
	from := at*slotSize + wordSize
	return p.out.ring[from : from+uint64(n) : from+uint64(n)], nil
}

// publish makes a frame's word, or holds it back when it is the first since the last Flush: behind an unpublished word
// nothing is visible. Called with mu held.
func (p *port) publish(slot uint64, n uint64) {
	word := uint64(uint32(slot+1))<<32 | n
	if n != skip {
		p.out.word(slot + slotsFor(int(n))).Store(0)
	} else {
		p.out.word(slot + slots - slot%slots).Store(0)
	}
	if p.held == 0 {
		p.first, p.held = slot, word
		return
	}
	p.out.word(slot).Store(word)
}

func (p *port) Commit(n int) {
	if n > 0 {
		p.publish(p.write, uint64(n))
		p.write += slotsFor(n)
	}
	p.mu.Unlock()
}

func (p *port) Flush() (bool, error) {
	rest := p.starved.Swap(false)
	p.mu.Lock()
	if p.held == 0 {
		p.mu.Unlock()
		return rest, nil
	}
	p.out.word(p.first).Store(p.held)
	p.held = 0
	var err error
	if p.out.asleep.Load() != 0 && p.out.asleep.CompareAndSwap(1, 0) {
		err = p.conn.ring() // under mu: one doorbell at a time
	}
	p.mu.Unlock()
	return rest, err
}

// Drain waits until the other side has released half of the ring. The spike polls for it.
func (p *port) Drain() error {
	for pause := 10 * time.Microsecond; !p.closed.Load(); pause = min(2*pause, time.Millisecond) {
		p.mu.Lock()
		free := slots - (p.write - p.out.done.Load())
		p.mu.Unlock()
		if free >= slots/2 {
			break
		}
		time.Sleep(pause)
	}
	return nil
}

func (p *port) Queued() int { return 0 }

func (p *port) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	return p.conn.Close()
}
