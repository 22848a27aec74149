//go:build linux || darwin

package survival

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/otheruser"
	"github.com/bellpull/bellpull/transport/tcp"
)

// openDir gives a directory that every user may search and write.
func openDir(t testing.TB) string {
	t.Helper()
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// begins checks what a guest or a house says.
func begins(t testing.TB, said string, want ...string) {
	t.Helper()
	for _, w := range want {
		if strings.HasPrefix(said, w) {
			return
		}
	}
	t.Errorf("it says %q, want %q", said, want)
}

// TestP09PrivateToThisUser: our services let nobody else's process in, and our processes talk to nobody else's service,
// unless they were told to. Nothing but the kernel's word counts. Each case has a process of another user at one end,
// and shows that our own gets in where the other does not.
func TestP09PrivateToThisUser(t *testing.T) {
	as := otheruser.Prepare(t)
	me := os.Getuid()
	local := fmt.Sprintf("local:survival-p09-%d", os.Getpid())
	abstract := fmt.Sprintf("unix:@survival-p09-%d", os.Getpid())

	// Our service, their client.
	for name, c := range map[string]struct {
		listen, dial string
		house, guest []string
		want         []string // what the other user's guest says; any of these
	}{
		// The guest looks where services of its own user would be.
		"local": {local, local, nil, nil, []string{"failed no_server", "failed not_trusted"}},
		"unix":  {"unix:DIR/s", "unix:DIR/s", nil, nil, []string{"failed refused - "}},
		// The file lets it in, and it trusts root's file and service, but we do not trust it.
		"unix, mode 0777":  {"unix:DIR/s", "unix:DIR/s", []string{"mode=777"}, nil, []string{"failed refused - "}},
		"npipe":            {"npipe:DIR/CoreFxPipe_s", "npipe:DIR/CoreFxPipe_s", nil, nil, []string{"failed refused - "}},
		"npipe, mode 0777": {"npipe:DIR/CoreFxPipe_s", "npipe:DIR/CoreFxPipe_s", []string{"mode=777"}, nil, []string{"failed refused - "}},
		// There is no file with an owner, so it refuses us.
		"abstract":                  {abstract, abstract, nil, nil, []string{fmt.Sprintf("failed not_trusted %d ", me)}},
		"abstract, trusting anyone": {abstract, abstract, nil, []string{"anyserver="}, []string{"failed refused - "}},
		// A token is the way for other users.
		"unix, mode 0777, with a token":     {"unix:DIR/s", "unix:DIR/s", []string{"mode=777", "token=x"}, []string{"token=x"}, []string{"served as pid PID uid 65534 same false, "}},
		"unix, mode 0777, another token":    {"unix:DIR/s", "unix:DIR/s", []string{"mode=777", "token=x"}, []string{"token=y"}, []string{"failed refused - "}},
		"unix, mode 0777, without a token":  {"unix:DIR/s", "unix:DIR/s", []string{"mode=777", "token=x"}, nil, []string{"failed refused - "}},
		"local, its path":                   {local, "unix:LOCAL", nil, nil, []string{"failed refused - "}},
		"local, its path, trusting anyone":  {local, "unix:LOCAL", nil, []string{"anyserver="}, []string{"failed refused - "}},
		"local, with a token, still ours":   {local, "unix:LOCAL", []string{"token=x"}, []string{"token=x", "anyserver="}, []string{"failed refused - "}},
		"npipe, mode 0777, with a token":    {"npipe:DIR/CoreFxPipe_s", "npipe:DIR/CoreFxPipe_s", []string{"mode=777", "token=x"}, []string{"token=x"}, []string{"served as pid PID uid 65534 same false, "}},
		"tcp, with a token, knows nobody":   {"tcp:127.0.0.1:0", "tcp:", []string{"token=x"}, []string{"token=x"}, []string{"served as pid 0 uid 0 same false, "}},
		"tcp, with another token":           {"tcp:127.0.0.1:0", "tcp:", []string{"token=x"}, []string{"token=y"}, []string{"failed refused - "}},
		"tcp, without a token for a client": {"tcp:127.0.0.1:0", "tcp:", []string{"token=x"}, nil, []string{"failed refused - "}},
	} {
		t.Run("our service/"+name, func(t *testing.T) {
			if strings.HasPrefix(c.listen, "unix:@") && runtime.GOOS != "linux" {
				return // there are none
			}
			leftNothing(t)
			dir := openDir(t)
			node := house(t, strings.ReplaceAll(c.listen, "DIR", dir), c.house...)
			addr := strings.ReplaceAll(c.dial, "DIR", dir)
			if c.dial == "tcp:" {
				addr = node.Addrs()[0]
			}
			if c.dial == "unix:LOCAL" {
				addr = "unix:" + socketOf(t, local)
			}
			said, pid := guestSays(t, as, append([]string{addr}, c.guest...)...)
			for i := range c.want {
				c.want[i] = strings.ReplaceAll(c.want[i], "PID", fmt.Sprint(pid))
			}
			begins(t, said, c.want...)

			said, pid = guestSays(t, nil, append([]string{addr}, c.house...)...)
			want := fmt.Sprintf("served as pid %d uid %d same true, ", pid, me)
			if strings.HasPrefix(addr, "tcp:") {
				want = "served as pid 0 uid 0 same false, "
			}
			begins(t, said, want)
		})
	}

	// Their service, our client.
	for name, c := range map[string]struct {
		addr         string
		house, guest []string
		want         string
	}{
		"unix":                  {"unix:DIR/s", nil, nil, "failed not_trusted 65534 "},
		"unix, mode 0777":       {"unix:DIR/s", []string{"mode=777"}, nil, "failed not_trusted 65534 "},
		"unix, with a token":    {"unix:DIR/s", []string{"token=x"}, []string{"token=x"}, "failed not_trusted 65534 "}, // it would be told
		"unix, trusting anyone": {"unix:DIR/s", []string{"token=x"}, []string{"token=x", "anyserver="}, fmt.Sprintf("served as pid %d uid %d same false, by pid PID uid 65534 same false", os.Getpid(), me)},
		"npipe":                 {"npipe:DIR/CoreFxPipe_s", nil, nil, "failed not_trusted 65534 "},
		"npipe, with a token":   {"npipe:DIR/CoreFxPipe_s", []string{"token=x"}, []string{"token=x"}, "failed not_trusted 65534 "},
		"abstract":              {abstract, nil, nil, "failed not_trusted 65534 "},
		"local":                 {local, nil, nil, "failed no_server"},
	} {
		t.Run("their service/"+name, func(t *testing.T) {
			if strings.HasPrefix(c.addr, "unix:@") && runtime.GOOS != "linux" {
				return
			}
			leftNothing(t)
			addr := strings.ReplaceAll(c.addr, "DIR", openDir(t))
			p := startAs(t, as, "house", append([]string{addr}, c.house...)...)
			defer p.end() // in order: its files go with it
			peer, said := visit(addr, parseSettings(c.guest))
			if peer != nil {
				defer hangUp(peer)
			}
			begins(t, said, strings.ReplaceAll(c.want, "PID", fmt.Sprint(p.cmd.Process.Pid)))
			said, _ = guestSays(t, as, append([]string{addr}, c.house...)...)
			begins(t, said, "served as ")
		})
	}
}

// socketOf gives the file of a private endpoint that is served.
func socketOf(t testing.TB, local string) string {
	t.Helper()
	name := strings.TrimPrefix(local, "local:") + ".sock"
	for _, dir := range []string{fmt.Sprintf("/run/user/%d/bellpull", os.Getuid()), fmt.Sprintf("/tmp/bellpull-%d", os.Getuid())} {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	t.Fatalf("no socket of %s", local)
	return ""
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// TestP09WhereNobodyIsKnownATokenIsNeeded: tcp says of itself that it proves no user, so a service does not start on it
// without a token, and the error says what to do.
func TestP09WhereNobodyIsKnownATokenIsNeeded(t *testing.T) {
	leftNothing(t)
	node, err := dmtp.Listen(t.Context(), "tcp:127.0.0.1:0", whoami())
	if err == nil {
		node.Close(t.Context())
	}
	e, ok := err.(*bellpull.Error)
	if !ok || e.Code != bellpull.CodeRefused || e.Ran != bellpull.Never || e.Hint() == "" {
		t.Errorf("without a token: %v, want refused with advice", err)
	}
	l, err := tcp.Listen(t.Context(), "tcp:127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if tr := l.Traits(); tr.SameUser || tr.PeerIdentity {
		t.Errorf("traits %+v", tr)
	}
	l.Close()
	node = house(t, "tcp:127.0.0.1:0", "token=x")
	for token, want := range map[string]string{"x": "served as pid 0 uid 0 same false, by pid 0 uid 0 same false", "y": "failed refused - ", "": "failed refused - "} {
		peer, said := visit(node.Addrs()[0], settings{"token": token})
		begins(t, said, want)
		if peer != nil {
			hangUp(peer)
		}
	}
}
