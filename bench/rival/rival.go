// Package rival says what a way to talk between two processes must offer to be measured beside others: a server that
// echoes and counts, and connections that call, notify or carry a stream.
package rival

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// Facts are what is known of a peer without running it.
type Facts struct {
	Name string `json:"name"`
	// About says in a line what it is, for the document.
	About string `json:"about"`
	// Ours marks the library that the others are compared with.
	Ours bool `json:"ours"`
	// Hidden: a process that belongs to another peer, and no row.
	Hidden bool `json:"hidden"`
	// Alone: a connection takes one call at a time, from one caller.
	Alone bool `json:"alone"`
	// MaxBody is the largest body it takes, MaxConns the largest number of connections; 0 is no limit that matters.
	MaxBody  int `json:"max_body"`
	MaxConns int `json:"max_conns"`
	// Streams and Calls are what it can carry.
	Streams bool `json:"streams"`
	Calls   bool `json:"calls"`
}

// A Peer is one way to talk: a row of every table. Streams and Calls follow from its functions.
type Peer struct {
	Facts
	// Serve answers calls with their bytes and counts notifies until the process ends. It returns once it listens. addr
	// is the path of a socket that is not there yet, in a directory of its own.
	Serve func(addr string, s *Server) error
	// Open prepares connections to a server from this process; callers is how many calls there will be at once on each.
	Open func(addr string, callers int) (Client, error)
	// Listen and Dial give plain streams; nil where there are none.
	Listen func(addr string) (net.Listener, error)
	Dial   func(addr string) (net.Conn, error)
}

// Known gives the facts of a peer.
func (p Peer) Known() Facts {
	f := p.Facts
	f.Streams, f.Calls = p.Dial != nil, p.Open != nil
	return f
}

// A Client makes connections.
type Client interface {
	Conn() (Conn, error)
	Close() error
}

// A Conn is a connection on which calls are made, from several goroutines at once unless the peer is Alone.
type Conn interface {
	// Call sends b.Body and compares the answer with it, see [Buffers.Check].
	Call(b *Buffers) error
	Close() error
}

// A Notifier is a Conn that can send without an answer. Notify may block while the other side is behind. It is used by
// one goroutine. Flush sends what is still held back.
type Notifier interface {
	Notify(body []byte) error
	Flush() error
}

// Each makes an Open of a function that makes one connection.
func Each(dial func(addr string, callers int) (Conn, error)) func(string, int) (Client, error) {
	return func(addr string, callers int) (Client, error) { return each{addr, callers, dial}, nil }
}

type each struct {
	addr    string
	callers int
	dial    func(string, int) (Conn, error)
}

func (e each) Conn() (Conn, error) { return e.dial(e.addr, e.callers) }
func (e each) Close() error        { return nil }

// Buffers are what one calling goroutine keeps.
type Buffers struct {
	Body   []byte
	Answer []byte // room for one
	calls  uint64
}

// The first byte of a body says how the handler is to take it.
const (
	quick = 1
	slow  = 2
)

// SlowFor is how long the handler of a slow call sleeps.
const SlowFor = time.Second

// NewBuffers gives buffers for bodies of a size.
func NewBuffers(size int) *Buffers {
	b := &Buffers{Body: make([]byte, size), Answer: make([]byte, 0, size)}
	for i := range b.Body {
		b.Body[i] = byte(i)
	}
	b.mark(quick)
	return b
}

// Slow gives buffers whose handler sleeps.
func Slow(size int) *Buffers {
	b := NewBuffers(max(size, 1))
	b.mark(slow)
	return b
}

func (b *Buffers) mark(kind byte) {
	if len(b.Body) > 0 {
		b.Body[0] = kind
	}
}

// Next makes the body differ from the last one, where it has room for a number.
func (b *Buffers) Next() {
	if b.calls++; len(b.Body) > 8 {
		binary.LittleEndian.PutUint64(b.Body[1:9], b.calls)
	}
}

// Check says whether an answer is the one to the body: its length, its beginning and its last byte.
func (b *Buffers) Check(answer []byte) error {
	n := min(len(b.Body), 16)
	if len(answer) != len(b.Body) || !bytes.Equal(answer[:n], b.Body[:n]) || n > 0 && answer[len(answer)-1] != b.Body[len(b.Body)-1] {
		return fmt.Errorf("the answer of %d bytes, % x …, is not the body of %d, % x …", len(answer), answer[:min(len(answer), 16)], len(b.Body), b.Body[:n])
	}
	return nil
}
