//go:build linux || darwin

package survival

import (
	"fmt"
	"os"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// TestP11OverPipesIdentityComesFromTheConnection: a process that registers under somebody else's words is who the kernel
// says, in the handler and in the event.
func TestP11OverPipesIdentityComesFromTheConnection(t *testing.T) {
	t.Setenv("TMPDIR", shortDir(t))
	leftNothing(t)
	node := house(t, "npipe:bank", "campus=")
	events := watch(t, node)
	guest := startAs(t, nil, "guest", "npipe:bank", "campus=", "name=pid 1 uid 0 same true")
	want := transport.Identity{PID: guest.cmd.Process.Pid, UID: os.Getuid(), HasUser: true, SameUser: true}
	begins(t, guest.says(t), "served as "+known(want)+", by "+known(transport.Identity{PID: os.Getpid(), UID: os.Getuid(), SameUser: true}))
	if e := events.until(bellpull.EventUp); known(e.Identity) != known(want) || e.Name != "pid 1 uid 0 same true" {
		t.Errorf("%s has come: %+v, the kernel says %+v", e.Name, e.Identity, want)
	}
	guest.end()
}

// TestP11OverPipesNobodyTakesAName: another process registers under the name of one that is connected, and of one that we
// have dialled and that is away. It is not served under that name, nor is what it says taken for the other's. Over tcp,
// where one process is like another, it is when the name's owner is there: see docs/reliability.md.
func TestP11OverPipesNobodyTakesAName(t *testing.T) {
	eachPipe(t, func(t *testing.T, w way) {
		at := w.places(t, "anna", "bert")
		node := w.meeter(t, "anna", at)
		defer closeNode(node.Node)
		events := watch(t, node.Node)
		owner := w.join(t, "bert", at)
		owner.tell()
		owner.meshes(t)
		peer, err := node.meet(bounded(t), "bert")
		if err != nil {
			t.Fatal(err)
		}
		mallory := &besieged{way: w, addr: at["anna"]}
		forged := append(register("bert"), ask(1, "who", ding)...)
		if w.carrier != "tcp" {
			c := mallory.connect(t)
			if err := c.put(forged); err != nil {
				t.Fatal(err)
			}
			if e := events.until(bellpull.EventRefused); e.Name != "bert" || e.Identity.PID != os.Getpid() {
				t.Errorf("refused was %q, %+v: %v", e.Name, e.Identity, e.Err)
			}
		}
		if said := whoAnswers(map[string]*bellpull.Peer{"bert": peer}); said != fmt.Sprint("bert ", owner.pid()) {
			t.Errorf("bert says %q", said)
		}
		if n := node.ran.Load(); n != 0 {
			t.Errorf("%d requests of another process were answered", n)
		}
		owner.kill()
		<-owner.over
		eventually(t, "bert is away", func() bool { return !peer.Up() })
		c := mallory.connect(t)
		if err := c.put(forged); err != nil {
			t.Fatal(err)
		}
		events.until(bellpull.EventRefused)
		if peer.Up() || node.ran.Load() != 0 {
			t.Errorf("bert is process %d now, and %d requests were answered", peer.Identity().PID, node.ran.Load())
		}
	})
}
