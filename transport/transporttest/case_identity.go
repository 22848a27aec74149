package transporttest

import (
	"os"
	"runtime"
	"strings"

	"github.com/bellpull/bellpull/transport"
)

// identity: both ends are this very process, so whatever is said of the other end can be checked. What the traits
// claim must be said; what is said must be true whether it was claimed or not.
func identity(t TB, e *env) {
	a, b := e.connect(t)
	for side, c := range map[string]transport.Conn{"dialler": a, "acceptor": b} {
		id, tr := c.Identity(), c.Traits()
		if tr.PeerIdentity && id.PID == 0 {
			t.Errorf("the %s claims PeerIdentity and knows no pid: %+v", side, id)
		}
		if tr.PeerIdentity && !id.HasUser && runtime.GOOS != "windows" { // users have no numbers on Windows
			t.Errorf("the %s claims PeerIdentity and knows no user: %+v", side, id)
		}
		if tr.SameUser && !id.SameUser {
			t.Errorf("the %s claims SameUser and the identity does not say so: %+v", side, id)
		}
		if tr.SameUser && !tr.Local {
			t.Errorf("the %s claims SameUser and not Local: %+v", side, tr)
		}
		if id.PID != 0 && id.PID != os.Getpid() {
			t.Errorf("the %s says that the other end has pid %d, want %d", side, id.PID, os.Getpid())
		}
		if id.HasUser && (id.UID != os.Geteuid() || id.GID != os.Getegid()) {
			t.Errorf("the %s says that the other end is user %d, group %d, want %d, %d",
				side, id.UID, id.GID, os.Geteuid(), os.Getegid())
		}
		if !strings.Contains(id.Remote, ":") {
			t.Errorf("the %s gives the remote address %q, want scheme:rest", side, id.Remote)
		}
		c.Close()
		if again := c.Identity(); again != id {
			t.Errorf("the %s changed the identity with Close from %+v to %+v", side, id, again)
		}
	}
}

// sameTraits: both ends promise the same, and nothing that contradicts itself.
func sameTraits(t TB, e *env) {
	a, b := e.connect(t)
	at, bt := a.Traits(), b.Traits()
	if at != bt {
		t.Errorf("the dialler promises %+v, the acceptor %+v", at, bt)
	}
	if at.Scheme == "" {
		t.Errorf("the traits name no scheme: %+v", at)
	}
	if at.Message || at.Lossy || at.MaxMessage != 0 {
		t.Errorf("a stream promises %+v", at)
	}
}
