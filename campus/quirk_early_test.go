package campus_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

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
