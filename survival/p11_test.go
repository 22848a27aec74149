//go:build linux || darwin

package survival

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
)

// TestP11IdentityComesFromTheConnection: a client that claims to be somebody in every field where it can is who the
// kernel says, in the handler, in Verify, in the event, and after a rename.
func TestP11IdentityComesFromTheConnection(t *testing.T) {
	for _, mode := range []string{"compact", "plain"} {
		for addr, tells := range map[string]bool{"local:NAME": true, "unix:DIR/s": true, "unix:@NAME": true, "npipe:DIR/CoreFxPipe_s": true, "tcp:127.0.0.1:0": false} {
			if addr == "unix:@NAME" && runtime.GOOS != "linux" {
				continue // there are no abstract names
			}
			t.Run(mode+"/"+addr, func(t *testing.T) {
				leftNothing(t)
				addr := expand(t, addr)
				var mu sync.Mutex
				var verified []transport.Identity
				node, err := dmtp.Listen(t.Context(), addr, whoami(), dmtp.OnVerify(func(v *dmtp.Verify) error {
					mu.Lock()
					defer mu.Unlock()
					verified = append(verified, v.Identity)
					return nil
				}))
				if err != nil {
					t.Fatal(err)
				}
				defer closeNode(node)
				events := node.Watch(bounded(t))
				guest := startAs(t, nil, "guest", node.Addrs()[0], mode+"=", "id=root", "name=pid 1 uid 0", "rename=init",
					"meta.pid=1", "meta.uid=0", "meta.user=root", "meta.same=true", "meta.identity=pid 1 uid 0 same true")
				want := transport.Identity{PID: guest.cmd.Process.Pid, UID: os.Getuid(), HasUser: true, SameUser: true}
				if !tells {
					want = transport.Identity{}
				}
				is := func(where string, id transport.Identity) {
					t.Helper()
					if id.PID != want.PID || id.UID != want.UID || id.HasUser != want.HasUser || id.SameUser != want.SameUser {
						t.Errorf("%s: %+v, the kernel says %+v", where, id, want)
					}
				}
				begins(t, guest.says(t), "served as "+known(want)+", ")
				peer, err := node.Wait(bounded(t), "init")
				if err != nil {
					t.Fatal(err)
				}
				is("renamed", peer.Identity())
				for e := range events {
					if e.Kind == bellpull.EventUp {
						is("the event", e.Identity)
						break
					}
				}
				mu.Lock()
				for _, id := range verified {
					is("Verify", id)
				}
				if len(verified) == 0 {
					t.Error("Verify was not asked")
				}
				mu.Unlock()
				guest.end()
			})
		}
	}
}

// TestP11NobodyBecomesWhomWeDialled: the name of a peer that we dialled, or of one that is connected, is not to be had:
// not in a handshake, not by a rename.
func TestP11NobodyBecomesWhomWeDialled(t *testing.T) {
	leftNothing(t)
	at := expand(t, "unix:DIR/s")
	p := start(t, "house", at, "name=bank")
	node := house(t, expand(t, "unix:DIR/s"))
	bank, err := node.Dial(bounded(t), at, dmtp.Protocol{})
	if err != nil {
		t.Fatal(err)
	}
	if bank.Name() != "bank" {
		t.Fatalf("the peer's name is %q", bank.Name())
	}
	alice := start(t, "guest", node.Addrs()[0], "id=alice")
	begins(t, alice.says(t), "served as ")

	for _, name := range []string{"bank", "alice"} {
		said, _ := guestSays(t, nil, node.Addrs()[0], "id="+name)
		begins(t, said, "failed refused - ", "failed name_taken - ")
		said, _ = guestSays(t, nil, node.Addrs()[0], "id=mallory", "rename="+name)
		begins(t, said, "failed name_taken - ")
	}
	for name, pid := range map[string]int{"bank": p.cmd.Process.Pid, "alice": alice.cmd.Process.Pid} {
		peer, err := node.Wait(bounded(t), name)
		if err != nil || peer.Identity().PID != pid {
			t.Errorf("%s is process %d now, %v; want %d", name, peer.Identity().PID, err, pid)
		}
	}
	got, err := bank.CallBytes(bounded(t), "whoami", nil, nil)
	if err != nil || string(got) != known(transport.Identity{PID: os.Getpid(), UID: os.Getuid(), SameUser: true}) {
		t.Errorf("%s, %v", got, err)
	}

	// Neither while the one we dialled is away.
	p.kill()
	eventually(t, "the bank is away", func() bool { return !bank.Up() })
	said, _ := guestSays(t, nil, node.Addrs()[0], "id=bank")
	begins(t, said, "failed refused - ", "failed name_taken - ")
	if bank.Up() {
		t.Errorf("the bank is process %d now", bank.Identity().PID)
	}
	alice.end()
}

