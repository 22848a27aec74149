package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
)

const (
	gapTick  = 5 * time.Millisecond  // how often a client looks whether it gets to run
	gapLimit = 15 * time.Millisecond // what counts as a gap
	// hangPatience is how long a client waits at the end for calls that are over their deadline.
	hangPatience = time.Second
)

// A caller's process: one node, a peer for each server.
type chaosClient struct {
	*app
	partConfig
	file  *os.File
	peers []atomic.Pointer[bellpull.Peer]
	fault func() string
}

// runClient is the client: CONFIG. It calls the servers in turn until its input ends, reconnecting by itself, and logs
// each call before and after.
func runClient(ctx context.Context, a *app, args []string) error {
	conf, proto, err := parsePart(args[0])
	if err != nil {
		return err
	}
	c := &chaosClient{app: a, partConfig: conf, peers: make([]atomic.Pointer[bellpull.Peer], len(conf.Addrs)), fault: faultOf(conf.Fault)}
	if c.file, err = appendTo(conf.File); err != nil {
		return err
	}
	defer c.file.Close()
	before := heldAtFirst()
	node, err := conf.node()
	if err == nil && conf.Own != "" {
		err = node.Listen(ctx, conf.Own, proto)
	}
	if err != nil {
		closeNode(node)
		return err
	}
	var wg, callers sync.WaitGroup
	for i := range c.peers {
		wg.Go(func() { c.dial(ctx, node, proto, i) })
	}
	wg.Go(func() { c.watch(ctx) })
	for i := range c.Callers {
		callers.Go(func() { c.call(ctx, i) })
	}
	<-ctx.Done()
	over := make(chan struct{})
	go func() {
		callers.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(c.Deadline + hangPatience): // the log says which
	}
	wg.Wait()
	if err := closeNode(node); err != nil {
		return err
	}
	tellLeft(a, before)
	return nil
}

// dial connects to a server; afterwards the peer reconnects by itself.
func (c *chaosClient) dial(ctx context.Context, node *bellpull.Node, proto bellpull.Protocol, server int) {
	opts := []bellpull.DialOption{bellpull.WaitForServer()}
	if c.FailFast {
		opts = append(opts, bellpull.FailFast())
	}
	p, err := node.Dial(ctx, c.Addrs[server], proto, opts...)
	if err != nil {
		if ctx.Err() == nil {
			c.write(fmt.Appendf(nil, "gone could not dial server %d: %v\n", server, err))
		}
		return
	}
	c.peers[server].Store(p)
	select {
	case <-p.Done():
		if ctx.Err() == nil {
			c.write(fmt.Appendf(nil, "gone lost server %d for good: %v\n", server, p.Err()))
		}
	case <-ctx.Done():
	}
}

// watch logs the times in which this process did not get to run: what happens then is not the library's doing.
func (c *chaosClient) watch(ctx context.Context) {
	t := time.NewTicker(gapTick)
	defer t.Stop()
	for last := machineNow(); ; {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		now := machineNow()
		if now-last > int64(gapLimit) {
			c.log(logRecord{id: makeID(c.Client, c.Life, 0, 0), at: last, span: now - last, kind: logGap})
		}
		last = now
	}
}

func (c *chaosClient) log(r logRecord) {
	b := make([]byte, 0, logLen)
	if _, err := c.file.Write(appendLog(b, r)); err != nil {
		c.write(fmt.Appendf(nil, "gone could not write the log: %v\n", err))
	}
}

