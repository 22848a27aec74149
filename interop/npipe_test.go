//go:build linux

package interop_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/internal/otheruser"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// npipeListen makes a Go listener that is closed when the test ends.
func npipeListen(t *testing.T, name string, opts ...npipe.ListenOption) *npipe.Listener {
	t.Helper()
	l, err := npipe.Listen(t.Context(), "npipe:"+name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// npipeAccept takes one connection, closed when the test ends, with a deadline.
func npipeAccept(t *testing.T, l *npipe.Listener) *npipe.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return npipeBound(t, c.(*npipe.Conn))
}

// npipeDial makes a connection that is closed when the test ends, with a deadline.
func npipeDial(t *testing.T, name string, opts ...npipe.DialOption) *npipe.Conn {
	t.Helper()
	c, err := npipe.Dial(t.Context(), "npipe:"+name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return npipeBound(t, c)
}

func npipeBound(t *testing.T, c *npipe.Conn) *npipe.Conn {
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(npipePatience))
	return c
}

// npipeEcho shows that what c writes comes back.
func npipeEcho(t *testing.T, c net.Conn, body []byte) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.Write(body); err != nil {
			t.Errorf("write: %v", err)
		}
	})
	got := make([]byte, len(body))
	_, err := io.ReadFull(c, got)
	wg.Wait()
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d bytes: not the same came back: %v", len(body), err)
	}
}

// npipeServe echoes whole packets that begin with the mark, as the heartbeat loop does, and all else not at all.
func npipeServe(l *npipe.Listener, packet int, mark byte) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			b := make([]byte, packet)
			for {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				if b[0] != mark {
					continue
				}
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}()
	}
}

const npipeLarge = 8 << 20

// TestNpipeGoServes: a .NET client finds a Go server by the name, and both directions carry small and large bodies.
func TestNpipeGoServes(t *testing.T) {
	npipeTemp(t)
	p := npipeStart(t, nil)
	l := npipeListen(t, "go serves")
	conn := p.do("connect", npipeFields{"name": "go serves"}).text("conn")
	c := npipeAccept(t, l)
	if id := c.Identity(); id.PID != p.pid || !id.SameUser {
		t.Errorf("the client is %+v, want process %d of our user", id, p.pid)
	}
	for _, n := range []int{1, 64, 65536, npipeLarge} {
		writing := p.begin("write", npipeFields{"conn": conn, "fill": n, "seed": n % 200})
		got := make([]byte, n)
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, npipeFill(n, n%200)) {
			t.Fatalf("%d bytes from .NET: other bytes, %v", n, err)
		}
		if _, err := p.end("write", writing); err != nil {
			t.Fatal(err)
		}
		reading := p.begin("read", npipeFields{"conn": conn, "n": n, "exact": true})
		body := npipeFill(n, 7)
		if _, err := c.Write(body); err != nil {
			t.Fatal(err)
		}
		r, err := p.end("read", reading)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		long, _ := r["body"].(map[string]any)
		if r.number("n") != n || r.text("hex") != hex.EncodeToString(body) && npipeFields(long).text("sha256") != hex.EncodeToString(sum[:]) {
			t.Fatalf("%d bytes to .NET: it got %v", n, r["n"])
		}
	}
	// The end arrives on both sides.
	c.CloseWrite()
	if r := p.do("read", npipeFields{"conn": conn}); r.number("n") != 0 {
		t.Errorf("after CloseWrite .NET read %v", r)
	}
	p.do("close", npipeFields{"conn": conn})
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after .NET's close: %d, %v", n, err)
	}
}

