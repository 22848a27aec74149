package interop_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/fdtest"
)

// TestDmtpDialIsToldWhyItIsRefused: a wrong token is CodeRefused with the words of the service, and the right one
// lets in afterwards.
func TestDmtpDialIsToldWhyItIsRefused(t *testing.T) {
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		service := dmtpStart(t, dmtpOther, "serve", "--listen", dmtpURL(t, transport), "--token", "Dmtp", "--deny", "banned")
		for _, c := range []struct {
			opts  []dmtp.Option
			words string
		}{
			{nil, ""},
			{[]dmtp.Option{dmtp.Token("dmtp")}, ""},
			{[]dmtp.Option{dmtp.Token("Dmtp"), dmtp.Metadata(bellpull.Pair{Key: "banned", Value: "中"})}, "denied:中"},
		} {
			_, err := dmtp.Dial(dmtpBounded(t), service.url(0), append(c.opts, dmtp.Plain())...)
			e, ok := errors.AsType[*bellpull.Error](err)
			if !ok || !errors.Is(err, bellpull.ErrRefused) || !e.Remote || e.Op != "dial" || e.Ran != bellpull.Never || e.Msg == "" || !strings.Contains(e.Msg, c.words) {
				t.Errorf("%v", err)
			}
			service.event("refused")
		}
		peer := dmtpDial(t, service.url(0), dmtp.Token("Dmtp"))
		if got, err := bellpull.Call[int](dmtpBounded(t), peer, "add", 1, 2); err != nil || got != 3 {
			t.Errorf("add: %v, %v", got, err)
		}
	})
	_, err := dmtp.Dial(dmtpBounded(t), dmtpURL(t, "unix"), dmtp.Plain())
	if !errors.Is(err, bellpull.ErrNoServer) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Errorf("nobody there: %v", err)
	}
}

// TestDmtpServiceVerifies: the callback sees what the client brings, may change what it gets, and refuses with words
// that the client is told.
func TestDmtpServiceVerifies(t *testing.T) {
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		var mu sync.Mutex
		var saw []dmtp.Verify
		node, url := dmtpServe(t, dmtpURL(t, transport), nil, dmtp.Token("Dmtp"), dmtp.OnVerify(func(v *dmtp.Verify) error {
			mu.Lock()
			defer mu.Unlock()
			saw = append(saw, *v)
			if v.ID == "mallory" {
				return errors.New("not du, mällory")
			}
			if v.ID == "bob" {
				v.ID = "robert"
				v.Metadata = append(v.Metadata, bellpull.Pair{Key: "added", Null: true})
			}
			return nil
		}))
		events := dmtpWatch(t, node)
		dial := func(args ...string) *dmtpProc {
			return dmtpTry(t, dmtpOther, append([]string{"dial", "--to", url}, args...)...)
		}
		why := func(p *dmtpProc) dmtpFields { return p.first.meta("error") }
		asked := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(saw)
		}

		if e := why(dial("--token", "wrong", "--id", "bob")); e.text("type") != "TokenVerifyException" || !strings.Contains(e.text("message"), "token") {
			t.Errorf("a wrong token: %v", e)
		}
		if e := events.await(bellpull.EventRefused); !strings.Contains(e.Err.Error(), "token") || asked() != 0 {
			t.Errorf("a wrong token: %v, the callback was asked %d times", e.Err, asked())
		}
		if e := why(dial("--token", "Dmtp", "--id", "mallory")); e.text("message") != "not du, mällory" {
			t.Errorf("mallory: %v", e)
		}
		events.await(bellpull.EventRefused)
		bob := dial("--token", "Dmtp", "--id", "bob", "--meta", "中=文")
		if meta := bob.first.meta("meta"); bob.first.text("id") != "robert" || !reflect.DeepEqual(meta, map[string]any{"中": "文", "added": nil}) {
			t.Errorf("bob is %v", bob.first)
		}
		up := events.await(bellpull.EventUp)
		if want := []bellpull.Pair{{Key: "中", Value: "文"}, {Key: "added", Null: true}}; up.Name != "robert" || !reflect.DeepEqual(up.Peer.Metadata(), want) {
			t.Errorf("up: %q with %v", up.Name, up.Peer.Metadata())
		}
		if got, err := bellpull.Call[string](dmtpBounded(t), up.Peer, "who"); err != nil || got != "robert>" {
			t.Errorf("calling bob: %q, %v", got, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if last := saw[len(saw)-1]; last.Token != "Dmtp" || last.ID != "bob" || last.Current == "" || len(last.Metadata) != 1 || last.Traits.Scheme != transport {
			t.Errorf("the callback saw %+v", last)
		}
	})
}

