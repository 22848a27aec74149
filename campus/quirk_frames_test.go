package campus_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/internal/campuswire"
)

// heardNode is an echoNode that gives its messages and says how its links end.
func heardNode(t testing.TB, p *place) (node *bellpull.Node, heard chan string) {
	heard = make(chan string, 1000)
	return p.echoNode(t, "node", &campus.Protocol{OnMessage: bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
		heard <- string(r.Borrow())
	})}, "raw"), heard
}

// hears checks the next message.
func hears(t testing.TB, heard <-chan string, want string) {
	t.Helper()
	select {
	case got := <-heard:
		if got != want {
			t.Errorf("heard %.60q (%d bytes), want %.60q (%d bytes)", got, len(got), want, len(want))
		}
	case <-time.After(patience):
		t.Fatalf("%.60q was not heard", want)
	}
}

// TestEmptyContentIsAnEmptyMessage (Q1): it breaks a .NET reader, and is no more than an empty message here.
func TestEmptyContentIsAnEmptyMessage(t *testing.T) {
	p := newPlace(t, "mem")
	node, heard := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	for _, command := range []uint16{typeNotify, typeRequest, typeAnswer, 0x7FFF} {
		out.frame(command, nil)
		hears(t, heard, "")
	}
	for _, command := range []uint16{0, 2, 4, typeRegister} { // discarded, all of them
		out.frame(command, nil)
	}
	alive(t, node, raw, out, in)
	if len(heard) > 0 {
		t.Errorf("heard %q", <-heard)
	}
}

// TestEmptyContentIsNeverWritten (Q1): neither as a message nor as an answer or a request.
func TestEmptyContentIsNeverWritten(t *testing.T) {
	p := newPlace(t, "mem")
	node, _ := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	peer, err := node.Wait(t.Context(), "raw")
	must(t, err)
	for what, err := range map[string]error{
		"a message": campus.Raw(peer).Notify(t.Context(), 0, nil),
		"a text":    campus.Raw(peer).String(t.Context(), ""),
	} {
		if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Ran != bellpull.Never {
			t.Errorf("%s of no bytes: %v", what, err)
		}
	}
	out.request(9, "") // of exactly 20 bytes, an envelope and no more
	in.answers(9, "echo:")
	alive(t, node, raw, out, in)
}

// TestWhatNoFrameBeginsWithEndsTheLink (Q2): .NET goes on behind it and reads nonsense; here the pair ends, others are
// served on.
func TestWhatNoFrameBeginsWithEndsTheLink(t *testing.T) {
	good := frame(typeNotify, []byte("never delivered"))
	bend := func(at int, b ...byte) []byte { return append(slices.Concat(good[:at], b), good[at+len(b):]...) }
	length := func(n uint32) []byte { return bend(33, binary.LittleEndian.AppendUint32(nil, n)...) }
	for what, bytes := range map[string][]byte{
		"magic length 12": bend(0, 12), "magic length 14": bend(0, 14), "magic length 269": bend(1, 1), "magic length 0": bend(0, 0),
		"first byte of the magic": bend(2, 'D'), "last byte of the magic": bend(14, 'S'),
		"version 0": bend(15, 0), "length one above the limit": length(campuswire.MaxContent + 1),
		"length -1": length(1<<32 - 1), "length 2 GiB": length(1 << 31), "one stray byte": append([]byte{1}, good...),
		"64 bytes of garbage": pattern(64), "a megabyte of garbage": pattern(1 << 20), "text": []byte("GET / HTTP/1.1\r\n\r\n"),
	} {
		t.Run(what, func(t *testing.T) {
			p := newPlace(t, "mem")
			node, heard := heardNode(t, p)
			down := watch(t, node, bellpull.EventDown)
			refused := watch(t, node, bellpull.EventRefused)
			other := p.raw(t, "other")
			otherOut, otherIn := other.meet("node")
			raw := p.raw(t, "raw")

			early := raw.dial("node")
			early.send(bytes)
			early.ends()
			if e := refused(); !errors.Is(e.Err, bellpull.ErrProtocol) && !errors.Is(e.Err, bellpull.ErrTooLarge) {
				t.Error("before the registration: refused with", e.Err)
			}
			out, in := raw.meet("node")
			alive(t, node, raw, out, in)
			out.send(bytes)
			if got := in.ends(); len(got) > 0 {
				t.Errorf("it was told %q", got)
			}
			if e := down(); e.Name != "raw" || !errors.Is(e.Err, bellpull.ErrProtocol) {
				t.Errorf("%q ended with %v", e.Name, e.Err)
			}
			alive(t, node, other, otherOut, otherIn)
			if len(heard) > 0 {
				t.Errorf("heard %.40q", <-heard)
			}
		})
	}
}

// pattern gives bytes that are no frame.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*37 + 11)
	}
	return b
}

