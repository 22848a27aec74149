package campus

import (
	"errors"
	"testing"

	"github.com/bellpull/bellpull"
)

// TestPeersAreGivenSoManyObjects: 65,536, until some are released. Inside, because as many calls take a minute with the
// race detector.
func TestPeersAreGivenSoManyObjects(t *testing.T) {
	table, peer, other := NewObjects(), new(bellpull.Peer), new(bellpull.Peer)
	object := func() *Object { return &Object{contract: &Contract{Name: "C"}, local: new(joint)} }
	first := object()
	for i := range maxLeases {
		o := first
		if i > 0 {
			o = object()
		}
		if _, err := table.give(peer, o); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := table.give(peer, first); err != nil {
		t.Error("one that it has:", err)
	}
	last := object()
	if _, err := table.give(peer, last); !errors.Is(err, bellpull.ErrBusy) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error("one too many:", err)
	}
	if _, err := table.give(other, last); err != nil {
		t.Error("to another peer:", err)
	}
	table.Release(first)
	if _, err := table.give(peer, last); err != nil {
		t.Error("after a release:", err)
	}
}