// TestDmtpFramesOfUsers: bodies under the numbers of users arrive both ways, in order and unchanged; those of the
// protocol are not to be had, and a body beyond the limit is not sent.
func TestDmtpFramesOfUsers(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		frames := make(chan *dmtp.Frame, 100)
		l := dmtpConnect(t, transport, serving, nil, []dmtp.Option{dmtp.OnFrame(func(f *dmtp.Frame) { frames <- f })})
		ctx := dmtpBounded(t)
		sizes := []int{0, 1 << 10, 70000, 1 << 20}
		for i, n := range sizes {
			if err := dmtp.SendFrame(ctx, l.peer, 1000, dmtpFill(n, i)); err != nil {
				t.Fatal(err)
			}
		}
		for i, n := range sizes {
			if e := l.far.event("frame"); e.number("flags") != 1000 || e.text("from") != l.id || !dmtpSameBody(e, dmtpFill(n, i)) {
				t.Errorf("%d bytes arrived as %v", n, e["flags"])
			}
			select {
			case f := <-frames:
				if f.Peer != l.peer || f.Flags != 2000 || !bytes.Equal(f.Body, dmtpFill(n, i)) {
					t.Errorf("%d bytes came back as %d under %d", n, len(f.Body), f.Flags)
				}
			case <-ctx.Done():
				t.Fatal("no answer")
			}
		}
		for flags := range uint16(23) {
			if err := dmtp.SendFrame(ctx, l.peer, flags, nil); !errors.Is(err, bellpull.ErrBadArgument) {
				t.Errorf("flags %d: %v", flags, err)
			}
		}
		if err := dmtp.SendFrame(ctx, l.peer, 100, make([]byte, 16<<20+1)); !errors.Is(err, bellpull.ErrTooLarge) {
			t.Errorf("beyond the limit: %v", err)
		}
		if err := dmtp.SendFrame(ctx, l.peer, 65535, []byte("last")); err != nil {
			t.Error(err)
		}
		if e := l.far.event("frame"); e.text("hex") != "6c617374" {
			t.Errorf("got %v", e)
		}
	})
}

// TestDmtpRenames: a connection gets another id from either side, both ends and the node know it under that, and an id
// that is taken or empty changes nothing.
func TestDmtpRenames(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		ctx := dmtpBounded(t)
		dmtpStart(t, dmtpOther, "dial", "--to", l.url, "--id", "other")
		if !serving {
			l.far.event("id_changed")
		}
		if err := dmtp.Rename(ctx, l.peer, "名"); err != nil {
			t.Fatal(err)
		}
		if e := l.far.event("id_changed"); e.text("old") != l.id || e.text("new") != "名" {
			t.Errorf("over there: %v", e)
		}
		if e := l.events.await(bellpull.EventRenamed); e.Old != l.id || e.Name != "名" || e.Peer != l.peer {
			t.Errorf("here: %+v", e)
		}
		rename := dmtpFields{"to": "neu"}
		if !serving {
			rename["peer"] = "名"
		}
		l.far.do("reset_id", rename)
		if e := l.events.await(bellpull.EventRenamed); e.Old != "名" || e.Name != "neu" {
			t.Errorf("here: %+v", e)
		}
		if got := dmtp.SessionID(l.peer); got != "neu" || serving && l.peer.Name() != "neu" {
			t.Errorf("the id is %q, the name %q", got, l.peer.Name())
		}
		if err := dmtp.Rename(ctx, l.peer, "other"); !errors.Is(err, bellpull.ErrNameTaken) {
			t.Errorf("a taken id: %v", err)
		}
		for _, bad := range []string{"", strings.Repeat("x", 255)} {
			if err := dmtp.Rename(ctx, l.peer, bad); !errors.Is(err, bellpull.ErrBadArgument) {
				t.Errorf("%d bytes: %v", len(bad), err)
			}
		}
		if serving { // a client takes any id, so only a service can be asked for one that is taken
			for _, bad := range []string{"other", "", strings.Repeat("x", 255)} {
				if _, err := l.far.try("reset_id", dmtpFields{"to": bad}); !dmtpFailsWith(err, "StatusException") {
					t.Errorf("the client asks for %d bytes: %v", len(bad), err)
				}
			}
			for _, name := range []string{"neu", "other"} {
				if p, err := l.node.Wait(ctx, name); err != nil || p.Name() != name {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if got := dmtp.SessionID(l.peer); got != "neu" {
			t.Errorf("after all the refusals the id is %q", got)
		}
		if got, err := bellpull.Call[string](ctx, l.peer, "who"); err != nil || got != "neu>" {
			t.Errorf("who: %q, %v", got, err)
		}
	})
}

// TestDmtpGoodbyes: the reason of either side reaches the other, and each knows who said it.
func TestDmtpGoodbyes(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		if err := l.peer.CloseWith(dmtpBounded(t), "bis später"); err != nil {
			t.Error(err)
		}
		if e := l.far.event("offline"); e.text("reason") != "bis später" || e.text("id") != l.id {
			t.Errorf("over there: %v", e)
		}
		down := l.events.await(bellpull.EventDown)
		if e, ok := errors.AsType[*bellpull.Error](down.Err); !ok || e.Code != bellpull.CodeClosed || e.Remote {
			t.Errorf("here: %v", down.Err)
		}
		if err := l.peer.Close(dmtpBounded(t)); err != nil {
			t.Errorf("closing again: %v", err)
		}

		l = dmtpConnect(t, transport, serving, nil, nil)
		l.far.do("close", dmtpFields{"reason": "genug"})
		down = l.events.await(bellpull.EventDown)
		if e, ok := errors.AsType[*bellpull.Error](down.Err); !ok || e.Code != bellpull.CodeUnavailable || !e.Remote || !strings.Contains(e.Msg, "genug") {
			t.Errorf("here: %v", down.Err)
		}
		if _, err := l.peer.Ping(dmtpBounded(t)); !errors.Is(err, bellpull.ErrUnavailable) {
			t.Errorf("a ping afterwards: %v", err)
		}
	})
}