// call makes one call after another until ctx is done.
func (c *chaosClient) call(ctx context.Context, caller int) {
	rng := rand.New(rand.NewPCG(c.Seed, uint64(makeID(c.Client, c.Life, caller, 0))))
	var body, dst []byte
	deaf := false
	for seq := 0; ctx.Err() == nil; {
		server := (caller + seq) % len(c.peers)
		if c.Fault == "deaf" && deaf {
			server = 0
		}
		p := c.peers[server].Load()
		if p == nil { // not dialled yet: another may be
			server = rng.IntN(len(c.peers))
			if p = c.peers[server].Load(); p == nil {
				pause(ctx, gapTick)
				continue
			}
		}
		id := makeID(c.Client, c.Life, caller, seq)
		seq++
		limit := c.Deadline
		if !c.Plain {
			limit = c.Deadline/5 + time.Duration(rng.Int64N(int64(c.Deadline)*4/5+1))
		}
		body = c.body(rng, body, id)
		c.log(logRecord{id: id, at: machineNow(), span: int64(limit), kind: logBegin, server: uint8(server)})
		begin := machineNow()
		// Not a child of ctx: a call that runs at the end is to end by itself.
		cctx, cancel := context.WithTimeout(context.Background(), limit)
		got, err := p.CallBytes(cctx, "append", dst[:0], body)
		cancel()
		end := logRecord{id: id, at: machineNow(), kind: logEnd}
		end.span = end.at - begin
		end.outcome, end.code = outcomeOf(err, bytes.Equal(got, body))
		if dst = got; cap(dst) > bodyLarge {
			dst = nil
		}
		switch c.fault() {
		case "hang":
			<-make(chan struct{})
		case "late":
			end.at += int64(limit + 2*lateLimit)
			end.span = end.at - begin
		case "lie":
			if end.outcome == outcomeOK {
				end.outcome = outcomeNever
			}
		case "deaf":
			deaf = true
		}
		c.log(end)
		switch {
		case c.Pause > 0:
			pause(ctx, time.Duration(rng.Int64N(2*int64(c.Pause)+1)))
		case end.outcome == outcomeNever: // the log is not for those who fail at once, over and over
			pause(ctx, gapTick)
		}
	}
}

// The sizes of bodies: most are small, some large enough to come in pieces, a few larger than any socket buffer.
const (
	bodySmall = 64
	bodyLarge = 64 << 10
	bodyHuge  = 1 << 20
)

// body makes what a call sends. b is used again.
func (c *chaosClient) body(rng *rand.Rand, b []byte, id callID) []byte {
	size := bodySmall
	var before, after byte
	if !c.Plain {
		switch dice := rng.IntN(256); {
		case dice == 0:
			size = bodyMin + rng.IntN(bodyHuge)
		case dice < 16:
			size = bodyMin + rng.IntN(bodyLarge)
		case dice < 32:
			before = byte(rng.IntN(20))
		case dice < 64:
			after = byte(rng.IntN(20))
		}
	}
	if cap(b) < size || cap(b) > bodyLarge && size <= bodyLarge {
		b = make([]byte, size)
	}
	b = b[:size]
	for i := range b {
		b[i] = byte(i) ^ byte(id)
	}
	binary.LittleEndian.PutUint64(b[bodyID:], uint64(id))
	b[bodyBefore], b[bodyAfter] = before, after
	return b
}

// outcomeOf says what became of a call.
func outcomeOf(err error, equal bool) (outcome, code uint8) {
	if err == nil {
		if !equal {
			return outcomeWrong, 0
		}
		return outcomeOK, 0
	}
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return outcomeWrong, uint8(bellpull.CodeUnknown)
	}
	switch ran := e.Executed(); {
	case e.Code == bellpull.CodeFailed: // the service never does
	case ran == bellpull.Never:
		return outcomeNever, uint8(e.Code)
	case ran == bellpull.Maybe:
		return outcomeMaybe, uint8(e.Code)
	}
	return outcomeWrong, uint8(e.Code)
}

// faultOf gives what a process does wrong this time: fault once in faultEvery calls, nothing otherwise. What takes part
// of the process away happens once.
func faultOf(fault string) func() string {
	var calls atomic.Int64
	once := fault == "hang" || fault == "crash"
	return func() string {
		if n := calls.Add(1); fault != "" && n%faultEvery == 0 && (!once || n == faultEvery) {
			return fault
		}
		return ""
	}
}
