//go:build linux

package shm

import (
	"encoding/binary"
	"errors"
)

// A record is what the socket carries once the memory is there: a ring of the bell, or a piece of the stream that did
// not go through the ring.
//
//	bell   u8 'b'
//	piece  u8 'p' | u32 length | u64 number of slots of the ring that come before it | bytes
const (
	recordBell  = 'b'
	recordPiece = 'p'
	pieceHead   = 1 + 4 + 8
)

var (
	errRecord = errors.New("neither a bell nor a piece")
	errPiece  = errors.New("a piece of an impossible length")
)

// splitRecords finds the end of a record. max bounds a piece.
func splitRecords(max int) func(b []byte) (int, error) {
	return func(b []byte) (int, error) {
		if len(b) == 0 {
			return 0, nil
		}
		switch b[0] {
		case recordBell:
			return 1, nil
		case recordPiece:
			if len(b) < pieceHead {
				return 0, nil
			}
			n := binary.LittleEndian.Uint32(b[1:])
			if n == 0 || int64(n) > int64(max) {
				return 0, errPiece
			}
			return pieceHead + int(n), nil
		}
		return 0, errRecord
	}
}

func putPieceHead(b []byte, n int, after uint64) {
	b[0] = recordPiece
	binary.LittleEndian.PutUint32(b[1:], uint32(n))
	binary.LittleEndian.PutUint64(b[5:], after)
}
