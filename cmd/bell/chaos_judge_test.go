package main

import (
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// Times in these tests are milliseconds.
const ms = int64(time.Millisecond)

// A told is a call as the client of a test logs it: begun, due and back. back 0: it never was.
type told struct {
	client, life int
	begin, limit int64
	back         int64
	outcome      uint8
	code         bellpull.Code
	server       uint8
	made         int64 // when it was called, if writing its begin took long
}

// A past is a run made by hand. Server 0 was killed at 100 and started again at 400, client 2 killed at 1000, and all
// was calm from 2000 on.
type past struct {
	calls   []told
	journal []int // of server 0: indexes of calls
	other   []int // of server 1
	gaps    []span
	stops   map[int][]span
	errs    []string
}

// good is a run that keeps every promise. Its clients: 0 waits for a server that is away, 1 fails at once, 2 is killed.
func good() past {
	return past{
		calls: []told{
			{0, 0, 10, 500, 20, outcomeOK, 0, 0, 0},                            // 0
			{0, 0, 90, 500, 110, outcomeMaybe, bellpull.CodeUnavailable, 0, 0}, // 1: cut off by the kill, did not run
			{0, 0, 91, 500, 112, outcomeMaybe, bellpull.CodeUnavailable, 0, 0}, // 2: cut off and ran
			{0, 0, 92, 200, 295, outcomeNever, bellpull.CodeDeadline, 0, 0},    // 3: waited for the server in vain
			{0, 0, 99, 500, 450, outcomeOK, 0, 0, 0},                           // 4: waited and was served by the successor
			{1, 0, 95, 500, 120, outcomeNever, bellpull.CodeUnavailable, 0, 0}, // 5: told at once
			{0, 0, 2010, 500, 2020, outcomeOK, 0, 0, 0},                        // 6: all are back
			{1, 0, 2010, 500, 2020, outcomeOK, 0, 0, 0},                        // 7
			{2, 1, 2010, 500, 2020, outcomeOK, 0, 0, 0},                        // 8
			{2, 0, 990, 500, 0, 0, 0, 0, 0},                                    // 9: its client was killed
			{0, 0, 2010, 500, 2020, outcomeOK, 0, 1, 0},                        // 10
			{1, 0, 2010, 500, 2020, outcomeOK, 0, 1, 0},                        // 11
			{2, 1, 2010, 500, 2020, outcomeOK, 0, 1, 0},                        // 12
		},
		journal: []int{0, 2, 4, 6, 7, 8, 9},
		other:   []int{10, 11, 12},
	}
}

// judgePast writes the run into logs and journals, and has it judged.
func judgePast(t *testing.T, p past) *chaosVerdict {
	t.Helper()
	l := newLedger()
	next := map[uint32]int{}
	ids := make([]callID, len(p.calls))
	for i, c := range p.calls {
		stream := makeID(c.client, c.life, 0, 0).stream()
		id := makeID(c.client, c.life, 0, next[stream])
		next[stream]++
		ids[i] = id
		b := appendLog(nil, logRecord{id: id, at: c.begin * ms, span: c.limit * ms, kind: logBegin, server: c.server})
		if c.back != 0 {
			b = appendLog(b, logRecord{id: id, at: c.back * ms, span: (c.back - max(c.begin, c.made)) * ms, kind: logEnd, outcome: c.outcome, code: uint8(c.code)})
		}
		if err := l.log(c.client, b); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range p.gaps {
		if err := l.log(0, appendLog(nil, logRecord{at: g.from * ms, span: (g.to - g.from) * ms, kind: logGap})); err != nil {
			t.Fatal(err)
		}
	}
	for server, list := range [][]int{p.journal, p.other} {
		var b []byte
		for _, i := range list {
			id := makeID(9, 9, 9, 9)
			if i >= 0 {
				id = ids[i]
			}
			b = binary.LittleEndian.AppendUint64(b, uint64(id))
		}
		if err := l.journal(server, b); err != nil {
			t.Fatal(err)
		}
	}
	h := &history{servers: 2, clients: 3, failFast: func(client int) bool { return client == 1 }, calm: 2000 * ms,
		deaths:      map[int][]death{0: {{100 * ms, 101 * ms, 400 * ms}}},
		clientKills: map[uint32]int64{life(makeID(2, 0, 0, 0).stream()): 1000 * ms}, clientStops: map[int][]span{}}
	for client, list := range p.stops {
		for _, s := range list {
			h.clientStops[client] = append(h.clientStops[client], span{s.from * ms, s.to * ms})
		}
	}
	v := l.judge(h)
	v.decide(p.errs)
	return v
}

// numbers gives the counts of a verdict that must be 0, by their key.
func numbers(v *chaosVerdict) map[string]int {
	out := map[string]int{}
	for key, n := range map[string]int{"lost": v.Lost, "doubled": v.Doubled, "wrong": v.Wrong, "hung": v.Hung, "late": v.Late, "away": v.Away} {
		if n != 0 {
			out[key] = n
		}
	}
	return out
}

func TestTheJudgeIsContentWithAGoodRun(t *testing.T) {
	v := judgePast(t, good())
	v.Broken = nil
	want := chaosVerdict{Verdict: "kept", Kills: 2, Calls: 13, Acked: 8, Never: 2, Maybe: 2, Unknown: 1, Deadline: 3, Death: 19, Back: v.Back}
	if !reflect.DeepEqual(*v, want) {
		t.Errorf("got %+v\nwant %+v", *v, want)
	}
	// The successor's first call of its own came at 2010; the one that waited does not count as it began before.
	if v.Back != 2020-100-(400-101) {
		t.Errorf("back after %v ms", v.Back)
	}
}

// TestTheJudgeNoticesEachBrokenPromise spoils a good run in each way that must turn the verdict.
func TestTheJudgeNoticesEachBrokenPromise(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(p *past)
		want  map[string]int
		says  string
	}{
		{"acknowledged and lost", func(p *past) { p.journal = p.journal[1:] }, map[string]int{"lost": 1}, "not in its journal"},
		{"twice, acknowledged", func(p *past) { p.journal = append(p.journal, 0) }, map[string]int{"doubled": 1}, "ran 2 times"},
		{"twice, maybe", func(p *past) { p.journal = append(p.journal, 2) }, map[string]int{"doubled": 1}, "ran 2 times"},
		{"twice, its client killed", func(p *past) { p.journal = append(p.journal, 9) }, map[string]int{"doubled": 1}, "ran 2 times"},
		{"never, and ran", func(p *past) { p.journal = append(p.journal, 3) }, map[string]int{"wrong": 1}, "said never to have run"},
		{"a call nobody made", func(p *past) { p.journal = append(p.journal, -1) }, map[string]int{"wrong": 1}, "nobody made it"},
		{"run by the wrong server", func(p *past) { p.other = append(p.other, 2) }, map[string]int{"wrong": 1}, "journal of server 1"},
		{"an error of the service", func(p *past) { p.calls[1].outcome, p.calls[1].code = outcomeWrong, bellpull.CodeFailed },
			map[string]int{"wrong": 1}, "what the service never says, code failed"},
		{"a link lost without a death", func(p *past) { p.calls[1].server = 1 }, map[string]int{"wrong": 1}, "which was alive"},
		{"hung", func(p *past) { p.calls[3].back = 0 }, map[string]int{"hung": 1}, "never came back"},
		{"hung until its client was killed", func(p *past) { p.calls[9].begin, p.calls[9].limit = 300, 400 }, map[string]int{"hung": 1}, "when its client was killed"},
		{"late, acknowledged", func(p *past) { p.calls[6].back = 2010 + 500 + 251 }, map[string]int{"late": 1}, "251ms after its deadline"},
		{"late, never", func(p *past) { p.calls[3].back = 92 + 200 + 260 }, map[string]int{"late": 1}, "260ms after its deadline"},
		{"late, beyond a stop of its client", func(p *past) {
			p.calls[6].back, p.stops = 2010+500+251+50, map[int][]span{0: {{2100, 2150}}}
		}, map[string]int{"late": 1}, "251ms after its deadline"},
		{"late after the death, lost", func(p *past) { p.calls[1].back = 101 + 51 }, map[string]int{"late": 1}, "51ms after the death"},
		{"late after the death, until its deadline", func(p *past) {
			p.calls[1].limit, p.calls[1].back, p.calls[1].code = 200, 291, bellpull.CodeDeadline
		}, map[string]int{"late": 1}, "190ms after the death"},
		{"late after the death, fails at once", func(p *past) { p.calls[5].back = 101 + 60 }, map[string]int{"late": 1}, "60ms after the death"},
		{"late while the server is away, fails at once", func(p *past) { p.calls[5].begin, p.calls[5].back = 200, 251 },
			map[string]int{"late": 1}, "51ms after the death"},
		{"late after the death, beyond a gap", func(p *past) {
			p.calls[1].back, p.gaps = 101+51+20, []span{{120, 140}}
		}, map[string]int{"late": 1}, "51ms after the death"},
		{"never back", func(p *past) { p.calls[12].begin, p.calls[12].back = 1990, 1995 }, map[string]int{"away": 1}, "client 2 has no acknowledged call from server 1"},
		{"a process that died by itself", func(p *past) { p.errs = []string{"server 1 ended by itself"} }, map[string]int{}, "ended by itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := good()
			c.spoil(&p)
			v := judgePast(t, p)
			if v.Verdict != "broken" || !reflect.DeepEqual(numbers(v), c.want) {
				t.Errorf("got %s, %v, want %v: %q", v.Verdict, numbers(v), c.want, v.Broken)
			}
			if !slices.ContainsFunc(v.Broken, func(s string) bool { return strings.Contains(s, c.says) }) {
				t.Errorf("%q does not say %q", v.Broken, c.says)
			}
		})
	}
}

