//go:build linux

package shm

import (
	"sync"
	"sync/atomic"

	"github.com/bellpull/bellpull/transport"
)

// port is one end of a connection as an engine drives it. The stream that it carries is cut into pieces as they were
// committed; as a rule a piece is a frame, but nothing depends on that.
type port struct {
	conn      *Conn
	split     transport.Split // nil: every piece is a frame
	cfg       transport.PortConfig
	own, peer *segment
	sock      transport.Port // records; see record.go
	life      transport.Life

	reader
	writer
}

// reader is the reading half; it is handed on with the reader role.
type reader struct {
	read   uint64 // number of the next slot
	told   uint64 // what our done word says
	small  [maxInline]byte
	large  []byte // a copy of what came through the arena
	piece  []byte // of the socket, not yet given out; nil: none
	after  uint64 // slots that come before it
	pieces uint32 // of the socket, given out
	want   uint32 // pieces that must have been given out before the ring goes on
	part   int    // of the next slot's bytes, those that were read
	stream []byte // bytes of a frame that is not whole yet
	given  int    // of those, what was lent out last
	cpu    uint32 // where we are, plus one; 0: not known
	need   int    // its length, 0 while unknown
	fault  error  // the other side broke the rules
	ended  error  // the socket has ended
	spins  uint32 // counts waits
	slept  uint32 // counts sleeps
	heard  bool   // something has come since the last sign of life was noted

	woken  atomic.Bool
	closed atomic.Bool
}

// writer is the writing half. mu guards it; Reserve takes it and Commit lets it go.
type writer struct {
	mu        sync.Mutex
	mode      mode
	write     uint64 // number of the next slot
	released  uint64 // what the other side's done word said last
	first     uint64 // number of the first slot that is not published, while held is not 0
	held      uint64 // its word
	rung      uint32 // the sleep for which the bell was rung
	sent      uint32 // pieces that went over the socket
	synced    uint32 // of those, the ones that the ring knows of
	head      uint64 // bytes of the arena that were ever taken, what was left out at its end included
	tail      uint64 // of those, the ones that are free again
	marks     []uint64
	begin     uint64 // of head, where the reserved room begins
	staged    []byte // committed, waiting for room; what follows waits behind it
	moved     int    // of staged, what is in the ring
	room      []byte // of the socket, reserved
	flushed   uint32 // of sent, those that were handed to the socket
	behind    bool   // the socket did not take everything
	again     int64  // when memory may be asked for again that was not there
	starved   bool   // a Reserve found no room
	draining  bool   // somebody was told to call Drain
	warm      int    // pieces in a row that went over the socket for want of memory
	lastPiece int64  // when the last of those was
	werr      error
}

// mode is where the room is that was reserved.
type mode uint8

const (
	inRing mode = iota
	inArena
	onSocket
	inStage
)

var (
	_ transport.Port   = (*port)(nil)
	_ transport.Rester = (*port)(nil)
)

func newPort(c *Conn, split transport.Split, cfg transport.PortConfig) *port {
	cfg = cfg.WithDefaults()
	p := &port{conn: c, split: split, cfg: cfg, own: c.own, peer: c.peer}
	p.sock = transport.NewPort(c.life, splitRecords(cfg.MaxFrame),
		transport.PortConfig{MaxFrame: cfg.MaxFrame + pieceHead, MaxBatch: cfg.MaxBatch})
	return p
}

func (p *port) Identity() transport.Identity { return p.conn.Identity() }
func (p *port) Traits() transport.Traits     { return p.conn.Traits() }
func (p *port) Life() *transport.Life        { return &p.life }

// Close hangs up and lets the memory go.
func (p *port) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	err := p.sock.Close()
	p.own.leave()
	p.peer.leave()
	return err
}

// violation makes the error of a side that broke the rules of the memory.
func (p *port) violation(op string, what error) error {
	return &transport.Error{Op: op, Addr: p.Identity().Remote, Kind: transport.ErrFrame, Err: what,
		Advice: "the other end speaks another version or is broken"}
}

// broken is a violation that the reader remembers.
func (p *port) broken(what error) error {
	p.fault = p.violation("read", what)
	return p.fault
}
