package sim_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/sim"
)

// What the simulation found is kept here as tests of their own, each in the least setting that shows it.

// setting is a service and a peer of it over a network.
type setting struct {
	net            *sim.Net
	server, client *sim.Host
	mux            *bellpull.Mux
	node           *bellpull.Node
	peer           *bellpull.Peer
}

func within(t *testing.T, script sim.Script, opts []bellpull.DialOption, f func(t *testing.T, s *setting)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &setting{net: sim.New(1, script), mux: bellpull.NewMux()}
		s.server, s.client = s.net.Host("server"), s.net.Host("client")
		var err error
		if s.node, err = dmtp.Listen(t.Context(), address, s.mux, dmtp.NodeOptions(bellpull.WithTransports(s.server))); err != nil {
			t.Fatal(err)
		}
		s.peer, err = dmtp.Dial(t.Context(), address, dmtp.Name("client"), dmtp.NodeOptions(bellpull.WithTransports(s.client)), dmtp.DialOptions(opts...))
		if err != nil {
			t.Fatal(err)
		}
		f(t, s)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		s.peer.Close(ctx)
		s.node.Close(ctx)
	})
}

// A call that is made once more may have run the first time, whatever becomes of the second.
func TestAnIdempotentCallThatMayHaveRunIsNeverNever(t *testing.T) {
	for name, opts := range map[string][]bellpull.DialOption{
		"the peer is gone":  {bellpull.WithoutReconnect()},
		"nobody is let in":  nil,
		"calls do not wait": {bellpull.FailFast()},
	} {
		t.Run(name, func(t *testing.T) {
			script := func(_ string, n int, _ sim.Dice) sim.Course { return sim.Course{Refuse: n > 0} }
			within(t, script, opts, func(t *testing.T, s *setting) {
				ran := 0
				s.mux.Handle("x", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { ran++; s.server.Cut(true) }))
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				_, err := s.peer.CallBytes(bellpull.WithCall(ctx, bellpull.Idempotent()), "x", nil, nil)
				if err == nil || ran != 1 || bellpull.ExecutedOf(err) != bellpull.Maybe {
					t.Errorf("ran %d times: %v", ran, err)
				}
			})
		})
	}
}
