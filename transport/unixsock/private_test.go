//go:build linux || darwin

package unixsock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/transport"
)

// homes gives a private directory that is not there yet, and the option that has both sides use it.
func homes(t *testing.T) (string, Option) {
	dir := filepath.Join(shortDir(t), "p")
	return dir, WithDirs(dir)
}

func TestPrivateFiles(t *testing.T) {
	dir, dirs := homes(t)
	l := listen(t, "local:editor", dirs)
	sock, lock := filepath.Join(dir, "editor.sock"), filepath.Join(dir, "editor.lock")
	for path, mode := range map[string]fs.FileMode{
		dir:  fs.ModeDir | 0o700,
		sock: fs.ModeSocket | 0o600,
		lock: 0o600,
	} {
		if fi, err := os.Lstat(path); err != nil || fi.Mode() != mode {
			t.Errorf("%s: %v, %v; want mode %v", path, fi, err, mode)
		}
	}
	if text, _ := os.ReadFile(lock); strings.TrimSpace(string(text)) != strconv.Itoa(os.Getpid()) {
		t.Errorf("the lock file says %q, want our pid %d", text, os.Getpid())
	}
	if got := l.Path(); got != sock {
		t.Errorf("Path %s, want %s", got, sock)
	}
	if got := l.Addr(); got != addr(t, "local:editor") {
		t.Errorf("Addr %v, want local:editor", got)
	}
	talks(t, l, "local:editor", dirs)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("Close left %v", left)
	}
	_, err := Dial(t.Context(), "local:editor", dirs)
	wantError(t, err, transport.ErrNoServer)
}

// TestPrivateNames: every name that is not refused has files of its own.
func TestPrivateNames(t *testing.T) {
	dir, dirs := homes(t)
	long := strings.Repeat("långt ", 30)
	names := []string{"a", "a.lock", "a.sock", ".", "..", "...", "-", "@a", "a b", "läute", "鈴", "a\nb", "%41", long, long + "2"}
	for _, n := range names {
		t.Run(n, func(t *testing.T) {
			l, err := Transport{Dirs: []string{dir}}.Listen(t.Context(), transport.Addr{Scheme: "local", Rest: n})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if got := filepath.Dir(l.(*Listener).Path()); got != dir {
				t.Fatalf("the socket is in %s, want %s", got, dir)
			}
			talks(t, l.(*Listener), "local:"+n, dirs)
			// The other names are free as long as this one is taken.
			for _, other := range names {
				_, err := Dial(t.Context(), "local:"+other, dirs)
				if other == n && err != nil || other != n && !errors.Is(err, transport.ErrNoServer) {
					t.Errorf("dialling %q: %v", other, err)
				}
			}
		})
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("Close left %v", left)
	}
}

func TestPrivateTooLong(t *testing.T) {
	dir := filepath.Join(shortDir(t), strings.Repeat("d", 80))
	listen(t, "local:a", WithDirs(dir))
	_, err := Listen(t.Context(), "local:"+strings.Repeat("a", 60), WithDirs(dir))
	wantError(t, err, transport.ErrAddress)
	if _, ok := errors.AsType[*transport.LimitError](err); !ok {
		t.Errorf("error %v does not tell the limit", err)
	}
}

// TestPrivateDir: a directory that is not only ours is refused on both sides.
func TestPrivateDir(t *testing.T) {
	for name, prep := range map[string]func(t *testing.T, dir string){
		"open to others": func(t *testing.T, dir string) {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			os.Chmod(dir, 0o750)
		},
		"symbolic link": func(t *testing.T, dir string) {
			if err := os.Mkdir(dir+"2", 0o700); err != nil {
				t.Fatal(err)
			}
			os.Symlink(dir+"2", dir)
		},
		"file": func(t *testing.T, dir string) { os.WriteFile(dir, nil, 0o600) },
		"another user's": func(t *testing.T, dir string) {
			if os.Getuid() != 0 {
				if os.Getenv("CI") == "true" {
					t.Fatal("not root: CI must be, or nothing is tested with files of another user")
				}
				t.Skip("NOT TESTED WITH ANOTHER USER: only root can give files away")
			}
			os.Mkdir(dir, 0o700)
			if err := os.Chown(dir, 65534, 65534); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, dirs := homes(t)
			prep(t, dir)
			_, err := Listen(t.Context(), "local:editor", dirs)
			wantError(t, err, transport.ErrNotTrusted)
			_, err = Dial(t.Context(), "local:editor", dirs)
			wantError(t, err, transport.ErrNotTrusted)
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v does not name %s", err, dir)
			}
		})
	}
}

// TestPrivatePlaces: the server takes the first directory it can make, the client finds it and else names them all.
func TestPrivatePlaces(t *testing.T) {
	dir := shortDir(t)
	first, second := filepath.Join(dir, "missing", "p"), filepath.Join(dir, "p")
	dirs := WithDirs(first, second)
	_, err := Dial(t.Context(), "local:editor", dirs)
	wantError(t, err, transport.ErrNoServer)
	for _, want := range []string{first + "/editor.sock", second + "/editor.sock"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
	l := listen(t, "local:editor", dirs)
	if want := filepath.Join(second, "editor.sock"); l.Path() != want {
		t.Errorf("the server took %v, want %s", l.Path(), want)
	}
	talks(t, l, "local:editor", dirs)

	// With the first place there a second server of the name must still not start.
	if err := os.Mkdir(filepath.Dir(first), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = Listen(t.Context(), "local:editor", dirs)
	wantError(t, err, transport.ErrInUse)
	wantOwner(t, err, os.Getpid())
	if left, _ := os.ReadDir(first); len(left) != 0 {
		t.Errorf("the refused server left %v", left)
	}
}

// TestSystemDirs: the directories depend on the user id, and on no variable.
func TestSystemDirs(t *testing.T) {
	before := systemDirs(os.Geteuid())
	for _, v := range []string{"TMPDIR", "XDG_RUNTIME_DIR", "HOME", "USER"} {
		t.Setenv(v, "/nowhere")
	}
	after := systemDirs(os.Geteuid())
	if len(before) == 0 || len(before) != len(after) {
		t.Fatalf("places %v and %v", before, after)
	}
	for i := range before {
		if before[i] != after[i] || !strings.Contains(before[i].dir, strconv.Itoa(os.Geteuid())) {
			t.Errorf("place %d: %v and %v, want the same one with the user id", i, before[i], after[i])
		}
	}
}

// TestPrivateDefault runs once where users' programs run.
func TestPrivateDefault(t *testing.T) {
	name := "local:unixsock-test-" + strconv.Itoa(os.Getpid())
	l := listen(t, name)
	talks(t, l, name)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(l.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// TestPrivateNotSocket: a file of another kind in the way is left alone.
func TestPrivateNotSocket(t *testing.T) {
	dir, dirs := homes(t)
	os.Mkdir(dir, 0o700)
	path := filepath.Join(dir, "editor.sock")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Listen(t.Context(), "local:editor", dirs)
	wantError(t, err, transport.ErrNotSocket)
	if text, err := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	_, err = Dial(t.Context(), "local:editor", dirs)
	wantError(t, err, transport.ErrNotSocket)
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("the failed Listen left %v", left)
	}
}