// TestNpipeDotNetServes: a Go client finds a .NET server by the name, or by the path.
func TestNpipeDotNetServes(t *testing.T) {
	dir := npipeTemp(t)
	p := npipeStart(t, nil)
	for _, name := range []string{"net", filepath.Join(dir, "x.sock")} {
		_, err := npipe.Dial(t.Context(), "npipe:"+name)
		if !errors.Is(err, transport.ErrNoServer) {
			t.Fatalf("before there is a server: %v", err)
		}
		r := p.do("listen", npipeFields{"name": name, "serve": "echo", "max": -1})
		c := npipeDial(t, name)
		if id := c.Identity(); id.PID != p.pid || !id.SameUser || id.Remote != "npipe:"+name {
			t.Errorf("the server is %+v, want process %d of our user", id, p.pid)
		}
		for _, n := range []int{1, 64, 65536, npipeLarge} {
			npipeEcho(t, c, npipeFill(n, n%200))
		}
		if _, err := npipe.Listen(t.Context(), "npipe:"+name); !errors.Is(err, transport.ErrInUse) {
			t.Errorf("beside a live .NET server: %v, want ErrInUse", err)
		} else if owner, ok := errors.AsType[*transport.OwnerError](err); !ok || owner.PID != p.pid {
			t.Errorf("error %v names %+v, want process %d", err, owner, p.pid)
		}
		npipeEcho(t, npipeDial(t, name), npipeFill(64, 1))
		p.do("stop", npipeFields{"listener": r.text("listener")})
	}
}

// TestNpipeOneWay: pipes that carry one direction, as campus has them.
func TestNpipeOneWay(t *testing.T) {
	npipeTemp(t)
	p := npipeStart(t, nil)
	p.do("listen", npipeFields{"name": "in", "dir": "in"})
	c := npipeDial(t, "in")
	conn := p.event("connected").text("conn")
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("a server that only reads: %d, %v; want the end at once", n, err)
	}
	if _, err := c.Write([]byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if r := p.do("read", npipeFields{"conn": conn, "n": 3, "exact": true}); r.text("hex") != "010203" {
		t.Errorf(".NET read %v", r)
	}

	l := npipeListen(t, "out")
	conn = p.do("connect", npipeFields{"name": "out", "dir": "out"}).text("conn")
	a := npipeAccept(t, l)
	p.do("write", npipeFields{"conn": conn, "hex": "040506"})
	got := make([]byte, 3)
	if _, err := io.ReadFull(a, got); err != nil || !bytes.Equal(got, []byte{4, 5, 6}) {
		t.Errorf("read %x, %v", got, err)
	}
}

// TestNpipeInstances: twenty clients at once, both ways.
func TestNpipeInstances(t *testing.T) {
	npipeTemp(t)
	p := npipeStart(t, nil)
	const n = 20
	t.Run("dotnet serves", func(t *testing.T) {
		p.do("listen", npipeFields{"name": "many", "max": n, "instances": n, "serve": "echo"})
		conns := make([]*npipe.Conn, n)
		for i := range conns {
			conns[i] = npipeDial(t, "many")
		}
		for i, c := range conns {
			npipeEcho(t, c, npipeFill(1000, i))
		}
		// One more waits in the queue of the socket until an instance is free.
		late := npipeDial(t, "many")
		done := make(chan bool)
		go func() {
			defer close(done)
			npipeEcho(t, late, npipeFill(100, 99))
		}()
		conns[0].Close()
		end := p.event("echo_end")
		p.do("close", npipeFields{"conn": end.text("conn")})
		<-done
	})
	t.Run("go serves", func(t *testing.T) {
		l := npipeListen(t, "many go")
		go npipeServe(l, 64, 1)
		conns := make([]string, n)
		for i := range conns {
			conns[i] = p.do("connect", npipeFields{"name": "many go"}).text("conn")
		}
		var beats []<-chan npipeAnswer
		for i, c := range conns {
			beats = append(beats, p.begin("beat", npipeFields{"conn": c, "count": 5, "seed": i * 10}))
		}
		for i, b := range beats {
			if _, err := p.end("beat", b); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		}
	})
}

