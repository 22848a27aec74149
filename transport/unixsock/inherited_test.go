//go:build linux || darwin

package unixsock

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// passed is what a parent hands to its child as descriptors 3, 4….
func passed(t *testing.T, files []*os.File, env ...string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.ExtraFiles = files
		cmd.Env = append(cmd.Env, env...)
	}
}

func TestInherited(t *testing.T) {
	dir := shortDir(t)
	var files []*os.File
	for _, name := range []string{"one", "two"} {
		f, err := foreign(t, filepath.Join(dir, name)).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	c := spawn(t, "inherit", passed(t, files, "LISTEN_PID=self", "LISTEN_FDS=2", "LISTEN_FDNAMES=first:second"))
	for _, want := range []string{"listener first " + dir + "/one", "listener second " + dir + "/two", "again 0 <nil>"} {
		if got := c.line(); got != want {
			t.Fatalf("the child says %q, want %q", got, want)
		}
	}
	for _, name := range []string{"one", "two"} {
		conn := dial(t, "unix:"+filepath.Join(dir, name))
		conn.SetDeadline(time.Now().Add(patience))
		conn.Write([]byte("ring"))
		if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.in.Close()
	if got := c.line(); got != "closed" {
		t.Error(got)
	}
	c.Wait()
	for _, name := range []string{"one", "two"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("the child removed a file that is not its own: %v", err)
		}
	}
}

// TestInheritedRefused: what is not a listening stream socket is refused and named; without the right pid there is
// nothing.
func TestInheritedRefused(t *testing.T) {
	dir := shortDir(t)
	good, err := foreign(t, filepath.Join(dir, "s")).File()
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	plain, err := os.Create(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	dgram, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "d")})
	if err != nil {
		t.Fatal(err)
	}
	defer dgram.Close()
	packets, err := dgram.File()
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	inet, err := tcp.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer inet.Close()
	client, err := net.Dial("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	connected, err := client.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()

	for name, tt := range map[string]struct {
		files []*os.File
		env   []string
		want  string // what the child says begins so
		has   string
	}{
		"another's":       {[]*os.File{good}, []string{"LISTEN_PID=1", "LISTEN_FDS=1"}, "again 0 <nil> 1", ""},
		"none":            {nil, []string{"LISTEN_PID=self", "LISTEN_FDS=0"}, "again 0 <nil> 0", ""},
		"file":            {[]*os.File{good, plain}, []string{"LISTEN_PID=self", "LISTEN_FDS=2"}, "failed ", "fd:4: not a socket"},
		"datagrams":       {[]*os.File{packets}, []string{"LISTEN_PID=self", "LISTEN_FDS=1"}, "failed ", "fd:3"},
		"tcp":             {[]*os.File{inet}, []string{"LISTEN_PID=self", "LISTEN_FDS=1"}, "failed ", "fd:3"},
		"connected":       {[]*os.File{connected}, []string{"LISTEN_PID=self", "LISTEN_FDS=1"}, "failed ", "does not listen"},
		"not there":       {[]*os.File{good}, []string{"LISTEN_PID=self", "LISTEN_FDS=700"}, "failed ", "fd:"},
		"no number":       {nil, []string{"LISTEN_PID=self", "LISTEN_FDS=x"}, "failed ", "LISTEN_FDS"},
		"too many":        {nil, []string{"LISTEN_PID=self", "LISTEN_FDS=1000000000"}, "failed ", "LISTEN_FDS"},
		"negative":        {nil, []string{"LISTEN_PID=self", "LISTEN_FDS=-1"}, "failed ", "LISTEN_FDS"},
		"names too few":   {[]*os.File{good, good}, []string{"LISTEN_PID=self", "LISTEN_FDS=2", "LISTEN_FDNAMES=a"}, "failed ", "names"},
		"named in errors": {[]*os.File{plain}, []string{"LISTEN_PID=self", "LISTEN_FDS=1", "LISTEN_FDNAMES=web"}, "failed ", `fd:3 "web"`},
	} {
		t.Run(name, func(t *testing.T) {
			c := spawn(t, "inherit", passed(t, tt.files, tt.env...))
			if got := c.line(); !strings.HasPrefix(got, tt.want) || !strings.Contains(got, tt.has) {
				t.Errorf("the child says %q, want %q with %q", got, tt.want, tt.has)
			}
		})
	}
}
