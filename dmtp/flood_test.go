package dmtp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// connect opens a connection that says nothing.
func connect(t *testing.T, network *mem.Network) transport.Conn {
	t.Helper()
	c, err := network.Dial(t.Context(), mustAddr(t, "mem:x"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return c
}

// open says that the other side has not closed c yet.
func open(c transport.Conn) bool {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := io.Copy(io.Discard, c)
	c.SetReadDeadline(time.Time{})
	return err != nil
}

// wantBusy takes a refusal from the watcher that names the limit.
func wantBusy(t *testing.T, next func() (bellpull.Event, bool), limit int64) {
	t.Helper()
	e, _ := next()
	over, ok := errors.AsType[*transport.LimitError](e.Err)
	if e.Kind != bellpull.EventRefused || !errors.Is(e.Err, bellpull.ErrBusy) || !ok || over.Limit != limit || over.Size != limit+1 {
		t.Errorf("event %v %v, want refused for a limit of %d", e.Kind, e.Err, limit)
	}
}

// TestSilentConnectionsMakeRoom: who connects and never shakes hands gives way to who comes later, the oldest first, and
// the node's watchers hear of each. What is let in is out of it.
func TestSilentConnectionsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		with := dmtp.NodeOptions(bellpull.WithTransports(network))
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), with, dmtp.With(dmtp.Protocol{MaxHandshakes: 4}))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		next, stop := pull(t, node)
		defer stop()
		early, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal(err)
		}
		defer early.Close(context.Background())
		next() // it is up
		var silent []transport.Conn
		for range 10 {
			c := connect(t, network)
			defer c.Close()
			silent = append(silent, c)
		}
		for range 6 {
			wantBusy(t, next, 4)
		}
		peer, err := dmtp.Dial(t.Context(), "mem:x", with)
		if err != nil {
			t.Fatal("a good client:", err)
		}
		defer peer.Close(context.Background())
		wantBusy(t, next, 4)
		for i, c := range silent {
			if got, want := open(c), i >= 7; got != want {
				t.Errorf("silent connection %d is open: %v", i, got)
			}
		}
		for i, p := range []*bellpull.Peer{early, peer} {
			if got, err := bellpull.Call[int](t.Context(), p, "sum", 1, 2); err != nil || got != 3 {
				t.Error("peer", i, got, err)
			}
		}
	})
}

func pull(t *testing.T, n *bellpull.Node) (next func() (bellpull.Event, bool), stop func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	events := make(chan bellpull.Event)
	seq := n.Watch(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(events)
		for e := range seq {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		}
	}()
	return func() (bellpull.Event, bool) { e, ok := <-events; return e, ok }, func() { cancel(); <-done }
}

// TestADecisionIsNotCutOff: a connection whose handshake is being decided keeps its place until that is over, even when
// its time is over before. When there are only such, who comes is turned away.
func TestADecisionIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		with := dmtp.NodeOptions(bellpull.WithTransports(network))
		release := make(chan struct{})
		verify := func(v *dmtp.Verify) error {
			if v.Token != "quick" {
				<-release
			}
			return nil
		}
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), with, dmtp.With(dmtp.Protocol{MaxHandshakes: 2, Verify: verify}))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		next, stop := pull(t, node)
		defer stop()

		expired := connect(t, network)
		defer expired.Close()
		expired.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, []byte(`{"Sign":1}`)))
		time.Sleep(2 * time.Second)
		type result struct {
			p   *bellpull.Peer
			err error
		}
		dialled := make(chan result, 1)
		go func() {
			p, err := dmtp.Dial(context.Background(), "mem:x", with)
			dialled <- result{p, err}
		}()
		synctest.Wait()
		turnedAway := func(why string) {
			late := connect(t, network)
			defer late.Close()
			wantBusy(t, next, 2)
			if open(late) {
				t.Error("let in where there was no place:", why)
			}
		}
		turnedAway("two are decided about")
		time.Sleep(1500 * time.Millisecond)
		if e, _ := next(); !errors.Is(e.Err, context.DeadlineExceeded) {
			t.Error("the first one's time is over, but:", e.Kind, e.Err)
		}
		turnedAway("a decision takes longer than its connection lives")
		close(release)
		r := <-dialled
		if r.err != nil {
			t.Fatal("the one that was decided about:", r.err)
		}
		defer r.p.Close(context.Background())
		next() // it is up
		for range 2 {
			p, err := dmtp.Dial(context.Background(), "mem:x", with, dmtp.Token("quick"))
			if err != nil {
				t.Fatal("now that the decisions are made:", err)
			}
			defer p.Close(context.Background())
		}
	})
}

