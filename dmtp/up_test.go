package dmtp_test

import (
	"bytes"
	"context"
	"io"
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

// hooked is dmtp with a hook around Host.Up.
type hooked struct {
	dmtp.Protocol
	up func(up func() (*bellpull.Peer, error)) (*bellpull.Peer, error)
}

type hookedHost struct {
	bellpull.Host
	up func(up func() (*bellpull.Peer, error)) (*bellpull.Peer, error)
}

func (p hooked) Open(h bellpull.Host) (bellpull.Engine, error) {
	return p.Protocol.Open(&hookedHost{h, p.up})
}

func (h *hookedHost) Up(ctx context.Context, l bellpull.Link) (*bellpull.Peer, error) {
	return h.up(func() (*bellpull.Peer, error) { return h.Host.Up(ctx, l) })
}

// TestALinkThatFailsWhileItGoesUpIsRedialled: a caller that waited for the peer runs before the handshake is through,
// and finds that the server has died.
func TestALinkThatFailsWhileItGoesUpIsRedialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		l, err := network.Listen(t.Context(), mustAddr(t, "mem:x"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		conns := make(chan transport.Conn, 2)
		go func() {
			for {
				c, err := l.AcceptConn()
				if err != nil {
					return
				}
				conns <- c
				go func() {
					c.Read(make([]byte, 4096))
					c.Write(answerVerify)
					io.Copy(io.Discard, c)
				}()
			}
		}()
		ups := make(chan int, 2)
		n := 0
		p := hooked{dmtp.Protocol{}, func(up func() (*bellpull.Peer, error)) (*bellpull.Peer, error) {
			c := <-conns
			peer, err := up()
			if n++; n == 1 {
				c.Close()
				peer.Notify(context.Background(), "x")
			}
			ups <- n
			return peer, err
		}}
		node := bellpull.NewNode("", bellpull.WithTransports(network))
		defer node.Close(context.Background())
		peer, err := node.Dial(t.Context(), "mem:x", p)
		if err != nil {
			t.Fatal(err)
		}
		<-ups
		select {
		case <-ups:
		case <-time.After(time.Minute):
			t.Error("a minute later nobody has redialled; up:", peer.Up(), "err:", peer.Err())
		}
	})
}

// TestAPeerThatIsClosedDoesNotComeBack: not even when its redial succeeds at that moment.
func TestAPeerThatIsClosedDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := bellpull.WithTransports(mem.New())
		server := bellpull.NewNode("", with, bellpull.WithMux(newMux()))
		defer server.Close(context.Background())
		if err := server.Listen(t.Context(), "mem:x", dmtp.Protocol{}); err != nil {
			t.Fatal(err)
		}
		var peer *bellpull.Peer
		n, second := 0, make(chan struct{})
		// A pointer is a protocol whose engine the peers of a node share, so that it does not end with this one.
		p := &hooked{dmtp.Protocol{}, func(up func() (*bellpull.Peer, error)) (*bellpull.Peer, error) {
			if n++; n == 2 {
				defer close(second)
				peer.Close(context.Background())
			}
			return up()
		}}
		node := bellpull.NewNode("", with)
		defer node.Close(context.Background())
		var err error
		if peer, err = node.Dial(t.Context(), "mem:x", p); err != nil {
			t.Fatal(err)
		}
		for c := range server.Peers() {
			c.Close(t.Context())
		}
		<-second
		time.Sleep(time.Minute)
		if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err == nil || peer.Up() {
			t.Error("closed:", peer.Err(), "and yet up:", peer.Up(), "and it answers", got, err)
		}
		for c := range server.Peers() {
			t.Error("the server still has", c.Name())
		}
	})
}

// TestHandshakesOnALinkThatIsUpAreDecidedOneAtATime: or a client could have the service run any number of them.
func TestHandshakesOnALinkThatIsUpAreDecidedOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
		var asked, inside, most atomic.Int32
		release := make(chan struct{})
		verify := func(*dmtp.Verify) error {
			if asked.Add(1) > 1 {
				most.Store(max(most.Load(), inside.Add(1)))
				<-release
				inside.Add(-1)
			}
			return nil
		}
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), dmtp.OnVerify(verify), with)
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		peer, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close(context.Background())
		again := dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, []byte(`{"Sign":1}`))
		if err := dmtp.SendRaw(t.Context(), peer, bytes.Repeat(again, 1000)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil || got != 3 {
			t.Error("while one is decided:", got, err)
		}
		close(release)
		synctest.Wait()
		if n := most.Load(); n != 1 {
			t.Error(n, "were decided at once")
		}
		before := asked.Load()
		if err := dmtp.SendRaw(t.Context(), peer, again); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := asked.Load(); n != before+1 {
			t.Error("a later one was not decided")
		}
	})
}
