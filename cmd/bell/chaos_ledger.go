package main

import (
	"fmt"
)

// A call as its client logged it. ran is how often the server's journal has it.
type loggedCall struct {
	begin, end, limit int64 // limit: nanoseconds from begin to the deadline
	server            uint8
	outcome           uint8
	code              uint8
	ran               uint8
}

// A span is a time by machineNow.
type span struct{ from, to int64 }

// A ledger holds what clients and servers wrote down. It is fed while they write, and judged when they have ended.
type ledger struct {
	calls  map[uint32][]loggedCall // by callID.stream, then callID.seq
	gaps   map[int][]span          // by client: when it did not get to run
	counts [outcomeWrong + 1]int   // by outcome; outcomeOpen: not back yet
	acked  map[[2]int]int64        // by client and server: when the last call began that was acknowledged
	alien  []string                // calls in a journal that nobody made there
}

func newLedger() *ledger {
	return &ledger{calls: map[uint32][]loggedCall{}, gaps: map[int][]span{}, acked: map[[2]int]int64{}}
}

// log adds records of the client's log; b is a multiple of logLen long.
func (l *ledger) log(client int, b []byte) error {
	if len(b)%logLen != 0 {
		return fmt.Errorf("the log of client %d ends in %d bytes that are no record", client, len(b)%logLen)
	}
	for ; len(b) > 0; b = b[logLen:] {
		r := parseLog(b)
		if r.kind == logGap {
			l.gaps[client] = append(l.gaps[client], span{r.at, r.at + r.span})
			continue
		}
		list := l.calls[r.id.stream()]
		switch n := r.id.seq(); {
		case r.id.client() != client, r.kind == logBegin && n != len(list), r.kind == logEnd && n >= len(list),
			r.kind != logBegin && r.kind != logEnd, r.outcome > outcomeWrong, r.kind == logEnd && list[n].outcome != outcomeOpen:
			return fmt.Errorf("the log of client %d is broken at call %v, record of kind %d", client, r.id, r.kind)
		case r.kind == logBegin:
			l.calls[r.id.stream()] = append(list, loggedCall{begin: r.at, limit: r.span, server: r.server})
			l.counts[outcomeOpen]++
		default:
			c := &list[n]
			c.begin, c.end, c.outcome, c.code = r.at-r.span, r.at, r.outcome, r.code // to write the begin may have taken long
			l.counts[outcomeOpen]--
			l.counts[r.outcome]++
			if key := [2]int{client, int(c.server)}; r.outcome == outcomeOK {
				l.acked[key] = max(l.acked[key], c.begin)
			}
		}
	}
	return nil
}

// journal adds the whole journal of a server. All logs are in already.
func (l *ledger) journal(server int, b []byte) error {
	if len(b)%journalLen != 0 {
		return fmt.Errorf("the journal of server %d has %d bytes, no multiple of %d", server, len(b), journalLen)
	}
	for ; len(b) > 0; b = b[journalLen:] {
		id := parseID(b)
		list := l.calls[id.stream()]
		if id.seq() >= len(list) || int(list[id.seq()].server) != server {
			l.alien = append(l.alien, fmt.Sprintf("call %v is in the journal of server %d, and nobody made it there", id, server))
			continue
		}
		if c := &list[id.seq()]; c.ran < 255 {
			c.ran++
		}
	}
	return nil
}

// away lists the clients that have no acknowledged call from a server that began at since or later.
func (l *ledger) away(clients, servers int, since int64) (list []string) {
	for c := range clients {
		for s := range servers {
			if at, ok := l.acked[[2]int{c, s}]; !ok || at < since {
				list = append(list, fmt.Sprintf("client %d has no acknowledged call from server %d since the last strike", c, s))
			}
		}
	}
	return list
}
