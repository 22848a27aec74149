package sim_test

import (
	"math/rand/v2"
	"time"

	"github.com/bellpull/bellpull/internal/sim"
)

// A plan is all that a run does by itself; what comes of it is up to the nodes.
type plan struct {
	seed    uint64
	grid    time.Duration // all times are multiples of it, so that things happen at once; 0: none do
	buffer  int
	plain   bool          // the servers
	named   bool          // they have a name
	heavy   bool          // bodies are so long that they wait for room to be sent
	timeout time.Duration // of calls whose context has none
	clients []clientPlan
	trouble []trouble
	tells   []time.Duration // when the server broadcasts
	weather weather
}

type clientPlan struct {
	name     string // "" is none
	plain    bool
	failFast bool
	once     bool // does not reconnect
	patient  bool // waits for the server
	start    time.Duration
	ops      []op
}

type opKind int

const (
	opCall opKind = iota
	opFail        // the handler answers an error
	opIdempotent
	opCancel // the caller gives up before its deadline
	opBack   // the handler calls the caller
	opNotify
	opKinds
)

func (k opKind) String() string {
	return [...]string{"call", "fail", "idempotent", "cancel", "back", "notify"}[k]
}

// An op is one call or notify of a client.
type op struct {
	id      int
	kind    opKind
	after   time.Duration // the op before it began
	size    int           // of the body, beside its head
	timeout time.Duration
	bare    bool          // the timeout is the node's
	cancel  time.Duration // opCancel: when
	work    time.Duration // of the handler
	deaf    bool          // the handler does not listen to its context
}

type troubleKind int

const (
	troubleCut     troubleKind = iota // all connections of a client
	troubleReset                      // the same, as a reset
	troubleLose                       // a client loses them, and the server hears of it later
	troubleKill                       // the server, and another comes in its place
	troubleRestart                    // the server is closed, and another comes in its place
	troubleKinds
)

type trouble struct {
	kind   troubleKind
	after  time.Duration // the one before it
	client int
	down   time.Duration // how long there is no server
	ctx    time.Duration // troubleRestart: the time that Close gets
}

