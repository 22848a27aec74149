package dmtp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// closeBound is what Close may take beyond its context; its documentation says so.
const closeBound = 250 * time.Millisecond

// TestCloseDoesNotWaitForAStuckHandlerBeyondItsContext: it says what is still there, the peer hears the goodbye all the
// same, and the node ends with the handler.
func TestCloseDoesNotWaitForAStuckHandlerBeyondItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		entered, release := make(chan struct{}, 2), make(chan struct{})
		m := newMux()
		bellpull.HandleFunc(m, "stuck", func() { entered <- struct{}{}; <-release })
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with, dmtp.DialOptions(bellpull.WithoutReconnect()))
		if err != nil {
			t.Fatal(err)
		}
		calls := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := bellpull.Call[any](t.Context(), peer, "stuck")
				calls <- err
			}()
			<-entered
		}
		watched := make(chan struct{})
		events := node.Watch(context.Background())
		go func() {
			defer close(watched)
			for range events {
			}
		}()

		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		from := time.Now()
		err = node.Close(ctx)
		if took := time.Since(from); took > time.Second+closeBound {
			t.Error("Close returned after", took)
		}
		e, ok := errors.AsType[*bellpull.Error](err)
		if !ok || e.Op != "close" || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(e.Msg, ": 2") {
			t.Errorf("Close says %v, want the end of its context and 2 handlers", err)
		}
		<-watched
		<-peer.Done()
		if took := time.Since(from); took > time.Second+closeBound {
			t.Error("the peer knows after", took)
		}
		for range 2 {
			if err := <-calls; bellpull.ExecutedOf(err) != bellpull.Maybe || !strings.Contains(err.Error(), "closed by the other side: closed") {
				t.Errorf("the call ends with %v, want Maybe and the goodbye", err)
			}
		}
		if err := peer.Err(); !strings.Contains(err.Error(), "closed by the other side: closed") {
			t.Errorf("the peer ended with %v, want the goodbye", err)
		}

		// Again: no longer than its own context, and without one until the handlers have returned.
		ctx, cancel = context.WithCancel(context.Background())
		cancel()
		if err := node.Close(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Close again: %v", err)
		}
		time.AfterFunc(time.Minute, func() { close(release) })
		if err := node.Close(context.Background()); err != nil {
			t.Errorf("Close at last: %v", err)
		}
		peer.Close(context.Background())
	})
}

// TestCloseWithAnEndedContextStillEndsEverything: handlers that heed their context do not count as stuck.
func TestCloseWithAnEndedContextStillEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		entered := make(chan struct{})
		m := newMux()
		bellpull.HandleFunc(m, "wait", func(ctx context.Context) error {
			close(entered)
			<-ctx.Done()
			return ctx.Err()
		})
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with, dmtp.DialOptions(bellpull.WithoutReconnect()))
		if err != nil {
			t.Fatal(err)
		}
		called := make(chan error, 1)
		go func() {
			_, err := bellpull.Call[any](t.Context(), peer, "wait")
			called <- err
		}()
		<-entered
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := node.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-called; bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Error(err)
		}
		if err := peer.Err(); err == nil || !strings.Contains(err.Error(), "closed by the other side") {
			t.Errorf("the peer ended with %v, want the goodbye", err)
		}
		peer.Close(context.Background())
	})
}

// TestASecondCloseCutsTheFirstShort: as a second ctrl-C does.
func TestASecondCloseCutsTheFirstShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		entered := make(chan struct{})
		m := newMux()
		bellpull.HandleFunc(m, "wait", func(ctx context.Context) { close(entered); <-ctx.Done() })
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal(err)
		}
		go bellpull.Call[any](t.Context(), peer, "wait")
		<-entered
		first := make(chan error, 1)
		go func() { first <- node.Close(context.Background()) }()
		synctest.Wait()
		from := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := node.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if took := time.Since(from); took > time.Second+closeBound {
			t.Error("closed after", took)
		}
		peer.Close(context.Background())
	})
}

// TestEveryCloseWaitsForTheSameEnd: any number at once.
func TestEveryCloseWaitsForTheSameEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		var returned atomic.Bool
		entered := make(chan struct{})
		m := newMux()
		bellpull.HandleFunc(m, "slow", func() { close(entered); time.Sleep(time.Second); returned.Store(true) })
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal(err)
		}
		called := make(chan error, 1)
		go func() {
			_, err := bellpull.Call[any](t.Context(), peer, "slow")
			called <- err
		}()
		<-entered
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := node.Close(context.Background()); err != nil || !returned.Load() {
					t.Error("closed while a handler ran:", err)
				}
			})
		}
		wg.Wait()
		if err := <-called; err != nil {
			t.Error("what ran was not finished:", err)
		}
		peer.Close(context.Background())
	})
}

// hanging is a transport whose Dial answers only to its context.
type hanging struct{ dialling chan struct{} }

func (hanging) Schemes() []string { return []string{"udp"} }

func (d hanging) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	d.dialling <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) Listen(context.Context, transport.Addr) (transport.Listener, error) {
	return nil, errors.ErrUnsupported
}