// TestP11ForgedRouterIDsDoNotMatter: the ids in the header of a call or a cancel are words of its sender. A call that
// bears another's id is the sender's, its answer goes to the sender, and a cancel ends the sender's own calls only.
func TestP11ForgedRouterIDsDoNotMatter(t *testing.T) {
	leftNothing(t)
	const sign = 1 << 20 // which nobody has under way, and then one that somebody has
	m := bellpull.NewMux()
	callers := make(chan string, 8)
	release, entered, cancelled := make(chan struct{}), make(chan struct{}, 2), make(chan struct{}, 2)
	m.Handle("who", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		callers <- r.Peer().Name()
	}))
	m.Handle("wait", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
			cancelled <- struct{}{}
			w.Fail(errors.New("cancelled"))
		}
	}))
	node, err := dmtp.Listen(t.Context(), expand(t, "unix:DIR/s"), m)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNode(node)
	dial := func(id string) *bellpull.Peer {
		p, err := dmtp.Dial(bounded(t), node.Addrs()[0], dmtp.Plain(), dmtp.ID(id))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { hangUp(p) })
		return p
	}
	alice, mallory := dial("alice"), dial("mallory")

	waits := make(chan error, 1)
	go func() {
		_, err := alice.CallBytes(bounded(t), "wait", nil, nil)
		waits <- err
	}()
	arrives(t, "alice's call runs", entered)
	if _, err := alice.CallBytes(bounded(t), "who", nil, nil); err != nil { // her link is read again, so she could cancel
		t.Fatal(err)
	}
	if who := arrives(t, "alice's second call", callers); who != "alice" {
		t.Errorf("alice's call is %s's", who)
	}

	send := func(f dmtpwire.Flags, body []byte, err error) {
		t.Helper()
		if err == nil {
			err = dmtp.SendRaw(bounded(t), mallory, dmtpwire.AppendFrame(nil, f, body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	forged := dmtpwire.Router{Version: dmtpwire.Version, Source: dmtpwire.Str("alice")}
	q := dmtpwire.Request{Router: forged, Sign: sign, Serialization: dmtpwire.JSON, Key: dmtpwire.Str("who")}
	body, err := dmtpwire.AppendRequest(nil, &q)
	send(dmtpwire.FlagCallRequest, body, err)
	if who := arrives(t, "the forged call", callers); who != "mallory" {
		t.Errorf("a call of mallory that says it is alice's is %s's", who)
	}
	for n := range int64(32) { // one of these is the number of alice's call: slot and generation
		s := (n/4+1)<<12 | n%4
		body, err := dmtpwire.AppendCancel(nil, &dmtpwire.Cancel{Router: forged, Sign: s})
		send(dmtpwire.FlagCallCancel, body, err)
		r := dmtpwire.Response{Router: forged, Sign: int32(s), Status: dmtpwire.StatusSuccess, Serialization: dmtpwire.JSON}
		body, err = dmtpwire.AppendResponse(nil, &r)
		send(dmtpwire.FlagCallResponse, body, err)
	}
	if _, err := mallory.CallBytes(bounded(t), "who", nil, nil); err != nil { // comes behind them
		t.Error(err)
	}
	if who := arrives(t, "mallory's own call", callers); who != "mallory" {
		t.Errorf("mallory's own call is %s's", who)
	}
	select {
	case err := <-waits:
		t.Errorf("mallory ended alice's call: %v", err)
	case <-cancelled:
		t.Error("mallory cancelled alice's call")
	default:
	}
	close(release)
	if err := arrives(t, "alice's answer", waits); err != nil {
		t.Error(err)
	}
}

// expand puts a name or a directory of the test's own into an address.
func expand(t testing.TB, addr string) string {
	t.Helper()
	switch addr {
	case "local:NAME", "unix:@NAME":
		return addr[:len(addr)-4] + fmt.Sprintf("survival-%d-%d", os.Getpid(), addresses.Add(1))
	case "unix:DIR/s":
		return "unix:" + shortDir(t) + "/s"
	case "npipe:DIR/CoreFxPipe_s":
		return "npipe:" + shortDir(t) + "/CoreFxPipe_s"
	}
	return addr
}
