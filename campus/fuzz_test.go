package campus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// said is what a stream of bytes says to a process, by the rules of sections 2.2 and 2.3, read apart from the codec.
type said struct {
	asked  map[uint64][]string // the bodies of requests that are to be answered, by number
	broken bool                // it stops being frames
	whole  bool                // it ends between frames
	names  bool                // a registration is in it
}

func listen(b []byte) said {
	s := said{asked: map[uint64][]string{}}
	for len(b) > 0 {
		want := head(0, 0)[:15]
		n := min(len(b), 15)
		if !bytes.Equal(b[:n], want[:n]) || len(b) >= 19 && binary.LittleEndian.Uint32(b[15:]) == 0 {
			s.broken = true
			return s
		}
		if len(b) < 37 {
			return s
		}
		length := binary.LittleEndian.Uint32(b[33:])
		if length > 65535*255 {
			s.broken = true
			return s
		}
		if uint32(len(b)-37) < length {
			return s
		}
		command, content := binary.LittleEndian.Uint16(b[31:]), b[37:37+length]
		b = b[37+length:]
		marked := func(mark string) bool { return len(content) >= 16 && string(content[:8]) == mark }
		switch {
		case command == typeRegister:
			s.names = true
		case command&1 == 0, command&4 != 0:
		case command&2 != 0 && marked(markRequest):
			if len(content) < 20 {
				continue
			}
			size := int32(binary.LittleEndian.Uint32(content[16:]))
			if size >= 0 && int(size) <= len(content)-20 {
				id := binary.LittleEndian.Uint64(content[8:])
				s.asked[id] = append(s.asked[id], string(content[20:20+size]))
			}
		}
	}
	s.whole = true
	return s
}

// FuzzProcess gives a live process whatever bytes, before and behind a registration. It must not panic or hang; what is
// no frame must end the pair; requests must be answered under their own numbers, once each, and with what they asked;
// and it must go on serving another.
func FuzzProcess(f *testing.F) {
	p := newPlace(f, "mem")
	objects := campus.NewObjects()
	_, err := objects.Serve(foo, "", fooImpl())
	must(f, err)
	node := p.node(f, "node", newMux(), &campus.Protocol{Objects: objects,
		OnMessage: bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) {}),
		OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			w.Write(append([]byte("echo:"), r.Borrow()...))
		})})
	raw, other := p.raw(f, "raw"), p.raw(f, "other")
	otherOut, otherIn := other.meet("node")

	f.Add(true, frame(typeNotify, []byte("hello")))
	f.Add(true, frame(typeNotify, nil))
	f.Add(true, frame(typeRequest, envelope(markRequest, 1, "x")))
	f.Add(true, frame(typeRequest, envelopeOf(markRequest, 1, -1, "x")))
	f.Add(true, frame(7, envelope(markRequest, 1, "x")))
	f.Add(true, frame(typeAnswer, envelope(markAnswer, 4097, "x")))
	f.Add(true, frame(typeRegister, registration("raw")))
	f.Add(true, frame(typeRegister, registration("other")))
	f.Add(true, frame(2, []byte("ack")))
	f.Add(true, head(typeNotify, 16_711_426))
	f.Add(true, frame(typeRequest, envelope(markRequest, 2, "JsonDrRt\x03add{\"A\":1,\"B\":2}")))
	f.Add(true, frame(typeNotify, []byte("JsonDrRt\x03add{\"A\":1,\"B\":2}")))
	f.Add(true, frame(typeRequest, envelope(markRequest, 3, "RwBtDrRt\x05bytesx")))
	for _, e := range exchanges {
		f.Add(true, frame(typeRequest, envelope(markRequest, 4, "jOmR\x00\x00\x00\x00"+e.request)))
	}
	f.Add(false, slices.Concat(frame(typeRequest, envelope(markRequest, 1, "early")), frame(typeRegister, registration("raw"))))
	f.Add(false, frame(typeRegister, registration("nobody")))
	f.Add(false, frame(typeRegister, registrationOf(-1, "raw")))
	f.Add(false, frame(typeRegister, registration("../x")))
	f.Add(false, []byte{13, 0, 'd'})

	f.Fuzz(func(t *testing.T, registered bool, b []byte) {
		defer func(was testing.TB) { raw.t, otherOut.t, otherIn.t = was, was, was }(raw.t)
		raw.t, otherOut.t, otherIn.t = t, t, t
		last := frame(typeRequest, envelope(markRequest, 1<<40, "the last"))
		if registered {
			fuzzRegistered(t, raw, slices.Concat(b, last))
		} else {
			out := dialFuzz(t, raw, "node")
			out.send(b)
			out.CloseWrite() // whoever still waits for the rest of a frame hears of it
			out.ends()
			out.Close()
			if n := drain(t, raw); n > 1 {
				t.Errorf("dialled back %d times", n)
			}
		}
		otherOut.request(1, "still there?")
		otherIn.answers(1, "echo:still there?")
		_ = node
	})
}

