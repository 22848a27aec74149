package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
)

// loadCallers is the number of goroutines that call at once, loadDeadline what each call may take: while the server is
// away calls wait for it, and those that wait too long must say that they did not run.
const (
	loadCallers  = 16
	loadDeadline = 100 * time.Millisecond
)

// What became of a call.
const (
	outcomeOK = iota
	outcomeNever
	outcomeMaybe
	outcomeFailed // the server said that it ran and failed
)

// An outcome is what the client was told of one call. In the file:
//
//	offset size field   (little endian)
//	0      8    id      of the call
//	8      8    end     when it ended, nanoseconds since 1970
//	16     1    outcome
type outcome struct {
	id      uint64
	end     int64
	outcome uint8
}

const outcomeLen = 17

func appendOutcome(b []byte, o outcome) []byte {
	b = binary.LittleEndian.AppendUint64(b, o.id)
	b = binary.LittleEndian.AppendUint64(b, uint64(o.end))
	return append(b, o.outcome)
}

func readOutcomes(b []byte) ([]outcome, error) {
	if len(b)%outcomeLen != 0 {
		return nil, fmt.Errorf("the client's file has %d bytes, no multiple of %d", len(b), outcomeLen)
	}
	list := make([]outcome, 0, len(b)/outcomeLen)
	for ; len(b) > 0; b = b[outcomeLen:] {
		list = append(list, outcome{binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:])), b[16]})
	}
	return list, nil
}

// readJournal gives the ids in a journal, 8 bytes each.
func readJournal(b []byte) ([]uint64, error) {
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("the journal has %d bytes, no multiple of 8", len(b))
	}
	list := make([]uint64, 0, len(b)/8)
	for ; len(b) > 0; b = b[8:] {
		list = append(list, binary.LittleEndian.Uint64(b))
	}
	return list, nil
}

// runJournal is the server: ADDRESS FILE. It appends the id of each call to the file before it answers.
func runJournal(ctx context.Context, a *app, args []string) error {
	f, err := os.OpenFile(args[1], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return &localError{err, "see the cause"}
	}
	defer f.Close()
	m := bellpull.NewMux()
	m.Handle("append", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		if _, err := f.Write(r.Borrow()); err != nil {
			w.Fail(err)
			return
		}
		w.Write(r.Borrow())
	}))
	node := bellpull.NewNode("journal", bellpull.WithMux(m))
	defer node.Close(context.Background())
	if err := node.Listen(ctx, args[0], demoProtocol()); err != nil {
		return err
	}
	a.write(fmt.Appendf(nil, "ready %s\n", node.Addrs()[0]))
	<-ctx.Done()
	return nil
}

// runLoad is the client: ADDRESS FILE. It calls until its input ends, reconnecting by itself, and then writes what it
// was told of each call. It says "up" when the first call on each connection has been acknowledged.
func runLoad(ctx context.Context, a *app, args []string) error {
	node := bellpull.NewNode("")
	defer node.Close(context.Background())
	events := node.Watch(context.Background())
	var fresh atomic.Bool // no call has been acknowledged since the peer came up
	peer, err := node.Dial(ctx, args[0], demoProtocol())
	if err != nil {
		return err
	}
	go func() { // ends with the node
		for e := range events {
			switch e.Kind {
			case bellpull.EventUp:
				fresh.Store(true)
			case bellpull.EventClosed:
				a.write(fmt.Appendf(nil, "gone %v\n", e.Err))
			}
		}
	}()
	lists := make([][]byte, loadCallers)
	var wg sync.WaitGroup
	for i := range lists {
		wg.Go(func() {
			lists[i] = callOn(ctx, peer, uint64(i)<<40, func() {
				if fresh.Load() && fresh.CompareAndSwap(true, false) {
					a.write([]byte("up\n"))
				}
			})
		})
	}
	wg.Wait()
	f, err := os.Create(args[1])
	if err != nil {
		return &localError{err, "see the cause"}
	}
	w := bufio.NewWriter(f)
	for _, b := range lists {
		w.Write(b)
	}
	if err := w.Flush(); err != nil {
		return &localError{err, "see the cause"}
	}
	if err := f.Close(); err != nil {
		return &localError{err, "see the cause"}
	}
	a.write([]byte("done\n"))
	return nil
}

// callOn calls with one id after another until ctx is done or the peer is gone, and gives the outcomes. acked is called
// after each call that succeeded.
func callOn(ctx context.Context, p *bellpull.Peer, id uint64, acked func()) (log []byte) {
	var body [8]byte
	dst := make([]byte, 0, 8)
	for ; ctx.Err() == nil; id++ {
		select {
		case <-p.Done():
			return log
		default:
		}
		binary.LittleEndian.PutUint64(body[:], id)
		// Not a child of ctx: a call that runs at the end is to end by itself.
		cctx, cancel := context.WithTimeout(context.Background(), loadDeadline)
		got, err := p.CallBytes(cctx, "append", dst, body[:])
		cancel()
		o := outcome{id: id, end: time.Now().UnixNano(), outcome: outcomeOK}
		switch {
		case err == nil && string(got) != string(body[:]):
			o.outcome = outcomeFailed
		case err == nil:
			acked()
		case bellpull.ExecutedOf(err) == bellpull.Never:
			o.outcome = outcomeNever
		case bellpull.ExecutedOf(err) == bellpull.Maybe:
			o.outcome = outcomeMaybe
		default:
			o.outcome = outcomeFailed
		}
		log = appendOutcome(log, o)
	}
	return log
}
