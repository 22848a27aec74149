package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
)

// A twin is one of two nodes that listen and dial each other.
type twin struct {
	*process
	address, other string
	proto          bellpull.Protocol
	plan           clientPlan
	peer           *bellpull.Peer // what its own dial gave; nil before
}

// startTwin starts the i-th process of a side.
func (w *world) startTwin(side, i int, plan clientPlan) *twin {
	mux := bellpull.NewMux()
	t := &twin{address: fmt.Sprint("mem:", side), other: fmt.Sprint("mem:", 1-side), plan: plan, proto: &dmtp.Protocol{}}
	if w.campus {
		t.proto = &campus.Protocol{}
	}
	t.process = w.process(fmt.Sprintf("twin%d.%d", side, i), plan.name, mux)
	for _, method := range []string{"do", "back"} {
		mux.Handle(method, bellpull.HandlerFunc(func(r *bellpull.Reply, q *bellpull.Request) { w.do(t.process, r, q) }))
	}
	if err := t.node.Listen(context.Background(), t.address, t.proto); err != nil {
		w.wrong("%s cannot listen: %v", t.name, err)
	}
	return t
}

// run dials the other and calls it, until it is killed.
func (t *twin) run() {
	w := t.w
	time.Sleep(t.plan.start)
	for try := 0; t.peer == nil && !t.host.Dead(); try++ {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		p, err := t.node.Dial(ctx, t.other, t.proto, bellpull.WaitForServer())
		cancel()
		w.note("%s dialled: %s", t.name, verdict(err))
		if t.peer = p; err == nil {
			break
		}
		if try == 20 {
			w.wrong("%s was not let in: %v", t.name, err)
			return
		}
		time.Sleep(100*time.Millisecond + aside)
	}
	var wg sync.WaitGroup
	for _, o := range t.plan.ops {
		time.Sleep(o.after)
		if t.host.Dead() {
			break
		}
		wg.Go(func() {
			if out := w.call(context.Background(), t.peer, "do", o); !t.host.Dead() {
				w.keep(out)
			}
		})
	}
	wg.Wait()
}

// links gives the number of peers that are up.
func (t *twin) links() (n int) {
	for range t.node.Peers() {
		n++
	}
	return n
}

// playTwins has two nodes dial each other at random times, through cuts and a death, and wants one link in the end.
func (w *world) playTwins() {
	r := rand.New(rand.NewPCG(w.plan.seed, 2))
	id := 10_000
	plan := func(side int) clientPlan {
		c := newClientPlan(r, w.plan, &id)
		switch c.name = ""; {
		case w.campus:
			c.name = fmt.Sprint(side) // which is the address
		case w.plan.named:
			c.name = fmt.Sprint("twin", side)
		}
		for i := range c.ops {
			if c.ops[i].kind == opNotify {
				c.ops[i].kind = opCall
			}
		}
		return c
	}
	twins := []*twin{w.startTwin(0, 0, plan(0)), w.startTwin(1, 0, plan(1))}
	var wg sync.WaitGroup
	wg.Go(twins[0].run)
	wg.Go(twins[1].run)
	for i, x := range w.plan.trouble {
		time.Sleep(x.after)
		side := x.client % 2
		switch x.kind {
		case troubleCut, troubleReset:
			twins[side].host.Cut(x.kind == troubleReset)
			continue
		case troubleLose:
			twins[side].host.Lose()
			continue
		}
		dead := twins[side]
		dead.host.Kill()
		w.closing.Go(func() {
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			w.close(dead.process, gone, 0)
		})
		time.Sleep(x.down)
		twins[side] = w.startTwin(side, i+1, plan(side))
		wg.Go(twins[side].run)
	}
	wg.Wait()
	time.Sleep(aside)
	w.net.Calm(w.plan.calm)
	w.note("calm")
	w.settleTwins(twins)
	for _, t := range twins {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		w.close(t.process, ctx, time.Second)
		cancel()
		time.Sleep(aside)
	}
	w.closing.Wait()
}

// settleTwins waits until there is one link, which stays, and works both ways.
func (w *world) settleTwins(twins []*twin) {
	for _, t := range twins {
		if t.peer == nil {
			return
		}
	}
	patience := time.Minute + w.plan.weather.stallMost
	from := w.now()
	for side, t := range twins {
		for n := 0; ; n++ {
			o := op{id: 3_000_000 + side*1000 + n, timeout: 5 * time.Second, work: 1}
			out := w.call(context.Background(), t.peer, "do", o)
			w.keep(out)
			if out.err == nil {
				break
			}
			if w.now()-from > patience || t.peer.Err() != nil {
				w.wrong("%s cannot call %v after the calm came: %v, %v", t.name, w.now()-from, out.err, t.peer.Err())
				return
			}
			time.Sleep(100*time.Millisecond + aside)
		}
	}
	for ; twins[0].links() != 1 || twins[1].links() != 1; time.Sleep(500*time.Millisecond + aside) {
		if w.now()-from > patience {
			w.wrong("after %v of calm there are %d and %d links", patience, twins[0].links(), twins[1].links())
			return
		}
	}
	time.Sleep(20 * time.Second)
	if twins[0].links() != 1 || twins[1].links() != 1 {
		w.wrong("later there are %d and %d links", twins[0].links(), twins[1].links())
	}
	if n := w.net.Open(); w.campus && n != 4 {
		w.wrong("later there are %d ends of pipes, want two pipes", n)
	}
}

// playPipes is playTwins with dotnetCampus.Ipc, whose links are two pipes each.
func (w *world) playPipes() {
	w.campus = true
	w.playTwins()
}

// TestTwinsInTrouble has two nodes dial each other, at random times and through trouble: they end up with one link each,
// and calls work both ways.
func TestTwinsInTrouble(t *testing.T) { many(t, runs(t)/4, 0, (*world).playTwins) }

// TestPipesInTrouble and TestPipesAtOnce are the same with dotnetCampus.Ipc: one pipe each way in the end.
func TestPipesInTrouble(t *testing.T) { many(t, runs(t)/4, 0, (*world).playPipes) }

func TestPipesAtOnce(t *testing.T) { many(t, runs(t)/4, grid, (*world).playPipes) }

// TestTwinsAtOnce is the same on the millisecond, so that they dial at the same instant.
func TestTwinsAtOnce(t *testing.T) { many(t, runs(t)/4, grid, (*world).playTwins) }
