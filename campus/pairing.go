package campus

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/bellpull/bellpull/transport"
)

var (
	errOtherProcess = errors.New("another process than the one that listens under the name")
	errCrowd        = errors.New("too many to dial back at once")
	errHangsUp      = errors.New("it hangs up on whoever dials it")
	errTwoOfAName   = errors.New("another process of the name is connected")
)

// A registration says a name and proves nothing. Where the carrier tells which process is at the other end, the two
// pipes of a pair must lead to one process: else its requests would be answered to another, whose own calls have the
// same numbers. Two processes that take one name from each other do that by mistake (section 14, Q12).

// half gives the two halves of a link: a connection that has registered, nil when there is none yet, and the one that was
// dialled, which is out, or another when the process that took out is gone: it was the predecessor of the one that has
// registered, which knows nothing of it. Whoever registered and is another process than the one that listens is refused.
// An error is that of dialling again; out is closed then. last is that of take.
func (e *engine) half(ctx context.Context, t *attempt, out *outbound, to transport.Addr, last bool) (*inbound, *outbound, error) {
	for {
		in := e.take(t, last)
		if in == nil {
			return nil, out, nil
		}
		for tries := 1; !ended(in.conn) && out.hungUp(); tries++ {
			out.port.Close()
			again, err := (*outbound)(nil), errHangsUp
			if tries <= maxPredecessors {
				again, err = e.connect(ctx, to, in.conn.Identity())
			}
			if err != nil {
				in.port.Close()
				return nil, nil, err
			}
			out = again
		}
		if e.cfg.AllowOthers || served(out.conn.Identity(), in.conn.Identity()) {
			return in, out, nil
		}
		in.port.Close()
		e.refused(in.name, in.conn.Identity(), errOtherProcess)
	}
}

// A back is one dial back under way.
type back struct{ stop context.CancelCauseFunc }

// backContext bounds a dial back: by time, and by number, since a process that registers under names where nobody
// answers makes this side wait for each. The oldest makes room. done is to be called when it is over.
func (e *engine) backContext() (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(e.life, e.cfg.RegisterTimeout)
	ctx, stop := context.WithCancelCause(ctx)
	b := &back{stop}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.backs) == e.cfg.MaxPending {
		e.backs[0].stop(errCrowd)
		e.backs = e.backs[1:]
	}
	e.backs = append(e.backs, b)
	return ctx, func() {
		stop(nil)
		cancel()
		e.mu.Lock()
		defer e.mu.Unlock()
		if i := slices.Index(e.backs, b); i >= 0 {
			e.backs = slices.Delete(e.backs, i, i+1)
		}
	}
}

// maxPredecessors bounds the dials that one attempt makes in vain to processes that are gone.
const maxPredecessors = 3

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
