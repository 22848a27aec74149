//go:build linux || darwin

package survival

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
)

// eachSocket runs f as a subtest for every way on which anybody can write any bytes, and checks that it leaves nothing
// behind. With -short it is one. Under the race detector pipes are left out: here they are Unix sockets.
func eachSocket(t *testing.T, f func(t *testing.T, w way)) {
	t.Helper()
	for _, c := range []string{"unix", "tcp", "npipe"} {
		for _, plain := range []bool{false, true} {
			if testing.Short() && (c != "unix" || plain) || raced && c == "npipe" {
				continue
			}
			w := way{carrier: c, plain: plain}
			t.Run(w.String(), func(t *testing.T) {
				leftNothing(t)
				f(t, w)
			})
		}
	}
}

// A besieged node is in the test's own process. It has the methods echo, and block, which returns when the test ends.
type besieged struct {
	way    way
	node   *bellpull.Node
	addr   string
	mux    *bellpull.Mux
	events *events
	over   chan struct{}

	members *sync.Map // names of those that are there
}

func besiege(t testing.TB, w way, more ...option) *besieged {
	t.Helper()
	b := &besieged{way: w, mux: bellpull.NewMux(), over: make(chan struct{}), members: &sync.Map{}}
	b.mux.Handle("echo", echo)
	b.handleBlock("block")
	b.node, b.addr = w.listenHere(t, b.mux, more...)
	t.Cleanup(sync.OnceFunc(func() { close(b.over) }))
	b.events = watch(t, b.node)
	return b
}

var echo = bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) })

// handleBlock registers a handler that returns when the test ends.
func (b *besieged) handleBlock(method string) {
	b.mux.Handle(method, bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { <-b.over }))
}

// A raw connection is driven by hand.
type raw struct {
	transport.Conn
	t   testing.TB
	way way
}

// connect opens a connection to the node. It is closed when the test ends.
func (b *besieged) connect(t testing.TB) *raw {
	t.Helper()
	c, err := b.tryConnect(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (b *besieged) tryConnect(t testing.TB) (*raw, error) {
	addr, err := transport.ParseAddr(b.addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := b.way.carrierOf().Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return &raw{c, t, b.way}, nil
}

// hello is a good handshake that asks for an id, as a Bellpull client or a plain one makes it.
func (w way) hello(id string) []byte {
	meta := ""
	if !w.plain {
		meta = `"Metadata":[{"Key":"bellpull-ask","Value":"1 compact name="}],`
	}
	return dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, fmt.Appendf(nil, `{"Id":%q,%s"Sign":1}`, id, meta))
}

var rawIDs atomic.Int64

// inside opens a connection and shakes hands on it.
func (b *besieged) inside(t testing.TB) (r *raw, id string) {
	t.Helper()
	id = fmt.Sprintf("raw-%d", rawIDs.Add(1))
	r = b.connect(t)
	if err := r.put(b.way.hello(id)); err != nil {
		t.Fatal(err)
	}
	f, body, err := r.next()
	if err != nil || f != dmtpwire.FlagVerifyResponse || !strings.Contains(string(body), id) {
		t.Fatalf("handshake: %v %q %v", f, body, err)
	}
	return r, id
}

// peer gives the node's end of a connection.
func (b *besieged) peer(t testing.TB, id string) *bellpull.Peer {
	t.Helper()
	p, err := b.node.Wait(bounded(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// put writes bytes, for patience at most.
func (r *raw) put(b []byte) error {
	r.SetWriteDeadline(time.Now().Add(patience))
	_, err := r.Write(b)
	return err
}

// next reads a frame, for patience at most.
func (r *raw) next() (dmtpwire.Flags, []byte, error) {
	r.SetReadDeadline(time.Now().Add(patience))
	var head [dmtpwire.HeaderLen]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	f, n, err := dmtpwire.ParseHeader(head[:])
	if err != nil {
		return 0, nil, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(r, body)
	return f, body, err
}

// until skips frames up to the next of a flag, and gives that one's body.
func (r *raw) until(f dmtpwire.Flags) []byte {
	r.t.Helper()
	for {
		got, body, err := r.next()
		if err != nil {
			r.t.Fatalf("waiting for flag %d: %v", f, err)
		}
		if got == f {
			return body
		}
	}
}

// swallow reads whatever comes until the connection ends.
func (r *raw) swallow() {
	r.SetReadDeadline(time.Time{})
	io.Copy(io.Discard, r)
}

// call makes the frame of a call, or of a notify when the sign is 0. With compact frames the method gets the number.
func (w way) call(sign uint32, number uint32, method string, body []byte) []byte {
	if !w.plain {
		c := bellwire.Call{Sign: sign, Method: number, Body: body}
		b := make([]byte, bellwire.CallLen(len(method), 0, len(body)))
		bellwire.PutCall(b, &c, method)
		return dmtpwire.AppendFrame(nil, dmtpwire.Flags(bellwire.FlagCall), b)
	}
	q := dmtpwire.Request{Router: dmtpwire.Router{Version: 1}, Sign: int32(sign), Serialization: dmtpwire.JSON,
		Key: dmtpwire.Str(method), Feedback: dmtpwire.WaitInvoke, Count: 1, Params: dmtpwire.AppendJSONParam(nil, quoted(body))}
	if sign == 0 {
		q.Feedback = dmtpwire.OnlySend
	}
	b, err := dmtpwire.AppendRequest(nil, &q)
	if err != nil {
		panic(err)
	}
	return dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, b)
}

func quoted(body []byte) []byte {
	return fmt.Appendf(nil, "%q", base64.StdEncoding.EncodeToString(body))
}

// answer makes the frame of an answer.
func (w way) answer(sign uint32, body []byte) []byte {
	if !w.plain {
		b := make([]byte, bellwire.AnswerHeader+len(body))
		bellwire.PutAnswer(b, &bellwire.Answer{Sign: sign, Body: body})
		return dmtpwire.AppendFrame(nil, dmtpwire.Flags(bellwire.FlagAnswer), b)
	}
	b, err := dmtpwire.AppendResponse(nil, &dmtpwire.Response{Router: dmtpwire.Router{Version: 1}, Sign: int32(sign),
		Status: dmtpwire.StatusSuccess, Serialization: dmtpwire.JSON, Return: dmtpwire.AppendJSONParam(nil, quoted(body))})
	if err != nil {
		panic(err)
	}
	return dmtpwire.AppendFrame(nil, dmtpwire.FlagCallResponse, b)
}

// nextCall reads the next call that the node makes and gives its sign.
func (r *raw) nextCall() (sign uint32) {
	r.t.Helper()
	if r.way.plain {
		var q dmtpwire.Request
		if err := dmtpwire.ParseRequest(r.until(dmtpwire.FlagCallRequest), &q); err != nil {
			r.t.Fatal(err)
		}
		return uint32(q.Sign)
	}
	var c bellwire.Call
	if err := bellwire.ParseCall(r.until(dmtpwire.Flags(bellwire.FlagCall)), &c); err != nil {
		r.t.Fatal(err)
	}
	return c.Sign
}

// kernel makes a frame of the protocol itself.
func kernel(f dmtpwire.Flags, format string, args ...any) []byte {
	return dmtpwire.AppendFrame(nil, f, fmt.Appendf(nil, format, args...))
}

// ninetyNine gives the time that 99 of 100 were within.
func ninetyNine(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100]
}
