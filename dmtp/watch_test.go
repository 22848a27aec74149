package dmtp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestWatchEndsBehindTheLastEvent: closing a node takes its links down, and a watcher hears of that before its
// sequence ends.
func TestWatchEndsBehindTheLastEvent(t *testing.T) {
	node, peer := pair(t, dmtp.Plain())
	events := node.Watch(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go node.Close(ctx)
	var kinds []bellpull.EventKind
	for e := range events {
		kinds = append(kinds, e.Kind)
	}
	if len(kinds) == 0 || kinds[0] != bellpull.EventDown {
		t.Errorf("got %v, want the end of the link", kinds)
	}
	peer.Close(ctx)
}

// TestRefusedClientsAreKnownByTheIDOfTheirConnection: the id a client asks for may be another's, so what is said of a
// refused one names its connection.
func TestRefusedClientsAreKnownByTheIDOfTheirConnection(t *testing.T) {
	network := mem.New()
	var current string
	node, err := dmtp.Listen(t.Context(), "mem:x", nil, dmtp.NodeOptions(bellpull.WithTransports(network)), dmtp.Plain(),
		dmtp.OnVerify(func(v *dmtp.Verify) error {
			current = v.Current
			return errors.New("not today")
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	events := node.Watch(ctx)
	_, err = dmtp.Dial(ctx, "mem:x", dmtp.NodeOptions(bellpull.WithTransports(network)), dmtp.Plain(), dmtp.ID("alice"))
	if e, ok := errors.AsType[*bellpull.Error](err); !ok || !errors.Is(err, bellpull.ErrRefused) || e.Msg != "not today" {
		t.Fatalf("got %v, want a refusal", err)
	}
	for e := range events {
		if e.Kind == bellpull.EventRefused {
			if e.Name != "01-00-00-00" || current != e.Name {
				t.Errorf("the event names %q, the callback saw %q, want 01-00-00-00", e.Name, current)
			}
			return
		}
	}
	t.Error("no event of the refusal")
}
