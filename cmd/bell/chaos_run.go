package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// How long a run goes on after the last strike at most.
const (
	calmLimit = 15 * time.Second      // for each client to have an acknowledged call from each server
	calmLook  = 20 * time.Millisecond // how often that is looked at
	endLimit  = closeLimit + leftPatience + hangPatience
)

// socketDir is where the sockets of a run are, in its directory: short, because paths of sockets are.
const socketDir = "s"

// chaosConfig says what a run is.
type chaosConfig struct {
	transport *chaosTransport
	protocol  string
	servers   int
	clients   int
	callers   int
	seed      uint64
	deadline  time.Duration
	pause     time.Duration
	plain     bool // see partConfig
	fault     string
	strikes   []strike
	tail      time.Duration // load after the last strike
	inTurn    bool          // each kill waits until all are back from the one before; the times count from then
}

// chaosRun is one run. Its methods are for one goroutine, but for those of chaosProc's reader.
type chaosRun struct {
	chaosConfig
	dir    string // of logs, journals and sockets, removed at the end
	tag    string
	addrs  []string // of the servers
	own    []string // of the clients, where these listen too
	procs  map[role]*chaosProc
	logs   []*clientLog
	ledger *ledger
	hist   history
	errs   failures
	did    []string // since the last line
	leaks  []string

	kills, stops int
	second       func(*chaosRun, time.Duration) // called once a second and at the end
}

// run starts the processes, does what the strikes say, lets all of it settle, ends the processes and judges. An error
// says that there was no such run; broken promises are in the verdict. No process outlives it.
func (r *chaosRun) run(ctx context.Context) (v *chaosVerdict, err error) {
	if r.dir, err = os.MkdirTemp("", "bell-chaos-"); err != nil {
		return nil, &localError{err, "make sure that the directory for temporary files can be written to"}
	}
	defer os.RemoveAll(r.dir)
	sockets := filepath.Join(r.dir, socketDir)
	if err := os.Mkdir(sockets, 0o700); err != nil {
		return nil, &localError{err, "see the cause"}
	}
	r.tag = filepath.Base(r.dir)[len("bell-chaos-"):] + "-" + strconv.Itoa(os.Getpid())
	if err := r.place(sockets); err != nil {
		return nil, &localError{err, "choose another --transport"}
	}
	defer r.sweep() // when all are killed
	r.ledger, r.procs = newLedger(), map[role]*chaosProc{}
	r.hist = history{servers: r.servers, clients: r.clients, deaths: map[int][]death{}, serverStops: map[int][]span{},
		clientStops: map[int][]span{}, clientKills: map[uint32]int64{}, failFast: failFast}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer r.killAll()
	if err := r.startAll(); err != nil {
		return nil, err
	}
	from := time.Now()
	if err := r.strike(ctx, from); err != nil {
		return nil, err
	}
	if err := r.settle(ctx, from); err != nil {
		return nil, err
	}
	r.end(ctx)
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	left := slices.Concat(leftInDir(sockets), leftInMemory(r.tag), r.files())
	slices.Sort(left)
	r.leaks = append(r.leaks, slices.Compact(left)...)
	if v, err = r.verdict(); err != nil {
		return nil, err
	}
	v.Seconds = time.Since(from).Seconds()
	return v, nil
}

// verdict reads what has not been read yet, and judges.
func (r *chaosRun) verdict() (*chaosVerdict, error) {
	if err := r.feed(); err != nil {
		return nil, err
	}
	for i := range r.servers {
		b, err := os.ReadFile(r.journalOf(i))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, &localError{err, "see the cause"}
		}
		if err := r.ledger.journal(i, b); err != nil {
			r.errs.add("%v", err)
		}
	}
	v := r.ledger.judge(&r.hist)
	v.Seed = r.seed
	v.Leaked += len(r.leaks)
	for _, what := range r.leaks {
		v.tell("left behind: %s", what)
	}
	v.decide(r.errs.list())
	return v, nil
}

// startAll starts every process for the first time.
func (r *chaosRun) startAll() error {
	for i := range r.servers {
		r.procs[role{true, i}] = &chaosProc{role: role{true, i}, errs: &r.errs}
	}
	for i := range r.clients {
		r.procs[role{false, i}] = &chaosProc{role: role{false, i}, errs: &r.errs}
	}
	for _, p := range r.procs {
		if err := r.start(p); err != nil {
			return &localError{err, "make sure that this program can start itself again"}
		}
	}
	return nil
}

// failFast says which clients fail at once while a server is away; the others wait for it. named says which have a
// name, so that their successors take it over; where clients listen all have. Of four clients each is of another kind.
func failFast(client int) bool { return client&1 != 0 }
func named(client int) bool    { return client&2 != 0 }