// TestWhoWasRefusedMakesRoomFirst: a refused client may try again, unless the place is needed.
func TestWhoWasRefusedMakesRoomFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		with := dmtp.NodeOptions(bellpull.WithTransports(network))
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), with, dmtp.With(dmtp.Protocol{MaxHandshakes: 2, Token: "secret"}))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		silent, refused := connect(t, network), connect(t, network)
		defer silent.Close()
		defer refused.Close()
		refused.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, []byte(`{"Sign":1}`)))
		synctest.Wait()
		third := connect(t, network)
		defer third.Close()
		if f, body := readFrame(t, refused); f != dmtpwire.FlagVerifyResponse {
			t.Error("refused with", f, string(body))
		}
		if open(refused) || !open(silent) || !open(third) {
			t.Error("open:", open(refused), open(silent), open(third))
		}
	})
}

// TestALinkAboveTheNodesLimitIsBusy: on both ends, so that the client knows to come back; a plain one is refused in words.
func TestALinkAboveTheNodesLimitIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		with := dmtp.NodeOptions(bellpull.WithTransports(network))
		node, err := dmtp.Listen(t.Context(), "mem:x", newMux(), with, dmtp.NodeOptions(bellpull.WithMaxLinks(2)))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		next, stop := pull(t, node)
		defer stop()
		var peers []*bellpull.Peer
		for range 2 {
			p, err := dmtp.Dial(t.Context(), "mem:x", with)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close(context.Background())
			peers = append(peers, p)
			next() // it is up
		}
		for _, mode := range []struct {
			opt  dmtp.Option
			want error
		}{{with, bellpull.ErrBusy}, {dmtp.Plain(), bellpull.ErrRefused}} {
			_, err := dmtp.Dial(t.Context(), "mem:x", with, mode.opt)
			if !errors.Is(err, mode.want) || bellpull.ExecutedOf(err) != bellpull.Never {
				t.Error("the third dial:", err)
			}
			wantBusy(t, next, 2)
		}
		if err := dmtp.Rename(t.Context(), peers[1], "renamed"); err != nil {
			t.Error(err)
		}
		if e, _ := next(); e.Kind != bellpull.EventRenamed {
			t.Error("a refusal is told again:", e.Kind, e.Err)
		}
		waits := make(chan *bellpull.Peer, 1)
		go func() {
			p, err := dmtp.Dial(context.Background(), "mem:x", with, dmtp.DialOptions(bellpull.WaitForServer()))
			if err != nil {
				t.Error(err)
			}
			waits <- p
		}()
		time.Sleep(10 * time.Second)
		peers[0].Close(context.Background())
		if p := <-waits; p != nil {
			defer p.Close(context.Background())
		}
	})
}

// TestRefusalsDoNotFillTheLog: ten lines a second, and how many were left out.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		node, err := dmtp.Listen(t.Context(), "mem:x", nil, dmtp.With(dmtp.Protocol{MaxHandshakes: 1}),
			dmtp.NodeOptions(bellpull.WithTransports(network), bellpull.WithLogger(log)))
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close(context.Background())
		for range 101 {
			defer connect(t, network).Close()
		}
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 10 {
			t.Errorf("100 refusals in a second wrote %d lines", n)
		}
		out.Reset()
		time.Sleep(time.Second)
		defer connect(t, network).Close()
		if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "90 more") {
			t.Errorf("the next one wrote %q", text)
		}
	})
}
