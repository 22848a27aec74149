package campus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// TestNamesInRegistrations (section 2.4): which bytes are the name. What is no registration is ignored, and the
// connection may still register.
func TestNamesInRegistrations(t *testing.T) {
	long := strings.Repeat("n", 1024)
	for what, c := range map[string]struct {
		content []byte
		name    string // "": none
	}{
		"a name":                       {registration("raw"), "raw"},
		"of other letters":             {registration("服务 grüß"), "服务 grüß"},
		"a length that is too small":   {registrationOf(2, "raw"), "ra"},
		"a length that is too great":   {registrationOf(1000, "raw"), "raw"},
		"the greatest length":          {registrationOf(1<<31-1, "raw"), "raw"},
		"four bytes behind it":         {append(registration("raw"), "tail"...), "raw"},
		"the longest name":             {registration(long), long},
		"a name that is too long":      {registration(long + "n"), ""},
		"no name":                      {registration(""), ""},
		"no name with bytes behind it": {registrationOf(0, "raw"), ""},
		"length -1":                    {registrationOf(-1, "raw"), ""},
		"the least length":             {registrationOf(-1<<31, "raw"), ""},
		"half a character":             {registrationOf(2, "\xc3\x28"), ""},
		"a cut character":              {registrationOf(1, "ü"), ""},
		"no length":                    {registration("raw")[:20], ""},
		"nothing but the mark":         {registration("raw")[:19], ""},
		"another mark":                 {bytes.Replace(registration("raw"), []byte("Peer"), []byte("peer"), 1), ""},
		"nothing":                      {nil, ""},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPlace(t, "mem")
			node, _ := heardNode(t, p)
			raw := p.raw(t, "raw")
			if c.name != "" && c.name != "raw" {
				raw = p.raw(t, c.name)
			}
			out := raw.dial("node")
			out.frame(typeRegister, c.content)
			if c.name == "" {
				out.frame(typeRegister, registration("raw"))
			}
			in := raw.accept()
			in.registered("node")
			alive(t, node, raw, out, in)
		})
	}
}

// TestWhoNeverRegistersIsLeft: when the time for it is over, and nobody else notices.
func TestWhoNeverRegistersIsLeft(t *testing.T) {
	for what, said := range map[string][]byte{
		"nothing": nil, "half a header": head(typeRegister, 26)[:20], "half a registration": frame(typeRegister, registration("raw"))[:50],
		"an empty name": frame(typeRegister, registration("")), "messages": bytes.Repeat(frame(typeNotify, []byte("x")), 10),
		"frames of no kind": bytes.Repeat(frame(2, []byte("x")), 1000),
	} {
		t.Run(what, func(t *testing.T) {
			p := newPlace(t, "mem")
			node := p.echoNode(t, "node", &campus.Protocol{RegisterTimeout: 100 * time.Millisecond,
				OnMessage: bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { t.Error("a message of nobody was handed on") })})
			refused := watch(t, node, bellpull.EventRefused)
			other := p.raw(t, "other")
			otherOut, otherIn := other.meet("node")
			raw := p.raw(t, "raw")
			out := raw.dial("node")
			out.send(said)
			if got := out.ends(); len(got) > 0 {
				t.Errorf("told %q", got)
			}
			if e := refused(); !strings.Contains(e.Err.Error(), "no registration in time") {
				t.Error(e.Err)
			}
			if len(raw.in) > 0 {
				t.Error("dialled back")
			}
			alive(t, node, other, otherOut, otherIn)
		})
	}
}

// TestProbesAreNoNews (Q13): whoever connects only to see whether somebody is there is no event.
func TestProbesAreNoNews(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, _ := heardNode(t, p)
			refused := watch(t, node, bellpull.EventRefused, bellpull.EventUp)
			raw := p.raw(t, "raw")
			for range 20 {
				raw.dial("node").Close()
			}
			out, in := raw.meet("node")
			if e := refused(); e.Kind != bellpull.EventUp {
				t.Errorf("%v: %v", e.Kind, e.Err)
			}
			alive(t, node, raw, out, in)
		})
	}
}

// TestOneRegistrationCounts: a second one on the same connection, of whatever name, changes nothing.
func TestOneRegistrationCounts(t *testing.T) {
	p := newPlace(t, "mem")
	node, heard := heardNode(t, p)
	up := watch(t, node, bellpull.EventUp)
	raw, other := p.raw(t, "raw"), p.raw(t, "other")
	out, in := raw.meet("node")
	for _, name := range []string{"raw", "other", "", "/tmp/x"} {
		out.frame(typeRegister, registration(name))
		out.frame(typeNotify, []byte("behind "+name))
		hears(t, heard, "behind "+name)
	}
	alive(t, node, raw, out, in)
	if e := up(); e.Name != "raw" {
		t.Errorf("%q is up", e.Name)
	}
	if n := len(other.in) + len(raw.in); n > 0 {
		t.Errorf("dialled back %d times more", n)
	}
}

