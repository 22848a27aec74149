package sim

import (
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	defaultRoom = 64 << 10
	mostPieces  = 8 // of one write
)

// What the dice of a way are thrown for, beside an offset.
const (
	diceTaken = iota
	dicePiece
	diceJitter
)

// A way is one direction of a connection: what was written and has not arrived yet.
type way struct {
	pair *pair
	name string
	fate Fate
	dice Dice
	from *conn // whose pipe the bytes go into when they arrive

	// mu guards the fields that follow. It is taken before the locks of the pipe.
	mu      sync.Mutex
	room    sync.Cond // writers wait for room, or for their turn
	queue   []byte    // taken and not arrived
	pieces  []piece   // of the queue
	taken   int64
	arrived int64
	last    time.Time // when the last piece arrives
	timer   *time.Timer
	writing bool  // a Write is under way
	full    bool  // the reader's pipe is
	tight   bool  // a part of a write was taken, and no more is before something has arrived
	stalled bool  // the stall has been
	over    error // why nothing is taken any more
	ending  bool  // the end is on its way
	writeBy time.Time
	alarm   *time.Timer // of writeBy
	reset   bool        // the reader sees a reset and no end
}

// A piece arrives at once. One of no bytes is the end.
type piece struct {
	n  int
	at time.Time
}

func newWay(p *pair, name string, f Fate, d Dice) *way {
	w := &way{pair: p, name: name, fate: f, dice: d}
	w.room.L = &w.mu
	if w.fate.Room <= 0 {
		w.fate.Room = defaultRoom
	}
	return w
}

func (w *way) roll(kind, offset int64) Dice { return w.dice.Of(uint64(kind)).Of(uint64(offset)) }

// tryWrite takes what there is room for, now and then less.
func (w *way) tryWrite(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refusal(); err != nil {
		return 0, err
	}
	if w.writing {
		return 0, nil
	}
	if w.fate.Piece > 0 && len(p) > 1 && !w.tight {
		if d := w.roll(diceTaken, w.taken); d.Chance(25) {
			n := w.take(p[:1+d.Of(0).Below(len(p)-1)])
			w.tight = len(w.queue) > 0
			return n, nil
		}
	}
	return w.take(p), nil
}

// write takes all of p.
func (w *way) write(p []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.writing {
		if err := w.refusal(); err != nil {
			return 0, err
		}
		w.room.Wait()
	}
	w.writing = true
	defer func() {
		w.writing = false
		w.room.Broadcast()
	}()
	for {
		if err := w.refusal(); err != nil {
			return n, err
		}
		m := w.take(p[n:])
		if n += m; n == len(p) {
			return n, nil
		}
		if m == 0 {
			w.room.Wait()
		}
	}
}

// refusal says why nothing can be written, or nil. Called with mu held.
func (w *way) refusal() error {
	if w.over == nil && !w.writeBy.IsZero() && !time.Now().Before(w.writeBy) {
		return os.ErrDeadlineExceeded
	}
	return w.over
}

// take puts bytes on their way. Called with mu held.
func (w *way) take(p []byte) int {
	if w.tight {
		return 0
	}
	room := max(0, w.fate.Room-len(w.queue))
	if room < min(len(p), w.fate.Room/4) {
		return 0 // as sockets do, or long writes fall into crumbs
	}
	p = p[:min(len(p), room)]
	w.queue = append(w.queue, p...)
	least := len(p) / mostPieces
	for rest := len(p); rest > 0; {
		n := rest
		if w.fate.Piece > 0 {
			n = min(rest, max(least, 1+w.roll(dicePiece, w.taken).Below(w.fate.Piece)))
		}
		w.add(n)
		w.taken += int64(n)
		rest -= n
	}
	w.arm()
	return len(p)
}

// add puts a piece in line. Called with mu held.
func (w *way) add(n int) {
	at := time.Now().Add(w.fate.Latency)
	if w.fate.Jitter > 0 {
		at = at.Add(w.roll(diceJitter, w.taken).Time(w.fate.Jitter))
	}
	if !at.After(w.last) {
		at = w.last
		if w.fate.Jitter > 0 {
			at = at.Add(1) // nothing else happens at that instant
		}
	}
	w.last = at
	w.pieces = append(w.pieces, piece{n, at})
}

