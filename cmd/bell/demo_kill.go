package main

import (
	"context"
	"time"
)

// How the server is treated: killed so often, with so much load before, between and after. Calls have a deadline, so
// that those that wait too long while the server is away must say that they did not run.
const (
	killTimes    = 3
	killLoad     = 400 * time.Millisecond
	killCallers  = 16
	killDeadline = 100 * time.Millisecond
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
// told with the server's journal: a small run of bell chaos.
func (d *demo) kill(ctx context.Context) bool {
	c := chaosConfig{transport: chaosTransportOf(defaultTransport()), protocol: chaosProtocols[0].name, servers: 1, clients: 1,
		callers: killCallers, deadline: killDeadline, plain: true, tail: killLoad, inTurn: true}
	server := role{true, 0}
	for i := range killTimes {
		at := time.Duration(i+1) * killLoad
		c.strikes = append(c.strikes, strike{at, deedKill, server}, strike{at, deedStart, server})
	}
	run := &chaosRun{chaosConfig: c, second: func(*chaosRun, time.Duration) {}}
	r := killRecord{Part: "kill"}
	v, err := run.run(ctx)
	switch {
	case err != nil:
		r.Error = err.Error()
	default:
		r = killRecord{r.Part, v.Verdict == "kept", v.Kills, v.Calls, v.Acked, v.Never, v.Maybe, v.Lost, v.Doubled, v.Wrong, v.Back, ""}
		if len(v.Broken) > 0 {
			r.Error = v.Broken[0]
		}
	}
	d.emit(r, "")
	d.say("   %s  ok %d / never %d / maybe %d / lost %d / doubled %d / back in %.0f ms", d.mark(r.OK),
		r.Acked, r.Never, r.Maybe, r.Lost, r.Doubled, r.Back)
	d.say("       %d calls by %d callers, %d kills; wrong errors: %d", r.Calls, killCallers, r.Kills, r.Wrong)
	if r.Error != "" {
		d.say("       %s", oneLine(r.Error, 160))
	}
	return r.OK
}
