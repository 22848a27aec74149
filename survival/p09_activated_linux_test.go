package survival

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/internal/otheruser"
)

// TestP09AnActivatedSocketIsItsMakers: a client is told by the kernel who called listen, not who serves. So a socket that
// was handed over is as trusted as whoever made it, whoever it was handed to, and the service does not put its own name
// to it: whoever made the socket may still accept from it.
func TestP09AnActivatedSocketIsItsMakers(t *testing.T) {
	as := otheruser.Prepare(t)
	me := os.Getuid()
	for name, c := range map[string]struct {
		maker, owner int             // who calls listen, whose the file is
		server       func(*exec.Cmd) // who serves
		ours, theirs string          // what our guest and the other user's say
	}{
		// As systemd has it for a service of a user: root makes the socket and its file.
		"root's, serving as another": {me, me, as, "failed refused - ", "served as pid PID uid 65534 same true, by pid MAKER uid 0 same true"},
		// The file is the user's (SocketUser=): that root made it does not show any more in the file.
		"root's, file given away":          {me, otheruser.ID, as, "failed refused - ", "failed not_trusted 0 "},
		"root's, serving as root":          {me, me, nil, "served as pid PID uid 0 same true, by pid MAKER uid 0 same true", "failed refused - "},
		"another's, serving as root":       {otheruser.ID, otheruser.ID, nil, "failed not_trusted 65534 ", "failed refused - "},
		"another's, in a file of root":     {otheruser.ID, me, nil, "failed not_trusted 65534 ", "failed refused - "},
		"another's, serving as that other": {otheruser.ID, otheruser.ID, as, "failed not_trusted 65534 ", "served as pid PID uid 65534 same true, by pid MAKER uid 65534 same true"},
	} {
		t.Run(name, func(t *testing.T) {
			leftNothing(t)
			path := filepath.Join(openDir(t), "s")
			socket := socketBy(t, c.maker, path)
			defer socket.Close()
			if err := os.Chown(path, c.owner, c.owner); err != nil {
				t.Fatal(err)
			}
			p := startAs(t, func(cmd *exec.Cmd) {
				if c.server != nil {
					c.server(cmd)
				}
				cmd.ExtraFiles = []*os.File{socket}
				cmd.Env = append(cmd.Env, "LISTEN_FDS=1")
			}, "house", "inherited")
			for _, g := range []struct {
				as   func(*exec.Cmd)
				want string
			}{{nil, c.ours}, {as, c.theirs}} {
				said, pid := guestSays(t, g.as, "unix:"+path)
				begins(t, said, strings.NewReplacer("PID", fmt.Sprint(pid), "MAKER", fmt.Sprint(os.Getpid())).Replace(g.want))
			}
			p.end()
			if !exists(path) {
				t.Error("the service removed a socket that it did not make")
			}
		})
	}
}

// socketBy makes a socket that listens at path, as a thread of this process that is another user's for the moment.
func socketBy(t testing.TB, uid int, path string) *os.File {
	t.Helper()
	var f *os.File
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and nothing else runs as another user
		if uid != os.Getuid() {
			// The call itself and not package syscall's, which would change all threads.
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
				err = errno
				return
			}
		}
		var l *net.UnixListener
		if l, err = net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path}); err != nil {
			return
		}
		l.SetUnlinkOnClose(false)
		defer l.Close()
		if f, err = l.File(); err == nil {
			err = os.Chmod(path, 0o777)
		}
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	return f
}
