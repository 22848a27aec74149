//go:build linux

package shm

import (
	"encoding/binary"
	"errors"
	"io"
)

var (
	errKind   = errors.New("a slot of no known kind")
	errLength = errors.New("a slot longer than what it is in")
	errPlace  = errors.New("a piece outside the arena")
	errOrder  = errors.New("a piece that comes before slots which are not there")
)

// Next gives frames as [transport.Port] says. They are copies: the other side cannot change what was looked at.
func (p *port) Next() ([]byte, bool, error) {
	if len(p.stream) > 0 {
		return p.nextOfStream()
	}
	piece, ok, err := p.nextPiece()
	if !ok || err != nil || p.split == nil {
		return piece, ok, err
	}
	switch n, err := p.cfg.Frame(p.split, piece, p.conn); {
	case err != nil:
		return nil, false, err
	case n == len(piece):
		return piece, true, nil
	}
	p.stream = append(p.stream[:0], piece...)
	return p.nextOfStream()
}

// nextOfStream gives frames that are cut otherwise than the pieces they came in.
func (p *port) nextOfStream() ([]byte, bool, error) {
	if p.given > 0 { // the frame that was lent out last
		rest := copy(p.stream, p.stream[p.given:])
		p.stream, p.given, p.need = p.stream[:rest], 0, 0
		if rest == 0 {
			if cap(p.stream) > keepBuffer {
				p.stream = nil
			}
			return p.Next()
		}
	}
	for {
		if p.need == 0 {
			n, err := p.cfg.Frame(p.split, p.stream, p.conn)
			if err != nil {
				return nil, false, err
			}
			p.need = n
		}
		if p.need > 0 && len(p.stream) >= p.need {
			p.given = p.need
			return p.stream[:p.need:p.need], true, nil
		}
		piece, ok, err := p.nextPiece()
		if !ok || err != nil {
			return nil, false, err
		}
		p.stream = append(p.stream, piece...)
	}
}

// nextPiece gives the next piece that has arrived: of the ring, or of the socket, in the order in which they were sent.
func (p *port) nextPiece() ([]byte, bool, error) {
	if p.fault != nil {
		return nil, false, p.fault
	}
	for {
		if p.piece != nil && int64(p.after-p.read) <= 0 {
			piece := p.piece
			p.piece = nil
			p.pieces++
			return piece, true, nil
		}
		if !p.blocked() {
			piece, ok, err := p.ofRing()
			if ok || err != nil {
				return piece, ok, err
			}
			if p.blocked() {
				continue
			}
		}
		if p.piece != nil {
			if p.blocked() { // the ring waits for pieces, and this one for the ring
				return nil, false, p.broken(errOrder)
			}
			return nil, false, nil
		}
		record, ok, err := p.sock.Next()
		switch {
		case err != nil:
			p.fault = err
			return nil, false, err
		case !ok:
			return nil, false, nil
		case record[0] == recordPiece:
			p.piece, p.after = record[pieceHead:], binary.LittleEndian.Uint64(record[5:])
			if int64(p.after-p.read) > int64(p.peer.slots) {
				return nil, false, p.broken(errOrder)
			}
		}
	}
}

// blocked says that pieces of the socket come before what the ring has next.
func (p *port) blocked() bool { return int32(p.want-p.pieces) > 0 }

// ready says that the ring has a slot.
func (p *port) ready() bool {
	return p.peer.live.Load() != 0 && uint32(word(p.peer.ring, p.read&(p.peer.slots-1)).Load()>>32) == number(p.read)
}

// ofRing takes a slot. A slot that says how many pieces of the socket come first gives nothing.
func (p *port) ofRing() ([]byte, bool, error) {
	if p.peer.live.Load() == 0 {
		return nil, false, nil
	}
	at := (p.read & (p.peer.slots - 1)) * slotSize
	w := word(p.peer.ring, p.read&(p.peer.slots-1)).Load()
	if uint32(w>>32) != number(p.read) {
		return nil, false, nil
	}
	body := p.peer.ring[at+wordSize : at+slotSize]
	n := int(uint32(w) & lenMask)
	var piece []byte
	switch uint32(w) >> kindShift {
	case kindInline:
		if n == 0 || n > maxInline {
			return nil, false, p.broken(errLength)
		}
		piece = p.small[:n]
		copy(piece, body)
	case kindArena:
		from := uint64(load32(body))
		if n == 0 || from > p.peer.geometry.arena || uint64(n) > p.peer.geometry.arena-from {
			return nil, false, p.broken(errPlace)
		}
		if cap(p.large) < n {
			p.large = make([]byte, n, max(n, 2*cap(p.large)))
		}
		piece = p.large[:n]
		copy(piece, p.peer.arena[from:])
	case kindSync:
		p.want = load32(body)
	default:
		return nil, false, p.broken(errKind)
	}
	p.read++
	if p.read-p.told >= tellEvery || n > maxInline {
		p.tell()
	}
	return piece, piece != nil, nil
}

// readInto copies what has arrived into b: a long piece without a copy between, since nobody looks at bytes of a stream
// before they are the reader's. It gives 0 when nothing has come; rest is what did not fit.
func (p *port) readInto(b []byte) (n int, rest []byte, err error) {
	if p.piece == nil && !p.blocked() && p.fault == nil {
		if n, err := p.copyLong(b); n > 0 || err != nil {
			return n, nil, err
		}
	}
	piece, _, err := p.nextPiece()
	n = copy(b, piece)
	return n, piece[n:], err
}

// copyLong copies of the next slot if what it has is in the arena.
func (p *port) copyLong(b []byte) (int, error) {
	if !p.ready() {
		return 0, nil
	}
	i := p.read & (p.peer.slots - 1)
	low := uint32(word(p.peer.ring, i).Load())
	if low>>kindShift != kindArena {
		return 0, nil
	}
	n := int(low & lenMask)
	from := uint64(load32(p.peer.ring[i*slotSize+wordSize:]))
	if n <= p.part || from > p.peer.geometry.arena || uint64(n) > p.peer.geometry.arena-from {
		return 0, p.broken(errPlace)
	}
	got := copy(b, p.peer.arena[from+uint64(p.part):from+uint64(n)])
	if p.part += got; p.part == n {
		p.part = 0
		p.read++
		p.tell()
	}
	return got, nil
}

// tellEvery is how many slots the reader is done with before it says so, unless it is about to sleep.
const tellEvery = 64

func (p *port) tell() {
	if p.told != p.read {
		p.told = p.read
		p.own.done.Store(p.read)
	}
}

func (p *port) eof(err error) error {
	if err == io.EOF && len(p.stream) > p.given {
		return io.ErrUnexpectedEOF
	}
	return err
}
