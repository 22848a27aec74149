package campus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/tcp"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// patience bounds every wait for another goroutine or process. It is no measure of speed.
const patience = 20 * time.Second

// A place is a carrier, and where on it processes of some names listen.
type place struct {
	kind    string
	carrier transport.Transport
	dir     string
	ports   map[string]string
}

// places are the carriers that this system has.
func places() []string {
	if runtime.GOOS == "windows" {
		return []string{"mem", "tcp"}
	}
	return []string{"mem", "npipe", "unix", "tcp"}
}

func newPlace(t testing.TB, kind string) *place {
	t.Helper()
	p := &place{kind: kind, ports: map[string]string{}}
	switch kind {
	case "mem":
		p.carrier = mem.New()
	case "tcp":
		p.carrier = &tcp.Transport{}
	default:
		dir, err := os.MkdirTemp("/tmp", "bp") // short enough for sockets
		must(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		must(t, os.Chmod(dir, 0o755))
		p.dir, p.carrier = dir, npipe.Transport{Dir: dir}
		if kind == "unix" {
			p.carrier = &unixsock.Transport{}
		}
	}
	return p
}

// at gives where the process of a name listens. The addresses of tcp and unix are no names: nodes must be told them.
func (p *place) at(name string) string {
	switch p.kind {
	case "unix":
		return "unix:" + p.dir + "/" + name
	case "tcp":
		if p.ports[name] == "" {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				panic(err)
			}
			l.Close()
			p.ports[name] = l.Addr().String()
		}
		return "tcp:" + p.ports[name]
	}
	return p.kind + ":" + name
}

// node makes a node that listens and knows where the others are.
func (p *place) node(t testing.TB, name string, m *bellpull.Mux, proto *campus.Protocol, others ...string) *bellpull.Node {
	t.Helper()
	proto.AllowOthers = proto.AllowOthers || p.kind == "tcp" // nobody knows there who is at the other end
	n := bellpull.NewNode(name, bellpull.WithTransports(p.carrier), bellpull.WithMux(m))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		must(t, n.Close(ctx))
	})
	for _, other := range others {
		must(t, n.Know(other, p.at(other)))
	}
	must(t, n.Listen(t.Context(), p.at(name), proto))
	return n
}

// A rawProc is a process that is no node: it writes bytes and reads bytes.
type rawProc struct {
	t    testing.TB
	at   *place
	name string
	in   chan *rawConn // what others have dialled
}

// raw makes one that listens under the name.
func (p *place) raw(t testing.TB, name string) *rawProc {
	t.Helper()
	r := &rawProc{t: t, at: p, name: name, in: make(chan *rawConn, 1000)}
	a, err := transport.ParseAddr(p.at(name))
	must(t, err)
	l, err := p.carrier.Listen(t.Context(), a)
	must(t, err)
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
		for len(r.in) > 0 {
			(<-r.in).Close()
		}
	})
	go func() {
		defer close(done)
		for {
			c, err := l.AcceptConn()
			if err != nil {
				return
			}
			r.in <- &rawConn{Conn: c, t: t}
		}
	}()
	return r
}

// dial connects to a process.
func (r *rawProc) dial(name string) *rawConn {
	r.t.Helper()
	a, err := transport.ParseAddr(r.at.at(name))
	must(r.t, err)
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	c, err := r.at.carrier.Dial(ctx, a)
	must(r.t, err)
	r.t.Cleanup(func() { c.Close() })
	return &rawConn{Conn: c, t: r.t}
}

// accept takes the next connection that was dialled here.
func (r *rawProc) accept() *rawConn {
	r.t.Helper()
	select {
	case c := <-r.in:
		r.t.Cleanup(func() { c.Close() })
		return c
	case <-time.After(patience):
		r.t.Fatal("nobody dials", r.name)
		return nil
	}
}

// meet dials a node, registers, and takes its dial-back. It writes on out and reads on in.
func (r *rawProc) meet(node string) (out, in *rawConn) {
	r.t.Helper()
	out = r.dial(node)
	out.frame(typeRegister, registration(r.name))
	in = r.accept()
	in.registered(node)
	return out, in
}

// met is meet with the node as the one that dials.
func (r *rawProc) met(node string) (out, in *rawConn) {
	r.t.Helper()
	in = r.accept()
	in.registered(node)
	out = r.dial(node)
	out.frame(typeRegister, registration(r.name))
	return out, in
}

// The command types of section 2.2.
const (
	typeRegister = 0xFFFF
	typeNotify   = 1
	typeRequest  = 3
	typeAnswer   = 5
)

// head gives the header of a frame (section 2.1) that says its content has n bytes.
func head(command uint16, n uint32) []byte {
	b := append([]byte{13, 0}, "dotnet campus"...)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint64(b, 7)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint16(b, command)
	return binary.LittleEndian.AppendUint32(b, n)
}

func frame(command uint16, content []byte) []byte {
	return append(head(command, uint32(len(content))), content...)
}

// registration gives the content of a registration (section 2.4).
func registration(name string) []byte { return registrationOf(int32(len(name)), name) }

func registrationOf(n int32, name string) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte("PeerRegisterHeader "), uint32(n)), name...)
}

// envelope gives the content of a request or an answer (section 2.6).
func envelope(mark string, id uint64, body string) []byte {
	return envelopeOf(mark, id, int32(len(body)), body)
}