// TestNpipeHeartbeat: the heartbeat loop of packets with a mark, each side once the server.
func TestNpipeHeartbeat(t *testing.T) {
	npipeTemp(t)
	p := npipeStart(t, nil)
	const packet, mark, count = 64, 1, 100
	t.Run("go serves", func(t *testing.T) {
		l := npipeListen(t, "beat go")
		go npipeServe(l, packet, mark)
		conn := p.do("connect", npipeFields{"name": "beat go"}).text("conn")
		r := p.do("beat", npipeFields{"conn": conn, "packet": packet, "mark": mark, "count": count, "seed": 3})
		if r.number("beats") != count {
			t.Errorf(".NET counts %v beats, want %d", r["beats"], count)
		}
	})
	t.Run("dotnet serves", func(t *testing.T) {
		p.do("listen", npipeFields{"name": "beat net", "serve": "heartbeat", "packet": packet, "mark": mark})
		c := npipeDial(t, "beat net")
		for i := range count {
			beat := npipeFill(packet, i)
			beat[0] = mark
			npipeEcho(t, c, beat)
		}
		// A packet without the mark is not sent back; it arrives.
		other := npipeFill(packet, 5)
		other[0] = mark + 1
		if _, err := c.Write(other); err != nil {
			t.Fatal(err)
		}
		if e := p.event("packet"); e.text("hex") != hex.EncodeToString(other) {
			t.Errorf(".NET got %v", e)
		}
		// A short one ends the connection.
		c.Write(other[:10])
		c.CloseWrite()
		if e := p.event("heartbeat_end"); e.number("beats") != count || e.text("reason") != "short packet: 10" {
			t.Errorf("the loop ended with %v", e)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("after the end: %d, %v", n, err)
		}
	})
}

// TestNpipeCurrentUser: both ends keep to the user, and find each other where it is the same.
func TestNpipeCurrentUser(t *testing.T) {
	npipeTemp(t)
	p := npipeStart(t, nil)
	l := npipeListen(t, "mine go", npipe.WithCurrentUserOnly())
	go npipeServe(l, 64, 1)
	conn := p.do("connect", npipeFields{"name": "mine go", "current_user_only": true}).text("conn")
	p.do("beat", npipeFields{"conn": conn})

	p.do("listen", npipeFields{"name": "mine net", "current_user_only": true, "serve": "echo"})
	c := npipeDial(t, "mine net", npipe.WithCurrentUserOnly())
	if !c.Traits().SameUser {
		t.Error("the connection does not prove the same user")
	}
	npipeEcho(t, c, npipeFill(64, 1))
}

// TestNpipeOtherUser: .NET runs as another user. Each end that keeps to its user refuses the other.
func TestNpipeOtherUser(t *testing.T) {
	as := otheruser.Prepare(t)
	npipeTemp(t)
	p := npipeStart(t, as)

	t.Run("go refuses the client", func(t *testing.T) {
		l := npipeListen(t, "keep go", npipe.WithCurrentUserOnly(), npipe.WithMode(0o777))
		go npipeServe(l, 64, 1)
		conn := p.do("connect", npipeFields{"name": "keep go"}).text("conn")
		if r := p.do("read", npipeFields{"conn": conn}); r.number("n") != 0 {
			t.Errorf(".NET read %v, want the end", r)
		}
		beat := npipeFill(64, 1)
		beat[0] = 1
		npipeEcho(t, npipeDial(t, "keep go", npipe.WithCurrentUserOnly()), beat) // the right user still gets in
	})
	t.Run("go refuses the server", func(t *testing.T) {
		p.do("listen", npipeFields{"name": "open net", "serve": "echo", "max": -1})
		for what, opts := range map[string][]npipe.DialOption{"by default": nil, "told to": {npipe.WithAnyServer(), npipe.WithCurrentUserOnly()}} {
			if _, err := npipe.Dial(t.Context(), "npipe:open net", opts...); !errors.Is(err, transport.ErrNotTrusted) {
				t.Errorf("a server of another user, %s: %v, want ErrNotTrusted", what, err)
			}
		}
		c := npipeDial(t, "open net", npipe.WithAnyServer())
		if id := c.Identity(); id.UID != otheruser.ID || id.SameUser || c.Traits().SameUser {
			t.Errorf("the server is %+v", id)
		}
		npipeEcho(t, c, npipeFill(64, 1))
	})
	t.Run("dotnet refuses the client", func(t *testing.T) {
		p.do("listen", npipeFields{"name": "keep net", "current_user_only": true, "serve": "echo"})
		c := npipeDial(t, "keep net", npipe.WithAnyServer())
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read %d, %v; want to be hung up on", n, err)
		}
		p.event("accept_failed")
	})
	t.Run("dotnet refuses the server", func(t *testing.T) {
		npipeListen(t, "open go", npipe.WithMode(0o777))
		_, err := p.try("connect", npipeFields{"name": "open go", "current_user_only": true})
		if !npipeFailsWith(err, "UnauthorizedAccessException") {
			t.Errorf(".NET connects with %v, want UnauthorizedAccessException", err)
		}
	})
	t.Run("the mode keeps others out", func(t *testing.T) {
		npipeListen(t, "shut go", npipe.WithMode(0o600))
		if _, err := p.try("connect", npipeFields{"name": "shut go"}); err == nil {
			t.Error("another user connected to a pipe of mode 0600")
		}
	})
}

