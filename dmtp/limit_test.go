package dmtp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestFramesBeyondTheLimitAreTooLarge: a frame that is longer than this side allows ends the link, as CodeTooLarge
// with both numbers: the other side speaks the protocol well enough.
func TestFramesBeyondTheLimitAreTooLarge(t *testing.T) {
	network := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
	node, err := dmtp.Listen(t.Context(), "mem:x", nil, dmtp.With(dmtp.Protocol{MaxBody: 64 << 10}), network)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	defer node.Close(ctx)
	events := node.Watch(ctx)
	peer, err := dmtp.Dial(ctx, "mem:x", network, dmtp.DialOptions(bellpull.WithoutReconnect()))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close(ctx)
	for _, n := range []int{64 << 10, 64<<10 + 1} {
		if err := dmtp.SendFrame(ctx, peer, 1000, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	for e := range events {
		if e.Kind != bellpull.EventDown {
			continue
		}
		limit, ok := errors.AsType[*transport.LimitError](e.Err)
		if !ok || !errors.Is(e.Err, bellpull.ErrTooLarge) || limit.Size != limit.Limit+1 {
			t.Errorf("ended with %v", e.Err)
		}
		return
	}
	t.Error("the link did not end")
}
