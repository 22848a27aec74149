package dmtp_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// compactClient is the other side of a service at mem:x, as bytes: a client that agreed on compact frames.
func compactClient(t *testing.T, m *bellpull.Mux) transport.Conn {
	t.Helper()
	network := mem.New()
	node, err := dmtp.Listen(t.Context(), "mem:x", m, dmtp.NodeOptions(bellpull.WithTransports(network)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close(context.Background()) })
	c, err := network.Dial(t.Context(), mustAddr(t, "mem:x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	hello := dmtpwire.WaitVerify{Sign: 1}
	hello.Metadata.Set("bellpull-ask", dmtpwire.Str("1 compact name="))
	c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, hello.AppendJSON(nil, dmtpwire.Compact)))
	_, body := readFrame(t, c)
	var welcome dmtpwire.WaitVerify
	if err := dmtpwire.ParseWaitVerify(body, &welcome); err != nil {
		t.Fatal(err)
	}
	if _, ok := welcome.Metadata.Get("bellpull-ok"); !ok {
		t.Fatalf("no compact frames: %s", body)
	}
	return c
}

// sendCompact sends a compact call of a method's number, with its name unless that is "".
func sendCompact(c transport.Conn, sign, method uint32, name, text string) {
	b := make([]byte, bellwire.CallLen(len(name), 0, len(text)))
	bellwire.PutCall(b, &bellwire.Call{Sign: sign, Method: method, Body: []byte(text)}, name)
	c.Write(dmtpwire.AppendFrame(nil, bellwire.FlagCall, b))
}

// TestMethodNumbersMayComeOutOfTurn: a number means what the frame says that has both, whatever came before. Callers
// that race, or give up, use them in any order.
func TestMethodNumbersMayComeOutOfTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMux()
		m.Handle("shout", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { fmt.Fprintf(w, "%s!", r.Borrow()) }))
		c := compactClient(t, m)
		for i, call := range []struct {
			method           uint32
			name, text, want string
		}{
			{7, "echo", "first", "first"},
			{2, "shout", "second", "second!"},
			{7, "", "third", "third"},
			{2, "", "fourth", "fourth!"},
			{bellwire.MaxMethods - 1, "echo", "last", "last"},
			{7, "echo", "told twice", "told twice"},
		} {
			sendCompact(c, uint32(i+1), call.method, call.name, call.text)
			_, body := readFrame(t, c)
			var a bellwire.Answer
			if err := bellwire.ParseAnswer(body, &a); err != nil || a.Sign != uint32(i+1) || a.Code != 0 || string(a.Body) != call.want {
				t.Errorf("%+v: answered %+v %q, %v", call, a, a.Body, err)
			}
		}
	})
}

// TestAMethodNumberWithoutAMeaningEndsTheLink: the sides no longer agree on what is called.
func TestAMethodNumberWithoutAMeaningEndsTheLink(t *testing.T) {
	for name, method := range map[string]uint32{"never told": 3, "in a gap": 5, "out of range": bellwire.MaxMethods} {
		synctest.Test(t, func(t *testing.T) {
			c := compactClient(t, newMux())
			sendCompact(c, 1, 9, "echo", "x")
			readFrame(t, c)
			sendCompact(c, 2, method, "", "x")
			if n, err := c.Read(make([]byte, 100)); err == nil {
				t.Errorf("%s: answered with %d bytes", name, n)
			}
		})
	}
}

// TestACallThatIsNotSentDoesNotHarmTheLink: though it was the first of its method.
func TestACallThatIsNotSentDoesNotHarmTheLink(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		opts = append([]dmtp.Option{dmtp.With(dmtp.Protocol{MaxBody: 64 << 10})}, opts...)
		_, peer := pair(t, opts...)
		link := peer.Link()
		for range 2 {
			if _, err := peer.CallBytes(t.Context(), "echo", nil, make([]byte, 65<<10)); !errors.Is(err, bellpull.ErrTooLarge) {
				t.Error(err)
			}
			for i, method := range []string{"sum", "sum", "echo"} {
				if _, err := bellpull.Call[any](t.Context(), peer, method, 1, 2); err != nil {
					t.Error(i, method, err)
				}
			}
		}
		if peer.Link() != link || link.Err() != nil {
			t.Error("the link ended:", link.Err())
		}
	})
}

// TestFirstCallsOfManyMethodsMayRace: their numbers are given out in one order and sent in another.
func TestFirstCallsOfManyMethodsMayRace(t *testing.T) {
	const methods = 16
	with := dmtp.NodeOptions(bellpull.WithTransports(mem.New()))
	m := bellpull.NewMux()
	for i := range methods {
		bellpull.HandleFunc(m, fmt.Sprint("m", i), func() int { return i })
	}
	node, err := dmtp.Listen(t.Context(), "mem:x", m, with)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close(context.Background())
	for range 50 {
		peer, err := dmtp.Dial(t.Context(), "mem:x", with, dmtp.DialOptions(bellpull.WithoutReconnect()))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range methods {
			wg.Go(func() {
				if got, err := bellpull.Call[int](t.Context(), peer, fmt.Sprint("m", i)); err != nil || got != i {
					t.Errorf("m%d: %d, %v", i, got, err)
				}
			})
		}
		wg.Wait()
		if err := peer.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
