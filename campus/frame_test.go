package campus_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// TestWhatNoFrameCanCarryIsRefused: before anything is written, with the reason; what follows is not harmed.
func TestWhatNoFrameCanCarryIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := two(t)
		ctx, raw := t.Context(), campus.Raw(peer)
		long := make([]byte, campuswire.MaxContent+1)
		for name, c := range map[string]struct {
			send func() error
			want error
		}{
			"an empty message":        {func() error { return raw.Notify(ctx, 0, nil) }, bellpull.ErrBadArgument},
			"an empty text":           {func() error { return raw.String(ctx, "") }, bellpull.ErrBadArgument},
			"a route that is no text": {func() error { return peer.Notify(ctx, "\xff") }, bellpull.ErrBadArgument},
			"a long message":          {func() error { return raw.Notify(ctx, 0, long) }, bellpull.ErrTooLarge},
			"a header too much":       {func() error { return raw.Notify(ctx, 7, long[8:]) }, bellpull.ErrTooLarge},
			"a long request":          {func() error { _, err := raw.Request(ctx, 0, long[20:]); return err }, bellpull.ErrTooLarge},
			"a long call":             {func() error { _, err := peer.CallBytes(ctx, "bytes", nil, long[20+8+6:]); return err }, bellpull.ErrTooLarge},
		} {
			if err := c.send(); !errors.Is(err, c.want) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Errorf("%s: %v", name, err)
			}
			if got, err := peer.CallBytes(ctx, "bytes", nil, []byte("x")); string(got) != "got x" || err != nil {
				t.Errorf("after %s: %q, %v", name, got, err)
			}
		}
	})
}