// start starts a process that is not running.
func (r *chaosRun) start(p *chaosProc) error {
	c := partConfig{Protocol: r.protocol, Transport: r.transport.name, Fault: r.fault, Seed: r.seed, Known: r.known()}
	if p.server {
		c.File, c.Addrs, c.Name = r.journalOf(p.index), r.addrs[p.index:p.index+1], "journal"
		if len(r.own) > 0 {
			c.Name = r.nameAt(p.role, c.Addrs[0])
		}
		if list := r.hist.deaths[p.index]; len(list) > 0 {
			list[len(list)-1].back = machineNow()
		}
		return p.start("journal", c)
	}
	c.Client, c.Life, c.Callers, c.Deadline, c.Pause, c.Plain = p.index, p.life, r.callers, r.deadline, r.pause, r.plain
	c.File, c.Addrs, c.FailFast = filepath.Join(r.dir, fmt.Sprintf("log-%d-%d", p.index, p.life)), r.addrs, failFast(p.index)
	switch {
	case len(r.own) > 0:
		c.Own = r.own[p.index]
		c.Name = r.nameAt(p.role, c.Own)
	case named(p.index):
		c.Name = fmt.Sprintf("client-%d", p.index)
	}
	r.logs = append(r.logs, &clientLog{path: c.File, proc: p, life: p.life})
	return p.start("client", c)
}

func (r *chaosRun) journalOf(server int) string {
	return filepath.Join(r.dir, fmt.Sprintf("journal-%d", server))
}

// do does one thing to a process, and notes when.
func (r *chaosRun) do(what deed, p *chaosProc) error {
	switch {
	case what == deedStart:
		return r.start(p)
	case p.child == nil: // it could not be started
		return nil
	case what == deedStop:
		p.stopped = machineNow()
		r.stops++
		return stopProcess(p.child.cmd.Process)
	case what == deedContinue:
		err := contProcess(p.child.cmd.Process)
		r.continued(p)
		return err
	}
	r.kills++
	d := p.kill()
	r.continued(p)
	if p.server {
		r.hist.deaths[p.index] = append(r.hist.deaths[p.index], d)
	} else {
		r.hist.clientKills[life(makeID(p.index, p.life-1, 0, 0).stream())] = d.sent
	}
	return nil
}

// continued notes that a process is no longer stopped.
func (r *chaosRun) continued(p *chaosProc) {
	if p.stopped == 0 {
		return
	}
	stops := r.hist.clientStops
	if p.server {
		stops = r.hist.serverStops
	}
	stops[p.index] = append(stops[p.index], span{p.stopped, machineNow()})
	p.stopped = 0
}

// strike does what the schedule says.
func (r *chaosRun) strike(ctx context.Context, from time.Time) error {
	line := time.NewTicker(time.Second)
	defer line.Stop()
	last := time.Duration(0)
	for _, s := range r.strikes {
		if r.inTurn && s.what == deedKill {
			if err := r.settle(ctx, from); err != nil {
				return err
			}
			from = time.Now().Add(-last)
		}
		for t := time.After(s.at - time.Since(from)); t != nil; {
			select {
			case <-ctx.Done():
				return interrupted(ctx)
			case <-t:
				t = nil
			case <-line.C:
				if err := r.tick(from); err != nil {
					return err
				}
			}
		}
		if err := r.do(s.what, r.procs[s.who]); err != nil && ctx.Err() == nil {
			r.errs.add("could not %v: %v", s, err)
		}
		r.did = append(r.did, s.String())
		last = s.at
	}
	for time.Since(from) < last+r.tail {
		select {
		case <-ctx.Done():
			return interrupted(ctx)
		case <-line.C:
			if err := r.tick(from); err != nil {
				return err
			}
		case <-time.After(last + r.tail - time.Since(from)):
		}
	}
	return nil
}

// settle waits until each client has an acknowledged call from each server again.
func (r *chaosRun) settle(ctx context.Context, from time.Time) error {
	r.hist.calm = machineNow()
	look, line := time.NewTicker(calmLook), time.NewTicker(time.Second)
	defer look.Stop()
	defer line.Stop()
	// Looks are counted, not time: while the machine stands still nobody can come back. The verdict says who is away.
	for looks := time.Duration(0); looks < calmLimit/calmLook; {
		select {
		case <-ctx.Done():
			return interrupted(ctx)
		case <-line.C:
			if err := r.tick(from); err != nil {
				return err
			}
		case <-look.C:
			looks++
			if err := r.feed(); err != nil {
				return err
			}
			if len(r.ledger.away(r.clients, r.servers, r.hist.calm)) == 0 {
				return nil
			}
		}
	}
	return nil
}

// tick reads the logs and tells how it goes.
func (r *chaosRun) tick(from time.Time) error {
	if err := r.feed(); err != nil {
		return err
	}
	r.second(r, time.Since(from))
	r.did = nil
	return nil
}

// end ends all processes in an orderly way, clients first, and notes what they leave.
func (r *chaosRun) end(ctx context.Context) {
	for _, servers := range []bool{false, true} {
		var list []*chaosProc
		for _, p := range r.procs {
			if p.server == servers && p.child != nil {
				p.quit()
				list = append(list, p)
			}
		}
		limit, cancel := context.WithTimeout(ctx, endLimit+r.deadline)
		for _, p := range list {
			r.leaks = append(r.leaks, p.await(limit)...)
		}
		cancel()
	}
}

// killAll makes sure that no process is left. A stopped one is continued first.
func (r *chaosRun) killAll() {
	for _, p := range r.procs {
		if p.child != nil {
			contProcess(p.child.cmd.Process)
			p.kill()
		}
	}
	for _, l := range r.logs {
		l.close()
	}
}
