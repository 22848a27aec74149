package dmtp_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestAPeerIsWatchedAlone: its own events in their order, none of others, and an end with the last.
func TestAPeerIsWatchedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		a, b := namedNode(t, "a", network), namedNode(t, "b", network)
		node := namedNode(t, "node", network)
		peer, err := node.Dial(t.Context(), "mem:a", dmtp.Protocol{})
		if err != nil {
			t.Fatal(err)
		}
		events := peer.Watch(t.Context())
		if _, err := node.Dial(t.Context(), "mem:b", dmtp.Protocol{}); err != nil {
			t.Fatal(err)
		}
		a.Close(context.Background())
		b.Close(context.Background())
		time.Sleep(5 * time.Second)
		namedNode(t, "a", network)
		time.Sleep(5 * time.Second)
		peer.Close(t.Context())
		var kinds []bellpull.EventKind
		for e := range events { // ends
			if e.Peer != peer {
				t.Error("an event of", e.Name)
			}
			kinds = append(kinds, e.Kind)
		}
		kinds = slices.Compact(kinds)
		want := []bellpull.EventKind{bellpull.EventDown, bellpull.EventRetry, bellpull.EventUp, bellpull.EventClosed}
		if kinds = slices.DeleteFunc(kinds, func(k bellpull.EventKind) bool { return k > bellpull.EventClosed }); !slices.Equal(kinds, want) {
			t.Error(kinds, "want", want)
		}
		for e := range peer.Watch(t.Context()) {
			t.Error("an event of a peer that has ended:", e.Kind)
		}
	})
}