// TestAPathIsNoName: a stranger cannot have the node dial wherever he likes. What the node was told is another thing.
func TestAPathIsNoName(t *testing.T) {
	p := newPlace(t, "npipe")
	node, _ := heardNode(t, p)
	refused := watch(t, node, bellpull.EventRefused)
	trap := &place{kind: "unix", carrier: newPlace(t, "unix").carrier, dir: p.dir}
	bait := trap.raw(t, "trap")
	raw := p.raw(t, "raw")
	for _, name := range []string{p.dir + "/trap", "../" + p.dir[5:] + "/trap", "a/b", `a\b`, `\\host\pipe\x`, "/", "nul\x00", "anonymous"} {
		out := raw.dial("node")
		out.frame(typeRegister, registration(name))
		out.ends()
		e := refused()
		if ee, ok := errors.AsType[*bellpull.Error](e.Err); !ok || e.Name != name || ee.Code != bellpull.CodeNoPeer && ee.Code != bellpull.CodeBadArgument {
			t.Errorf("%q: refused as %q with %v", name, e.Name, e.Err)
		}
	}
	if len(bait.in) > 0 {
		t.Error("dialled to a path that a stranger chose")
	}
	must(t, node.Know("../trap", "npipe:raw"))
	out := raw.dial("node")
	out.frame(typeRegister, registration("../trap"))
	in := raw.accept()
	in.registered("node")
	raw.name = "../trap"
	alive(t, node, raw, out, in)
}

// TestWhereAddressesAreNoNames: who was not introduced is not dialled back, whatever he calls himself.
func TestWhereAddressesAreNoNames(t *testing.T) {
	for _, kind := range []string{"tcp", "unix"} {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			if p.dir == "" && kind == "unix" {
				t.Skip("no Unix sockets here")
			}
			node, _ := heardNode(t, p) // knows raw
			refused := watch(t, node, bellpull.EventRefused)
			raw, other := p.raw(t, "raw"), p.raw(t, "other")
			strange := other.dial("node")
			strange.frame(typeRegister, registration("other"))
			strange.ends()
			if e := refused(); !errors.Is(e.Err, bellpull.ErrNoPeer) {
				t.Error(e.Err)
			}
			out, in := raw.meet("node")
			alive(t, node, raw, out, in)
		})
	}
}

// TestAnotherSpellingIsAnotherName (Q9): a process that registers back under a name which was not dialled has not been
// reached.
func TestAnotherSpellingIsAnotherName(t *testing.T) {
	p := newPlace(t, "mem")
	proto := &campus.Protocol{RegisterTimeout: 200 * time.Millisecond}
	node := p.echoNode(t, "Node", proto)
	refused := watch(t, node, bellpull.EventRefused)
	raw := p.raw(t, "raw")
	dialled := make(chan error, 1)
	go func() {
		_, err := node.Dial(t.Context(), "mem:raw", proto)
		dialled <- err
	}()
	in := raw.accept()
	in.registered("Node") // exactly as it is called
	out := raw.dial("Node")
	out.frame(typeRegister, registration("RAW"))
	out.ends()
	if e := refused(); e.Name != "RAW" || !errors.Is(e.Err, bellpull.ErrNoServer) {
		t.Errorf("%q refused with %v", e.Name, e.Err)
	}
	wantError(t, <-dialled, bellpull.CodeDeadline, bellpull.Never)
	in.ends()
	for p := range node.Peers() {
		t.Error("there is a peer", p.Name())
	}
}

// TestNothingIsSaidBeforeTheOther (Q5): whoever dials says its name and nothing more until the other has; who is dialled
// says its name before all else.
func TestNothingIsSaidBeforeTheOther(t *testing.T) {
	p := newPlace(t, "mem")
	proto := &campus.Protocol{}
	node := p.echoNode(t, "node", proto)
	raw := p.raw(t, "raw")
	called := make(chan error, 1)
	go func() {
		peer, err := node.Dial(t.Context(), "mem:raw", proto)
		if err == nil {
			err = campus.Raw(peer).String(t.Context(), "hello")
		}
		called <- err
	}()
	in := raw.accept()
	in.registered("node")
	in.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := in.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes before the other side's registration, %v", n, err)
	}
	out := raw.dial("node")
	out.frame(typeRegister, registration("raw"))
	if command, content, err := in.next(); command != typeNotify || string(content) != "hello" || err != nil {
		t.Errorf("type %x, %q, %v", command, content, err)
	}
	must(t, <-called)

	early := p.raw(t, "early")
	out = early.dial("node")
	must(t, out.send(frame(typeRegister, registration("early")), frame(typeRequest, envelope(markRequest, 1, "at once"))))
	in = early.accept()
	in.registered("node")
	in.answers(1, "echo:at once")
}