// weather is how the network behaves, in percent of the connections or dials.
type weather struct {
	latency            time.Duration
	piece              int
	room               int
	refuse, hang       int
	cut, reset, stall  int
	cutWithin          int64
	stallMost, pauseTo time.Duration
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// newPlan draws a plan. The same seed and grid give the same plan.
func newPlan(seed uint64, grid time.Duration) *plan {
	r := rand.New(rand.NewPCG(seed, 0x62656c6c70756c6c))
	p := &plan{seed: seed, grid: grid, buffer: pick(r, 0, 0, 0, 4096, 1000), plain: chance(r, 20), named: chance(r, 50)}
	p.timeout = p.time(r, pick(r, 100*time.Millisecond, 5*time.Second))
	p.weather = weather{
		latency: pick(r, 10*time.Microsecond, 10*time.Microsecond, time.Millisecond, 20*time.Millisecond, 300*time.Millisecond),
		piece:   pick(r, 0, 0, 0, 700, 100, 20), room: pick(r, 0, 0, 0, 4000, 1000),
		refuse: pick(r, 0, 0, 20, 50), hang: pick(r, 0, 0, 20, 40),
		cut: pick(r, 0, 0, 30, 70), reset: pick(r, 0, 50, 100), stall: pick(r, 0, 0, 0, 30),
		cutWithin: pick(r, int64(500), 1500, 4000), stallMost: pick(r, 100*time.Millisecond, 4*time.Second, 20*time.Second, 50*time.Second),
		pauseTo: pick(r, time.Millisecond, 100*time.Millisecond),
	}
	if p.heavy = chance(r, 1); p.heavy {
		p.buffer, p.weather.room, p.weather.latency = 0, 0, 100*time.Millisecond
	}
	id := 0
	for range pick(r, 1, 1, 1, 2, 2, 3) {
		p.clients = append(p.clients, newClientPlan(r, p, &id))
	}
	for range pick(r, 0, 0, 1, 1, 2, 3) {
		p.trouble = append(p.trouble, trouble{kind: troubleKind(r.IntN(int(troubleKinds))), after: p.time(r, 2*time.Second),
			client: r.IntN(len(p.clients)), down: p.time(r, pick(r, time.Millisecond, time.Second)), ctx: p.time(r, pick(r, time.Millisecond, 2*time.Second))})
	}
	for range pick(r, 0, 0, 2, 4) {
		p.tells = append(p.tells, p.time(r, time.Second))
	}
	return p
}

func newClientPlan(r *rand.Rand, p *plan, id *int) clientPlan {
	c := clientPlan{plain: chance(r, 20), failFast: chance(r, 15), once: chance(r, 10), patient: chance(r, 50),
		start: p.time(r, 50*time.Millisecond)}
	if chance(r, 50) {
		c.name = "client" + string(rune('A'+len(p.clients)))
	}
	pace := pick(r, time.Microsecond, 2*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond)
	for range 3 + r.IntN(8) {
		*id++
		o := op{id: *id, kind: opKind(r.IntN(int(opKinds))), after: p.time(r, pace), size: pick(r, 0, 10, 100, 1000),
			timeout: p.time(r, pick(r, time.Millisecond, 500*time.Millisecond, 5*time.Second, 5*time.Second)),
			work:    p.time(r, pick(r, time.Microsecond, time.Microsecond, 5*time.Millisecond, time.Second)), deaf: chance(r, 30)}
		if p.heavy {
			o.size = 200_000 + r.IntN(400_000)
		}
		if chance(r, 1) && p.buffer == 0 && p.weather.room == 0 {
			o.size = 100_000 // beyond what a pipe holds
		}
		if o.bare = chance(r, 25) && o.kind != opNotify; o.bare {
			o.timeout = p.timeout
		}
		o.cancel = p.time(r, o.timeout)
		c.ops = append(c.ops, o)
	}
	return c
}

// time draws a time above 0 and up to most, to the nanosecond where there is no grid.
func (p *plan) time(r *rand.Rand, most time.Duration) time.Duration {
	d := time.Duration(1 + r.Int64N(int64(most)))
	if p.grid > 0 {
		d = max(d.Round(p.grid), p.grid)
	}
	return d
}

// fair says that nothing keeps a call from its answer.
func (p *plan) fair(o op) bool {
	w := p.weather
	return !p.heavy && len(p.trouble) == 0 && w.refuse+w.hang+w.cut+w.stall == 0 && o.kind != opCancel &&
		o.timeout > o.work+20*w.latency+1200*time.Millisecond && o.id < backID(0)
}

// script is the plan's network.
func (p *plan) script(_ string, _ int, d sim.Dice) sim.Course {
	w := p.weather
	c := sim.Course{Refuse: d.Of(10).Chance(w.refuse), HangUp: d.Of(11).Chance(w.hang), Out: p.fate(d.Of(1)), In: p.fate(d.Of(2)),
		Pause: 1 + d.Of(12).Time(w.pauseTo), HangAfter: 1 + d.Of(13).Time(50*time.Millisecond)}
	if p.grid > 0 {
		c.Pause, c.HangAfter = c.Pause.Round(p.grid), c.HangAfter.Round(p.grid)
	}
	return c
}

// calm is the network after the troubles.
func (p *plan) calm(string, int, sim.Dice) sim.Course {
	if p.grid > 0 {
		return sim.Course{}
	}
	f := sim.Fate{Latency: time.Microsecond, Jitter: 10 * time.Microsecond}
	return sim.Course{Out: f, In: f}
}

func (p *plan) fate(d sim.Dice) sim.Fate {
	w := p.weather
	f := sim.Fate{Latency: w.latency/4 + d.Of(0).Time(w.latency), Jitter: w.latency, Piece: w.piece, Room: w.room,
		Cuts: d.Of(1).Chance(w.cut), CutAt: int64(d.Of(2).Below(int(w.cutWithin))), Reset: d.Of(3).Chance(w.reset)}
	if d.Of(4).Chance(w.stall) {
		f.StallAt, f.StallFor = int64(d.Of(5).Below(2000)), 1+d.Of(6).Time(w.stallMost)
	}
	if p.grid > 0 {
		f.Latency, f.Jitter, f.StallFor = f.Latency.Round(p.grid), 0, f.StallFor.Round(p.grid)
	}
	return f
}
