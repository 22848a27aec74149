package dmtp_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestNotifiesInLineWhenTheirLinkEndsAreNotDelivered: what waits behind a slow one ends with the link.
func TestNotifiesInLineWhenTheirLinkEndsAreNotDelivered(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		synctest.Test(t, func(t *testing.T) {
			opts := append(opts, dmtp.NodeOptions(bellpull.WithTransports(mem.New())))
			m := bellpull.NewMux()
			var entered atomic.Int32
			m.Handle("wait", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				entered.Add(1)
				<-r.Context().Done()
			}))
			node, err := dmtp.Listen(t.Context(), "mem:x", m, opts...)
			if err != nil {
				t.Fatal(err)
			}
			peer, err := dmtp.Dial(t.Context(), "mem:x", opts...)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if err := peer.Notify(t.Context(), "wait"); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond) // the others are in line
			peer.Close(context.Background())
			node.Close(context.Background())
			if n := entered.Load(); n != 1 {
				t.Error(n, "notifies were delivered, want the one that ran when the link ended")
			}
		})
	})
}

// TestNotifiesDoNotHoldUpClose: a node that closes lets what runs come to its end and takes nothing new, however many
// notifies go on coming.
func TestNotifiesDoNotHoldUpClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		m := bellpull.NewMux()
		m.Handle("n", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { time.Sleep(10 * time.Millisecond) }))
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with, dmtp.DialOptions(bellpull.WithoutReconnect()))
		if err != nil {
			t.Fatal(err)
		}
		stopped := make(chan struct{})
		go func() { // the line never becomes empty
			defer close(stopped)
			for range 10_000 {
				if peer.Notify(t.Context(), "n") != nil {
					return
				}
				time.Sleep(8 * time.Millisecond)
			}
		}()
		time.Sleep(100 * time.Millisecond)
		from := time.Now()
		if err := node.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if took := time.Since(from); took > time.Second {
			t.Error("closed after", took)
		}
		<-stopped
		peer.Close(context.Background())
	})
}

// TestClosingAPeerBlocksNoLongerThanItsContext: though a handler of the link does not return.
func TestClosingAPeerBlocksNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		node, err := dmtp.Listen(t.Context(), "mem:x", nil, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal(err)
		}
		entered, release := make(chan struct{}), make(chan struct{})
		peer.Handle("stuck", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			close(entered)
			<-release
		}))
		for p := range node.Peers() {
			go bellpull.Call[any](context.Background(), p, "stuck")
		}
		<-entered
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		from := time.Now()
		time.AfterFunc(time.Minute, func() { close(release) })
		err = peer.Close(ctx)
		if took := time.Since(from); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Error("closed after", took, err)
		}
		<-release
		synctest.Wait()
		node.Close(context.Background())
	})
}

// counted is dmtp with a count of its open engines. Each peer that a node dials has one of its own.
type counted struct {
	dmtp.Protocol
	open *atomic.Int32
}

type countedEngine struct {
	bellpull.Engine
	open *atomic.Int32
}

func (c counted) Open(h bellpull.Host) (bellpull.Engine, error) {
	e, err := c.Protocol.Open(h)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return countedEngine{e, c.open}, nil
}

func (e countedEngine) Close() error {
	e.open.Add(-1)
	return e.Engine.Close()
}

// TestAPeerThatIsGoneLeavesNothing: the engine of a dialled peer ends with it, and not with the node, whichever way the
// peer goes.
func TestAPeerThatIsGoneLeavesNothing(t *testing.T) {
	for name, gone := range map[string]func(t *testing.T, with bellpull.NodeOption, service, client *bellpull.Node, p counted){
		"closed": func(t *testing.T, _ bellpull.NodeOption, _, client *bellpull.Node, p counted) {
			peer, err := client.Dial(t.Context(), "mem:x", p)
			if err != nil {
				t.Fatal(err)
			}
			peer.Close(t.Context())
		},
		"closed while away": func(t *testing.T, _ bellpull.NodeOption, service, client *bellpull.Node, p counted) {
			peer, err := client.Dial(t.Context(), "mem:x", p)
			if err != nil {
				t.Fatal(err)
			}
			service.Close(t.Context())
			time.Sleep(time.Minute)
			peer.Close(t.Context())
		},
		"lost": func(t *testing.T, _ bellpull.NodeOption, service, client *bellpull.Node, p counted) {
			peer, err := client.Dial(t.Context(), "mem:x", p, bellpull.WithoutReconnect())
			if err != nil {
				t.Fatal(err)
			}
			service.Close(t.Context())
			<-peer.Done()
		},
		"never there": func(t *testing.T, _ bellpull.NodeOption, _, client *bellpull.Node, p counted) {
			if _, err := client.Dial(t.Context(), "mem:y", p); !errors.Is(err, bellpull.ErrNoServer) {
				t.Error(err)
			}
		},
		"refused": func(t *testing.T, _ bellpull.NodeOption, _, client *bellpull.Node, p counted) {
			p.Token = "wrong"
			if _, err := client.Dial(t.Context(), "mem:x", p); !errors.Is(err, bellpull.ErrRefused) {
				t.Error(err)
			}
		},
		"refused when it came back": func(t *testing.T, with bellpull.NodeOption, service, client *bellpull.Node, p counted) {
			peer, err := client.Dial(t.Context(), "mem:x", p)
			if err != nil {
				t.Fatal(err)
			}
			service.Close(t.Context())
			other := bellpull.NewNode("", with)
			if err := other.Listen(t.Context(), "mem:x", dmtp.Protocol{Token: "another"}); err != nil {
				t.Fatal(err)
			}
			<-peer.Done()
			if !errors.Is(peer.Err(), bellpull.ErrRefused) {
				t.Error(peer.Err())
			}
			other.Close(t.Context())
		},
		"not listening": func(t *testing.T, _ bellpull.NodeOption, _, client *bellpull.Node, p counted) {
			if err := client.Listen(t.Context(), "mem:x", p); err == nil {
				t.Error("listens where another does")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				with := bellpull.WithTransports(mem.New())
				service := bellpull.NewNode("", with)
				defer service.Close(context.Background())
				if err := service.Listen(t.Context(), "mem:x", dmtp.Protocol{Token: "secret"}); err != nil {
					t.Fatal(err)
				}
				client := bellpull.NewNode("", with)
				defer client.Close(context.Background())
				var open atomic.Int32
				gone(t, with, service, client, counted{dmtp.Protocol{Token: "secret"}, &open})
				synctest.Wait()
				if n := open.Load(); n != 0 {
					t.Error(n, "engines left")
				}
			})
		})
	}
}
