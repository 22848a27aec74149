//go:build linux || darwin

package survival

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/otheruser"
)

// TestP09OverPipesPrivateToThisUser: the protocol has no token, so nobody of another user is let in where the file's mode
// would, and no other user's service is talked to. Our own are.
func TestP09OverPipesPrivateToThisUser(t *testing.T) {
	as := otheruser.Prepare(t)
	dir := openDir(t)
	t.Setenv("TMPDIR", dir)
	leftNothing(t)
	me := os.Getuid()
	for name, c := range map[string]struct {
		house []string
		want  string
	}{
		"our service":            {nil, "failed refused - "},
		"our service, mode 0777": {[]string{"mode=777"}, "failed unavailable - "},
	} {
		t.Run(name, func(t *testing.T) {
			events := watch(t, house(t, "npipe:ours", append(c.house, "campus=")...))
			said, pid := guestSays(t, as, "npipe:ours", "campus=", "name=theirs")
			begins(t, said, c.want)
			if len(c.house) > 0 {
				if e := events.until(bellpull.EventRefused); e.Identity.PID != pid || e.Identity.UID != otheruser.ID {
					t.Errorf("refused was %+v, want process %d of user %d", e.Identity, pid, otheruser.ID)
				}
			}
			said, pid = guestSays(t, nil, "npipe:ours", "campus=", "name=mine")
			begins(t, said, fmt.Sprintf("served as pid %d uid %d same true, by pid %d uid %d same true", pid, me, os.Getpid(), me))
		})
	}
	t.Run("their service, mode 0777", func(t *testing.T) {
		p := startAs(t, as, "house", "npipe:theirs", "campus=", "mode=777")
		defer p.end()
		peer, said := visit("npipe:theirs", settings{"campus": "", "name": "ours"})
		if peer != nil {
			hangUp(peer)
		}
		begins(t, said, fmt.Sprintf("failed not_trusted %d ", otheruser.ID))
		said, _ = guestSays(t, as, "npipe:theirs", "campus=", "name=another")
		begins(t, said, "served as ")
	})
}

// TestP09OverPipesWhereNobodyIsKnownNobodyIsLetIn: tcp proves no user, and there is no token: one must say that it may
// be anybody.
func TestP09OverPipesWhereNobodyIsKnownNobodyIsLetIn(t *testing.T) {
	leftNothing(t)
	for others, want := range map[bool]string{false: "AllowOthers", true: ""} {
		node, err := campus.Listen(t.Context(), "tcp:127.0.0.1:0", whoami(), campus.With(campus.Protocol{AllowOthers: others}), campus.Name("a"))
		if err == nil {
			closeNode(node)
		}
		e, _ := err.(*bellpull.Error)
		if others != (err == nil) || !others && (e == nil || e.Code != bellpull.CodeRefused || e.Ran != bellpull.Never || !strings.Contains(e.Hint(), want)) {
			t.Errorf("AllowOthers %v: %v", others, err)
		}
	}
}
