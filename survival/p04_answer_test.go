//go:build linux || darwin

package survival

import (
	"fmt"
	"testing"

	"github.com/bellpull/bellpull"
)

// TestP04AnAnswerMeansThatTheHandlerReturned: whoever has an answer finds in the journal that the handler got to its
// end, whatever happens to the service right after.
func TestP04AnAnswerMeansThatTheHandlerReturned(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, dialOptions(bellpull.WithoutReconnect()))
		for i := range 20 {
			id := fmt.Sprint(i)
			got, err := peer.CallBytes(t.Context(), "note", nil, []byte(id))
			if err != nil || string(got) != id {
				t.Fatal(string(got), err)
			}
			if n := s.noted(t); n["in "+id] != 1 || n["out "+id] != 1 {
				t.Fatalf("call %s was answered, and the journal has %v", id, n)
			}
		}
	})
}
