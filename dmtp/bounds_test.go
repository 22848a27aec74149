package dmtp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
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

// A besieged service is at mem:x, in a bubble of virtual time, with the methods of newMux and one that blocks.
type besieged struct {
	network *mem.Network
	node    *bellpull.Node
	with    dmtp.Option
	release func() // lets what blocks go
}

func inBubble(t *testing.T, p dmtp.Protocol, f func(t *testing.T, b besieged)) {
	synctest.Test(t, func(t *testing.T) {
		network, m, c := mem.New(), newMux(), make(chan struct{})
		m.Handle("block", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { <-c }))
		with := dmtp.NodeOptions(bellpull.WithTransports(network))
		node, err := dmtp.Listen(t.Context(), "mem:x", m, dmtp.With(p), with)
		if err != nil {
			t.Fatal(err)
		}
		release := sync.OnceFunc(func() { close(c) })
		defer node.Close(context.Background())
		defer release()
		f(t, besieged{network, node, with, release})
	})
}

var goodVerify = dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, []byte(`{"Sign":1}`))

// inside opens a connection and shakes hands on it.
func inside(t *testing.T, network *mem.Network) transport.Conn {
	t.Helper()
	c := connect(t, network)
	c.Write(goodVerify)
	if f, body := readFrame(t, c); f != dmtpwire.FlagVerifyResponse {
		t.Fatal(f, string(body))
	}
	return c
}

// rest reads what comes until the other side hangs up, or for a minute, and counts the frames of a flag.
func rest(t *testing.T, c transport.Conn, flag dmtpwire.Flags) (n int, hungUp bool) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	b, err := io.ReadAll(c)
	for len(b) >= dmtpwire.HeaderLen {
		f, size, err := dmtpwire.ParseHeader(b)
		if err != nil || dmtpwire.HeaderLen+size > len(b) {
			t.Fatal(err)
		}
		if f == flag {
			n++
		}
		b = b[dmtpwire.HeaderLen+size:]
	}
	return n, err == nil
}

func plainCall(t *testing.T, method string, sign int32, feedback dmtpwire.Feedback, params []byte) []byte {
	t.Helper()
	q := dmtpwire.Request{Router: dmtpwire.Router{Version: 1}, Sign: sign, Serialization: dmtpwire.JSON,
		Key: dmtpwire.Str(method), Feedback: feedback}
	if params != nil {
		q.Count, q.Params = 1, dmtpwire.AppendJSONParam(nil, params)
	}
	body, err := dmtpwire.AppendRequest(nil, &q)
	if err != nil {
		t.Fatal(err)
	}
	return dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, body)
}

// TestGoodbyesDoNotPileUp: a goodbye waits behind the notifies that came before it; those that come after it do not.
func TestGoodbyesDoNotPileUp(t *testing.T) {
	inBubble(t, dmtp.Protocol{}, func(t *testing.T, b besieged) {
		c := inside(t, b.network)
		defer c.Close()
		c.Write(plainCall(t, "block", 0, dmtpwire.OnlySend, nil))
		synctest.Wait()
		goodbye := dmtpwire.AppendFrame(nil, dmtpwire.FlagClose, []byte(`{"Sign":7}`))
		c.Write(bytes.Repeat(goodbye, 1000))
		time.Sleep(100 * time.Millisecond) // somebody reads on
		b.release()
		if n, hungUp := rest(t, c, dmtpwire.FlagCloseAcknowledge); n != 1 || !hungUp {
			t.Errorf("%d goodbyes were acknowledged, want 1; hung up: %v", n, hungUp)
		}
	})
}

// TestWhatWaitsInLineIsCountedWithItsMetadata: or 1,024 empty notifies could hold 64 MiB.
func TestWhatWaitsInLineIsCountedWithItsMetadata(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		inBubble(t, dmtp.Protocol{}, func(t *testing.T, b besieged) {
			next, stop := pull(t, b.node)
			defer stop()
			peer, err := dmtp.Dial(t.Context(), "mem:x", append(opts, b.with, dmtp.DialOptions(bellpull.WithoutReconnect()))...)
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close(context.Background())
			next() // it is up
			ctx := bellpull.WithCall(t.Context(), bellpull.Metadata(bellpull.Pair{Key: "k", Value: string(make([]byte, 60_000))}))
			sent := 0
			for sent < 200 && peer.Notify(ctx, "block") == nil {
				sent++
				synctest.Wait()
			}
			if sent > 80 {
				t.Errorf("%d notifies of 60 KB wait in line, 4 MiB are 69", sent)
			}
			b.release()
			e, _ := next()
			if over, ok := errors.AsType[*transport.LimitError](e.Err); !ok || over.Limit != 4<<20 || !errors.Is(e.Err, bellpull.ErrBusy) {
				t.Error(e.Kind, e.Err)
			}
		})
	})
}

// TestFramesThatAreAnsweredAreSmall: the answer to a ping is as long as the ping, and waits here when nobody reads.
func TestFramesThatAreAnsweredAreSmall(t *testing.T) {
	inBubble(t, dmtp.Protocol{}, func(t *testing.T, b besieged) {
		next, stop := pull(t, b.node)
		defer stop()
		for _, f := range []dmtpwire.Flags{dmtpwire.FlagVerifyRequest, dmtpwire.FlagResetIDRequest, dmtpwire.FlagPingRequest, dmtpwire.FlagClose} {
			c := inside(t, b.network)
			defer c.Close()
			next() // it is up
			body := append([]byte(`{"Sign":1,"NewId":"n","SourceId":"`), bytes.Repeat([]byte("x"), 64<<10)...)
			c.Write(dmtpwire.AppendFrame(nil, f, append(body, `"}`...)))
			e, _ := next()
			if over, ok := errors.AsType[*transport.LimitError](e.Err); !ok || over.Limit != 64<<10 || !errors.Is(e.Err, bellpull.ErrTooLarge) {
				t.Error(f, e.Kind, e.Err)
			}
			next() // closed
		}
	})
}

