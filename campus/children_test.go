//go:build linux || darwin

package campus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
)

// childVar tells the test binary to be one of the programs in children instead.
const childVar = "BELLPULL_CAMPUS_CHILD"

// runChild makes this process another than the tests, where it was started as such.
func runChild() bool {
	mode := os.Getenv(childVar)
	if mode == "" {
		return false
	}
	children[mode](os.Args[1:])
	return true
}

// children are the programs of other processes. Each ends with its input.
var children = map[string]func(args []string){
	// impostor DIR NODE NAME: dials the node and registers under the name, asks something, and says how that ended.
	"impostor": func(args []string) {
		p := &place{kind: "npipe", carrier: npipe.Transport{Dir: args[0], AnyServer: true}}
		a, _ := transport.ParseAddr(p.at(args[1]))
		c, err := p.carrier.Dial(context.Background(), a)
		if err != nil {
			fmt.Println("failed", err)
			return
		}
		c.Write(frame(typeRegister, registration(args[2])))
		c.Write(frame(typeRequest, envelope(markRequest, 1, "of the impostor")))
		got, _ := io.ReadAll(c)
		fmt.Println("ended", len(got))
	},
	// listen DIR NAME: is there, for whoever dials, and says what came.
	"listen": func(args []string) {
		l, err := npipe.Transport{Dir: args[0], Mode: 0o777}.Listen(context.Background(), transport.Addr{Scheme: "npipe", Rest: args[1]})
		if err != nil {
			fmt.Println("failed", err)
			return
		}
		fmt.Println("listening")
		go func() {
			for {
				c, err := l.AcceptConn()
				if err != nil {
					return
				}
				fmt.Println("accepted")
				c.SetReadDeadline(time.Now().Add(patience))
				got, _ := io.ReadAll(c)
				fmt.Println("ended", len(got))
			}
		}()
		io.Copy(io.Discard, os.Stdin)
	},
	// node DIR NAME: a node that serves add.
	"node": func(args []string) {
		n := bellpull.NewNode(args[1], bellpull.WithTransports(npipe.Transport{Dir: args[0], Mode: 0o777}), bellpull.WithMux(newMux()))
		if err := n.Listen(context.Background(), "npipe:"+args[1], &campus.Protocol{}); err != nil {
			fmt.Println("failed", err)
			return
		}
		fmt.Println("listening")
		io.Copy(io.Discard, os.Stdin)
		n.Close(context.Background())
	},
	// call DIR NODE [any]: a node that calls add, and says how that ended; any: it allows other users.
	"call": func(args []string) {
		any := len(args) > 2
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		peer, err := campus.Dial(ctx, "npipe:"+args[1], campus.Name("caller"), campus.With(campus.Protocol{RegisterTimeout: time.Second, AllowOthers: any}),
			campus.NodeOptions(bellpull.WithTransports(npipe.Transport{Dir: args[0], Mode: 0o777, AnyServer: any})))
		if err != nil {
			e, _ := errors.AsType[*bellpull.Error](err)
			fmt.Println("failed", e.Code, e.Ran)
			return
		}
		got, err := bellpull.Call[sum](ctx, peer, "add", pair{1, 2})
		fmt.Println("called", got.Value, err)
		peer.Close(context.Background())
	},
}

// A child is a process that runs this test binary.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	t   *testing.T
}

// spawn starts the test binary as the given child; it is killed when the test ends.
func spawn(t *testing.T, mode string, prep func(*exec.Cmd), args ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), childVar+"="+mode, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	if prep != nil {
		prep(cmd)
	}
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &child{Cmd: cmd, in: in, out: bufio.NewReader(out), t: t}
	t.Cleanup(c.kill)
	return c
}

// says checks the next line of the child's output.
func (c *child) says(want string) {
	c.t.Helper()
	late := time.AfterFunc(patience, func() { c.Process.Kill() })
	defer late.Stop()
	got, err := c.out.ReadString('\n')
	if got = strings.TrimSpace(got); got != want {
		c.t.Errorf("it says %q, %v, want %q", got, err, want)
	}
}

// apart has a child started by another process than this one, whose child it then is not.
func apart(cmd *exec.Cmd) {
	cmd.Args = append([]string{"sh", "-c", `"$0" "$@"; exit`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
}

// kill ends the child without a chance to clean up.
func (c *child) kill() {
	c.Process.Kill()
	c.Wait()
}
