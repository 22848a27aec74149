package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func testSchedule(seed uint64) *schedule {
	return &schedule{seed: seed, servers: 2, clients: 4, kills: 300, every: 150 * time.Millisecond, longest: time.Second, stops: true}
}

func TestTheSameSeedGivesTheSameStrikes(t *testing.T) {
	first := testSchedule(7).draw()
	if !slices.Equal(first, testSchedule(7).draw()) {
		t.Error("the same seed gives other strikes")
	}
	if slices.Equal(first, testSchedule(8).draw()) {
		t.Error("another seed gives the same strikes")
	}
	// A seed in somebody's report means these strikes; other ones are a change for the changelog.
	got := fmt.Sprint(first[:6])
	if want := "[kill server 1 start server 1 kill client 3 stop server 0 start client 3 kill client 3]"; got != want {
		t.Errorf("got %s", got)
	}
}

// TestStrikesFitTheirProcesses goes through schedules and wants each process to be running when it is killed or
// stopped, and running at the end; and every kind of strike on every process.
func TestStrikesFitTheirProcesses(t *testing.T) {
	for seed := range uint64(50) {
		state := map[role]deed{}
		seen := map[strike]bool{}
		kills, last := 0, time.Duration(0)
		for _, s := range testSchedule(seed).draw() {
			was, known := state[s.who]
			if !known {
				was = deedStart
			}
			running := was == deedStart || was == deedContinue
			ok := map[deed]bool{deedKill: running || was == deedStop, deedStart: was == deedKill, deedStop: running, deedContinue: was == deedStop}[s.what]
			if !ok || s.at < last {
				t.Fatalf("seed %d: %v at %v after %v", seed, s, s.at, was)
			}
			if s.what == deedKill {
				kills++
			}
			state[s.who], last = s.what, s.at
			seen[strike{0, s.what, s.who}] = true
		}
		for who, what := range state {
			if what == deedKill || what == deedStop {
				t.Errorf("seed %d leaves %v: %v", seed, who, what)
			}
		}
		if kills != 300 || len(seen) != 6*4 {
			t.Errorf("seed %d: %d kills, %d kinds of strikes", seed, kills, len(seen))
		}
	}
}

func TestSchedulesEnd(t *testing.T) {
	s := testSchedule(1)
	s.kills, s.length = 0, 3*time.Second
	list := s.draw()
	if len(list) == 0 {
		t.Fatal("no strike in three seconds")
	}
	for _, x := range list {
		if (x.what == deedKill || x.what == deedStop) && x.at > s.length+s.longest+planShort {
			t.Errorf("%v at %v", x, x.at)
		}
	}
	s.stops = false
	for _, x := range s.draw() {
		if x.what == deedStop || x.what == deedContinue {
			t.Errorf("%v where nothing can be stopped", x)
		}
	}
}
