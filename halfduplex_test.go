package bellpull_test

// A toy protocol, written against the public contracts alone: a link is two one-way connections. Who dials sends its
// name and listens for the other to dial back by that name; nothing is ever written on a connection one accepted.
//
//	frame   u8 kind | u32 id | u16 length | bytes      little endian
//	kinds   0 name   1 call ("method\x00body")   2 answer   3 failed   4 notify

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
	"github.com/bellpull/bellpull/transport/tcp"
	"github.com/bellpull/bellpull/transport/unixsock"
)

const (
	toyName = iota
	toyCall
	toyAnswer
	toyFailed
	toyNotify
	toyHeader = 7
)

type toyProtocol struct{ set transport.Set }

func (p *toyProtocol) Transports() transport.Set { return p.set }

func (p *toyProtocol) Open(h bellpull.Host) (bellpull.Engine, error) {
	return &toyEngine{host: h, links: map[string]*toyLink{}}, nil
}

type toyEngine struct {
	host   bellpull.Host
	wg     sync.WaitGroup
	mu     sync.Mutex
	closed bool
	conns  []transport.Conn
	links  map[string]*toyLink
}

// own takes a connection into care, so that Close ends its reader.
func (e *toyEngine) own(c transport.Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		c.Close()
		return false
	}
	e.conns = append(e.conns, c)
	return true
}

func (e *toyEngine) Serve(c transport.Conn) {
	if !e.own(c) {
		return
	}
	e.wg.Go(func() { e.read(transport.NewPort(c, toySplit, transport.PortConfig{})) })
}

func toySplit(b []byte) (int, error) {
	if len(b) < toyHeader {
		return 0, nil
	}
	return toyHeader + int(binary.LittleEndian.Uint16(b[5:])), nil
}

// link gives the link to a peer, dialling its listener by name when there is none.
func (e *toyEngine) link(ctx context.Context, name string, to transport.Addr, active bool) (*toyLink, error) {
	e.mu.Lock()
	l := e.links[name]
	if l == nil {
		l = &toyLink{e: e, name: name, active: active, waits: map[uint32]chan toyFrame{}, heard: make(chan struct{}), done: make(chan struct{})}
		e.links[name] = l
	}
	first := !l.dialled
	l.dialled = true
	e.mu.Unlock()
	if first {
		c, err := e.host.Connect(ctx, to)
		if err != nil {
			return nil, bellpull.WrapTransport("dial", to.String(), err)
		}
		if !e.own(c) {
			return nil, &bellpull.Error{Code: bellpull.CodeClosed, Op: "dial"}
		}
		l.out = transport.NewPort(c, toySplit, transport.PortConfig{})
		return l, l.write(toyName, 0, []byte(e.host.Name()))
	}
	return l, nil
}

func (e *toyEngine) Dial(ctx context.Context, to transport.Addr) (bellpull.Link, error) {
	name := to.Rest[strings.LastIndexAny(to.Rest, "/")+1:]
	for _, known := range []string{"alpha", "beta"} { // a tcp address has no name in it: ask the table
		if a, ok := e.host.Lookup(known); ok && a == to {
			name = known
		}
	}
	l, err := e.link(ctx, name, to, true)
	if err != nil {
		return nil, err
	}
	select {
	case <-l.heard: // they dialled back
	case <-ctx.Done():
		return nil, &bellpull.Error{Code: bellpull.CodeDeadline, Op: "dial", Err: ctx.Err()}
	}
	return l, l.goUp(ctx)
}

