package dmtp_test

import (
	"context"
	"errors"
	"io"
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

// scripted listens at mem:x and has serve speak for each connection, once the client is let in.
func scripted(t *testing.T, network *mem.Network, serve func(c transport.Conn)) {
	t.Helper()
	l, err := network.Listen(t.Context(), mustAddr(t, "mem:x"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.AcceptConn()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				c.Read(make([]byte, 4096))
				c.Write(answerVerify)
				serve(c)
			})
		}
	})
}

// downAfter dials mem:x and gives how long its link lived, at most a day, and why it ended.
func downAfter(t *testing.T, opts ...bellpull.NodeOption) (lived time.Duration, why error) {
	t.Helper()
	node := bellpull.NewNode("", opts...)
	defer node.Close(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	events := node.Watch(ctx)
	if _, err := node.Dial(t.Context(), "mem:x", dmtp.Protocol{}, bellpull.WithoutReconnect()); err != nil {
		t.Fatal(err)
	}
	from := time.Now()
	for e := range events {
		if e.Kind == bellpull.EventDown {
			return time.Since(from), e.Err
		}
	}
	return time.Since(from), nil
}

// TestASilentLinkIsGivenUp: in the time the node was told, and not much before it; the error says what it means.
func TestASilentLinkIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		opts   []bellpull.NodeOption
		within time.Duration
	}{
		"by default": {nil, 15 * time.Second},
		"as told":    {[]bellpull.NodeOption{bellpull.WithHeartbeat(time.Minute, 3*time.Minute)}, 3 * time.Minute},
		"never":      {[]bellpull.NodeOption{bellpull.WithHeartbeat(0, 0)}, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := mem.New()
				scripted(t, network, func(c transport.Conn) { io.Copy(io.Discard, c) })
				lived, why := downAfter(t, append(c.opts, bellpull.WithTransports(network))...)
				if lived > c.within || lived < c.within*9/10 {
					t.Errorf("given up after %v, want within %v", lived, c.within)
				}
				if c.within < 24*time.Hour && (!errors.Is(why, bellpull.ErrUnavailable) || !strings.Contains(why.Error(), "stopped or hangs")) {
					t.Error(why)
				}
			})
		})
	}
}

// TestAnySignOfLifeKeepsALink: whatever arrives, however little and though no ping is answered.
func TestAnySignOfLifeKeepsALink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		scripted(t, network, func(c transport.Conn) {
			go io.Copy(io.Discard, c)
			frame := append([]byte{'d', 'm', 0, 100, 0, 0, 0x10, 0}, make([]byte, 4096)...)
			for { // one byte each ten seconds, of a frame that takes half a day
				if _, err := c.Write(frame[:1]); err != nil {
					return
				}
				if frame = frame[1:]; len(frame) == 0 {
					return
				}
				time.Sleep(10 * time.Second)
			}
		})
		if lived, _ := downAfter(t, bellpull.WithTransports(network)); lived < 4000*10*time.Second {
			t.Error("given up after", lived)
		}
	})
}

// TestASlowReaderIsAlive: it answers nothing while it works on a backlog, and is seen to read.
func TestASlowReaderIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		scripted(t, network, func(c transport.Conn) {
			for b := make([]byte, 64<<10); ; time.Sleep(5 * time.Second) {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
			}
		})
		node := bellpull.NewNode("", bellpull.WithTransports(network))
		defer node.Close(context.Background())
		peer, err := node.Dial(t.Context(), "mem:x", dmtp.Protocol{}, bellpull.WithoutReconnect())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		for err == nil {
			err = peer.Notify(ctx, "x", make([]byte, 64<<10))
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestOnlySilentLinksArePinged: a link in use is left alone, an idle one gets one ping each five seconds, from one side.
func TestOnlySilentLinksArePinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		var pings [2]atomic.Int32
		count := func(i int) carrier {
			return carrier{network, func(c transport.Conn, split transport.Split, cfg transport.PortConfig) transport.Port {
				return &committing{Port: transport.NewPort(c, split, cfg), saw: func(b []byte) {
					if len(b) > 8 && b[2] == 0 && b[3] == 5 {
						pings[i].Add(1)
					}
				}}
			}}
		}
		server := bellpull.NewNode("", bellpull.WithTransports(count(0)), bellpull.WithMux(newMux()))
		defer server.Close(context.Background())
		if err := server.Listen(t.Context(), "mem:x", dmtp.Protocol{}); err != nil {
			t.Fatal(err)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", dmtp.NodeOptions(bellpull.WithTransports(count(1))))
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close(context.Background())
		for range 1000 {
			if _, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if a, b := pings[0].Load(), pings[1].Load(); a+b > 0 {
			t.Errorf("%d and %d pings on a link with ten calls a second", a, b)
		}
		time.Sleep(1000 * time.Second)
		a, b := pings[0].Load(), pings[1].Load()
		if a > 1 || b < 150 || b > 201 {
			t.Errorf("a link that was idle for 1,000 s had %d pings of the service and %d of the client, want none and near 200", a, b)
		}
		if !peer.Up() {
			t.Error("an idle link was given up")
		}
	})
}

// committing is a Port with a look at what is committed.
type committing struct {
	transport.Port
	saw  func(b []byte)
	room []byte // between Reserve and Commit, which hold the batch
}

func (p *committing) Reserve(n int) ([]byte, error) {
	b, err := p.Port.Reserve(n)
	if err == nil {
		p.room = b
	}
	return b, err
}

func (p *committing) Commit(n int) {
	p.saw(p.room[:n])
	p.Port.Commit(n)
}