// A fuzzConn is a pipe of process memory, closed by whoever dialled it.
type fuzzConn struct{ *rawConn }

func (c fuzzConn) CloseWrite() { c.Conn.(*mem.Conn).CloseWrite() }

func dialFuzz(t *testing.T, raw *rawProc, name string) fuzzConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, err := transport.ParseAddr(raw.at.at(name))
	must(t, err)
	c, err := raw.at.carrier.Dial(ctx, a)
	must(t, err)
	return fuzzConn{&rawConn{Conn: c, t: t}}
}

// fuzzRegistered writes bytes on a registered connection and compares what comes with what they say.
func fuzzRegistered(t *testing.T, raw *rawProc, b []byte) {
	t.Helper()
	out := dialFuzz(t, raw, "node")
	out.frame(typeRegister, registration("raw"))
	var in *rawConn
	select {
	case in = <-raw.in:
	case <-time.After(patience):
		t.Fatal("not dialled back")
	}
	in.t = t
	in.registered("node")
	out.send(b)
	want := listen(b)
	left := 0
	for _, list := range want.asked {
		left += len(list)
	}
	if want.broken || !want.whole {
		left = -1 // until the end: whatever is answered must have been asked
		out.CloseWrite()
	}
	for left != 0 {
		command, content, err := in.next()
		if err == io.EOF && left < 0 {
			break
		}
		if err != nil {
			t.Fatalf("%v, and %d requests are not answered", err, left)
		}
		if command != typeAnswer { // a request or a message of its own
			continue
		}
		id, body := binary.LittleEndian.Uint64(content[8:]), string(content[20:])
		list := want.asked[id]
		if string(content[:8]) != markAnswer || int(binary.LittleEndian.Uint32(content[16:])) != len(body) || len(list) == 0 {
			t.Fatalf("answered %q, which nobody asked", content)
		}
		at := 0 // of those of one number any may be first
		for i, ask := range list {
			if body == "echo:"+ask {
				at = i
			}
		}
		if len(list) == 1 && len(list[0]) < 8 && body != "echo:"+list[0] { // it has no room for a route
			t.Fatalf("%q was answered %q", list[0], body)
		}
		want.asked[id] = slices.Delete(list, at, at+1)
		left--
	}
	out.CloseWrite()
	in.ends()
	in.Close()
	out.Close()
	if drain(t, raw) > 0 {
		t.Error("dialled back twice")
	}
}

// drain takes what the node has dialled until now, which must end, and says how much that was.
func drain(t *testing.T, raw *rawProc) (n int) {
	t.Helper()
	own := dialFuzz(t, raw, raw.name)
	defer own.Close()
	own.send([]byte("own")) // comes last
	for {
		in := <-raw.in
		in.t = t
		first := make([]byte, 3)
		in.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(in, first); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if string(first) == "own" {
			in.Close()
			return n
		}
		in.ends()
		in.Close()
		n++
	}
}
