package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/bellpull/bellpull"
)

// What the promises allow: how late a call may come back after its deadline, and after the death of its server.
const (
	lateLimit  = 250 * time.Millisecond
	deathLimit = 50 * time.Millisecond
)

// A death is how a life of a server ended, by machineNow.
type death struct {
	sent   int64 // before the signal
	reaped int64 // when the process was gone for certain, and its connections with it
	back   int64 // when its successor was started; 0: none was
}

// A history is what was done to the processes of a run.
type history struct {
	servers, clients int
	deaths           map[int][]death  // by server, in order
	serverStops      map[int][]span   // by server
	clientStops      map[int][]span   // by client, of all its lives
	clientKills      map[uint32]int64 // by callID.stream without the caller: when that life was killed
	failFast         func(client int) bool
	calm             int64 // when the last strike was over and all processes were running
}

// life gives the key of a client's life in history.clientKills.
func life(stream uint32) uint32 { return stream >> 8 }

// A chaosVerdict is the last record of bell chaos in -o json.
type chaosVerdict struct {
	Verdict  string   `json:"verdict"` // kept or broken
	Seed     uint64   `json:"seed"`
	Seconds  float64  `json:"seconds"`
	Kills    int      `json:"kills"`
	Stops    int      `json:"stops"`
	Calls    int      `json:"calls"`
	Acked    int      `json:"ok_calls"`
	Never    int      `json:"never"`
	Maybe    int      `json:"maybe"`
	Unknown  int      `json:"unknown"`     // their client was killed before they were back
	Lost     int      `json:"lost"`        // acknowledged and not in the journal
	Doubled  int      `json:"doubled"`     // more than once in the journal
	Wrong    int      `json:"wrong"`       // the journal contradicts the error, or an answer, error or entry that must not be
	Hung     int      `json:"hung"`        // never came back
	Late     int      `json:"late"`        // came back after a limit
	Leaked   int      `json:"leaked"`      // what was left at the end
	Away     int      `json:"away"`        // pairs of client and server that did not find back to each other
	Deadline float64  `json:"deadline_ms"` // these two with the time in which the machine did not let the client run
	Death    float64  `json:"death_ms"`
	Back     float64  `json:"back_ms"`
	Broken   []string `json:"broken"` // in words, the first few
}

// maxBroken bounds the broken promises that are told in words.
const maxBroken = 12

func (v *chaosVerdict) tell(format string, args ...any) {
	if len(v.Broken) < maxBroken {
		v.Broken = append(v.Broken, fmt.Sprintf(format, args...))
	}
}

// decide sets the verdict. errs are failures of the run itself, such as a process that died unasked.
func (v *chaosVerdict) decide(errs []string) {
	v.Broken = append(v.Broken, errs...)
	if v.Acked == 0 {
		v.tell("no call was acknowledged at all")
	}
	v.Verdict = "kept"
	if v.Lost+v.Doubled+v.Wrong+v.Hung+v.Late+v.Leaked+v.Away > 0 || len(v.Broken) > 0 {
		v.Verdict = "broken"
	}
}

// judge compares what clients were told with what servers wrote down and what was done to either.
func (l *ledger) judge(h *history) *chaosVerdict {
	v := &chaosVerdict{Broken: []string{}}
	for _, list := range h.deaths {
		v.Kills += len(list)
	}
	v.Kills += len(h.clientKills)
	for _, stops := range []map[int][]span{h.serverStops, h.clientStops} {
		for _, list := range stops {
			v.Stops += len(list)
		}
	}
	j := &judge{history: h, v: v, first: map[[2]int]int64{}, idle: map[int][]span{}}
	for client, gaps := range l.gaps {
		j.idle[client] = union(gaps, h.clientStops[client])
	}
	for client, stops := range h.clientStops {
		if j.idle[client] == nil {
			j.idle[client] = stops
		}
	}
	for stream, list := range l.calls {
		for seq := range list {
			j.call(callID(stream)<<32|callID(seq), &list[seq])
		}
	}
	for _, text := range l.alien {
		v.Wrong++
		v.tell("%s", text)
	}
	for _, text := range l.away(h.clients, h.servers, h.calm) {
		v.Away++
		v.tell("%s", text)
	}
	j.back()
	return v
}

// A judge goes through the calls of a run.
type judge struct {
	*history
	v     *chaosVerdict
	idle  map[int][]span   // by client: stopped, or not let run by the machine
	first map[[2]int]int64 // by server and index of its death: end of the first call acknowledged after it
}

