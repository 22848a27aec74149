package pump

import (
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
)

const second = int64(time.Second)

// TestWhoStoodStillBlamesNobody: a process that was stopped itself, and so looks late, pings and waits before it
// gives the other side up.
func TestWhoStoodStillBlamesNobody(t *testing.T) {
	b := &beat{every: 5 * second, within: 15 * second, heard: 100 * second, due: 105 * second}
	var life transport.Life
	next, act := b.look(200*second, &life)
	if act == nil || next == 0 {
		t.Fatal("no ping after 95 s in which this process stood still; next look at", next)
	}
	if !b.pinged || next < 204*second {
		t.Errorf("pinged %v, next look at %d s", b.pinged, next/second)
	}
	for next != 0 {
		b.due = next
		next, _ = b.look(next, &life)
	}
	if b.due < 209*second || b.due > 215*second {
		t.Errorf("given up %d s after waking up, want about 10", b.due/second-200)
	}
}

// TestAVerdictIsNeverEarly: the last sign of life may have come long after the first that was noted.
func TestAVerdictIsNeverEarly(t *testing.T) {
	now := transport.Now()
	b := &beat{every: 5 * second, within: 15 * second, heard: now, due: now + 5*second}
	var life transport.Life
	life.Sign()
	life.Sign()
	next, act := b.look(b.due, &life)
	if act != nil || next != b.due+second {
		t.Fatalf("several signs since the last look: act %v, next look after %v, want one a fifth of the period later", act != nil, time.Duration(next-b.due))
	}
	b.due = next
	if _, act = b.look(next, &life); act == nil || !b.pinged {
		t.Error("nothing since: no ping")
	}
}

// TestASignThatMeetsALookIsNotOlderThanIt: it counts for the next look, and the time that is noted may be an earlier
// sign's.
func TestASignThatMeetsALookIsNotOlderThanIt(t *testing.T) {
	var life transport.Life
	life.Sign()
	noted := transport.Now()
	b := &beat{every: 5 * second, within: 15 * second, heard: noted - 5*second, looked: noted + 5*second, due: noted + 10*second}
	if b.look(b.due, &life); b.heard != noted+5*second {
		t.Errorf("heard %v after the time that was noted, want 5s: when it was looked last", time.Duration(b.heard-noted))
	}
}