// read works on an inbound connection, whose first frame says who is at the other end.
func (e *toyEngine) read(p transport.Port) {
	defer p.Close()
	var l *toyLink
	for {
		frame, ok, err := p.Next()
		if err == nil && !ok {
			err = p.Wait(0)
		}
		if err != nil {
			if l != nil {
				l.end(err)
			}
			return
		}
		if !ok {
			continue
		}
		f := toyFrame{frame[0], binary.LittleEndian.Uint32(frame[1:]), slices.Clone(frame[toyHeader:])}
		if f.kind != toyName {
			l.on(f)
			continue
		}
		to, known := e.host.Lookup(string(f.body))
		if !known {
			return
		}
		if l, err = e.link(context.Background(), string(f.body), to, false); err != nil {
			return
		}
		l.in = p
		close(l.heard)
		if !l.active { // else Dial, which knows for which peer
			l.goUp(context.Background())
		}
	}
}

func (e *toyEngine) Close() error {
	e.mu.Lock()
	e.closed = true
	for _, c := range e.conns {
		c.Close()
	}
	e.mu.Unlock()
	e.wg.Wait()
	return nil
}

type toyFrame struct {
	kind byte
	id   uint32
	body []byte
}

type toyLink struct {
	e       *toyEngine
	name    string
	active  bool // by Dial, not in answer to a name
	dialled bool
	in, out transport.Port
	heard   chan struct{}
	once    sync.Once
	upErr   error
	peer    *bellpull.Peer
	done    chan struct{}

	mu    sync.Mutex
	next  uint32
	waits map[uint32]chan toyFrame
	err   error
}

func (l *toyLink) goUp(ctx context.Context) error {
	l.once.Do(func() { l.peer, l.upErr = l.e.host.Up(ctx, l) })
	return l.upErr
}

func (l *toyLink) end(err error) {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = err
	l.mu.Unlock()
	close(l.done)
	l.e.host.Down(l, err)
}

func (l *toyLink) write(kind byte, id uint32, body []byte) error {
	b, err := l.out.Reserve(toyHeader + len(body))
	if err != nil {
		return err
	}
	b[0] = kind
	binary.LittleEndian.PutUint32(b[1:], id)
	binary.LittleEndian.PutUint16(b[5:], uint16(len(body)))
	copy(b[toyHeader:], body)
	l.out.Commit(len(b))
	rest, err := l.out.Flush()
	if rest {
		l.e.wg.Go(func() { l.out.Drain() })
	}
	return err
}

func (l *toyLink) on(f toyFrame) {
	switch f.kind {
	case toyAnswer, toyFailed:
		l.mu.Lock()
		ch := l.waits[f.id]
		delete(l.waits, f.id)
		l.mu.Unlock()
		if ch != nil {
			ch <- f
		}
	case toyCall, toyNotify:
		method, body, _ := bytes.Cut(f.body, []byte{0})
		m := l.e.host.Find(l.peer, method)
		var (
			r bellpull.Request
			w bellpull.Reply
		)
		w.Reset()
		r.Reset(bellpull.Incoming{Peer: l.peer, Link: l, Method: string(method), Encoding: bellpull.EncodingJSON, Body: body}, nil)
		l.e.wg.Go(func() {
			l.e.host.Run(m, &w, &r)
			_, answer, fail := w.Result()
			switch {
			case f.kind == toyNotify:
			case fail != nil:
				l.write(toyFailed, f.id, []byte(fail.Msg))
			default:
				l.write(toyAnswer, f.id, answer)
			}
		})
	}
}

func (l *toyLink) Do(x *bellpull.Exchange) error {
	body := append(append([]byte(x.Method), 0), x.Body...)
	if x.Notify {
		return l.write(toyNotify, 0, body)
	}
	ch := make(chan toyFrame, 1)
	l.mu.Lock()
	l.next++
	id := l.next
	l.waits[id] = ch
	l.mu.Unlock()
	if err := l.write(toyCall, id, body); err != nil {
		return &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "call", Err: err, Ran: bellpull.Never}
	}
	select {
	case f := <-ch:
		if f.kind == toyFailed {
			return &bellpull.Error{Code: bellpull.CodeFailed, Op: "call", Remote: true, Ran: bellpull.Yes, Msg: string(f.body)}
		}
		x.Answer, x.AnswerEncoding = append(x.Dst, f.body...), bellpull.EncodingJSON
		return nil
	case <-x.Ctx.Done():
		return &bellpull.Error{Code: bellpull.CodeCanceled, Op: "call", Err: x.Ctx.Err()}
	case <-l.done:
		return &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "call", Err: l.Err()}
	}
}

