package campus_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestHandlersRunOneByOneWhereThatIsAskedFor: those of all peers of a node together; by default they run at once.
func TestHandlersRunOneByOneWhereThatIsAskedFor(t *testing.T) {
	for _, one := range []bool{false, true} {
		t.Run(fmt.Sprint(one), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := campus.NodeOptions(bellpull.WithTransports(mem.New()))
				var at, most atomic.Int32
				m := bellpull.NewMux()
				bellpull.HandleFunc(m, "slow", func() {
					if n := at.Add(1); n > most.Load() {
						most.Store(n)
					}
					time.Sleep(time.Second)
					at.Add(-1)
				})
				node, err := campus.Listen(t.Context(), "mem:b", m, network, campus.With(campus.Protocol{OneByOne: one}))
				if err != nil {
					t.Fatal(err)
				}
				defer node.Close(context.Background())
				var wg sync.WaitGroup
				for i := range 3 {
					peer, err := campus.Dial(t.Context(), "mem:b", network, campus.Name(fmt.Sprint(i)))
					if err != nil {
						t.Fatal(err)
					}
					defer peer.Close(context.Background())
					for range 2 {
						wg.Go(func() {
							if _, err := bellpull.Call[struct{}](t.Context(), peer, "slow"); err != nil {
								t.Error(err)
							}
						})
					}
				}
				wg.Wait()
				if want := map[bool]int32{true: 1, false: 6}[one]; most.Load() != want {
					t.Errorf("%d at once, want %d", most.Load(), want)
				}
			})
		})
	}
}
