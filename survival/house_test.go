//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// settings are "key=value" arguments of the programs house and guest.
type settings map[string]string

func parseSettings(args []string) settings {
	s := settings{}
	for _, a := range args {
		k, v, _ := strings.Cut(a, "=")
		s[k] = v
	}
	return s
}

// options gives what the settings say: token=T, mode=OCTAL of the socket file, anyserver=, id=ID, name=NODE, plain=, and
// meta.KEY=VALUE. A guest also knows rename=ID.
func (s settings) options() []dmtp.Option {
	opts := []dmtp.Option{dmtp.Token(s["token"]), dmtp.ID(s["id"]), dmtp.Name(s["name"]), dmtp.NodeOptions(s.carriers())}
	for k, v := range s {
		if k, ok := strings.CutPrefix(k, "meta."); ok {
			opts = append(opts, dmtp.Metadata(bellpull.Pair{Key: k, Value: v}))
		}
	}
	if _, ok := s["plain"]; ok {
		opts = append(opts, dmtp.Plain())
	}
	return opts
}

func (s settings) carriers() bellpull.NodeOption {
	_, anyServer := s["anyserver"]
	mode, _ := strconv.ParseUint(s["mode"], 8, 32)
	return bellpull.WithTransports(
		unixsock.Transport{Mode: fs.FileMode(mode), AnyServer: anyServer},
		npipe.Transport{Mode: fs.FileMode(mode), AnyServer: anyServer})
}

// pipes gives what the settings say for dotnetCampus.Ipc, which a house or guest speaks that is told campus=, and whether
// it is.
func (s settings) pipes() ([]campus.Option, bool) {
	_, ok := s["campus"]
	return []campus.Option{campus.Name(s["name"]), campus.NodeOptions(s.carriers())}, ok
}

// whoami has a mux say what the node knows of a caller: pid, uid and whether it is our user.
func whoami() *bellpull.Mux {
	m := bellpull.NewMux()
	m.Handle("whoami", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		io.WriteString(w, known(r.Peer().Identity()))
	}))
	return m
}

// known writes an identity down: "pid 71 uid 1000 same true".
func known(id transport.Identity) string {
	return fmt.Sprintf("pid %d uid %d same %t", id.PID, id.UID, id.SameUser)
}

// houseProgram is a service that knows whoami: house ADDRESS SETTING…. The address "inherited" is whatever socket was
// handed over.
func houseProgram(args []string) {
	node, err := openHouse(args[0], parseSettings(args[1:]))
	if err != nil {
		fmt.Println("failed", describe(err))
		return
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	closeNode(node)
}

func openHouse(addr string, s settings) (*bellpull.Node, error) {
	if opts, ok := s.pipes(); ok {
		return campus.Listen(context.Background(), addr, whoami(), opts...)
	}
	if addr != "inherited" {
		return dmtp.Listen(context.Background(), addr, whoami(), s.options()...)
	}
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())) // which who started us cannot know
	list, err := unixsock.Inherited()
	if err != nil || len(list) != 1 {
		return nil, fmt.Errorf("%d sockets, %w", len(list), err)
	}
	node := bellpull.NewNode("", bellpull.WithMux(whoami()))
	return node, node.Serve(list[0], dmtp.Protocol{Token: s["token"]})
}

// guestProgram is a client: guest ADDRESS SETTING…. It says what visit gives, and stays until its input ends.
func guestProgram(args []string) {
	fmt.Println("ready")
	peer, said := visit(args[0], parseSettings(args[1:]))
	fmt.Println(said)
	io.Copy(io.Discard, os.Stdin)
	if peer != nil {
		hangUp(peer)
	}
}

// visit dials and asks whoami. It says "served as pid … uid … same …, by pid … uid … same …", or "failed" and what
// describe says.
func visit(addr string, s settings) (*bellpull.Peer, string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var (
		peer *bellpull.Peer
		err  error
	)
	if opts, ok := s.pipes(); ok {
		peer, err = campus.Dial(ctx, addr, opts...)
	} else {
		peer, err = dmtp.Dial(ctx, addr, s.options()...)
	}
	if err != nil {
		return nil, "failed " + describe(err)
	}
	if id, ok := s["rename"]; ok {
		if err := dmtp.Rename(ctx, peer, id); err != nil {
			return peer, "failed " + describe(err)
		}
	}
	by := peer.Identity()
	answer, err := peer.CallBytes(ctx, "whoami", nil, ding)
	if err != nil {
		return peer, "failed " + describe(err)
	}
	return peer, fmt.Sprintf("served as %s, by %s", answer, known(by))
}

// describe gives an error's code, the user of an owner that it names, and its text: "not_trusted 65534 bellpull: …".
func describe(err error) string {
	code, owner := "untyped", "-"
	if e, ok := errors.AsType[*bellpull.Error](err); ok {
		code = e.Code.String()
		if e.Ran != bellpull.Never {
			code += "/" + e.Ran.String()
		}
	}
	if o, ok := errors.AsType[*transport.OwnerError](err); ok && o.HasUser {
		owner = strconv.Itoa(o.UID)
	}
	return fmt.Sprintf("%s %s %s", code, owner, strings.ReplaceAll(err.Error(), "\n", " "))
}

// says gives the next line of a process.
func (p *process) says(t testing.TB) string {
	t.Helper()
	return arrives(t, "a line of process "+strconv.Itoa(p.cmd.Process.Pid), p.lines)
}

// guestSays runs a guest to its end and gives what it says, and its process id.
func guestSays(t testing.TB, as func(*exec.Cmd), args ...string) (said string, pid int) {
	t.Helper()
	p := startAs(t, as, "guest", args...)
	said = p.says(t)
	p.end()
	return said, p.cmd.Process.Pid
}

// house opens a service in this process, closed when the test ends.
func house(t testing.TB, addr string, args ...string) *bellpull.Node {
	t.Helper()
	node, err := openHouse(addr, parseSettings(args))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNode(node) })
	return node
}

// bounded is a context for one call.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
