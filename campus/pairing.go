package campus

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/bellpull/bellpull/transport"
)

var (
	errOtherProcess = errors.New("another process than the one that listens under the name")
	errTwoOfAName   = errors.New("another process of the name is connected")
)

// A registration says a name and proves nothing. Where the carrier tells which process is at the other end, the two
// pipes of a pair must lead to one process: else its requests would be answered to another, whose own calls have the
// same numbers. Two processes that take one name from each other do that by mistake (section 14, Q12).

// took adds a connection that has registered to the attempt it came for. Called with mu held; false: there are too many.
func (r *record) took(in *inbound) bool {
	if len(r.ins) > maxSides {
		return false
	}
	r.ins = append(r.ins, in)
	select {
	case r.news <- struct{}{}:
	default:
	}
	return true
}

// half takes the first connection that can be the other half of out off those that have registered; nil: there is none
// yet. Those that were closed meanwhile, or are another process's, go.
func (e *engine) half(r *record, out *outbound) *inbound {
	for {
		e.mu.Lock()
		if len(r.ins) == 0 {
			e.mu.Unlock()
			return nil
		}
		in := r.ins[0]
		r.ins = r.ins[1:]
		e.mu.Unlock()
		switch {
		case hungUp(in.conn):
		case !e.cfg.AllowOthers && !served(out.conn.Identity(), in.conn.Identity()):
			e.refused(in.name, in.conn.Identity(), errOtherProcess)
		default:
			return in
		}
		in.port.Close()
	}
}

// served says whether the process that listens may be the one that dialled. Of a socket that was handed to it, the
// system names whoever made that: the process which started it.
func served(listens, dialled transport.Identity) bool {
	return sameProcess(listens, dialled) || listens.PID == 1 || listens.PID == parent(dialled.PID)
}

// sameProcess says whether two ends may be one process; so they may where the carrier does not tell.
func sameProcess(a, b transport.Identity) bool { return a.PID == 0 || b.PID == 0 || a.PID == b.PID }

// parent gives the process that started another, 0 where that is not known.
func parent(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // state, parent, …
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(fields[1])
	return n
}

// unnamedFor gives the attempt that a registration answers under a name that nobody has dialled: one that is connected
// to an address which is no name. known is where the process of that name listens, if that is known. Called with mu
// held.
func (e *engine) unnamedFor(in *inbound, known transport.Addr) *record {
	for i, r := range e.unnamed {
		if r.conn == nil || r.to.Scheme != in.conn.Traits().Scheme || known != (transport.Addr{}) && known != r.to {
			continue
		}
		if !e.cfg.AllowOthers && !served(r.conn.Identity(), in.conn.Identity()) {
			continue
		}
		e.unnamed = append(e.unnamed[:i:i], e.unnamed[i+1:]...)
		return r
	}
	return nil
}
