package sim_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
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

func within(t *testing.T, script sim.Script, opts []dmtp.Option, f func(t *testing.T, s *setting)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &setting{net: sim.New(1, script), mux: bellpull.NewMux()}
		s.server, s.client = s.net.Host("server"), s.net.Host("client")
		var err error
		if s.node, err = dmtp.Listen(t.Context(), address, s.mux, dmtp.NodeOptions(bellpull.WithTransports(s.server))); err != nil {
			t.Fatal(err)
		}
		opts = append([]dmtp.Option{dmtp.Name("client"), dmtp.NodeOptions(bellpull.WithTransports(s.client))}, opts...)
		s.peer, err = dmtp.Dial(t.Context(), address, opts...)
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
	for name, opts := range map[string][]dmtp.Option{
		"the peer is gone":  {dmtp.DialOptions(bellpull.WithoutReconnect())},
		"nobody is let in":  nil,
		"calls do not wait": {dmtp.DialOptions(bellpull.FailFast())},
	} {
		t.Run(name, func(t *testing.T) {
			script := func(_ string, n int, _ sim.Dice) sim.Course { return sim.Course{Refuse: n > 0} }
			within(t, script, opts, func(t *testing.T, s *setting) {
				ran := 0
				s.mux.Handle("x", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { ran++; s.server.Cut(true) }))
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				_, err := s.peer.CallBytes(bellpull.WithCall(ctx, bellpull.Idempotent()), "x", nil, nil)
				synctest.Wait()
				if err == nil || ran != 1 || bellpull.ExecutedOf(err) != bellpull.Maybe {
					t.Errorf("ran %d times: %v", ran, err)
				}
			})
		})
	}
}

// What is still on its way on a link when its peer is back on another must not be heard any more.
func TestNothingOfAnOldLinkIsHeardBehindTheNew(t *testing.T) {
	script := func(_ string, n int, _ sim.Dice) sim.Course {
		if n == 0 {
			return sim.Course{Out: sim.Fate{Latency: time.Second}}
		}
		return sim.Course{Out: sim.Fate{Latency: time.Millisecond}}
	}
	within(t, script, nil, func(t *testing.T, s *setting) {
		var heard []string
		s.mux.Handle("note", bellpull.HandlerFunc(func(_ *bellpull.Reply, q *bellpull.Request) { heard = append(heard, string(q.Borrow())) }))
		for _, text := range []string{"old", "new"} {
			if err := s.peer.Notify(t.Context(), "note", []byte(text)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			if text == "old" {
				s.client.Lose()
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if len(heard) != 1 || heard[0] != "new" {
			t.Errorf("heard %q, want the new one alone", heard)
		}
	})
}

// A cancel that comes right behind its call, before the handler has begun, is not forgotten.
func TestACancelRightBehindItsCallIsHeard(t *testing.T) {
	plain := []dmtp.Option{dmtp.Plain()} // whose handlers do not know of deadlines
	within(t, sim.Calm, plain, func(t *testing.T, s *setting) {
		ended := make(chan time.Duration, 1)
		s.mux.Handle("wait", bellpull.HandlerFunc(func(_ *bellpull.Reply, q *bellpull.Request) {
			from := time.Now()
			select {
			case <-q.Context().Done():
			case <-time.After(20 * time.Second):
			}
			ended <- time.Since(from)
		}))
		s.mux.Handle("busy", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { time.Sleep(time.Millisecond) }))
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			s.peer.CallBytes(ctx, "wait", nil, nil) // from the second on it has a goroutine of its own
			cancel()
			<-ended
			if err := s.peer.Notify(t.Context(), "busy"); err != nil { // keeps the service from reading
				t.Fatal(err)
			}
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Microsecond)
			s.peer.CallBytes(ctx, "wait", nil, nil)
			cancel()
			if took := <-ended; took > time.Second {
				t.Error("the handler was left alone for", took)
				break
			}
		}
	})
}

// A link that ends while a second handshake on it is being decided is not brought up again.
func TestAHandshakeThatIsDecidedTooLateBringsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := sim.New(1, sim.Calm)
		server := bellpull.NewNode("", bellpull.WithTransports(network.Host("server")))
		events, ups := server.Watch(t.Context()), 0
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for e := range events {
				if e.Kind == bellpull.EventUp {
					ups++
				}
			}
		}()
		tries := 0
		slow := dmtp.Protocol{Verify: func(*dmtp.Verify) error {
			if tries++; tries == 2 {
				time.Sleep(time.Second)
			}
			return nil
		}}
		if err := server.Listen(t.Context(), address, slow); err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), address, dmtp.NodeOptions(bellpull.WithTransports(network.Host("client"))))
		if err != nil {
			t.Fatal(err)
		}
		p1 := dmtpwire.WaitVerify{Sign: 9}
		if err := dmtp.SendRaw(t.Context(), peer, dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, p1.AppendJSON(nil, dmtpwire.Compact))); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		peer.Close(t.Context())
		time.Sleep(2 * time.Second)
		server.Close(context.Background())
		<-watched
		if ups != 1 || tries != 2 {
			t.Errorf("the link came up %d times, with %d handshakes", ups, tries)
		}
	})
}
