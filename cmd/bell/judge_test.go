package main

import (
	"encoding/binary"
	"testing"
	"time"
)

// TestJudge spoils a good run in each way that the demo must notice.
func TestJudge(t *testing.T) {
	epoch := time.Unix(1000, 0)
	at := func(ms int) int64 { return epoch.Add(time.Duration(ms) * time.Millisecond).UnixNano() }
	killed := []strike{{epoch.Add(10 * time.Millisecond), epoch.Add(20 * time.Millisecond)}}
	for _, c := range []struct {
		name    string
		calls   []outcome
		journal []uint64
		want    killRecord
		fails   bool
	}{
		{"good", []outcome{{1, at(5), outcomeOK}, {2, at(15), outcomeMaybe}, {3, at(16), outcomeMaybe}, {4, at(17), outcomeNever}, {5, at(60), outcomeOK}},
			[]uint64{1, 2, 5}, killRecord{OK: true, Kills: 1, Calls: 5, Acked: 2, Never: 1, Maybe: 2, Back: 50}, false},
		{"lost", []outcome{{1, at(5), outcomeOK}, {5, at(60), outcomeOK}}, []uint64{5},
			killRecord{Kills: 1, Calls: 2, Acked: 2, Lost: 1, Back: 50}, false},
		{"doubled", []outcome{{1, at(5), outcomeOK}, {5, at(60), outcomeOK}}, []uint64{1, 5, 1},
			killRecord{Kills: 1, Calls: 2, Acked: 2, Doubled: 1, Back: 50}, false},
		{"doubled maybe", []outcome{{1, at(5), outcomeMaybe}, {5, at(60), outcomeOK}}, []uint64{1, 5, 1},
			killRecord{Kills: 1, Calls: 2, Acked: 1, Maybe: 1, Doubled: 1, Back: 50}, false},
		{"never that ran", []outcome{{1, at(5), outcomeNever}, {5, at(60), outcomeOK}}, []uint64{1, 5},
			killRecord{Kills: 1, Calls: 2, Acked: 1, Never: 1, Wrong: 1, Back: 50}, false},
		{"nobody's", []outcome{{5, at(60), outcomeOK}}, []uint64{5, 6},
			killRecord{Kills: 1, Calls: 1, Acked: 1, Wrong: 1, Back: 50}, false},
		{"failed by the service", []outcome{{1, at(5), outcomeFailed}, {5, at(60), outcomeOK}}, []uint64{1, 5},
			killRecord{Kills: 1, Calls: 2, Acked: 1, Wrong: 1, Back: 50}, false},
		{"never back", []outcome{{1, at(5), outcomeOK}}, []uint64{1}, killRecord{Kills: 1, Calls: 1, Acked: 1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told, wrote []byte
			for _, o := range c.calls {
				told = appendOutcome(told, o)
			}
			for _, id := range c.journal {
				wrote = binary.LittleEndian.AppendUint64(wrote, id)
			}
			got, err := judge(told, wrote, killed)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %+v, %v\nwant %+v", got, err, c.want)
			}
			if _, err := judge(told, append(wrote, 1), killed); err == nil {
				t.Error("a torn journal passes")
			}
			if _, err := judge(append(told, 1), wrote, killed); err == nil {
				t.Error("a torn file of the client passes")
			}
		})
	}
}
