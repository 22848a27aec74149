package transport

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Porter is a [Conn] that is driven as a Port of its own making, such as shared memory.
type Porter interface {
	// Port gives the connection's Port. It is called once, before any other use of the connection.
	Port(split Split, cfg PortConfig) Port
}

// NewPort makes the Port of a connection, which it then owns: nobody else may read or write c. It does no I/O and
// starts no goroutine. split finds the borders of the protocol's frames.
func NewPort(c Conn, split Split, cfg PortConfig) Port {
	if p, ok := c.(Porter); ok {
		return p.Port(split, cfg)
	}
	try, _ := c.(TryWriter)
	return &connPort{conn: c, try: try, split: split, cfg: cfg.WithDefaults()}
}

// past is a deadline that has always come.
var past = time.Unix(1, 0)

// connPort is the Port of a byte stream. Read and written bytes pass through one buffer each way; what a frame needs
// beyond them is claimed as the bytes arrive.
type connPort struct {
	life  Life
	conn  Conn
	try   TryWriter // nil: every write is the writer goroutine's
	split Split
	cfg   PortConfig

	// The reader's, handed on with the reader role.
	buf  []byte // buf[r:w] has arrived and was not given out
	r, w int
	need int  // length of the frame that begins at r, 0 while unknown
	full bool // the last read filled the buffer: the next one wants a larger

	woken  atomic.Bool // a Wake that no Wait has answered
	closed atomic.Bool

	// mu guards the fields that follow. Reserve takes it and Commit lets it go, so a frame is written under it.
	mu       sync.Mutex
	pend     []byte // committed, not yet with the carrier; swapped with out by whoever flushes
	reserved int    // len(pend) when Reserve began
	out      []byte // what the flusher or the writer is writing: its own while flushing is set
	outOff   int
	flushing bool // somebody is responsible for pend and out
	werr     error
}

// maxFlushRounds bounds how often one caller writes for the others before the writer goroutine takes over, so that
// a call is not kept for ever by its neighbours' frames.
const maxFlushRounds = 16

func (p *connPort) Identity() Identity { return p.conn.Identity() }
func (p *connPort) Traits() Traits     { return p.conn.Traits() }
func (p *connPort) Life() *Life        { return &p.life }

func (p *connPort) Next() ([]byte, bool, error) {
	have := p.w - p.r
	if p.need == 0 {
		if have == 0 {
			return nil, false, nil
		}
		n, err := p.cfg.Frame(p.split, p.buf[p.r:p.w], p.conn)
		if n == 0 || err != nil {
			return nil, false, err
		}
		p.need = n
	}
	if have < p.need {
		return nil, false, nil
	}
	frame := p.buf[p.r : p.r+p.need : p.r+p.need]
	p.r += p.need
	p.need = 0
	return frame, true, nil
}

func (p *connPort) Wait(until int64) error {
	if p.woken.Swap(false) {
		p.conn.SetReadDeadline(time.Time{})
		return nil
	}
	if until != 0 {
		p.conn.SetReadDeadline(time.Now().Add(time.Duration(until - Now())))
		// A Wake between the two lines above would lose its deadline to ours; it has left its mark.
		if p.woken.Swap(false) {
			p.conn.SetReadDeadline(time.Time{})
			return nil
		}
	}
	p.makeRoom()
	n, err := p.conn.Read(p.buf[p.w:])
	p.w += n
	p.full = p.w == len(p.buf)
	if n > 0 {
		p.life.Sign()
	}
	if until != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		p.woken.Store(false)
		p.conn.SetReadDeadline(time.Time{})
	}
	if n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if err == io.EOF && (p.w > p.r || p.need > 0) {
		err = io.ErrUnexpectedEOF
	}
	p.buf, p.r, p.w, p.need = nil, 0, 0, 0 // somebody may hold the port long after the connection is gone
	return err
}

