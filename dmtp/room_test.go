package dmtp_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// carrier is mem whose connections are driven through Ports of the test's making.
type carrier struct {
	*mem.Network
	port func(c transport.Conn, split transport.Split, cfg transport.PortConfig) transport.Port
}

func (n carrier) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := n.Network.Dial(ctx, a)
	if err != nil {
		return nil, err
	}
	return carried{c, n.port}, nil
}

func (n carrier) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	l, err := n.Network.Listen(ctx, a)
	if err != nil {
		return nil, err
	}
	return &carrierListener{l, n}, nil
}

type carrierListener struct {
	transport.Listener
	n carrier
}

func (l *carrierListener) AcceptConn() (transport.Conn, error) {
	c, err := l.Listener.AcceptConn()
	if err != nil {
		return nil, err
	}
	return carried{c, l.n.port}, nil
}

type carried struct {
	transport.Conn
	port func(c transport.Conn, split transport.Split, cfg transport.PortConfig) transport.Port
}

func (c carried) Port(split transport.Split, cfg transport.PortConfig) transport.Port {
	return c.port(c.Conn, split, cfg)
}

// reserving is a Port with a look at Reserve.
type reserving struct {
	transport.Port
	before func() error
}

func (p *reserving) Reserve(n int) ([]byte, error) {
	if err := p.before(); err != nil {
		return nil, err
	}
	return p.Port.Reserve(n)
}

// reserve gives mem with a function that goes before every Reserve.
func reserve(network *mem.Network, before func() error) carrier {
	return carrier{network, func(c transport.Conn, split transport.Split, cfg transport.PortConfig) transport.Port {
		return &reserving{transport.NewPort(c, split, cfg), before}
	}}
}

// deaf is a server at mem:x that lets one client in and then reads nothing more.
func deaf(t *testing.T, network *mem.Network) {
	t.Helper()
	l, err := network.Listen(t.Context(), mustAddr(t, "mem:x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.AcceptConn()
		if err != nil {
			return
		}
		c.Read(make([]byte, 4096))
		c.Write(answerVerify)
	}()
}

// TestASenderThatWaitsForRoomSleeps: it looks again when there is something to see, and not all the time.
func TestASenderThatWaitsForRoomSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		deaf(t, network)
		var looks atomic.Int32
		with := bellpull.WithTransports(reserve(network, func() error {
			if looks.Add(1) > 1000 {
				return errors.New("asked for room a thousand times")
			}
			return nil
		}))
		peer, err := dmtp.Dial(t.Context(), "mem:x", dmtp.NodeOptions(with))
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close(context.Background())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // before the heartbeat gives the server up
		defer cancel()
		sent := int32(0)
		for err == nil {
			err = peer.Notify(ctx, "x", make([]byte, 64<<10))
			sent++
		}
		if !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
		if n := looks.Load(); n > 3*sent+10 {
			t.Errorf("%d looks for the room of %d notifies", n, sent)
		}
	})
}

// TestCancelledCallsDoNotEndTheLink: however many, and though the other side takes nothing just now.
func TestCancelledCallsDoNotEndTheLink(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		synctest.Test(t, func(t *testing.T) {
			network := mem.New()
			deaf(t, network)
			peer, err := dmtp.Dial(t.Context(), "mem:x", append(opts, dmtp.NodeOptions(bellpull.WithTransports(network)))...)
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close(context.Background())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() { bellpull.Call[any](ctx, peer, "x") })
			}
			synctest.Wait()
			if err := peer.Notify(t.Context(), "x", make([]byte, 1<<20)); err != nil { // fills the batch
				t.Fatal(err)
			}
			link := peer.Link()
			cancel()
			wg.Wait()
			synctest.Wait()
			if err := link.Err(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestAnAcceptedCallIsAnsweredThoughTheBatchIsFull: its answer waits for room as others do.
func TestAnAcceptedCallIsAnsweredThoughTheBatchIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		m := bellpull.NewMux()
		m.Handle("big", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(make([]byte, 2<<20)) }))
		var taken atomic.Int32
		m.Handle("take", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { taken.Add(1) }))
		node, err := dmtp.Listen(t.Context(), "mem:x", m, dmtp.NodeOptions(bellpull.WithTransports(network)))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		c, err := network.Dial(t.Context(), mustAddr(t, "mem:x"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, []byte(`{"Sign":1}`)))
		readFrame(t, c)
		send := func(sign int32, key string, f dmtpwire.Feedback) {
			b, err := dmtpwire.AppendRequest(nil, &dmtpwire.Request{Router: dmtpwire.Router{Version: 1}, Sign: sign,
				Serialization: dmtpwire.JSON, Key: dmtpwire.Str(key), Feedback: f})
			if err != nil {
				t.Fatal(err)
			}
			c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, b))
		}
		send(1, "big", dmtpwire.WaitInvoke)
		synctest.Wait()
		send(2, "take", dmtpwire.WaitSend)
		synctest.Wait()
		if n := taken.Load(); n != 1 {
			t.Error("the accepted call ran", n, "times")
		}
		c.SetReadDeadline(time.Now().Add(time.Minute))
		var signs []int32
		for range 2 {
			_, body := readFrame(t, c)
			var p dmtpwire.Response
			if err := dmtpwire.ParseResponse(body, &p); err != nil || p.Status != dmtpwire.StatusSuccess {
				t.Fatal(p.Status, err)
			}
			signs = append(signs, p.Sign)
		}
		if !slices.Equal(signs, []int32{1, 2}) {
			t.Error("answered:", signs)
		}
	})
}

// TestAnAnswerTooLargeForTheCarrierIsAnError: a carrier may take less than the protocol. The caller hears of it and the
// link goes on.
func TestAnAnswerTooLargeForTheCarrierIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		narrow := carrier{network, func(c transport.Conn, split transport.Split, cfg transport.PortConfig) transport.Port {
			cfg.MaxFrame = 64 << 10
			return transport.NewPort(c, split, cfg)
		}}
		m := newMux()
		m.Handle("big", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(make([]byte, 100<<10)) }))
		node, err := dmtp.Listen(t.Context(), "mem:x", m, dmtp.NodeOptions(bellpull.WithTransports(narrow)))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		peer, err := dmtp.Dial(t.Context(), "mem:x", dmtp.NodeOptions(bellpull.WithTransports(network)))
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close(context.Background())
		_, err = peer.CallBytes(t.Context(), "big", nil, nil)
		if e, ok := errors.AsType[*bellpull.Error](err); !ok || !errors.Is(err, bellpull.ErrTooLarge) || !e.Remote || e.Ran != bellpull.Yes {
			t.Error(err)
		}
		if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil || got != 3 {
			t.Error(got, err)
		}
	})
}
