package campus_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

// events collects what a node tells of its peers, as "up b", "down b", until the function that it gives is called.
func events(t *testing.T, n *bellpull.Node) func() []string {
	ctx, cancel := context.WithCancel(t.Context())
	var list []string
	done := make(chan struct{})
	seq := n.Watch(ctx)
	go func() {
		defer close(done)
		for e := range seq {
			what := fmt.Sprint(e.Kind, " ", e.Name)
			if e.Kind == bellpull.EventUp && e.Reconnects > 0 {
				what = "back " + e.Name
			}
			list = append(list, what)
		}
	}()
	return func() []string {
		synctest.Wait()
		cancel()
		<-done
		return list
	}
}

// names gives those of the peers that are up.
func names(n *bellpull.Node) (list []string) {
	for p := range n.Peers() {
		list = append(list, p.Name())
	}
	slices.Sort(list)
	return list
}

// TestWhatIsSaidToAPeerThatIsAwayReachesItsSuccessor: requests, calls and messages wait; nobody says that the peer is back
// before it is. Then it is the same peer, up, and told of once.
func TestWhatIsSaidToAPeerThatIsAwayReachesItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		heard := make(chan string, 10)
		hear := func(what string) { heard <- what }
		all := family(t, network, hear, "a", "b")
		peer := all["a"].dial("b")
		asks(t, peer, "before", "b to a: before")
		told := events(t, all["a"].Node)
		all["b"].Close(t.Context())
		noticed()
		if peer.Up() {
			t.Error("up, and nobody is there")
		}
		var wg sync.WaitGroup
		done := make(chan string, 2)
		for what, f := range map[string]func() error{
			"request": func() error { asks(t, peer, "meanwhile", "b to a: meanwhile"); return nil },
			"message": func() error { return campus.Raw(peer).Notify(t.Context(), 0, []byte("meanwhile")) },
		} {
			wg.Go(func() {
				must(t, f())
				done <- what
			})
		}
		time.Sleep(5 * time.Second)
		if len(done) > 0 || peer.Up() {
			t.Errorf("%d are done, and nobody is there", len(done))
		}
		family(t, network, hear, "b")
		wg.Wait()
		synctest.Wait()
		if what := <-heard; what != "a to b: meanwhile" || len(heard) > 0 {
			t.Errorf("heard %q, and %d more", what, len(heard))
		}
		asks(t, peer, "after", "b to a: after")
		if got := slices.DeleteFunc(told(), func(e string) bool { return e == "retry b" }); !slices.Equal(got, []string{"down b", "back b"}) || !peer.Up() {
			t.Errorf("told %q; up: %v", got, peer.Up())
		}
	})
}

// TestANodeThatIsClosedLeavesNobodyWaiting: neither for an answer nor for a peer that is away, and what comes later is
// told so at once.
func TestANodeThatIsClosedLeavesNobodyWaiting(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprint("away: ", away), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				all := family(t, network, nil, "a")
				m := bellpull.NewMux()
				release := make(chan struct{})
				defer close(release)
				m.Handle("never", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { <-release }))
				there, err := campus.Listen(t.Context(), "mem:b", m, campus.NodeOptions(bellpull.WithTransports(network)))
				must(t, err)
				defer func() {
					now, cancel := context.WithCancel(context.Background())
					cancel()
					there.Close(now)
				}()
				peer := all["a"].dial("b")
				if away {
					there.Close(t.Context())
					noticed()
				}
				results := make(chan error, 10)
				for range 5 {
					go func() { _, err := peer.CallBytes(t.Context(), "never", nil, []byte("x")); results <- err }()
					go func() { results <- campus.Raw(peer).Notify(t.Context(), 0, []byte("x")) }()
				}
				synctest.Wait()
				began := time.Now()
				all["a"].Close(t.Context())
				for range 10 {
					if err := <-results; err != nil && !errors.Is(err, net.ErrClosed) || err == nil && away {
						t.Error("under way:", err)
					}
				}
				if err := campus.Raw(peer).Notify(t.Context(), 0, []byte("late")); !errors.Is(err, net.ErrClosed) || bellpull.ExecutedOf(err) != bellpull.Never {
					t.Error("later:", err)
				}
				if peer.Up() || time.Since(began) > time.Second {
					t.Errorf("up: %v, after %v", peer.Up(), time.Since(began))
				}
			})
		})
	}
}

// TestAProcessThatComesBackByItselfIsToldOfAgain: it had dialled us, or we had dialled it and were told not to reconnect.
// Nobody dials it, and when it has dialled us the node says so a second time, and its requests and ours are answered.
func TestAProcessThatComesBackByItselfIsToldOfAgain(t *testing.T) {
	for _, weDialled := range []bool{false, true} {
		t.Run(fmt.Sprint("we had dialled: ", weDialled), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				all := family(t, network, nil, "a", "b")
				told := events(t, all["b"].Node)
				if weDialled {
					all["b"].dial("a", bellpull.WithoutReconnect())
				} else {
					all["a"].dial("b")
				}
				asks(t, all["b"].wait("a"), "first", "a to b: first")
				all["a"].Close(t.Context())
				noticed()
				again := family(t, network, nil, "a")["a"]
				time.Sleep(10 * time.Second)
				if got := names(all["b"].Node); len(got) > 0 {
					t.Errorf("somebody dialled: %q", got)
				}
				asks(t, again.dial("b"), "second", "b to a: second")
				asks(t, all["b"].wait("a"), "third", "a to b: third")
				want := []string{"up a", "down a", "back a"}
				if weDialled {
					want = []string{"up a", "down a", "closed a", "up a"}
				}
				if got := told(); !slices.Equal(got, want) {
					t.Errorf("told %q, want %q", got, want)
				}
			})
		})
	}
}

