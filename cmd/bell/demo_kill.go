package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// How the server is treated: killed so often, with so much load before, between and after.
const (
	killTimes = 3
	killLoad  = 400 * time.Millisecond
)

// killRecord is part "kill" in -o json.
type killRecord struct {
	Part    string  `json:"part"`
	OK      bool    `json:"ok"`
	Kills   int     `json:"kills"`
	Calls   int     `json:"calls"`
	Acked   int     `json:"ok_calls"`
	Never   int     `json:"never"`   // failed, and the error says that they did not run
	Maybe   int     `json:"maybe"`   // failed, and the error leaves it open
	Lost    int     `json:"lost"`    // acknowledged and not in the journal
	Doubled int     `json:"doubled"` // more than once in the journal
	Wrong   int     `json:"wrong"`   // the journal contradicts the error, or knows what nobody called
	Back    float64 `json:"back_ms"` // the longest time from a kill to the next acknowledged call
	Error   string  `json:"error,omitempty"`
}

// kill has a client call a server under full load, kills the server, starts it again, and compares what the client was
// told with the server's journal.
func (d *demo) kill(ctx context.Context) bool {
	r, err := d.killRun(ctx)
	r.Part = "kill"
	if err != nil {
		r.OK, r.Error = false, err.Error()
	}
	d.emit(r, "")
	d.say("   %s  ok %d / never %d / maybe %d / lost %d / doubled %d / back in %.0f ms", d.mark(r.OK),
		r.Acked, r.Never, r.Maybe, r.Lost, r.Doubled, r.Back)
	d.say("       %d calls by %d callers, %d kills; wrong errors: %d", r.Calls, loadCallers, r.Kills, r.Wrong)
	if err != nil {
		d.say("       %s", oneLine(r.Error, 160))
	}
	return r.OK
}

// A strike is one kill: when, and when the new server was started.
type strike struct{ killed, started time.Time }

func (d *demo) killRun(ctx context.Context) (r killRecord, err error) {
	journal, calls := filepath.Join(d.dir, "journal"), filepath.Join(d.dir, "calls")
	server, err := d.start(ctx, "journal", demoAddr(d.dir, "journal"), journal)
	if err != nil {
		return r, err
	}
	defer func() { server.kill() }()
	addr, err := server.expect(ctx, "ready")
	if err != nil {
		return r, fmt.Errorf("the server: %w", err)
	}
	load, err := d.start(ctx, "load", addr, calls)
	if err != nil {
		return r, err
	}
	defer load.kill()
	if _, err := load.expect(ctx, "up"); err != nil {
		return r, fmt.Errorf("the client: %w", err)
	}
	var strikes []strike
	for range killTimes {
		pause(ctx, killLoad)
		s := strike{killed: time.Now()}
		server.kill()
		s.started = time.Now()
		if server, err = d.start(ctx, "journal", addr, journal); err != nil {
			return r, err
		}
		if _, err := server.expect(ctx, "ready"); err != nil {
			return r, fmt.Errorf("the server after a kill: %w", err)
		}
		if _, err := load.expect(ctx, "up"); err != nil {
			return r, fmt.Errorf("the client after a kill: %w", err)
		}
		strikes = append(strikes, s)
	}
	pause(ctx, killLoad)
	load.in.Close()
	if _, err := load.expect(ctx, "done"); err != nil {
		return r, fmt.Errorf("the client at the end: %w", err)
	}
	server.stop()
	told, err := os.ReadFile(calls)
	if err != nil {
		return r, err
	}
	wrote, err := os.ReadFile(journal)
	if err != nil {
		return r, err
	}
	return judge(told, wrote, strikes)
}

// judge compares what the client was told with what the server wrote down.
func judge(told, wrote []byte, strikes []strike) (killRecord, error) {
	r := killRecord{Kills: len(strikes)}
	log, err := readOutcomes(told)
	if err != nil {
		return r, err
	}
	ids, err := readJournal(wrote)
	if err != nil {
		return r, err
	}
	ran := make(map[uint64]int, len(ids))
	for _, id := range ids {
		ran[id]++
	}
	back := make([]int64, len(strikes)) // end of the first call acknowledged after each
	for _, o := range log {
		r.Calls++
		times := ran[o.id]
		delete(ran, o.id)
		if times > 1 {
			r.Doubled++
		}
		switch o.outcome {
		case outcomeOK:
			r.Acked++
			if times == 0 {
				r.Lost++
			}
			for i, s := range strikes {
				if o.end >= s.started.UnixNano() && (back[i] == 0 || o.end < back[i]) {
					back[i] = o.end
				}
			}
		case outcomeNever:
			r.Never++
			if times != 0 {
				r.Wrong++
			}
		case outcomeMaybe:
			r.Maybe++
		default: // the service never fails a call by itself
			r.Wrong++
		}
	}
	r.Wrong += len(ran)
	r.OK = r.Lost == 0 && r.Doubled == 0 && r.Wrong == 0 && r.Acked > 0
	for i, s := range strikes {
		if back[i] == 0 {
			r.OK = false
			return r, fmt.Errorf("no call was acknowledged after kill %d", i+1)
		}
		r.Back = max(r.Back, float64(back[i]-s.killed.UnixNano())/1e6)
	}
	return r, nil
}
