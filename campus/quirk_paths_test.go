//go:build linux || darwin

package campus_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// file gives where the pipe of a name is.
func (p *place) file(name string) string {
	if p.kind == "npipe" {
		return filepath.Join(p.dir, "CoreFxPipe_"+name)
	}
	return filepath.Join(p.dir, name)
}

// TestWhatAKilledProcessLeaves (Q12): its socket file is in nobody's way, whether it is dialled or its name is taken.
func TestWhatAKilledProcessLeaves(t *testing.T) {
	fdtest.Same(t)
	p := newPlace(t, "npipe")
	c := spawn(t, "node", nil, p.dir, "left")
	c.says("listening")
	proto := &campus.Protocol{}
	node := p.node(t, "node", newMux(), proto)
	peer, err := node.Dial(t.Context(), "npipe:left", proto, bellpull.WithoutReconnect())
	must(t, err)
	c.kill()
	if _, err := os.Lstat(p.file("left")); err != nil {
		t.Fatal("the killed process left no file:", err)
	}
	<-peer.Done()
	_, err = node.Dial(t.Context(), "npipe:left", proto)
	wantError(t, err, bellpull.CodeNoServer, bellpull.Never)
	p.echoNode(t, "left", proto)
	raw := p.raw(t, "raw")
	out, in := raw.meet("left")
	out.request(1, "x")
	in.answers(1, "echo:x")
}

// TestALivePathIsNotTaken (Q12): .NET takes it over in silence. Here whoever is second is refused, by Listen and where a
// dial has to listen under its own name, and the first notices nothing.
func TestALivePathIsNotTaken(t *testing.T) {
	for _, kind := range []string{"npipe", "unix"} {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			first := p.echoNode(t, "name", &campus.Protocol{}, "raw")
			raw := p.raw(t, "raw")
			out, in := raw.meet("name")
			proto := &campus.Protocol{}
			second := bellpull.NewNode("name", bellpull.WithTransports(p.carrier))
			defer second.Close(context.Background())
			err := second.Listen(t.Context(), p.at("name"), proto)
			wantError(t, err, bellpull.CodeNameTaken, bellpull.Never)
			if owner, ok := errors.AsType[*transport.OwnerError](err); !ok || owner.PID != os.Getpid() {
				t.Errorf("%v does not say that process %d has it", err, os.Getpid())
			}
			if kind == "npipe" {
				_, err = second.Dial(t.Context(), "npipe:raw", proto)
				wantError(t, err, bellpull.CodeNameTaken, bellpull.Never)
			}
			alive(t, first, raw, out, in)
			if len(raw.in) > 0 {
				t.Error("the second has dialled")
			}
			raw = p.raw(t, "raw2")
			if kind == "npipe" {
				out, in = raw.meet("name")
				alive(t, first, raw, out, in)
			}
		})
	}
}

// TestAStolenPathIsTakenBack (Q12): as from a .NET process of the same name, which unlinks and binds: who is connected
// stays so, the thief's clients are the thief's, its file is not removed, and when it is done the node is there again.
func TestAStolenPathIsTakenBack(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a watcher that looks four times a second")
	}
	for _, kind := range []string{"npipe", "unix"} {
		for _, live := range []bool{false, true} {
			name := kind + ", the file removed"
			if live {
				name = kind + ", another bound"
			}
			t.Run(name, func(t *testing.T) {
				fdtest.Same(t)
				p := newPlace(t, kind)
				node := p.echoNode(t, "node", &campus.Protocol{}, "raw", "late")
				raw, late := p.raw(t, "raw"), p.raw(t, "late")
				out, in := raw.meet("node")
				must(t, os.Remove(p.file("node")))
				if live {
					thief, err := net.Listen("unix", p.file("node"))
					must(t, err)
					thief.(*net.UnixListener).SetUnlinkOnClose(false)
					taken := late.dial("node")
					c, err := thief.Accept()
					must(t, err)
					taken.frame(typeRegister, registration("late"))
					alive(t, node, raw, out, in)
					c.Close()
					thief.Close() // killed: the file stays
				}
				for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
					c, err := net.Dial("unix", p.file("node"))
					if err == nil {
						c.Close()
						break
					}
					if time.Now().After(end) {
						t.Fatal("the node is not there again:", err)
					}
				}
				lateOut, lateIn := late.meet("node")
				alive(t, node, late, lateOut, lateIn)
				alive(t, node, raw, out, in)
			})
		}
	}
}

// TestClosingLeavesTheThiefsFile (Q12): .NET unlinks what another has bound meanwhile.
func TestClosingLeavesTheThiefsFile(t *testing.T) {
	p := newPlace(t, "npipe")
	node := p.echoNode(t, "node", &campus.Protocol{})
	must(t, os.Remove(p.file("node")))
	thief, err := net.Listen("unix", p.file("node"))
	must(t, err)
	defer thief.Close()
	must(t, node.Close(t.Context()))
	c, err := net.Dial("unix", p.file("node"))
	must(t, err)
	c.Close()
}
