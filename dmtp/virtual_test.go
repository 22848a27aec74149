package dmtp_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// bubble runs f inside a synctest bubble with a service and a peer of it over mem.
func bubble(t *testing.T, m *bellpull.Mux, f func(t *testing.T, node *bellpull.Node, peer *bellpull.Peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal(err)
		}
		f(t, node, peer)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		peer.Close(ctx)
		node.Close(ctx)
		node.Close(context.Background()) // handlers that outlasted the first one
	})
}

// stuck is a Mux whose method "stuck" outlasts every deadline and does not listen to its context.
func stuck() *bellpull.Mux {
	m := newMux()
	bellpull.HandleFunc(m, "stuck", func() { time.Sleep(time.Minute) })
	return m
}

func TestTheDefaultDeadlineExpiresOnVirtualTime(t *testing.T) {
	bubble(t, stuck(), func(t *testing.T, _ *bellpull.Node, peer *bellpull.Peer) {
		from := time.Now()
		_, err := bellpull.Call[any](t.Context(), peer, "stuck")
		if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error(err)
		}
		if took := time.Since(from); took < 30*time.Second || took > 30*time.Second+250*time.Millisecond {
			t.Error("expired after", took)
		}
	})
}

func TestAThousandBubblesShareNothing(t *testing.T) {
	for range 1000 {
		bubble(t, newMux(), func(t *testing.T, _ *bellpull.Node, peer *bellpull.Peer) {
			if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil || got != 3 {
				t.Fatal(got, err)
			}
		})
	}
}

func TestAClientThatNeverShakesHandsIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), dmtp.NodeOptions(bellpull.WithTransports(network)))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		c, err := network.Dial(t.Context(), mustAddr(t, "mem:x"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		from := time.Now()
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("read", n)
		}
		if took := time.Since(from); took != 3*time.Second {
			t.Error("cut off after", took)
		}
	})
}

func TestAServerThatDoesNotAcknowledgeACloseIsLeftAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		l, err := network.Listen(t.Context(), mustAddr(t, "mem:x"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.AcceptConn()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096))
			c.Write(answerVerify)
			for { // reads on and answers nothing
				if _, err := c.Read(make([]byte, 4096)); err != nil {
					return
				}
			}
		}()
		peer, err := dmtp.Dial(t.Context(), "mem:x", dmtp.NodeOptions(bellpull.WithTransports(network)))
		if err != nil {
			t.Fatal(err)
		}
		from := time.Now()
		peer.Close(context.Background())
		if took := time.Since(from); took != 5*time.Second {
			t.Error("closed after", took)
		}
	})
}

func TestAContextsDeadlineExpiresOnVirtualTime(t *testing.T) {
	bubble(t, stuck(), func(t *testing.T, _ *bellpull.Node, peer *bellpull.Peer) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		from := time.Now()
		_, err := peer.CallBytes(ctx, "stuck", nil, nil)
		if took := time.Since(from); !errors.Is(err, context.DeadlineExceeded) || took < time.Second || took > time.Second+250*time.Millisecond {
			t.Error(took, err)
		}
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		if _, err := peer.CallBytes(late, "echo", nil, nil); !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
	})
}

func TestAGoodbyeDoesNotOvertakeWhatWasSentBeforeIt(t *testing.T) {
	m := newMux()
	var heard int
	bellpull.HandleFunc(m, "note", func() { time.Sleep(100 * time.Millisecond); heard++ })
	bubble(t, m, func(t *testing.T, _ *bellpull.Node, peer *bellpull.Peer) {
		for range 5 {
			if err := peer.Notify(t.Context(), "note"); err != nil {
				t.Fatal(err)
			}
		}
		from := time.Now()
		peer.Close(t.Context())
		if took := time.Since(from); heard != 5 || took > time.Second {
			t.Error(heard, "of 5 were heard when the close was acknowledged, after", took)
		}
	})
}