// arm has the first piece arrive in time. Called with mu held.
func (w *way) arm() {
	if len(w.pieces) == 0 || w.full {
		return
	}
	in := time.Until(w.pieces[0].at)
	if in <= 0 {
		w.deliver()
		return
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(in, w.due)
	} else {
		w.timer.Reset(in)
	}
}

func (w *way) due() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arm()
}

// deliver lets arrive what is due. Called with mu held.
func (w *way) deliver() {
	for len(w.pieces) > 0 && time.Until(w.pieces[0].at) <= 0 {
		if w.stall() {
			break
		}
		n := w.pieces[0].n
		if n == 0 {
			w.pieces = nil
			w.pair.note(w.name, "end", w.arrived)
			w.from.raw.Close()
			return
		}
		cut := w.fate.Cuts && w.arrived+int64(n) >= w.fate.CutAt && !w.pair.calm()
		if cut {
			n = int(w.fate.CutAt - w.arrived)
		}
		m, _ := w.from.raw.TryWrite(w.queue[:n])
		w.queue = w.queue[m:]
		w.arrived += int64(m)
		w.pieces[0].n -= m
		if m > 0 {
			w.tight = false
			w.pair.note(w.name, "arrived", w.arrived)
		}
		if m < n {
			w.full = true // and goes on when the reader has read
			break
		}
		if cut {
			w.fate.Cuts = false
			w.pair.note(w.name, "cut", w.arrived)
			go w.pair.cut(w.fate.Reset)
			return
		}
		if w.pieces[0].n == 0 {
			w.pieces = w.pieces[1:]
		}
	}
	w.room.Broadcast()
	if !w.full && len(w.pieces) > 0 {
		w.arm()
	}
}

// stall puts off what is on its way, once, when its time has come. Called with mu held.
func (w *way) stall() bool {
	if w.stalled || w.fate.StallFor <= 0 || w.arrived < w.fate.StallAt || w.pair.calm() {
		return false
	}
	w.stalled = true
	w.pair.note(w.name, "stalled", w.arrived)
	w.shift(w.fate.StallFor)
	return true
}

func (w *way) shift(d time.Duration) {
	for i := range w.pieces {
		w.pieces[i].at = w.pieces[i].at.Add(d)
	}
	w.last = w.last.Add(d)
}

// resume goes on after the reader has read.
func (w *way) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		w.full = false
		w.arm()
	}
}

// end lets arrive what is on its way, and then the end. why is what further writes are told.
func (w *way) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lost := w.over != nil && !w.ending
	w.over = why
	w.room.Broadcast()
	switch {
	case lost:
		w.from.raw.Close()
	case !w.ending:
		w.ending = true
		w.add(0)
		w.arm()
	}
}

// abandon drops what is on its way: nobody will read it.
func (w *way) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over == net.ErrClosed { // the writer's end is closed too
		w.from.raw.Close()
	} else {
		w.over, w.ending = syscall.EPIPE, false
	}
	w.drop()
}

// breakOff ends the way where it is: the reader reads what has arrived.
func (w *way) breakOff(reset bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reset = reset
	if w.over == nil {
		w.over = syscall.EPIPE
		if reset {
			w.over = syscall.ECONNRESET
		}
	}
	w.ending = false
	w.drop()
	w.from.raw.CloseWrite()
}

// drop forgets what is on its way. Called with mu held.
func (w *way) drop() {
	w.queue, w.pieces = nil, nil
	if w.timer != nil {
		w.timer.Stop()
	}
	w.room.Broadcast()
}

func (w *way) setWriteBy(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeBy = t
	if w.alarm != nil {
		w.alarm.Stop()
	}
	if !t.IsZero() {
		w.alarm = time.AfterFunc(time.Until(t), func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.room.Broadcast()
		})
	}
	w.room.Broadcast()
}

func (w *way) String() string { return w.name + "@" + strconv.FormatInt(w.arrived, 10) }
