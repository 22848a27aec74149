//go:build linux

package shm

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport"
)

// The wait ladder: poll while the other side runs on another CPU, yield while it shares ours, then sleep on the socket.
// Polling beside a process that waits for our CPU keeps it from running, so it is never done blindly: where the other
// side is known to be on our CPU the first step is a yield.
const (
	pollFor  = 2 * time.Microsecond
	yieldFor = 50 * time.Microsecond
	lookCPU  = 16 // every so many waits the CPU is looked at again
)

// spin waits awake for a moment and says whether something has come: a slot, or a Wake.
func (p *port) spin() bool {
	p.spins++
	if p.spins%lookCPU == 0 || p.cpu == 0 {
		if cpu := currentCPU(); cpu != p.cpu {
			p.cpu = cpu
			p.own.cpu.Store(cpu)
		}
	}
	together := p.cpu != 0 && p.peer.cpu.Load() == p.cpu
	from := transport.Now()
	for spent := int64(0); spent < int64(yieldFor); spent = transport.Now() - from {
		if !together {
			for range 64 {
				if p.ready() {
					return true
				}
			}
		} else if p.ready() {
			return true
		}
		if p.woken.Load() {
			return true
		}
		if together || spent > int64(pollFor) {
			unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		}
	}
	return false
}

func (p *port) Wait(until int64) error {
	if p.woken.Load() && p.woken.Swap(false) {
		return nil
	}
	if p.fault != nil {
		return p.fault
	}
	p.tell()
	if p.conn.spin && !p.blocked() && p.peer.live.Load() != 0 && p.ended == nil && p.spin() {
		p.woken.Store(false)
		if p.heard = true; p.spins%64 == 0 {
			p.life.Sign() // on a busy ring now and then, so that a call does not pay for the clock
		}
		return nil
	}
	if p.heard { // just now
		p.heard = false
		p.life.Sign()
	}
	p.slept++
	p.own.sleep.Store(p.slept<<sleepShift | dozing)
	defer p.own.sleep.Store(p.slept<<sleepShift | awake)
	if p.woken.Load() && p.woken.Swap(false) || !p.blocked() && p.ready() {
		return nil
	}
	if p.ended != nil {
		return p.eof(p.ended)
	}
	p.own.sleep.Store(p.slept<<sleepShift | asleep)
	before := p.sock.Life().Last()
	err := p.sock.Wait(until)
	p.woken.Store(false)
	if p.sock.Life().Last() != before {
		p.life.Sign()
	}
	if err == nil {
		return nil
	}
	if p.ended = err; !p.blocked() && p.ready() {
		return nil // what was published before the end still counts
	}
	return p.eof(err)
}

func (p *port) Wake() {
	p.woken.Store(true)
	if p.own.sleep.Load()&sleepMask != awake {
		p.sock.Wake()
	}
}
