//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// TestP07NodesThatDialEachOtherKeepOneLink: though both dial in the same moment, again and again, and both redial when
// the link is cut. Plain nodes do not tell one another, and keep what they dialled.
func TestP07NodesThatDialEachOtherKeepOneLink(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	eachDMTPWay(t, func(t *testing.T, w way) {
		for range rounds {
			if mesh(t, w, 2); t.Failed() {
				return
			}
		}
		mesh(t, w, 4)
	})
}

// mesh has nodes that all dial each other at once, checks what comes of it, and cuts each pair's link.
func mesh(t *testing.T, w way, size int) {
	t.Helper()
	nodes, addrs := make([]*bellpull.Node, size), make([]string, size)
	peers := make([][]*bellpull.Peer, size)
	proto := dmtp.Protocol{Plain: w.plain, AllowAnonymous: true}
	for i := range nodes {
		m := bellpull.NewMux()
		bellpull.HandleFunc(m, "who", func() int { return i })
		nodes[i] = bellpull.NewNode(string(rune('a'+i)), with(w, m)...)
		defer closeNode(nodes[i])
		addrs[i] = w.address(t)
		if err := nodes[i].Listen(t.Context(), addrs[i], proto); err != nil {
			t.Fatal(err)
		}
		peers[i] = make([]*bellpull.Peer, size)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var wg sync.WaitGroup
	for i, n := range nodes {
		for j := range nodes {
			if i == j {
				continue
			}
			wg.Go(func() {
				var err error
				// A plain client that has a name is one more of that name.
				if peers[i][j], err = n.Dial(ctx, addrs[j], proto); err != nil && !(w.plain && errors.Is(err, bellpull.ErrRefused)) {
					t.Errorf("%d dials %d: %v", i, j, err)
				}
			})
		}
	}
	wg.Wait()
	if w.plain || t.Failed() {
		return
	}
	whole := func(when string) {
		t.Helper()
		for i, n := range nodes {
			links := 0
			for range n.Peers() {
				links++
			}
			if links != size-1 {
				t.Errorf("%s: node %d has %d links, want %d", when, i, links, size-1)
			}
			for j, p := range peers[i] {
				if i == j {
					continue
				}
				if got, err := bellpull.Call[int](ctx, p, "who"); got != j || err != nil {
					t.Errorf("%s: %d calls %d: %d, %v", when, i, j, got, err)
				}
			}
		}
	}
	whole("at first")
	for i := range nodes {
		for j := range i {
			if l := peers[i][j].Link(); l != nil {
				wg.Go(func() { l.Close("cut") })
			}
		}
	}
	wg.Wait()
	eventually(t, "every pair has one link again", func() bool {
		for i, n := range nodes {
			links := 0
			for range n.Peers() {
				links++
			}
			for j, p := range peers[i] {
				if links != size-1 || i != j && !p.Up() {
					return false
				}
			}
		}
		return true
	})
	whole("after a cut")
}

// with gives a node's options for the way.
func with(w way, m *bellpull.Mux) []bellpull.NodeOption {
	opts := []bellpull.NodeOption{bellpull.WithMux(m)}
	if tr := w.transport(); tr != nil {
		opts = append(opts, bellpull.WithTransports(tr))
	}
	return opts
}