// makeRoom makes sure that something can be read behind w: it moves what is left to the front and grows the buffer,
// at most to twice what has arrived, firstRead to begin with, and never further than readAhead beyond a frame's
// announced end.
func (p *connPort) makeRoom() {
	have := p.w - p.r
	if have == 0 {
		p.r, p.w = 0, 0
		if cap(p.buf) > keepBuffer {
			p.buf = nil
		}
	}
	want := firstRead
	switch {
	case p.need > have:
		want = min(p.need, max(2*have, have+firstRead))
	case have > 0:
		want = 2 * have
	}
	if p.full && len(p.buf) < readAhead {
		want = max(want, 2*len(p.buf))
	}
	switch {
	case len(p.buf) >= want && p.w < len(p.buf) && p.r+want <= len(p.buf):
		// There is room as it is.
	case len(p.buf) >= want && have < len(p.buf):
		copy(p.buf, p.buf[p.r:p.w])
		p.r, p.w = 0, have
	default:
		grown := make([]byte, want)
		copy(grown, p.buf[p.r:p.w])
		p.buf, p.r, p.w = grown, 0, have
	}
}

func (p *connPort) Wake() {
	p.woken.Store(true)
	p.conn.SetReadDeadline(past)
}

func (p *connPort) Reserve(n int) ([]byte, error) {
	if err := p.cfg.Room(n, p.conn); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.werr != nil {
		defer p.mu.Unlock()
		return nil, p.werr
	}
	if queued := len(p.pend) + len(p.out) - p.outOff; queued > 0 && queued+n > p.cfg.MaxBatch {
		p.mu.Unlock()
		return nil, ErrFull
	}
	p.reserved = len(p.pend)
	if free := cap(p.pend) - p.reserved; free < n {
		grown := make([]byte, p.reserved, max(2*cap(p.pend), p.reserved+n, 1<<10))
		copy(grown, p.pend)
		p.pend = grown
	}
	return p.pend[p.reserved : p.reserved+n : p.reserved+n], nil
}

func (p *connPort) Commit(n int) {
	p.pend = p.pend[:p.reserved+n]
	p.mu.Unlock()
}

func (p *connPort) Flush() (rest bool, err error) {
	p.mu.Lock()
	if p.flushing || len(p.pend) == 0 || p.werr != nil {
		defer p.mu.Unlock()
		return false, p.werr
	}
	p.flushing = true
	for round := 0; ; round++ {
		if p.try == nil || round == maxFlushRounds {
			p.mu.Unlock()
			return true, nil
		}
		p.swap()
		out := p.out
		p.mu.Unlock()
		n, err := p.try.TryWrite(out)
		p.mu.Lock()
		p.outOff += n
		switch {
		case err != nil:
			p.failWrite(err)
			p.mu.Unlock()
			return false, err
		case n < len(out):
			p.mu.Unlock()
			return true, nil
		}
		p.dropOut()
		if len(p.pend) == 0 {
			p.flushing = false
			p.mu.Unlock()
			return false, nil
		}
	}
}

func (p *connPort) Drain() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.flushing || p.werr != nil {
		return p.werr
	}
	for {
		if p.outOff == len(p.out) {
			if len(p.pend) == 0 {
				p.flushing = false
				return nil
			}
			p.swap()
		}
		out := p.out[p.outOff:]
		p.mu.Unlock()
		n, err := p.conn.Write(out[:min(len(out), drainChunk)])
		if p.try != nil && n > 0 {
			p.life.Sign() // the carrier was full, so the other side has read
		}
		p.mu.Lock()
		p.outOff += n
		if err != nil {
			p.failWrite(err)
			return err
		}
		if p.outOff == len(p.out) {
			p.dropOut()
		}
	}
}

// swap makes the batch the flusher's. Called with mu held and out used up.
func (p *connPort) swap() {
	p.out, p.pend = p.pend, p.out[:0]
	p.outOff = 0
}

// dropOut forgets what was written. Called with mu held.
func (p *connPort) dropOut() {
	if cap(p.out) > keepBuffer {
		p.out = nil
	}
	p.out, p.outOff = p.out[:0], 0
}

func (p *connPort) failWrite(err error) {
	p.werr, p.flushing = err, false
	p.pend, p.out, p.outOff = nil, nil, 0
}

func (p *connPort) Queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pend) + len(p.out) - p.outOff
}

func (p *connPort) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	return p.conn.Close()
}
