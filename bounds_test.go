package bellpull

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull/transport"
)

// TestAWatchWithoutALoopEndsWithItsContext: the node keeps no events for it any more.
func TestAWatchWithoutALoopEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNode("")
		defer n.Close(context.Background())
		ctx, cancel := context.WithCancel(context.Background())
		n.Watch(ctx)
		cancel()
		synctest.Wait()
		n.watchMu.Lock()
		defer n.watchMu.Unlock()
		if len(n.watchers) != 0 {
			t.Error(len(n.watchers), "watchers are left")
		}
	})
}

// TestAWatcherThatLagsHoldsSomeMetadata: clients choose how much they send, and how often they connect.
func TestAWatcherThatLagsHoldsSomeMetadata(t *testing.T) {
	w := &watcher{more: make(chan struct{}, 1)}
	const each, sent = 60_000, 200
	for range sent {
		w.push(Event{Kind: EventUp, Metadata: []Pair{{Key: "k", Value: strings.Repeat("x", each)}}})
	}
	list := w.take()
	if n := len(list) - 1; n != maxEventBytes/(each+41) || list[0].Kind != EventLost || list[0].Missed != sent-n {
		t.Errorf("%d events of %d bytes, after %v of %d", n, each, list[0].Kind, list[0].Missed)
	}
	w.push(Event{Kind: EventUp, Metadata: []Pair{{Value: strings.Repeat("x", 5<<20)}}})
	for range maxEvents + 10 {
		w.push(Event{Kind: EventDown})
	}
	if list := w.take(); len(list) != maxEvents+1 || list[0].Missed != 11 || w.size != 0 {
		t.Errorf("%d events, %d missed, %d bytes", len(list), list[0].Missed, w.size)
	}
}

func TestKnownNamesAreBounded(t *testing.T) {
	n := NewNode("")
	defer n.Close(context.Background())
	for i := range maxKnown {
		if err := n.Know(fmt.Sprint(i), "mem:x"); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := n.Know("0", "mem:y"); err != nil {
		t.Error("a name that is known:", err)
	}
	err := n.Know("more", "mem:x")
	if over, ok := errors.AsType[*transport.LimitError](err); !ok || !errors.Is(err, ErrBusy) || over.Limit != maxKnown {
		t.Error("a name too many:", err)
	}
}

// TestAFreeNameIsFoundAmongThousands: in a few looks, and the next one while none is given back.
func TestAFreeNameIsFoundAmongThousands(t *testing.T) {
	n := NewNode("")
	defer n.Close(context.Background())
	want := "x"
	for i := range 5000 {
		got := n.freeName("x")
		if got != want {
			t.Fatalf("free name %d is %q, want %q", i, got, want)
		}
		n.peers[got], want = newPeer(n, got), fmt.Sprintf("x#%d", i+2)
	}
	for i := range 5000 {
		delete(n.peers, fmt.Sprintf("x#%d", i*7919%5000+2))
		if got := n.freeName("x"); n.peers[got] != nil {
			t.Fatalf("%q is taken", got)
		}
	}
}
