package campus_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
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
		"bytes behind other letters":   {append(registration("ét35"), "XYZ"...), "ét35"},
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

// TestTheNodesOwnName: whoever registers under it has the node dial itself, once, and nobody is harmed.
func TestTheNodesOwnName(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node := p.echoNode(t, "node", &campus.Protocol{RegisterTimeout: time.Second}, "node", "raw")
			raw := p.raw(t, "raw")
			for range 5 {
				out := raw.dial("node")
				out.frame(typeRegister, registration("node"))
				out.request(1, "to whom is this answered?")
			}
			out, in := raw.meet("node")
			alive(t, node, raw, out, in)
			links := 0
			for range node.Peers() {
				links++
			}
			if links > 2 { // raw, and the node itself
				t.Errorf("%d peers", links)
			}
			if len(raw.in) > 0 {
				t.Error("raw was dialled back more than once")
			}
		})
	}
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
