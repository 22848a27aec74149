//go:build linux || darwin

package unixsock

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/internal/otheruser"
	"github.com/bellpull/bellpull/transport"
)

// open makes dir and socket as reachable as a misconfigured system could, so that what keeps others out is the check
// of who they are.
func open(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.Chmod(p, 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOtherUsersClient: another user does not get into a private endpoint, by its files or by its check of users, and
// does not stop others from getting in.
func TestOtherUsersClient(t *testing.T) {
	as := otheruser.Prepare(t)
	dir, dirs := homes(t)
	l := listen(t, "local:mine", dirs)

	c := spawn(t, "dial", as, "local:mine", dir)
	if got := c.line(); !strings.HasPrefix(got, "failed ") || !strings.Contains(got, "not-trusted") {
		t.Errorf("another user's client says %q, want not-trusted", got)
	}
	c = spawn(t, "dial", as, "unix:"+l.Path())
	if got := c.line(); !strings.HasPrefix(got, "failed permission ") {
		t.Errorf("past the check of the directory it says %q, want permission", got)
	}
	open(t, dir, l.Path())
	c = spawn(t, "dial", as, "unix:"+l.Path())
	if got := c.line(); got != "connected" { // root's file, root's server: trusted
		t.Fatalf("with all files open it says %q, want connected", got)
	}
	if got := c.line(); got != "end 0 <nil>" {
		t.Errorf("it says %q, want the end of the connection", got)
	}
	os.Chmod(dir, 0o700)
	talks(t, l, "local:mine", dirs)
}

// TestSameUserOnly: a socket at a path that everybody may connect to, for one user all the same.
func TestSameUserOnly(t *testing.T) {
	as := otheruser.Prepare(t)
	path := filepath.Join(shortDir(t), "s")
	l := listen(t, "unix:"+path, WithMode(0o777), WithSameUserOnly())
	c := spawn(t, "dial", as, "unix:"+path)
	if got := c.line(); got != "connected" {
		t.Fatal(got)
	}
	if got := c.line(); got != "end 0 <nil>" {
		t.Errorf("it says %q, want the end of the connection", got)
	}
	talks(t, l, "unix:"+path)
}

// TestOtherUserIdentity: a socket at a path lets in whom its mode lets in, and says who that is.
func TestOtherUserIdentity(t *testing.T) {
	as := otheruser.Prepare(t)
	path := filepath.Join(shortDir(t), "s")
	l := listen(t, "unix:"+path, WithMode(0o777))
	c := spawn(t, "dial", as, "unix:"+path)
	a := accept(t, l)
	if id := a.Identity(); id.PID != c.Process.Pid || id.UID != otheruser.ID || id.GID != otheruser.ID || !id.HasUser || id.SameUser {
		t.Errorf("the client is %+v, want process %d of another user and not SameUser", id, c.Process.Pid)
	}
	if tr := a.Traits(); tr.SameUser || !tr.PeerIdentity {
		t.Errorf("traits %+v", tr)
	}
	a.Close()
}

// TestRootsServer: root's server is trusted where root owns the file, and only there.
func TestRootsServer(t *testing.T) {
	as := otheruser.Prepare(t)
	path := filepath.Join(shortDir(t), "s")
	listen(t, "unix:"+path, WithMode(0o777))
	c := spawn(t, "dial", as, "unix:"+path)
	if got := c.line(); got != "connected" {
		t.Errorf("root's socket: %q", got)
	}
	if err := os.Chown(path, otheruser.ID, otheruser.ID); err != nil {
		t.Fatal(err)
	}
	c = spawn(t, "dial", as, "unix:"+path)
	if got := c.line(); !strings.HasPrefix(got, "failed not-trusted ") {
		t.Errorf("root's server behind another's file: %q", got)
	}
}

// TestOtherUsersServer: a client does not talk to a server of another user unless told to.
func TestOtherUsersServer(t *testing.T) {
	as := otheruser.Prepare(t)
	dir := shortDir(t)
	open(t, dir)
	at := "unix:" + filepath.Join(dir, "s")
	c := spawn(t, "listen", as, at)
	if got := c.line(); got != "listening" {
		t.Fatal(got)
	}
	_, err := Dial(t.Context(), at)
	wantError(t, err, transport.ErrNotTrusted)
	wantOwner(t, err, c.Process.Pid)
	_, err = Dial(t.Context(), at, WithAnyServer(), WithSameUserOnly())
	wantError(t, err, transport.ErrNotTrusted)

	conn := dial(t, at, WithAnyServer())
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write([]byte("ring"))
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		t.Error(err)
	}
	if id := conn.Identity(); id.UID != otheruser.ID || id.SameUser || id.PID != c.Process.Pid {
		t.Errorf("the server is %+v", id)
	}
}

// TestOtherUsersPrivateServer: a server of another user that found its way into our directory is refused, whatever
// options say.
func TestOtherUsersPrivateServer(t *testing.T) {
	as := otheruser.Prepare(t)
	dir, dirs := homes(t)
	os.Mkdir(dir, 0o700)
	open(t, dir)
	c := spawn(t, "listen", as, "unix:"+filepath.Join(dir, "mine.sock"))
	if got := c.line(); got != "listening" {
		t.Fatal(got)
	}
	os.Chmod(dir, 0o700)
	_, err := Dial(t.Context(), "local:mine", dirs, WithAnyServer())
	wantError(t, err, transport.ErrNotTrusted)
	wantOwner(t, err, c.Process.Pid)
}

// TestRootsClient: root may connect to anybody's private endpoint, and is not taken for its user.
func TestRootsClient(t *testing.T) {
	as := otheruser.Prepare(t)
	dir := shortDir(t)
	open(t, dir)
	c := spawn(t, "listen", as, "local:theirs", filepath.Join(dir, "p"))
	if got := c.line(); got != "listening" {
		t.Fatal(got)
	}
	conn := dial(t, "unix:"+filepath.Join(dir, "p", "theirs.sock"), WithAnyServer())
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write([]byte("ring"))
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		t.Errorf("root is turned away: %v", err)
	}
}
