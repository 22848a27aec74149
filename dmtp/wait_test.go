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
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// dying hangs up on its first connections, as a process does that is being killed while its socket still accepts.
type dying struct {
	transport.Listener
	left atomic.Int32
}

func (d *dying) AcceptConn() (transport.Conn, error) {
	for {
		c, err := d.Listener.AcceptConn()
		if err != nil || d.left.Add(-1) < 0 {
			return c, err
		}
		c.Close()
	}
}

// dialling dials mem:x, where the first connections are hung up on, and gives what came of it.
func dialling(t *testing.T, hangUps int32, opts ...bellpull.DialOption) (left int32, err error) {
	network := mem.New()
	l, err := network.Listen(t.Context(), transport.Addr{Scheme: "mem", Rest: "x"})
	if err != nil {
		t.Fatal(err)
	}
	d := &dying{Listener: l}
	d.left.Store(hangUps)
	server := bellpull.NewNode("", bellpull.WithTransports(network), bellpull.WithMux(newMux()))
	defer server.Close(context.Background())
	if err := server.Serve(d, dmtp.Protocol{}); err != nil {
		t.Fatal(err)
	}
	client := bellpull.NewNode("", bellpull.WithTransports(network))
	defer client.Close(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := client.Dial(ctx, "mem:x", dmtp.Protocol{}, opts...)
	if err == nil {
		if got, err := bellpull.Call[int](ctx, p, "sum", 1, 2); err != nil || got != 3 {
			t.Error(got, err)
		}
	}
	return d.left.Load(), err
}

func TestADialThatWaitsOutlastsADyingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if left, err := dialling(t, 3, bellpull.WaitForServer()); err != nil || left != -1 {
			t.Errorf("%v with %d more hang-ups to come", err, left)
		}
	})
}

func TestADialThatDoesNotWaitTellsOfAHangUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if left, err := dialling(t, 3); !errors.Is(err, bellpull.ErrProtocol) || left != 2 {
			t.Errorf("%v after %d connections", err, 3-left)
		}
	})
}

// TestADialThatWaitsGivesUpOnAServerThatAlwaysHangsUp: five in a row are no accident.
func TestADialThatWaitsGivesUpOnAServerThatAlwaysHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if left, err := dialling(t, 100, bellpull.WaitForServer()); !errors.Is(err, bellpull.ErrProtocol) || left != 95 {
			t.Errorf("%v after %d connections", err, 100-left)
		}
	})
}

// TestADialThatWaitsOutlastsItsPredecessorsName: a process that was killed and started again may find its name in use
// until the server has seen the old connection end.
func TestADialThatWaitsOutlastsItsPredecessorsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		namedNode(t, "server", network)
		first := bellpull.NewNode("client", bellpull.WithTransports(network))
		if _, err := first.Dial(t.Context(), "mem:server", dmtp.Protocol{}); err != nil {
			t.Fatal(err)
		}
		second := bellpull.NewNode("client", bellpull.WithTransports(network))
		defer second.Close(context.Background())
		if _, err := second.Dial(t.Context(), "mem:server", dmtp.Protocol{}); !errors.Is(err, bellpull.ErrRefused) {
			t.Errorf("without waiting: %v", err)
		}
		go func() {
			time.Sleep(time.Millisecond)
			first.Close(context.Background())
		}()
		if _, err := second.Dial(t.Context(), "mem:server", dmtp.Protocol{}, bellpull.WaitForServer()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}