func (l *toyLink) Open(context.Context, bellpull.ChannelSpec) (*bellpull.Channel, error) {
	return nil, &bellpull.Error{Code: bellpull.CodeUnsupported, Op: "open", Msg: "toy"}
}

func (l *toyLink) Ping(context.Context) (time.Duration, error) {
	return 0, &bellpull.Error{Code: bellpull.CodeUnsupported, Op: "ping", Msg: "toy"}
}

func (l *toyLink) Name() string                 { return l.name }
func (l *toyLink) Named() bool                  { return true }
func (l *toyLink) Incarnation() uint64          { return 0 }
func (l *toyLink) Epoch() uint64                { return 0 }
func (l *toyLink) Bind(*bellpull.Peer)          {}
func (l *toyLink) Identity() transport.Identity { return l.in.Identity() }
func (l *toyLink) Traits() bellpull.Traits {
	return bellpull.Traits{Protocol: "toy", Calls: true, Notifies: true}
}
func (l *toyLink) Metadata() []bellpull.Pair { return nil }
func (l *toyLink) Close(string) error        { l.out.Close(); l.end(io.EOF); return nil }
func (l *toyLink) Done() <-chan struct{}     { return l.done }
func (l *toyLink) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func TestAProtocolOfTwoOneWayConnectionsFitsTheContracts(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  transport.Set
		addr func(name string) string
	}{
		{"mem", transport.NewSet(mem.New()), func(n string) string { return "mem:" + n }},
		{"unixsock", transport.NewSet(&unixsock.Transport{}), nil},
		{"tcp", transport.NewSet(&tcp.Transport{}), func(string) string { return "tcp:127.0.0.1:0" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.addr == nil {
				dir := t.TempDir()
				tc.addr = func(n string) string { return "unix:" + dir + "/" + n }
			}
			proto := &toyProtocol{tc.set} // one value: what is dialled and what is accepted share an engine a node
			nodes := map[string]*bellpull.Node{}
			for _, name := range []string{"alpha", "beta"} {
				n := bellpull.NewNode(name)
				bellpull.HandleFunc(n.Mux(), "greet", func(who string) (string, error) {
					if who == "" {
						return "", errors.New("nobody")
					}
					return name + " greets " + who, nil
				})
				if err := n.Listen(t.Context(), tc.addr(name), proto); err != nil {
					t.Fatal(err)
				}
				nodes[name] = n
				defer n.Close(context.Background())
			}
			for name, n := range nodes {
				for _, other := range nodes {
					if err := other.Know(name, n.Addrs()[0]); err != nil {
						t.Fatal(err)
					}
				}
			}
			beta, err := nodes["alpha"].Dial(t.Context(), nodes["beta"].Addrs()[0], proto)
			if err != nil {
				t.Fatal(err)
			}
			alpha, err := nodes["beta"].Wait(t.Context(), "alpha")
			if err != nil {
				t.Fatal(err)
			}
			for i := range 50 {
				who := fmt.Sprint(i)
				if got, err := bellpull.Call[string](t.Context(), beta, "greet", who); err != nil || got != "beta greets "+who {
					t.Fatal(got, err)
				}
				if got, err := bellpull.Call[string](t.Context(), alpha, "greet", who); err != nil || got != "alpha greets "+who {
					t.Fatal(got, err)
				}
			}
			if _, err := bellpull.Call[string](t.Context(), alpha, "greet", ""); !errors.Is(err, bellpull.ErrFailed) {
				t.Error(err)
			}
			if _, err := beta.OpenChannel(t.Context(), "x"); !errors.Is(err, errors.ErrUnsupported) {
				t.Error(err)
			}
		})
	}
}
