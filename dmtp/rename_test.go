package dmtp_test

import (
	"fmt"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// TestRenamesOfBothSidesEndAlike: renames that follow each other closely, or cross, leave both ends with the same id,
// which is the peer's name on the service.
func TestRenamesOfBothSidesEndAlike(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		node, client := pair(t, opts...)
		var here *bellpull.Peer
		for p := range node.Peers() {
			here = p
		}
		both := func() (string, string, string) { return dmtp.SessionID(client), dmtp.SessionID(here), here.Name() }
		for i := range 300 {
			first, second := fmt.Sprint("s", i), fmt.Sprint("c", i)
			done := make(chan error)
			go func() { done <- dmtp.Rename(t.Context(), here, first) }()
			if i%2 == 0 {
				for dmtp.SessionID(client) != first { // its answer is on the way
				}
			}
			if err := dmtp.Rename(t.Context(), client, second); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if a, b, name := both(); a != b || b != name || i%2 == 0 && a != second {
				t.Fatalf("round %d: the client is %q to itself, %q to the service, and %q by name", i, a, b, name)
			}
		}
	})
}
