//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// stopBound is the promise, slowFor a time that is well below it and in which a process that is only slow does nothing.
const (
	stopBound = 15 * time.Second
	slowFor   = 10 * time.Second
)

// TestP13AStoppedProcessIsDeclaredDead: within 15 s, by its clients and by its services, and not when it only stands
// still for ten. When it goes on, all find each other again. dotnetCampus.Ipc has nothing to ask with: see stoppedPipe.
func TestP13AStoppedProcessIsDeclaredDead(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s: the bound is the promise's own")
	}
	leftNothing(t)
	lost := standstill(t)
	var all []func()
	for _, carrier := range carriers {
		for _, plain := range []bool{false, true} {
			w := way{carrier: carrier, plain: plain}
			if !w.processes() || carrier == "shm" && runtime.GOOS != "linux" {
				continue
			}
			all = append(all, stoppedService(t, w, stopBound, lost), stoppedService(t, w, slowFor, lost), stoppedClient(t, w, lost))
		}
		if w := (way{carrier: carrier, campus: true}); w.processes() && slices.Contains(campusCarriers, carrier) {
			all = append(all, stoppedPipe(t, w))
		}
	}
	var wg sync.WaitGroup
	for _, f := range all {
		wg.Go(f)
	}
	wg.Wait()
}

// stoppedService gives what stops a service and expects its client to notice within the promise's bound, or, when it
// goes on before that, not to notice. lost is the time in which nobody ran.
func stoppedService(t *testing.T, w way, until time.Duration, lost func() time.Duration) func() {
	s := w.serve(t)
	peer := w.dial(t, s.addr)
	call := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
		defer cancel()
		_, err := peer.CallBytes(ctx, "echo", nil, []byte("x"))
		return err
	}
	if err := call(); err != nil {
		t.Fatal(w, err)
	}
	return func() {
		ctx, cancel := context.WithCancel(t.Context())
		events := peer.Watch(ctx)
		s.proc.stop(t)
		stopped := time.Now()
		defer s.proc.cont()
		if until < stopBound {
			defer time.AfterFunc(until, s.proc.cont).Stop()
		}
		err, took := call(), time.Since(stopped)
		switch {
		case until < stopBound: // the call waits all the while, and is answered in the end
			if err != nil {
				t.Errorf("%v: stopped for %v: %v", w, until, err)
			}
		case !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe || !strings.Contains(err.Error(), "stopped or hangs"):
			t.Errorf("%v: a call to a stopped process: %v", w, err)
		case took > stopBound+lost():
			t.Errorf("%v: declared dead after %v, promised within %v", w, took, stopBound)
		}
		s.proc.cont()
		if err := call(); err != nil {
			t.Errorf("%v: after it went on: %v", w, err)
		}
		cancel()
		for e := range events {
			if e.Kind == bellpull.EventDown && until < stopBound {
				t.Errorf("%v: stopped for %v and declared dead: %v", w, until, e.Err)
			}
		}
	}
}

// stoppedPipe gives what stops a service of dotnetCampus.Ipc, which has no ping: calls to it end by their deadlines, it is
// declared dead by nobody, and answers when it goes on.
func stoppedPipe(t *testing.T, w way) func() {
	s := w.serve(t)
	peer := w.dial(t, s.addr)
	works(t, peer, 1)
	return func() {
		ctx, cancel := context.WithCancel(t.Context())
		events := peer.Watch(ctx)
		s.proc.stop(t)
		defer s.proc.cont()
		over := time.After(stopBound + time.Second)
		for calls, on := 0, true; on; calls++ {
			took, err := late(ctx, peer, "echo", ding, 500*time.Millisecond)
			if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Maybe || took > grace && calls > 10 {
				t.Errorf("%v: a call to a stopped process: %v behind its deadline: %v", w, took, err)
			}
			select {
			case <-over:
				on = false
			default:
			}
		}
		if _, err := peer.Ping(ctx); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v: a ping: %v", w, err)
		}
		s.proc.cont()
		if _, err := late(ctx, peer, "echo", ding, patience); err != nil {
			t.Errorf("%v: after it went on: %v", w, err)
		}
		cancel()
		for e := range events {
			if e.Kind == bellpull.EventDown {
				t.Errorf("%v: stopped, and declared dead: %v", w, e.Err)
			}
		}
	}
}

// stoppedClient gives what stops a client and expects its service to notice, and the client to come back when it goes
// on.
func stoppedClient(t *testing.T, w way, lost func() time.Duration) func() {
	addr := w.address(t)
	node, err := w.listen(t.Context(), addr, nil)
	if err != nil {
		t.Fatal(w, err)
	}
	t.Cleanup(func() { closeNode(node) })
	client := start(t, "dial", w.String(), addr)
	return func() {
		ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
		defer cancel()
		events := node.Watch(ctx)
		client.stop(t)
		stopped := time.Now()
		defer client.cont()
		for e := range events {
			switch e.Kind {
			case bellpull.EventDown:
				if took := time.Since(stopped); took > stopBound+lost() {
					t.Errorf("%v: the client was declared dead after %v, promised within %v: %v", w, took, stopBound, e.Err)
				}
				client.cont()
			case bellpull.EventUp:
				return
			}
		}
		t.Errorf("%v: the client that was stopped and went on did not come back", w)
	}
}

// dialProgram is a client that does nothing: dial WAY ADDRESS.
func dialProgram(args []string) {
	w, err := parseWay(args[0])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	peer, err := w.tryDial(context.Background(), args[1])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	hangUp(peer)
}