// TestFramesBeforeTheRegistration (Q5): .NET may write them; they are kept, and worked on in their order.
func TestFramesBeforeTheRegistration(t *testing.T) {
	p := newPlace(t, "mem")
	node, heard := heardNode(t, p)
	raw := p.raw(t, "raw")
	out := raw.dial("node")
	for i := range 63 {
		out.frame(typeNotify, fmt.Append(nil, "early ", i))
	}
	out.request(5, "early")
	out.frame(typeRegister, registration("raw"))
	out.frame(typeNotify, []byte("late"))
	in := raw.accept()
	in.registered("node")
	in.answers(5, "echo:early")
	for i := range 63 {
		hears(t, heard, fmt.Sprint("early ", i))
	}
	hears(t, heard, "late")
	alive(t, node, raw, out, in)
}

// TestTooMuchBeforeTheRegistration: more frames, or bytes, than are kept end the connection, and so does a frame that
// only announces them.
func TestTooMuchBeforeTheRegistration(t *testing.T) {
	for what, said := range map[string][]byte{
		"65 frames":              bytes.Repeat(frame(typeNotify, []byte("x")), 65),
		"64 KiB in five":         bytes.Repeat(frame(typeNotify, make([]byte, 15<<10)), 5),
		"a frame of 64 KiB":      head(typeNotify, 64<<10),
		"a frame of 16 MiB":      head(typeNotify, 16_711_425),
		"a registration of 1 MB": head(typeRegister, 1<<20),
	} {
		t.Run(what, func(t *testing.T) {
			p := newPlace(t, "mem")
			node, heard := heardNode(t, p)
			refused := watch(t, node, bellpull.EventRefused)
			raw := p.raw(t, "raw")
			out := raw.dial("node")
			out.send(said)
			out.ends()
			if e := refused(); !strings.Contains(e.Err.Error(), "too much before the registration") {
				t.Error(e.Err)
			}
			out, in := raw.meet("node")
			alive(t, node, raw, out, in)
			if len(heard) > 0 {
				t.Error("something of it was handed on")
			}
		})
	}
}

// TestFurtherConnectionsOfAProcess (section 1.4, Q7, Q8): .NET may register on two. Both are read and answered on the one
// outbound there is, nothing is dialled or registered once more, and the end of one further is no end of the pair.
func TestFurtherConnectionsOfAProcess(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, heard := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			alive(t, node, raw, out, in) // from here on the first one is the pair's
			var more []*rawConn
			for i := range 8 {
				c := raw.dial("node")
				c.frame(typeRegister, registration("raw"))
				c.request(uint64(i), "further")
				in.answers(uint64(i), "echo:further")
				c.frame(typeNotify, fmt.Append(nil, i))
				hears(t, heard, fmt.Sprint(i))
				more = append(more, c)
			}
			ninth := raw.dial("node")
			ninth.frame(typeRegister, registration("raw"))
			ninth.ends()
			more[0].Close()
			alive(t, node, raw, out, in)
			more[7].request(7, "still")
			in.answers(7, "echo:still")
			out.Close()
			in.ends()
			for _, c := range more[1:] {
				c.ends()
			}
			if len(raw.in) > 0 {
				t.Error("dialled back more than once")
			}
			out, in = raw.meet("node")
			alive(t, node, raw, out, in)
		})
	}
}

// TestAConnectionThatComesTwiceAtOnce (section 1.4): a .NET process that is dialled while it dials may register on two
// connections before it was answered on either.
func TestAConnectionThatComesTwiceAtOnce(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			proto := &campus.Protocol{}
			node := p.echoNode(t, "node", proto, "raw")
			raw := p.raw(t, "raw")
			dialled := make(chan error, 1)
			go func() {
				_, err := node.Dial(t.Context(), p.at("raw"), proto)
				dialled <- err
			}()
			in := raw.accept()
			first, second := raw.dial("node"), raw.dial("node")
			must(t, first.send(frame(typeRegister, registration("raw")), frame(typeRequest, envelope(markRequest, 1, "first"))))
			must(t, second.send(frame(typeRegister, registration("raw")), frame(typeRequest, envelope(markRequest, 2, "second"))))
			must(t, <-dialled)
			in.registered("node")
			got := map[uint64]string{}
			for range 2 {
				id, body := in.enveloped(markAnswer)
				got[id] = body
			}
			if got[1] != "echo:first" || got[2] != "echo:second" {
				t.Error(got)
			}
			alive(t, node, raw, first, in)
			alive(t, node, raw, second, in)
			if len(raw.in) > 0 {
				t.Error("dialled twice")
			}
		})
	}
}