// TestAPeerThatIsNotToReconnectStaysAway: though the process is there again. It is not dialled once.
func TestAPeerThatIsNotToReconnectStaysAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		all := family(t, network, nil, "a", "b")
		peer := all["a"].dial("b", bellpull.WithoutReconnect())
		told := events(t, all["a"].Node)
		all["b"].Close(t.Context())
		noticed()
		again := family(t, network, nil, "b")["b"]
		atThem := events(t, again.Node)
		time.Sleep(time.Minute)
		_, err := campus.Raw(peer).Request(t.Context(), 0, []byte("x"))
		wantError(t, err, bellpull.CodeUnavailable, bellpull.Never)
		if got, theirs := told(), atThem(); !slices.Equal(got, []string{"down b", "closed b"}) || len(theirs) > 0 || peer.Up() {
			t.Errorf("told %q, there %q; up: %v", got, theirs, peer.Up())
		}
	})
}

// TestDialsOfNobody: end at once, or with their context when they are to wait.
func TestDialsOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := family(t, mem.New(), nil, "a")["a"]
		began := time.Now()
		_, err := a.Dial(t.Context(), "mem:b", a.proto)
		wantError(t, err, bellpull.CodeNoServer, bellpull.Never)
		if time.Since(began) > 0 {
			t.Error("not at once:", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = a.Dial(ctx, "mem:b", a.proto, bellpull.WaitForServer())
		wantError(t, err, bellpull.CodeNoServer, bellpull.Never)
		if time.Since(began) != time.Minute {
			t.Error("waited", time.Since(began))
		}
		if got := names(a.Node); len(got) > 0 {
			t.Errorf("peers: %q", got)
		}
	})
}

// TestWhoIsThereIsDialledAtOnce: also when the dial would wait.
func TestWhoIsThereIsDialledAtOnce(t *testing.T) {
	for _, opts := range [][]bellpull.DialOption{nil, {bellpull.WaitForServer()}} {
		synctest.Test(t, func(t *testing.T) {
			all := family(t, mem.New(), nil, "a", "b")
			told := events(t, all["a"].Node)
			began := time.Now()
			asks(t, all["a"].dial("b", opts...), "x", "b to a: x")
			if took := time.Since(began); took > 0 { // of the test's clock, which stands while anybody can do anything
				t.Error("after", took)
			}
			if got := told(); !slices.Equal(got, []string{"up b"}) {
				t.Errorf("told %q", got)
			}
		})
	}
}

// TestEachNodeIsToldOfEachPeerOnce: whoever has dialled, also whom there was nobody to dial at first; and each has the
// others in its list.
func TestEachNodeIsToldOfEachPeerOnce(t *testing.T) {
	for what, c := range map[string]struct {
		first, later []string // who is there when the dials begin, and who comes then
		dials        [][2]string
	}{
		"one who is not there yet": {[]string{"a"}, []string{"b"}, [][2]string{{"a", "b"}}},
		"one dials two":            {[]string{"a", "b", "c"}, nil, [][2]string{{"a", "b"}, {"a", "c"}}},
		"two dial one":             {[]string{"a", "b", "c"}, nil, [][2]string{{"b", "a"}, {"c", "a"}}},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				all := family(t, network, nil, c.first...)
				told := map[string]func() []string{}
				for _, name := range c.first {
					told[name] = events(t, all[name].Node)
				}
				var wg sync.WaitGroup
				for _, d := range c.dials {
					wg.Go(func() { all[d[0]].dial(d[1], bellpull.WaitForServer()) })
				}
				for _, name := range c.later {
					time.Sleep(time.Second)
					if got := names(all["a"].Node); len(got) > 0 {
						t.Errorf("before anybody is there: %q", got)
					}
					all[name] = family(t, network, nil, name)[name]
					told[name] = events(t, all[name].Node)
				}
				wg.Wait()
				synctest.Wait()
				for name := range all {
					var peers, ups []string
					for _, d := range c.dials {
						for i, end := range d {
							if end == name {
								peers, ups = append(peers, d[1-i]), append(ups, "up "+d[1-i])
							}
						}
					}
					got := told[name]()
					slices.Sort(got)
					if have := names(all[name].Node); !slices.Equal(have, peers) || !slices.Equal(got, ups) {
						t.Errorf("%s has %q and was told %q, want %q", name, have, got, peers)
					}
				}
			})
		})
	}
}
