//go:build linux || darwin

package survival

import (
	"context"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
)

// events are those of a node, from watch on.
type events struct {
	t    testing.TB
	list chan bellpull.Event
}

// watch begins to collect a node's events. It ends with the test.
func watch(t testing.TB, n *bellpull.Node) *events {
	t.Helper()
	e := &events{t, make(chan bellpull.Event, 1024)}
	ctx, cancel := context.WithCancel(context.Background())
	seq, done := n.Watch(ctx), make(chan struct{})
	go func() {
		defer close(done)
		for ev := range seq {
			select {
			case e.list <- ev:
			case <-ctx.Done(): // a test that reads no further
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return e
}

// next gives the next event.
func (e *events) next() bellpull.Event {
	e.t.Helper()
	select {
	case ev := <-e.list:
		return ev
	case <-time.After(patience):
		e.t.Fatalf("no event within %v", patience)
		panic("unreachable")
	}
}

// until skips events up to the next of a kind, and gives that.
func (e *events) until(kind bellpull.EventKind) bellpull.Event {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if ev := e.next(); ev.Kind == kind {
			return ev
		}
	}
	e.t.Fatalf("no %v within %v", kind, patience)
	panic("unreachable")
}