// TestAnswersOnAFurtherConnection: they reach their caller at once, also one that reads the first connection itself.
func TestAnswersOnAFurtherConnection(t *testing.T) {
	p := newPlace(t, "mem")
	node, _ := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	further := raw.dial("node")
	further.frame(typeRegister, registration("raw"))
	alive(t, node, raw, further, in)
	peer, err := node.Wait(t.Context(), "raw")
	must(t, err)
	for i := range 200 {
		got := make(chan error, 1)
		go func() {
			_, err := campus.Raw(peer).Request(t.Context(), 0, []byte("x"))
			got <- err
		}()
		id, _ := in.enveloped(markRequest)
		by := out // many in a row there, and the caller is the one who reads it
		if i%40 == 39 {
			by = further
			time.Sleep(10 * time.Millisecond) // it has begun to
		}
		by.answer(id, "y")
		select {
		case err := <-got:
			must(t, err)
		case <-time.After(patience):
			t.Fatal("request", i, "hangs")
		}
	}
}

// TestAProcessThatIsBackBeforeItsEndWasSeen (Q7): it gets a fresh pair, and nothing of the old.
func TestAProcessThatIsBackBeforeItsEndWasSeen(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, _ := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			for range 20 {
				alive(t, node, raw, out, in)
				in.Close()
				out.Close()
				for out, in = nil, nil; in == nil; {
					out = raw.dial("node")
					out.frame(typeRegister, registration("raw"))
					gone := make(chan struct{})
					go func(c *rawConn) {
						c.Read(make([]byte, 1)) // nothing comes, ever, but the end
						close(gone)
					}(out)
					select {
					case in = <-raw.in:
						t.Cleanup(func() { in.Close() })
						in.registered("node")
					case <-gone: // taken for a further connection of the old pair, which has ended
						if kind == "npipe" || kind == "unix" {
							t.Error("the system says that the old process is gone, and the new one was not believed")
						}
					case <-time.After(patience):
						t.Fatal("neither dialled back nor turned away")
					}
				}
			}
		})
	}
}

// TestOneDirectionMayEnd (section 1.2, Q4): every .NET process ends the direction of a pipe that it does not use; and
// what comes on the one that nobody uses is for nobody.
func TestOneDirectionMayEnd(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, heard := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			must(t, in.send(frame(typeNotify, []byte("wrong half")), pattern(1000)))
			alive(t, node, raw, out, in)
			if kind == "npipe" || kind == "unix" {
				must(t, in.Conn.(interface{ CloseWrite() error }).CloseWrite())
				must(t, out.Conn.(interface{ CloseRead() error }).CloseRead())
				time.Sleep(50 * time.Millisecond) // it must not end later either
				alive(t, node, raw, out, in)
			}
			if len(heard) > 0 {
				t.Errorf("heard %q", <-heard)
			}
		})
	}
}

// TestManyDialsMakeOnePair (Q11): however many ask for a process at once.
func TestManyDialsMakeOnePair(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			proto := &campus.Protocol{}
			node := p.echoNode(t, "node", proto, "raw")
			raw := p.raw(t, "raw")
			const dials = 20
			done := make(chan error, dials)
			for range dials {
				go func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					_, err := node.Dial(ctx, p.at("raw"), proto)
					done <- err
				}()
			}
			out, in := raw.met("node")
			for range dials {
				must(t, <-done)
			}
			alive(t, node, raw, out, in)
			if n := len(raw.in); n > 0 {
				t.Errorf("%d more connections", n)
			}
		})
	}
}

// TestWhoHangsUpOnEveryDial: a process that registers, and closes what it accepts, is not dialled for ever.
func TestWhoHangsUpOnEveryDial(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node := p.echoNode(t, "node", &campus.Protocol{}, "raw", "other")
			a, err := transport.ParseAddr(p.at("raw"))
			must(t, err)
			l, err := p.carrier.Listen(t.Context(), a)
			must(t, err)
			var dialled atomic.Int32
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					c, err := l.AcceptConn()
					if err != nil {
						return
					}
					c.Close()
					dialled.Add(1)
				}
			}()
			other := p.raw(t, "other")
			for range 5 {
				out := other.dial("node")
				out.frame(typeRegister, registration("raw"))
				out.ends()
			}
			l.Close()
			<-done
			if n := dialled.Load(); n < 5 || n > 5*4 {
				t.Errorf("dialled back %d times to five registrations", n)
			}
			out, in := other.meet("node")
			alive(t, node, other, out, in)
		})
	}
}