// TestDmtpNodesCloseCleanly: closing the node says goodbye to everybody.
func TestDmtpNodesCloseCleanly(t *testing.T) {
	dmtpNoLeaks(t)
	node, url := dmtpServe(t, dmtpURL(t, "tcp"), nil)
	clients := []*dmtpProc{dmtpStart(t, dmtpOther, "dial", "--to", url), dmtpStart(t, dmtpOther, "dial", "--to", url)}
	for _, c := range clients {
		if _, err := node.Wait(dmtpBounded(t), c.first.text("id")); err != nil {
			t.Fatal(err)
		}
	}
	if err := node.Close(dmtpBounded(t)); err != nil {
		t.Error(err)
	}
	for _, c := range clients {
		if e := c.event("offline"); e.text("reason") != "closed" {
			t.Errorf("%v", e)
		}
	}
}

// TestDmtpPings: either side measures the way, and the ids of the answer are those of the question turned round,
// which the reference peer looks at.
func TestDmtpPings(t *testing.T) {
	dmtpRoles(t, func(t *testing.T, transport string, serving bool) {
		l := dmtpConnect(t, transport, serving, nil, nil)
		for range 3 {
			if took, err := l.peer.Ping(dmtpBounded(t)); err != nil || took <= 0 {
				t.Errorf("%v, %v", took, err)
			}
			if got := l.far.do("ping", nil); string(got) != "true" {
				t.Errorf("%s", got)
			}
		}
	})
}

// TestDmtpReconnects: a dialled peer outlives its service; calls made meanwhile wait, and the id asked for is kept.
func TestDmtpReconnects(t *testing.T) {
	fdtest.Same(t)
	dmtpNoLeaks(t)
	service := dmtpStart(t, dmtpOther, "serve", "--listen", dmtpURL(t, "unix"))
	peer, err := dmtp.Dial(dmtpBounded(t), service.url(0), dmtp.Plain(), dmtp.ID("me"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close(dmtpBounded(t)) })
	events := dmtpWatch(t, peer.Node())
	service.kill()
	events.await(bellpull.EventDown)
	waiting := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), dmtpPatience)
		defer cancel()
		_, err := bellpull.Call[int](ctx, peer, "add", 1, 2)
		waiting <- err
	}()
	again := dmtpStart(t, dmtpOther, "serve", "--listen", service.url(0))
	if err := <-waiting; err != nil {
		t.Errorf("the call that waited: %v", err)
	}
	if e := events.await(bellpull.EventUp); e.Reconnects != 1 || e.Peer != peer || dmtp.SessionID(peer) != "me" {
		t.Errorf("%+v as %q", e, dmtp.SessionID(peer))
	}
	if !dmtpLive() && again.stat("accepted") > 20 {
		t.Errorf("%d tries", again.stat("accepted"))
	}
}

// TestDmtpDialGivesUpInTime: a service that never answers is left when the context says so.
func TestDmtpDialGivesUpInTime(t *testing.T) {
	dmtpReference(t)
	dmtpNoLeaks(t)
	service := dmtpStart(t, dmtpOther, "serve", "--listen", dmtpURL(t, "tcp"), "--misbehave", "no-verify")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := dmtp.Dial(ctx, service.url(0), dmtp.Plain())
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok || !errors.Is(err, os.ErrDeadlineExceeded) || e.Remote || e.Ran != bellpull.Never || !strings.Contains(e.Msg, "handshake") {
		t.Errorf("%v", err)
	}
	service.event("offline") // it takes itself for connected
}