// TestOneConnectionTriesSixteenTimes: and does not find a token by trying all.
func TestOneConnectionTriesSixteenTimes(t *testing.T) {
	var asked atomic.Int32
	p := dmtp.Protocol{Verify: func(*dmtp.Verify) error { asked.Add(1); return errors.New("no") }}
	inBubble(t, p, func(t *testing.T, b besieged) {
		c := connect(t, b.network)
		defer c.Close()
		c.Write(bytes.Repeat(goodVerify, 100))
		n, hungUp := rest(t, c, dmtpwire.FlagVerifyResponse)
		if got := asked.Load(); got != 16 || n != 16 || !hungUp {
			t.Errorf("%d were looked at, %d answered, hung up: %v", got, n, hungUp)
		}
	})
}

// TestGoodbyesThatAreNotFollowedUpAreBounded: who says goodbye and stays holds no link of the node any more, but still
// a connection.
func TestGoodbyesThatAreNotFollowedUpAreBounded(t *testing.T) {
	inBubble(t, dmtp.Protocol{}, func(t *testing.T, b besieged) {
		var list []transport.Conn
		for range 1100 {
			c := inside(t, b.network)
			defer c.Close()
			c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagClose, []byte(`{"Sign":7}`)))
			readFrame(t, c)
			list = append(list, c)
		}
		n := 0
		for _, c := range list {
			if open(c) {
				n++
			}
		}
		if n != 1024 {
			t.Errorf("%d of %d linger, want 1,024", n, len(list))
		}
		time.Sleep(6 * time.Second)
		c := inside(t, b.network)
		defer c.Close()
		c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagClose, []byte(`{"Sign":7}`)))
		readFrame(t, c)
		if !open(c) || open(list[0]) {
			t.Error("six seconds later there is no room")
		}
	})
}

// TestWhatRunningCallsHoldIsBounded: in bytes, beside their number. One call may always run.
func TestWhatRunningCallsHoldIsBounded(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		inBubble(t, dmtp.Protocol{MaxHandlerBytes: 1 << 20}, func(t *testing.T, b besieged) {
			peer, err := dmtp.Dial(t.Context(), "mem:x", append(opts, b.with)...)
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close(context.Background())
			call := func(size int) chan error {
				c := make(chan error, 1)
				go func() {
					_, err := peer.CallBytes(context.Background(), "block", nil, make([]byte, size))
					c <- err
				}()
				time.Sleep(100 * time.Millisecond)
				return c
			}
			one := call(2 << 20)
			want := bellpull.ErrBusy
			if !peer.Traits().Compact {
				want = bellpull.ErrRefused // DmtpRpc has no other word for it
			}
			if err := <-call(10_000); !errors.Is(err, want) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Error("beside one that holds 2 MiB:", err)
			}
			small := call(100)
			b.release()
			for _, c := range []chan error{one, small, call(2 << 20), call(2 << 20)} {
				if err := <-c; err != nil {
					t.Error(err)
				}
			}
		})
	})
}

// TestLinksThatAreReplacedEndAtOnce: a client that comes back takes the place of its old link. Who comes back again and
// again holds no more than one, whether it listens to goodbyes or not.
func TestLinksThatAreReplacedEndAtOnce(t *testing.T) {
	inBubble(t, dmtp.Protocol{}, func(t *testing.T, b besieged) {
		ask := dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest,
			[]byte(`{"Id":"x","Metadata":[{"Key":"bellpull-ask","Value":"1 run=5 name=x"}],"Sign":1}`))
		var last transport.Conn
		for i := range 1100 {
			c := connect(t, b.network)
			defer c.Close()
			c.Write(ask)
			_, body := readFrame(t, c)
			var m dmtpwire.WaitVerify
			if err := dmtpwire.ParseWaitVerify(body, &m); err != nil {
				t.Fatal(err)
			}
			if m.Status != dmtpwire.StatusSuccess {
				t.Fatalf("time %d: %s", i, body)
			}
			if synctest.Wait(); last != nil && open(last) {
				t.Fatalf("time %d: the link before is still there", i)
			}
			last = c
		}
	})
}

// TestCallsThatWaitForAPeerAreBounded: while it is away, as while it is there.
func TestCallsThatWaitForAPeerAreBounded(t *testing.T) {
	inBubble(t, dmtp.Protocol{}, func(t *testing.T, b besieged) {
		peer, err := dmtp.Dial(t.Context(), "mem:x", b.with)
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close(context.Background())
		b.node.Close(context.Background())
		synctest.Wait()
		const callers = 5000
		errs := make(chan error, callers)
		for range callers {
			go func() {
				_, err := peer.CallBytes(context.Background(), "echo", nil, nil)
				errs <- err
			}()
		}
		busy := 0
		for range callers {
			err := <-errs
			if errors.Is(err, bellpull.ErrBusy) && bellpull.ExecutedOf(err) == bellpull.Never {
				busy++
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		if busy != callers-4096 {
			t.Errorf("%d of %d were refused at once", busy, callers)
		}
	})
}
