//go:build race

package pump_test

import (
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
)

func TestBorrowedBytesThatAreKeptArePoisoned(t *testing.T) {
	var kept, own []byte
	near, far, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) {
		if string(r.Borrow()) == "first" {
			kept, own = r.Borrow(), r.Body()
		}
	})
	for _, body := range []string{"first", "next"} {
		if _, err := near.call(t.Context(), body, 0); err != nil {
			t.Fatal(err)
		}
	}
	end()
	_ = far
	if string(kept) == "first" || string(own) != "first" {
		t.Errorf("borrowed %q, own copy %q", kept, own)
	}
}
