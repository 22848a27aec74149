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

// TestSilenceIsCountedFromTheLastSign: whatever was heard before it.
func TestSilenceIsCountedFromTheLastSign(t *testing.T) {
	var life transport.Life
	now := transport.Now()
	b := &beat{every: 5 * second, within: 15 * second, heard: now - 5*second, due: now}
	life.Sign()
	life.Sign()
	last := life.Last()
	next, act := b.look(b.due+second, &life)
	if act != nil || b.heard != last || next != last+5*second {
		t.Fatalf("a second after a sign: act %v, heard %v off, next look %v after it", act != nil, time.Duration(b.heard-last), time.Duration(next-last))
	}
	b.due = next
	if next, act = b.look(next, &life); act == nil || !b.pinged {
		t.Error("nothing for five seconds: no ping")
	}
	for next != 0 {
		b.due = next
		next, _ = b.look(next, &life)
	}
	if silent := b.due - last; silent > 15*second || silent < 14*second {
		t.Error("given up after", time.Duration(silent))
	}
}