func envelopeOf(mark string, id uint64, n int32, body string) []byte {
	b := binary.LittleEndian.AppendUint64([]byte(mark), id)
	return append(binary.LittleEndian.AppendUint32(b, uint32(n)), body...)
}

const (
	markRequest = "Request\x00"
	markAnswer  = "Response"
)

// A rawConn is one pipe.
type rawConn struct {
	transport.Conn
	t testing.TB
}

// send writes bytes; a node that has closed the connection is no failure, as it often may.
func (c *rawConn) send(b ...[]byte) error {
	c.SetWriteDeadline(time.Now().Add(patience))
	_, err := c.Write(bytes.Join(b, nil))
	return err
}

// frame writes a frame.
func (c *rawConn) frame(command uint16, content []byte) {
	c.t.Helper()
	must(c.t, c.send(frame(command, content)))
}

func (c *rawConn) request(id uint64, body string) {
	c.frame(typeRequest, envelope(markRequest, id, body))
}
func (c *rawConn) answer(id uint64, body string) { c.frame(typeAnswer, envelope(markAnswer, id, body)) }

// next reads a frame.
func (c *rawConn) next() (command uint16, content []byte, err error) {
	c.SetReadDeadline(time.Now().Add(patience))
	h := make([]byte, 37)
	if _, err := io.ReadFull(c, h); err != nil {
		return 0, nil, err
	}
	if want := head(0, 0); !bytes.Equal(h[:19], want[:19]) || !bytes.Equal(h[27:31], want[27:31]) {
		return 0, nil, fmt.Errorf("a header of a kind of its own: % x", h)
	}
	content = make([]byte, binary.LittleEndian.Uint32(h[33:]))
	_, err = io.ReadFull(c, content)
	return binary.LittleEndian.Uint16(h[31:]), content, err
}

// registered reads the registration of a node.
func (c *rawConn) registered(name string) {
	c.t.Helper()
	command, content, err := c.next()
	if command != typeRegister || !bytes.Equal(content, registration(name)) || err != nil {
		c.t.Fatalf("type %x, %q, %v; want the registration of %q", command, content, err, name)
	}
}

// enveloped reads a request or an answer.
func (c *rawConn) enveloped(mark string) (id uint64, body string) {
	c.t.Helper()
	command, content, err := c.next()
	if err != nil || len(content) < 20 || string(content[:8]) != mark || int(binary.LittleEndian.Uint32(content[16:])) != len(content)-20 {
		c.t.Fatalf("type %x, %q, %v; want an envelope marked %q", command, content, err, mark)
	}
	return binary.LittleEndian.Uint64(content[8:]), string(content[20:])
}

// answers reads an answer and says what is wrong with it.
func (c *rawConn) answers(id uint64, body string) {
	c.t.Helper()
	if gotID, got := c.enveloped(markAnswer); gotID != id || got != body {
		c.t.Errorf("answer %d %.60q, want %d %.60q", gotID, got, id, body)
	}
}

// ends waits until the other side has hung up. What comes before that is given.
func (c *rawConn) ends() []byte {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Error("the connection is still open")
	}
	return got
}

// echoNode makes a node that answers requests without a route with "echo:" and what they hold.
func (p *place) echoNode(t testing.TB, name string, proto *campus.Protocol, others ...string) *bellpull.Node {
	t.Helper()
	if proto.OnRequest == nil {
		proto.OnRequest = bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			w.Write(append([]byte("echo:"), r.Borrow()...))
		})
	}
	return p.node(t, name, bellpull.NewMux(), proto, others...)
}

// alive shows that the pair works both ways.
func alive(t testing.TB, node *bellpull.Node, r *rawProc, out, in *rawConn) {
	t.Helper()
	out.request(77, "are you there?")
	in.answers(77, "echo:are you there?")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	peer, err := node.Wait(ctx, r.name)
	must(t, err)
	got := make(chan error, 1)
	go func() {
		answer, err := campus.Raw(peer).Request(ctx, 0, []byte("and you?"))
		if err == nil && string(answer) != "yes" {
			err = errors.New(string(answer))
		}
		got <- err
	}()
	id, body := in.enveloped(markRequest)
	if body != "and you?" {
		t.Errorf("asked %q", body)
	}
	out.answer(id, "yes")
	if err := <-got; err != nil {
		t.Error("the node's request:", err)
	}
}

// watch gives the node's events of a kind.
func watch(t testing.TB, n *bellpull.Node, kinds ...bellpull.EventKind) func() bellpull.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	seen := make(chan bellpull.Event, 1000)
	events := n.Watch(ctx)
	go func() {
		for e := range events {
			for _, k := range kinds {
				if e.Kind == k {
					seen <- e
				}
			}
		}
	}()
	return func() bellpull.Event {
		t.Helper()
		select {
		case e := <-seen:
			return e
		case <-time.After(patience):
			t.Fatal("no such event:", kinds)
			return bellpull.Event{}
		}
	}
}

// wantError checks the type, code and outcome of an error.
func wantError(t testing.TB, err error, code bellpull.Code, ran bellpull.Executed) {
	t.Helper()
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok || e.Code != code || e.Ran != ran {
		t.Errorf("%v (%T), want %v, %v", err, err, code, ran)
	}
}
