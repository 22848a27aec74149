package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bellpull/bellpull/internal/sim"
)

// A journal is what handlers did, as a disk would hold it: what a process does after it was killed is not in it.
type journal struct {
	start time.Time
	trace bool

	mu     sync.Mutex
	runs   map[int][]*entry // by id of the call
	heard  map[listening][]heard
	lines  []line // of the trace
	wrongs []string
}

// An entry is one run of a handler.
type entry struct{ began, ended time.Duration } // ended is 0 while it has not

// listening is one stream of notifies: from a client to a server, or back.
type listening struct{ from, to string }

type heard struct {
	seq  int
	peer any // whose handle it came to
	at   time.Duration
}

type line struct {
	at   time.Duration
	text string
}

func newJournal(trace bool) *journal {
	return &journal{start: time.Now(), trace: trace, runs: map[int][]*entry{}, heard: map[listening][]heard{}}
}

func (j *journal) now() time.Duration { return time.Since(j.start) }

// note writes into the trace.
func (j *journal) note(format string, args ...any) {
	if !j.trace {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line{j.now(), fmt.Sprintf(format, args...)})
}

// wrong notes a broken promise.
func (j *journal) wrong(format string, args ...any) {
	text := fmt.Sprintf("%v: ", j.now()) + fmt.Sprintf(format, args...)
	j.note("WRONG %s", text)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wrongs = append(j.wrongs, text)
}

// begin notes that a handler was entered; the entry is nil when its process is dead.
func (j *journal) begin(h *sim.Host, id int) *entry {
	if h.Dead() {
		return nil
	}
	j.note("run %d begins", id)
	e := &entry{began: j.now()}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.runs[id] = append(j.runs[id], e)
	return e
}

// end notes that a handler is about to answer.
func (j *journal) end(h *sim.Host, e *entry, id int) {
	if e == nil || h.Dead() {
		return
	}
	j.note("run %d ends", id)
	j.mu.Lock()
	defer j.mu.Unlock()
	e.ended = j.now()
}

func (j *journal) hear(h *sim.Host, l listening, seq int, peer any) {
	if h.Dead() {
		return
	}
	j.note("%s hears %d of %s", l.to, seq, l.from)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.heard[l] = append(j.heard[l], heard{seq, peer, j.now()})
}

// sorted gives the trace: by time, and by text where the scheduler has a say.
func (j *journal) sorted() []string {
	slices.SortStableFunc(j.lines, func(a, b line) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return strings.Compare(a.text, b.text)
	})
	list := make([]string, len(j.lines))
	for i, l := range j.lines {
		list[i] = fmt.Sprintf("%13s %s", l.at, l.text)
	}
	return list
}
