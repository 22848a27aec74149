//go:build linux || darwin

package npipe

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/transporttest"
	"github.com/bellpull/bellpull/transport/unixsock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// shortDir gives a directory with a path short enough for sockets.
func shortDir(t interface {
	Fatalf(string, ...any)
	Cleanup(func())
}) string {
	dir, err := os.MkdirTemp("/tmp", "bp")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func npipe(name string) transport.Addr { return transport.Addr{Scheme: "npipe", Rest: name} }

// TestPath holds the mapping against what .NET makes of the same names.
func TestPath(t *testing.T) {
	for _, tt := range []struct{ tmp, dir, name, want string }{
		{tmp: "/tmp", name: "editor", want: "/tmp/CoreFxPipe_editor"},
		{tmp: "/tmp/", name: "editor", want: "/tmp/CoreFxPipe_editor"},
		{tmp: "", name: "editor", want: "/tmp/CoreFxPipe_editor"},
		{tmp: "/var/x", name: "a b", want: "/var/x/CoreFxPipe_a b"},
		{tmp: "/var/x", name: "..", want: "/var/x/CoreFxPipe_.."},
		{tmp: "/var/x", name: `back\slash`, want: `/var/x/CoreFxPipe_back\slash`},
		{tmp: "/var/x", dir: "/opt/d", name: "editor", want: "/opt/d/CoreFxPipe_editor"},
		{tmp: "/var/x", dir: "/opt/d", name: "/run/x.sock", want: "/run/x.sock"},
		{tmp: "relative", name: "editor"},
		{tmp: "/tmp", name: ""},
		{tmp: "/tmp", name: "anonymous"},
		{tmp: "/tmp", name: "AnonyMous"},
		{tmp: "/tmp", name: "a/b"},
		{tmp: "/tmp", name: "a/"},
		{tmp: "/tmp", name: "/"},
		{tmp: "/tmp", name: "/run/"},
		{tmp: "/tmp", name: "a\x00b"},
		{tmp: "/tmp", name: `\\host\pipe\editor`},
	} {
		t.Run(tt.tmp+" "+tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", tt.tmp)
			got, err := Transport{Dir: tt.dir}.path("dial", npipe(tt.name))
			if got != tt.want {
				t.Errorf("path %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, transport.ErrAddress) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestTransport runs the suite that every transport passes.
func TestTransport(t *testing.T) {
	transporttest.TestStream(t, func(tb transporttest.TB) transporttest.Setup {
		dir, n := shortDir(tb), 0
		return transporttest.Setup{
			// Without CurrentUserOnly a connection may promise more than its listener can.
			Transport: Transport{Dir: dir, CurrentUserOnly: true},
			Addr: func() transport.Addr {
				n++
				return npipe(strings.Repeat("n", n))
			},
			Stale: func(a transport.Addr) error {
				l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, prefix+a.Rest)})
				if err != nil {
					return err
				}
				l.SetUnlinkOnClose(false)
				return l.Close()
			},
		}
	})
}

// TestNames: what a pipe says of itself is its own name and not that of the socket below.
func TestNames(t *testing.T) {
	dir := shortDir(t)
	l, err := Listen(t.Context(), `\\.\pipe\editor`, WithDir(dir), WithCurrentUserOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Dial(t.Context(), "npipe:editor", WithDir(dir), WithCurrentUserOnly())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got, want := l.Path(), filepath.Join(dir, "CoreFxPipe_editor"); got != want {
		t.Errorf("Path %s, want %s", got, want)
	}
	if l.Addr() != npipe("editor") || l.Traits().Scheme != "npipe" || !l.Traits().SameUser {
		t.Errorf("listener: %v, %+v", l.Addr(), l.Traits())
	}
	for side, c := range map[string]*Conn{"dialler": c, "acceptor": a.(*Conn)} {
		if id, tr := c.Identity(), c.Traits(); id.Remote != "npipe:editor" || id.PID != os.Getpid() || !id.SameUser ||
			tr.Scheme != "npipe" || !tr.SameUser || !tr.HalfClose {
			t.Errorf("%s: %+v, %+v", side, id, tr)
		}
	}
	if n, err := c.TryWrite([]byte("ring")); n != 4 || err != nil {
		t.Errorf("TryWrite: %d, %v", n, err)
	}
	a.SetDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(a, make([]byte, 4)); err != nil {
		t.Error(err)
	}
}

// TestErrors: errors carry a kind, advice, and both the name and the path.
func TestErrors(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "CoreFxPipe_x")
	live, err := Listen(t.Context(), "npipe:live", WithDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	listen := func(name string) error {
		l, err := Transport{Dir: dir}.Listen(t.Context(), npipe(name))
		if l != nil {
			l.Close()
		}
		return err
	}
	dial := func(name string) error {
		c, err := Transport{Dir: dir}.Dial(t.Context(), npipe(name))
		if c != nil {
			c.Close()
		}
		return err
	}
	long := strings.Repeat("n", 120)
	for what, tt := range map[string]struct {
		err, kind error
		says      string
	}{
		"nobody":        {dial("none"), transport.ErrNoServer, dir + "/CoreFxPipe_none"},
		"live":          {listen("live"), transport.ErrInUse, "npipe:live at " + live.Path()},
		"dial file":     {dial("x"), transport.ErrNotSocket, path},
		"listen file":   {listen("x"), transport.ErrNotSocket, path},
		"dial long":     {dial(long), transport.ErrAddress, "limit"},
		"listen long":   {listen(long), transport.ErrAddress, "limit"},
		"dial remote":   {dial(`\\host\pipe\x`), transport.ErrAddress, "host"},
		"listen remote": {listen(`\\host\pipe\x`), transport.ErrAddress, "host"},
	} {
		te, ok := errors.AsType[*transport.Error](tt.err)
		if !ok || !errors.Is(tt.err, tt.kind) || te.Advice == "" || !strings.Contains(tt.err.Error(), tt.says) ||
			!strings.Contains(te.Addr, "npipe:") {
			t.Errorf("%s: %v, want kind %v, advice, the pipe's name and %q", what, tt.err, tt.kind, tt.says)
		}
	}
}

// TestStolen: the callback's error names the pipe.
func TestStolen(t *testing.T) {
	dir := shortDir(t)
	told := make(chan error, 8)
	l, err := Listen(t.Context(), "npipe:editor", WithDir(dir), WithOnStolen(func(err error) { told <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Remove(l.Path()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case err := <-told:
		cause, ok := errors.AsType[*unixsock.StolenError](err)
		if !errors.Is(err, transport.ErrStolen) || !ok || !cause.Rebound || !strings.Contains(err.Error(), "npipe:editor") {
			t.Errorf("told %v, want ErrStolen, bound again, of npipe:editor", err)
		}
	case <-ctx.Done():
		t.Fatal("OnStolen was not called")
	}
	l.Close()
	if _, err := os.Lstat(l.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
}
