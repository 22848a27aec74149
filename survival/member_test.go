//go:build linux || darwin

package survival

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

// eachPipe runs f as a subtest for every way of dotnetCampus.Ipc on which anybody can write any bytes, and checks that
// it leaves nothing behind. With -short it is one.
func eachPipe(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	eachCampusWay(t, func(t *testing.T, w way) {
		if w.processes() {
			f(t, w)
		}
	})
}

var pipes, _ = campuswire.NewFraming("")

// A member is a process of dotnetCampus.Ipc that is driven by hand: it writes on the pipe that it has dialled, and reads
// on the one that was dialled back.
type member struct {
	*raw
	in   *raw
	name string
	of   *besieged
}

// register is the frame with which a pipe begins.
func register(name string) []byte {
	b, err := pipes.AppendRegister(nil, 1, name)
	if err != nil {
		panic(err)
	}
	return b
}

// Frames of requests to raw-byte routes, of messages to them, and of answers.
func ask(id uint64, method string, body []byte) []byte {
	m := campuswire.RawRoute(method, body)
	b, err := pipes.AppendRequest(nil, 1, id, &m)
	return frameOf(b, err)
}

func tell(method string, body []byte) []byte {
	m := campuswire.RawRoute(method, body)
	b, err := pipes.AppendNotify(nil, 1, &m)
	return frameOf(b, err)
}

func reply(id uint64, body []byte) []byte {
	m := campuswire.Raw(campuswire.BusinessNone, body)
	b, err := pipes.AppendResponse(nil, 1, id, &m)
	return frameOf(b, err)
}

func frameOf(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// claim is the beginning of a frame that says it has n bytes.
func claim(c campuswire.Command, n int) []byte {
	b, err := pipes.AppendFrame(nil, c, 1, make([]byte, n))
	return frameOf(b, err)[:pipes.HeaderLen()+100]
}

// claimOf is the header of a registration that says it has n bytes.
func claimOf(n int) []byte { return claim(campuswire.CommandRegister, n)[:pipes.HeaderLen()] }

// join makes a member, with a pipe each way. It ends with the test.
func (b *besieged) join(t testing.TB) *member {
	t.Helper()
	m, err := b.tryJoin(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.leave)
	return m
}

func (m *member) leave() {
	m.Close()
	m.in.Close()
	m.of.members.Delete(m.name)
}

func (b *besieged) tryJoin(t testing.TB) (*member, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		name, own := b.way.self(b.addr)
		if _, taken := b.members.LoadOrStore(name, true); taken {
			continue // it does not listen any more, and is there still
		}
		if own == "" {
			own = b.way.carrier + ":" + name
		}
		at, err := transport.ParseAddr(own)
		if err != nil {
			return nil, err
		}
		l, err := b.way.carrierOf().Listen(ctx, at)
		if err != nil {
			continue // another member has it
		}
		m, err := b.meet(t, l, name)
		l.Close()
		return m, err
	}
}

// meet dials the node, registers, and takes the pipe back.
func (b *besieged) meet(t testing.TB, l transport.Listener, name string) (*member, error) {
	r, err := b.tryConnect(t)
	if err != nil {
		return nil, err
	}
	if err := r.put(register(name)); err != nil {
		r.Close()
		return nil, err
	}
	type accepted struct {
		c   transport.Conn
		err error
	}
	back := make(chan accepted, 1)
	go func() {
		c, err := l.AcceptConn()
		back <- accepted{c, err}
	}()
	select {
	case a := <-back:
		if a.err != nil {
			r.Close()
			return nil, a.err
		}
		m := &member{r, &raw{a.c, t, b.way}, name, b}
		if f, err := m.read(); err != nil || f.Kind() != campuswire.KindRegister {
			m.leave()
			return nil, fmt.Errorf("dialled back with %v, %v", f, err)
		}
		return m, nil
	case <-time.After(patience):
		r.Close()
		l.Close()
		<-back
		return nil, fmt.Errorf("nobody has dialled %s back", name)
	}
}

// read reads a frame, for patience at most.
func (m *member) read() (f campuswire.Frame, err error) {
	m.in.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, pipes.HeaderLen())
	if _, err := io.ReadFull(m.in, b); err != nil {
		return f, err
	}
	n, err := pipes.Split(campuswire.MaxContent)(b)
	if err != nil {
		return f, err
	}
	b = append(b, make([]byte, n-len(b))...)
	if _, err := io.ReadFull(m.in, b[pipes.HeaderLen():]); err != nil {
		return f, err
	}
	return pipes.ParseFrame(b)
}

// answered reads the next answer.
func (m *member) answered(t testing.TB) campuswire.Envelope {
	t.Helper()
	for {
		f, err := m.read()
		if err != nil {
			t.Fatal("waiting for an answer: ", err)
		}
		if f.Kind() != campuswire.KindResponse {
			continue
		}
		a, err := campuswire.ParseResponse(f.Content)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// asked reads the next request of the node, and gives its number.
func (m *member) asked(t testing.TB) uint64 {
	t.Helper()
	for {
		f, err := m.read()
		if err != nil {
			t.Fatal("waiting for a request: ", err)
		}
		if f.Kind() != campuswire.KindRequest {
			continue
		}
		q, err := campuswire.ParseRequest(f.Content)
		if err != nil {
			t.Fatal(err)
		}
		return q.ID
	}
}

// swallow reads whatever comes until the pipe ends.
func (m *member) swallow() {
	m.in.SetReadDeadline(time.Time{})
	io.Copy(io.Discard, m.in)
}

// peerOf gives the node's end of a member.
func (b *besieged) peerOf(t testing.TB, m *member) *bellpull.Peer {
	t.Helper()
	return b.peer(t, m.name)
}