// TestTheJudgeForgivesWhatNobodyPromised: what looks late and is not.
func TestTheJudgeForgivesWhatNobodyPromised(t *testing.T) {
	for name, spoil := range map[string]func(p *past){
		"as late as may be":                   func(p *past) { p.calls[6].back = 2010 + 500 + 250 },
		"its client was stopped":              func(p *past) { p.calls[6].back, p.stops = 4000, map[int][]span{0: {{2100, 3900}}} },
		"its client was stopped at the death": func(p *past) { p.calls[1].back, p.stops = 1000, map[int][]span{0: {{95, 960}}} },
		"its client was stopped, then slow": func(p *past) {
			p.calls[1].back, p.stops, p.gaps = 1035, map[int][]span{0: {{95, 950}}}, []span{{960, 1000}}
		},
		"its log was slow": func(p *past) { p.calls[6].made, p.calls[6].back = 2900, 2910 },
		"stopped and killed with a call that was due": func(p *past) {
			p.calls[9].begin, p.calls[9].limit, p.stops = 300, 400, map[int][]span{2: {{500, 900}}}
		},
		"its client did not get to run at the end": func(p *past) { p.calls[6].back, p.gaps = 2900, []span{{2505, 2700}} },
		"its client did not get to run":            func(p *past) { p.calls[1].back, p.gaps = 190, []span{{105, 150}} },
		"killed with a call that was due":          func(p *past) { p.calls[9].begin, p.calls[9].limit = 600, 160 },
		"sent to the successor":                    func(p *past) { p.calls[1].limit, p.calls[1].back, p.calls[1].code = 400, 491, bellpull.CodeDeadline },
	} {
		t.Run(name, func(t *testing.T) {
			p := good()
			spoil(&p)
			v := judgePast(t, p)
			if v.Verdict != "kept" {
				t.Errorf("%s: %v %q", v.Verdict, numbers(v), v.Broken)
			}
			if len(p.stops) > 0 && v.Deadline > 250 {
				t.Errorf("the figures contain a stop: %v ms after a deadline", v.Deadline)
			}
		})
	}
}

