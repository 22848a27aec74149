package main

import (
	"encoding/binary"
	"fmt"
	"os"
)

// What became of a call.
const (
	outcomeOpen  = iota // not back yet, or its client was killed before
	outcomeOK           // acknowledged
	outcomeNever        // failed, and the error says that it did not run
	outcomeMaybe        // failed, and the error leaves it open
	outcomeWrong        // what the service never says: another answer, a failure of its own, an error of no kind
)

// A callID names a call of a run: client, its life (how often it was started before), caller and number, so that the
// calls of one caller follow each other without gaps.
type callID uint64

func makeID(client, life, caller, seq int) callID {
	return callID(client)<<56 | callID(life)<<40 | callID(caller)<<32 | callID(seq)
}

func (id callID) client() int    { return int(id >> 56) }
func (id callID) life() int      { return int(id >> 40 & 0xffff) }
func (id callID) seq() int       { return int(id & 0xffffffff) }
func (id callID) stream() uint32 { return uint32(id >> 32) } // all but the number

func (id callID) String() string {
	return fmt.Sprintf("%d of caller %d of client %d, life %d", id.seq(), id>>32&0xff, id.client(), id.life())
}

// The kinds of records in a client's log.
const (
	logBegin = iota + 1 // a call is about to be made
	logEnd              // it came back
	logGap              // the process did not get to run
)

// A logRecord is one line of a client's log. The file holds them one after another, little endian:
//
//	offset size field
//	0      8    id      of the call
//	8      8    at      when, by the machine's monotonic clock in nanoseconds
//	16     8    span    nanoseconds: of logBegin until the deadline, else how long it took
//	24     1    kind
//	25     1    server  of logBegin: which one was called
//	26     1    outcome of logEnd
//	27     1    code    of logEnd: of the error, 0 when there was none
//	28     4    zero
//
// A record is written by one call of the system and never crosses a page, so a process that is killed leaves whole
// records: a begin without an end says that the call may have run.
type logRecord struct {
	id      callID
	at      int64
	span    int64
	kind    uint8
	server  uint8
	outcome uint8
	code    uint8
}

const logLen = 32

func appendLog(b []byte, r logRecord) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(r.id))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.at))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.span))
	return append(b, r.kind, r.server, r.outcome, r.code, 0, 0, 0, 0)
}

// parseLog reads one record from the first logLen bytes of b.
func parseLog(b []byte) logRecord {
	return logRecord{
		id:      callID(binary.LittleEndian.Uint64(b)),
		at:      int64(binary.LittleEndian.Uint64(b[8:])),
		span:    int64(binary.LittleEndian.Uint64(b[16:])),
		kind:    b[24],
		server:  b[25],
		outcome: b[26],
		code:    b[27],
	}
}

// journalLen is the length of a record of a server's journal: the id of a call that ran, little endian. Pages are a
// multiple of it as well.
const journalLen = 8

// appendTo opens a file that each Write adds a record to.
func appendTo(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, &localError{err, "make sure that the directory for temporary files can be written to"}
	}
	return f, nil
}

func parseID(b []byte) callID { return callID(binary.LittleEndian.Uint64(b)) }