func (j *judge) call(id callID, c *loggedCall) {
	v := j.v
	v.Calls++
	if c.ran > 1 {
		v.Doubled++
		v.tell("call %v ran %d times on server %d", id, c.ran, c.server)
	}
	switch c.outcome {
	case outcomeOpen:
		j.open(id, c)
		return
	case outcomeOK:
		v.Acked++
		if c.ran == 0 {
			v.Lost++
			v.tell("call %v was acknowledged by server %d and is not in its journal", id, c.server)
		}
		j.acked(c)
	case outcomeNever:
		v.Never++
		if c.ran > 0 {
			v.Wrong++
			v.tell("call %v was said never to have run and is in the journal of server %d", id, c.server)
		}
	case outcomeMaybe:
		v.Maybe++
	default:
		v.Wrong++
		v.tell("call %v to server %d came back with what the service never says, code %v", id, c.server, bellpull.Code(c.code))
	}
	over := c.end - c.begin - c.limit
	if over > 0 {
		v.Deadline = max(v.Deadline, float64(over-within(j.clientStops[id.client()], c.begin, c.end))/1e6)
		over -= within(j.idle[id.client()], c.begin, c.end)
	}
	switch wait := j.afterDeath(id, c); {
	case over > int64(lateLimit):
		v.Late++
		v.tell("call %v to server %d came back %v after its deadline", id, c.server, time.Duration(over))
	case wait > int64(deathLimit):
		v.Late++
		v.tell("call %v came back %v after the death of server %d, code %v", id, time.Duration(wait), c.server, bellpull.Code(c.code))
	}
}

// open judges a call that has no end in the log.
func (j *judge) open(id callID, c *loggedCall) {
	killed, ok := j.clientKills[life(id.stream())]
	over := killed - c.begin - c.limit - within(j.idle[id.client()], c.begin, killed)
	if ok && over <= int64(lateLimit) {
		j.v.Unknown++
		return
	}
	j.v.Hung++
	if !ok {
		j.v.tell("call %v to server %d never came back", id, c.server)
	} else {
		j.v.tell("call %v to server %d was not back %v after its deadline, when its client was killed", id, c.server, time.Duration(over))
	}
}

// afterDeath gives how long a call went on after the death of the process it was made to, not counting the time in
// which its client did not run. 0: it did not meet one, or may have gone on to the successor.
func (j *judge) afterDeath(id callID, c *loggedCall) int64 {
	lost := c.outcome == outcomeMaybe && bellpull.Code(c.code) != bellpull.CodeDeadline
	if !lost && c.outcome != outcomeMaybe && (c.outcome != outcomeNever || !j.failFast(id.client())) {
		return 0 // answered, or it waited for the successor
	}
	var last *death
	for i := range j.deaths[int(c.server)] {
		if d := &j.deaths[int(c.server)][i]; d.sent < c.end {
			last = d
		}
	}
	switch {
	case last == nil && lost:
		j.v.Wrong++
		j.v.tell("call %v lost its connection to server %d, which was alive", id, c.server)
		return 0
	case last == nil, !lost && last.back != 0 && c.end >= last.back:
		return 0
	}
	from := max(last.reaped, c.begin)
	wait := c.end - from
	j.v.Death = max(j.v.Death, float64(wait-within(j.clientStops[id.client()], from, c.end))/1e6)
	return wait - within(j.idle[id.client()], from, c.end)
}

// acked notes the first call that each life of a server acknowledged.
func (j *judge) acked(c *loggedCall) {
	s := int(c.server)
	list := j.deaths[s]
	i, _ := slices.BinarySearchFunc(list, c.begin, func(d death, begin int64) int { return int(min(max(d.reaped-begin, -1), 1)) })
	if i--; i < 0 || list[i].back == 0 || c.end < list[i].back {
		return
	}
	if key := [2]int{s, i}; j.first[key] == 0 || c.end < j.first[key] {
		j.first[key] = c.end
	}
}

// back finds the longest time from a kill of a server to its next acknowledged call, without the pause before it was
// started again. Servers that were stopped meanwhile do not count.
func (j *judge) back() {
	for key, first := range j.first {
		d := j.deaths[key[0]][key[1]]
		if within(j.serverStops[key[0]], d.sent, first) == 0 {
			j.v.Back = max(j.v.Back, float64(first-d.sent-(d.back-d.reaped))/1e6)
		}
	}
}

// within gives how much of the time between from and to lies in spans, which do not overlap each other.
func within(list []span, from, to int64) (sum int64) {
	for _, s := range list {
		if a, b := max(s.from, from), min(s.to, to); a < b {
			sum += b - a
		}
	}
	return sum
}

// union merges two lists of spans into one without overlaps.
func union(a, b []span) []span {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y span) int { return int(min(max(x.from-y.from, -1), 1)) })
	var out []span
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}