// TestNpipeTakeover: a .NET server takes the name of a live Go server. This one notices, does the .NET server no
// harm, and has the name again when it is free: after a clean end, and after a kill.
func TestNpipeTakeover(t *testing.T) {
	fdtest.Same(t)
	for _, how := range []string{"stopped", "killed"} {
		t.Run(how, func(t *testing.T) {
			npipeTemp(t)
			p, client := npipeStart(t, nil), npipeStart(t, nil)
			told := make(chan error, 16)
			l := npipeListen(t, "prize", npipe.WithOnStolen(func(err error) { told <- err }))
			go npipeServe(l, 64, 1)
			report := func() error {
				t.Helper()
				select {
				case err := <-told:
					if !errors.Is(err, transport.ErrStolen) {
						t.Fatalf("told %v, want ErrStolen", err)
					}
					return err
				case <-time.After(npipePatience):
					t.Fatal("nothing is noticed")
					return nil
				}
			}
			early := npipeDial(t, "prize")
			beat := npipeFill(64, 1)
			beat[0] = 1
			npipeEcho(t, early, beat)

			// .NET removes the file and binds. When our listener takes the free path between the two, .NET has lost
			// this time.
			take := npipeFields{"name": "prize", "serve": "echo", "max": 4, "instances": 2}
			r, err := p.try("listen", take)
			for tries := 0; npipeFailsWith(err, "SocketException") && tries < 10; tries++ {
				r, err = p.try("listen", take)
			}
			if err != nil {
				t.Fatal(err)
			}
			err = report()
			for npipeRebound(err) {
				err = report()
			}
			if owner, ok := errors.AsType[*transport.OwnerError](err); !ok || owner.PID != p.pid {
				t.Fatalf("told %v, want the owner %d", err, p.pid)
			}
			npipeEcho(t, early, beat) // what was connected stays so
			c := npipeDial(t, "prize")
			if c.Identity().PID != p.pid {
				t.Errorf("the pipe leads to %+v, want .NET's process %d", c.Identity(), p.pid)
			}
			npipeEcho(t, c, npipeFill(100, 2))
			c.Close()

			if how == "killed" {
				p.kill()
			} else {
				p.do("stop", npipeFields{"listener": r.text("listener")})
				// The file goes with the last end of the server, those included that our looking after it has taken.
				for conns := []any{""}; len(conns) > 0; {
					conns, _ = p.do("stats", nil)["conns"].([]any)
					for _, c := range conns {
						p.try("close", npipeFields{"conn": c})
					}
				}
			}
			if err := report(); !npipeRebound(err) {
				t.Fatalf("told %v, want to have the name again", err)
			}
			conn := client.do("connect", npipeFields{"name": "prize"}).text("conn")
			if r := client.do("beat", npipeFields{"conn": conn, "count": 3}); r.number("beats") != 3 {
				t.Errorf("a new .NET client: %v", r)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(l.Path()); err == nil {
				t.Error("after Close the file is still there")
			}
		})
	}
}

// npipeRebound says whether a report is of the name being ours again.
func npipeRebound(report error) bool {
	stolen, ok := errors.AsType[*unixsock.StolenError](report)
	return ok && stolen.Rebound
}

// TestNpipeStale: what a killed .NET server leaves is taken over, and a closed Go server leaves nothing in .NET's way.
func TestNpipeStale(t *testing.T) {
	fdtest.Same(t)
	npipeTemp(t)
	p := npipeStart(t, nil)
	p.do("listen", npipeFields{"name": "left"})
	p.kill()
	l := npipeListen(t, "left")
	go npipeServe(l, 64, 1)
	p = npipeStart(t, nil)
	conn := p.do("connect", npipeFields{"name": "left"}).text("conn")
	p.do("beat", npipeFields{"conn": conn})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p.do("listen", npipeFields{"name": "left", "serve": "echo"})
	npipeEcho(t, npipeDial(t, "left"), fmt.Append(nil, "ring"))
}
