//go:build linux || darwin

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// TestSocketPathsAreWhereListenersAre guards that doctor looks where servers listen.
func TestSocketPathsAreWhereListenersAre(t *testing.T) {
	name := fmt.Sprintf("bell-test-%d", os.Getpid())
	where := func(l transport.Listener, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.(interface{ Path() string }).Path()
	}
	unix, pipe := unixsock.Transport{}, npipe.Transport{}
	dir, err := os.MkdirTemp("/tmp", "bell-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, s := range []string{"local:" + name, "local:" + name + strings.Repeat("x", 120), "unix:" + dir + "/x", "npipe:" + name, "npipe:" + dir + "/p"} {
		a, err := transport.ParseAddr(s)
		if err != nil {
			t.Fatal(err)
		}
		var path string
		if a.Scheme == "npipe" {
			path = where(pipe.Listen(t.Context(), a))
		} else {
			path = where(unix.Listen(t.Context(), a))
		}
		list, err := socketPaths(a)
		if err != nil || !slices.Contains(list, path) {
			t.Errorf("%s is served at %s, doctor looks at %q, %v", s, path, list, err)
		}
		if got := look(t.Context(), path, a.Scheme == "local", time.Minute); !got.live {
			t.Errorf("%s: %+v", s, got)
		}
	}
}

// TestLookAtPrivateDirectories: what makes the directory of private endpoints unusable is told.
func TestLookAtPrivateDirectories(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) spot {
		return look(t.Context(), filepath.Join(dir, name, "x.sock"), true, time.Minute)
	}
	if s := at("none"); !strings.Contains(s.detail, "there is no directory") || s.exit != exitNoServer {
		t.Errorf("%+v", s)
	}
	if err := os.Mkdir(filepath.Join(dir, "open"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s := at("open"); s.detail != "nothing is there" {
		t.Errorf("%+v", s)
	}
	if err := os.Chmod(filepath.Join(dir, "open"), 0o755); err != nil {
		t.Fatal(err)
	}
	if s := at("open"); !strings.Contains(s.detail, "mode 0755") || s.exit != exitRefused || !strings.Contains(s.fix, "chmod 700") {
		t.Errorf("%+v", s)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := at("file"); !strings.Contains(s.detail, "is a regular file") {
		t.Errorf("%+v", s)
	}
	if os.Geteuid() == 0 {
		if err := os.Mkdir(filepath.Join(dir, "theirs"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, "theirs"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if s := at("theirs"); !strings.Contains(s.detail, "directory of user 65534") {
			t.Errorf("%+v", s)
		}
	}
}
