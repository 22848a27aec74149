//go:build linux || darwin

package campus_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/otheruser"
	"github.com/bellpull/bellpull/transport/npipe"
)

// TestAnotherProcessUnderALivePeersName (Q12): the registration proves nothing. It is turned away, what it asks is not
// answered to the process that really has the name, and that one notices nothing.
func TestAnotherProcessUnderALivePeersName(t *testing.T) {
	for _, kind := range []string{"npipe", "unix"} {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			asked := make(chan string, 10)
			proto := &campus.Protocol{OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				asked <- string(r.Borrow())
				w.Write(append([]byte("echo:"), r.Borrow()...))
			})}
			node := p.echoNode(t, "node", proto, "raw")
			if kind == "unix" { // the node listens at a second place, where the impostor finds it
				must(t, node.Listen(t.Context(), "unix:"+p.dir+"/CoreFxPipe_node", proto))
			}
			refused := watch(t, node, bellpull.EventRefused)
			raw := p.raw(t, "raw")
			c := spawn(t, "impostor", apart, p.dir, "node", "raw") // nobody is connected yet, but somebody listens as raw
			c.says("ended 0")
			if e := refused(); e.Name != "raw" || e.Identity.PID == os.Getpid() {
				t.Errorf("%q of process %d refused with %v", e.Name, e.Identity.PID, e.Err)
			}
			for len(raw.in) > 0 { // it was dialled back, since that is the way to learn who listens there, and told nothing
				if got := raw.accept().ends(); len(got) > 0 {
					t.Errorf("told %q", got)
				}
			}
			out, in := raw.meet("node")
			alive(t, node, raw, out, in)
			c = spawn(t, "impostor", apart, p.dir, "node", "raw")
			c.says("ended 0")
			if e := refused(); e.Name != "raw" || e.Identity.PID == os.Getpid() {
				t.Errorf("%q of process %d refused with %v", e.Name, e.Identity.PID, e.Err)
			}
			alive(t, node, raw, out, in)
			for range 2 {
				if got := <-asked; got != "are you there?" {
					t.Errorf("%q was handled", got)
				}
			}
			if len(asked) > 0 {
				t.Errorf("%q was handled", <-asked)
			}
		})
	}
}

// TestProcessesOfAnotherUserAreRefusedBothWays: whoever lets them connect, they are not served, not dialled back and not
// talked to; others are. AllowOthers changes that.
func TestProcessesOfAnotherUserAreRefusedBothWays(t *testing.T) {
	as := otheruser.Prepare(t)
	p := newPlace(t, "npipe")
	must(t, os.Chmod(p.dir, 0o777)) // as open as a machine can be
	p.carrier = npipe.Transport{Dir: p.dir, Mode: 0o777}
	proto := &campus.Protocol{RegisterTimeout: time.Second}
	node := p.node(t, "node", newMux(), proto)
	refused := watch(t, node, bellpull.EventRefused)

	trap := spawn(t, "listen", as, p.dir, "bait")
	trap.says("listening")
	for _, name := range []string{"bait", "node", "nobody"} {
		c := spawn(t, "impostor", as, p.dir, "node", name)
		c.says("ended 0")
		if e := refused(); e.Identity.UID != otheruser.ID || e.Identity.PID != c.Process.Pid || e.Name != "" {
			t.Errorf("%+v", e)
		}
	}
	caller := spawn(t, "call", as, p.dir, "node")
	caller.says("failed unavailable never")
	refused()

	// Nor does the node dial where another user listens, asked to or by a registration of its own user.
	_, err := node.Dial(t.Context(), "npipe:bait", proto)
	wantError(t, err, bellpull.CodeNotTrusted, bellpull.Never)
	c := spawn(t, "impostor", nil, p.dir, "node", "bait")
	c.says("ended 0")
	if e := refused(); e.Name != "bait" || !errors.Is(e.Err, bellpull.ErrNotTrusted) {
		t.Errorf("%q refused with %v", e.Name, e.Err)
	}
	theirs := spawn(t, "node", as, p.dir, "theirs")
	theirs.says("listening")
	_, err = node.Dial(t.Context(), "npipe:theirs", proto)
	wantError(t, err, bellpull.CodeNotTrusted, bellpull.Never)

	caller = spawn(t, "call", nil, p.dir, "node")
	caller.says("called 3 <nil>")

	// The system tells how far it went: a connection that was made to see who is there, and closed without a word.
	for trapped := true; trapped; {
		line := make(chan string, 1)
		go func() {
			s, _ := trap.out.ReadString('\n')
			line <- s
		}()
		select {
		case s := <-line:
			if s != "accepted\n" && s != "ended 0\n" {
				t.Errorf("the other user was told something: %q", s)
			}
		case <-time.After(50 * time.Millisecond):
			trap.Process.Kill()
			<-line
			trapped = false
		}
	}
}

// TestProcessesOfAnotherUserMayBeAllowed: AllowOthers, and the file's mode, let them in.
func TestProcessesOfAnotherUserMayBeAllowed(t *testing.T) {
	as := otheruser.Prepare(t)
	p := newPlace(t, "npipe")
	must(t, os.Chmod(p.dir, 0o777))
	p.carrier = npipe.Transport{Dir: p.dir, Mode: 0o777, AnyServer: true}
	p.node(t, "node", newMux(), &campus.Protocol{AllowOthers: true})
	caller := spawn(t, "call", as, p.dir, "node") // it does not allow us
	caller.says("failed unavailable never")
	caller = spawn(t, "call", as, p.dir, "node", "any")
	caller.says("called 3 <nil>")
}