func TestLeavingsAndSilenceBreakThePromise(t *testing.T) {
	v := &chaosVerdict{Acked: 1, Leaked: 1}
	if v.decide(nil); v.Verdict != "broken" {
		t.Error("leaked, and", v.Verdict)
	}
	v = &chaosVerdict{}
	if v.decide(nil); v.Verdict != "broken" || len(v.Broken) != 1 {
		t.Error("no call was acknowledged, and", v.Verdict)
	}
}

// TestBrokenLogsAreNoEvidence: what cannot have been written is refused, not guessed at.
func TestBrokenLogsAreNoEvidence(t *testing.T) {
	begin := func(client, seq int) []byte {
		return appendLog(nil, logRecord{id: makeID(client, 0, 0, seq), kind: logBegin})
	}
	end := func(seq int, outcome uint8) []byte {
		return appendLog(nil, logRecord{id: makeID(0, 0, 0, seq), kind: logEnd, outcome: outcome})
	}
	for name, b := range map[string][]byte{
		"torn":                begin(0, 0)[:logLen-1],
		"another client's":    begin(1, 0),
		"a call left out":     begin(0, 1),
		"begun twice":         slices.Concat(begin(0, 0), begin(0, 0)),
		"ended without begin": end(0, outcomeOK),
		"ended twice":         slices.Concat(begin(0, 0), end(0, outcomeOK), end(0, outcomeOK)),
		"an unknown outcome":  slices.Concat(begin(0, 0), end(0, outcomeWrong+1)),
		"an unknown record":   appendLog(nil, logRecord{kind: 77}),
		"a record of no kind": make([]byte, logLen),
	} {
		if err := newLedger().log(0, b); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
	if err := newLedger().journal(0, make([]byte, journalLen+1)); err == nil {
		t.Error("a torn journal passes")
	}
}

func TestLogRecordsComeBack(t *testing.T) {
	want := logRecord{id: makeID(63, 65535, 199, 1<<32-1), at: 1 << 60, span: -5, kind: logEnd, server: 7, outcome: outcomeNever, code: 17}
	b := appendLog(nil, want)
	if got := parseLog(b); got != want || len(b) != logLen {
		t.Errorf("got %+v of %d bytes", got, len(b))
	}
	if id := want.id; id.client() != 63 || id.life() != 65535 || id.seq() != 1<<32-1 || life(id.stream()) != 63<<16|65535 {
		t.Error(id)
	}
	if 4096%logLen != 0 || 4096%journalLen != 0 {
		t.Error("records cross pages")
	}
}

func TestSpans(t *testing.T) {
	got := union([]span{{5, 9}, {1, 2}}, []span{{2, 3}, {8, 12}, {20, 21}})
	if want := []span{{1, 3}, {5, 12}, {20, 21}}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if n := within(got, 2, 8); n != 4 {
		t.Errorf("got %d", n)
	}
}