// TestCloseEndsADial: in whatever state it is, at once, and the error says who ended it.
func TestCloseEndsADial(t *testing.T) {
	for name, dial := range map[string]func(t *testing.T, network *mem.Network, node *bellpull.Node) error{
		"connecting": func(t *testing.T, _ *mem.Network, node *bellpull.Node) error {
			_, err := node.Dial(context.Background(), "udp:127.0.0.1:1", dmtp.Protocol{})
			return err
		},
		"in the handshake": func(t *testing.T, network *mem.Network, node *bellpull.Node) error {
			_, err := node.Dial(context.Background(), "mem:silent", dmtp.Protocol{})
			return err
		},
		"waiting for the server": func(t *testing.T, _ *mem.Network, node *bellpull.Node) error {
			_, err := node.Dial(context.Background(), "mem:nobody", dmtp.Protocol{}, bellpull.WaitForServer())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, d := mem.New(), hanging{make(chan struct{}, 1)}
				silent, err := network.Listen(t.Context(), transport.Addr{Scheme: "mem", Rest: "silent"})
				if err != nil {
					t.Fatal(err)
				}
				defer silent.Close()
				node := bellpull.NewNode("", bellpull.WithTransports(network, d))
				dialled := make(chan error, 1)
				go func() { dialled <- dial(t, network, node) }()
				synctest.Wait() // it is under way; timers stand still
				from := time.Now()
				if err := node.Close(context.Background()); err != nil {
					t.Error(err)
				}
				if err := <-dialled; !errors.Is(err, net.ErrClosed) || bellpull.ExecutedOf(err) != bellpull.Never {
					t.Errorf("Dial says %v, want closed, Never", err)
				}
				if took := time.Since(from); took != 0 {
					t.Error("took", took)
				}
			})
		})
	}
}

// TestCloseEndsARedial: neither the pause between two tries nor a try holds it up.
func TestCloseEndsARedial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		with := bellpull.WithTransports(network)
		service := bellpull.NewNode("", with)
		if err := service.Listen(t.Context(), "mem:x", dmtp.Protocol{}); err != nil {
			t.Fatal(err)
		}
		node := bellpull.NewNode("", with)
		peer, err := node.Dial(t.Context(), "mem:x", dmtp.Protocol{})
		if err != nil {
			t.Fatal(err)
		}
		service.Close(t.Context())
		waiting := make(chan error, 1)
		go func() {
			_, err := bellpull.Call[any](context.Background(), peer, "sum", 1, 2)
			waiting <- err
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		from := time.Now()
		if err := node.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-waiting; !errors.Is(err, net.ErrClosed) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Errorf("a call that waited for the peer says %v, want closed, Never", err)
		}
		if took := time.Since(from); took != 0 {
			t.Error("took", took)
		}
	})
}

// TestCloseTurnsAwayClientsInTheirHandshake: at once, though they say nothing.
func TestCloseTurnsAwayClientsInTheirHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), dmtp.NodeOptions(bellpull.WithTransports(network)))
		if err != nil {
			t.Fatal(err)
		}
		var clients []transport.Conn
		for range 100 {
			c, err := network.Dial(t.Context(), transport.Addr{Scheme: "mem", Rest: "x"})
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, c)
		}
		synctest.Wait()
		from := time.Now()
		if err := node.Close(context.Background()); err != nil {
			t.Error(err)
		}
		for _, c := range clients {
			if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("a client reads %d, %v; want the end", n, err)
			}
			c.Close()
		}
		if took := time.Since(from); took != 0 {
			t.Error("took", took)
		}
	})
}

// TestCloseRefusesWhatIsNew: calls that come while one still runs are answered Never, and listeners and dials are not
// begun.
func TestCloseRefusesWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		entered := make(chan struct{})
		m := newMux()
		bellpull.HandleFunc(m, "slow", func() string { close(entered); time.Sleep(time.Second); return "done" })
		node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with, dmtp.DialOptions(bellpull.WithoutReconnect()))
		if err != nil {
			t.Fatal(err)
		}
		called := make(chan error, 1)
		go func() {
			_, err := bellpull.Call[string](t.Context(), peer, "slow")
			called <- err
		}()
		<-entered
		closed := make(chan error, 1)
		go func() { closed <- node.Close(context.Background()) }()
		synctest.Wait()
		if _, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); bellpull.ExecutedOf(err) != bellpull.Never {
			t.Errorf("a new call says %v, want Never", err)
		}
		if err := node.Listen(t.Context(), "mem:y", dmtp.Protocol{}); !errors.Is(err, net.ErrClosed) {
			t.Error("Listen:", err)
		}
		if _, err := node.Dial(t.Context(), "mem:x", dmtp.Protocol{}); !errors.Is(err, net.ErrClosed) {
			t.Error("Dial:", err)
		}
		if _, err := dmtp.Dial(t.Context(), "mem:x", with); !errors.Is(err, bellpull.ErrNoServer) {
			t.Error("a new client:", err)
		}
		if err := <-called; err != nil {
			t.Error("what ran was not finished:", err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		peer.Close(context.Background())
	})
}