// TestFieldsThatNobodyChecks (sections 2.1 and 3, Q21): version, ack number and reserved field may be anything else.
func TestFieldsThatNobodyChecks(t *testing.T) {
	p := newPlace(t, "mem")
	node, heard := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	for i, change := range []func(h []byte){
		func(h []byte) { h[15] = 2 },
		func(h []byte) { binary.LittleEndian.PutUint32(h[15:], 1<<32-1) },
		func(h []byte) { binary.LittleEndian.PutUint64(h[19:], 0) },
		func(h []byte) { binary.LittleEndian.PutUint64(h[19:], 1<<64-1) },
		func(h []byte) { binary.LittleEndian.PutUint32(h[27:], 0xDEADBEEF) },
	} {
		f := frame(typeNotify, fmt.Append(nil, i))
		change(f)
		must(t, out.send(f))
		hears(t, heard, fmt.Sprint(i))
	}
	alive(t, node, raw, out, in)
}

// TestCommandTypes (section 2.2): which bits make a request, an answer or a message, and which nothing.
func TestCommandTypes(t *testing.T) {
	p := newPlace(t, "mem")
	node, heard := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	ask := envelope(markRequest, 1, "x")
	for _, command := range []uint16{3, 3 | 0x08, 3 | 0x10, 3 | 0x20, 3 | 0x38} { // the bits of old versions are masked
		out.frame(command, ask)
		in.answers(1, "echo:x")
	}
	for what, f := range map[string][]byte{
		"both bits":                      frame(7, ask),
		"a request without its mark":     frame(3, []byte("Requezt\x00 and so on and on")),
		"a request too short for one":    frame(3, []byte(markRequest)),
		"an answer marked as a request":  frame(5, ask),
		"a message marked as a request":  frame(1, ask),
		"a message with an old bit":      frame(0x09, []byte("old")),
		"the placeholder of the library": frame(0x7FFF, []byte("unknown")),
	} {
		must(t, out.send(f))
		select {
		case got := <-heard:
			if want := string(f[37:]); got != want {
				t.Errorf("%s: heard %q, want %q", what, got, want)
			}
		case <-time.After(patience):
			t.Errorf("%s: no message", what)
		}
	}
	for _, command := range []uint16{0, 2, 4, 6, 0x7FFE, 0xFFFE} { // bit 0 clear: discarded
		out.frame(command, ask)
	}
	alive(t, node, raw, out, in) // and none of those was answered
	if len(heard) > 0 {
		t.Errorf("heard %q", <-heard)
	}
}

// TestContentUpToTheLimit: the largest content there can be arrives whole, both ways; one byte more is refused before
// anything is written, and read it ends the link.
func TestContentUpToTheLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("moves sixty megabytes")
	}
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, heard := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			body := string(bytes.Repeat([]byte("0123456789abcdef"), campuswire.MaxContent/16+1)[:campuswire.MaxContent])
			must(t, out.send(frame(typeNotify, []byte(body))))
			hears(t, heard, body)
			peer, err := node.Wait(t.Context(), "raw")
			must(t, err)
			err = campus.Raw(peer).String(t.Context(), body+"x")
			wantError(t, err, bellpull.CodeTooLarge, bellpull.Never)
			_, err = campus.Raw(peer).Request(t.Context(), 0, []byte(body)[:campuswire.MaxBody+1])
			wantError(t, err, bellpull.CodeTooLarge, bellpull.Never)
			sent := make(chan error, 1)
			go func() { sent <- campus.Raw(peer).String(t.Context(), body) }()
			command, content, err := in.next()
			if command != typeNotify || string(content) != body || err != nil {
				t.Errorf("type %x, %d bytes, %v", command, len(content), err)
			}
			must(t, <-sent)
			alive(t, node, raw, out, in)
			out.send(head(typeNotify, campuswire.MaxContent+1))
			in.ends()
		})
	}
}

// TestFramesInAnyPieces: byte by byte, or many in one write.
func TestFramesInAnyPieces(t *testing.T) {
	for _, kind := range places() {
		t.Run(kind, func(t *testing.T) {
			p := newPlace(t, kind)
			node, heard := heardNode(t, p)
			raw := p.raw(t, "raw")
			out, in := raw.dial("node"), (*rawConn)(nil)
			for _, b := range slices.Concat(frame(typeRegister, registration("raw")), frame(typeNotify, []byte("slowly"))) {
				must(t, out.send([]byte{b}))
			}
			in = raw.accept()
			in.registered("node")
			hears(t, heard, "slowly")
			var all []byte
			for i := range 200 {
				all = append(all, frame(typeNotify, fmt.Append(nil, i))...)
			}
			must(t, out.send(all))
			for i := range 200 {
				hears(t, heard, fmt.Sprint(i))
			}
			alive(t, node, raw, out, in)
		})
	}
}

// TestStreamsThatEndInsideAFrame: what has not arrived as a whole is not handed on.
func TestStreamsThatEndInsideAFrame(t *testing.T) {
	whole := frame(typeNotify, []byte("never whole"))
	for _, n := range []int{1, 2, 36, 37, 38, len(whole) - 1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := newPlace(t, "mem")
			node, heard := heardNode(t, p)
			down := watch(t, node, bellpull.EventDown)
			raw := p.raw(t, "raw")
			out, in := raw.meet("node")
			alive(t, node, raw, out, in)
			must(t, out.send(whole[:n]))
			out.Close()
			in.ends()
			if e := down(); !errors.Is(e.Err, bellpull.ErrUnavailable) {
				t.Error(e.Err)
			}
			if len(heard) > 0 {
				t.Errorf("heard %q", <-heard)
			}
		})
	}
}
