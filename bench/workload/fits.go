package workload

import (
	"strconv"

	"github.com/bellpull/bellpull/bench/rival"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Unfit says why a peer has no such row, or "".
func (w Workload) Unfit(p rival.Facts) string {
	switch {
	case w.Kind == Stream && !p.Streams:
		return "no net.Conn"
	case w.Kind != Stream && !p.Calls:
		return "streams only"
	case w.Callers > 1 && p.Alone:
		return "one call at a time"
	case p.MaxBody > 0 && w.Bytes > p.MaxBody:
		return "bodies of at most " + itoa(p.MaxBody)
	case p.MaxConns > 0 && w.Conns > p.MaxConns && w.Kind != Idle:
		return "at most " + itoa(p.MaxConns) + " connections"
	}
	return ""
}

// For gives the workload with as many connections as a peer can have.
func (w Workload) For(p rival.Facts) Workload {
	if p.MaxConns > 0 {
		w.Conns = min(w.Conns, p.MaxConns)
	}
	return w
}
