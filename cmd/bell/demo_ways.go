package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"strings"
	"time"

	"github.com/bellpull/bellpull"
)

// callTable holds the connections of the contenders to the echo process.
type callTable struct {
	node  *bellpull.Node
	peer  *bellpull.Peer
	shm   *bellpull.Peer // made by the first round
	raw   net.Conn
	rawIn *bufio.Reader
	rpc   *rpc.Client

	shmAddr string
}

// connect takes the addresses from the echo process and connects to each.
func (t *callTable) connect(ctx context.Context, server *child) error {
	bell, err := server.expect(ctx, "bell")
	if err != nil {
		return err
	}
	if t.shmAddr, err = server.expect(ctx, "shm"); err != nil {
		return err
	}
	t.node = bellpull.NewNode("")
	if t.peer, err = t.node.Dial(ctx, bell, demoProtocol()); err != nil {
		return err
	}
	if t.raw, err = expectConn(ctx, server, "raw"); err != nil {
		return err
	}
	t.rawIn = bufio.NewReader(t.raw)
	c, err := expectConn(ctx, server, "rpc")
	if err != nil {
		return err
	}
	t.rpc = rpc.NewClient(c)
	return nil
}

func expectConn(ctx context.Context, server *child, word string) (net.Conn, error) {
	rest, err := server.expect(ctx, word)
	if err != nil {
		return nil, err
	}
	network, addr, _ := strings.Cut(rest, " ")
	var nd net.Dialer
	return nd.DialContext(ctx, network, addr)
}

func (t *callTable) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if t.node != nil {
		t.node.Close(ctx)
	}
	if t.raw != nil {
		t.raw.Close()
	}
	if t.rpc != nil {
		t.rpc.Close()
	}
}

// payload is what every contender sends.
func payload() []byte {
	b := make([]byte, callSize)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// peerRound measures Peer.CallBytes.
func (t *callTable) peerRound(ctx context.Context, round time.Duration) (result, error) {
	return timeCalls(ctx, round, bytesCall(ctx, t.peer))
}

// bytesCall gives one checked call of echo.
func bytesCall(ctx context.Context, p *bellpull.Peer) func() error {
	body, dst := payload(), make([]byte, 0, callSize)
	return func() error {
		got, err := p.CallBytes(ctx, "echo", dst, body)
		if err == nil && !bytes.Equal(got, body) {
			err = errAnswer
		}
		return err
	}
}

// rawRound measures a bare connection: four bytes of length, then the bytes, and the same back.
func (t *callTable) rawRound(ctx context.Context, round time.Duration) (result, error) {
	frame := append(binary.BigEndian.AppendUint32(nil, callSize), payload()...)
	got := make([]byte, len(frame))
	return timeCalls(ctx, round, func() error {
		if _, err := t.raw.Write(frame); err != nil {
			return err
		}
		if _, err := io.ReadFull(t.rawIn, got); err != nil {
			return err
		}
		if !bytes.Equal(got, frame) {
			return errAnswer
		}
		return nil
	})
}

// rpcRound measures net/rpc with its own encoding.
func (t *callTable) rpcRound(ctx context.Context, round time.Duration) (result, error) {
	body := payload()
	return timeCalls(ctx, round, func() error {
		var got []byte
		err := t.rpc.Call("Echo.Do", body, &got)
		if err == nil && !bytes.Equal(got, body) {
			err = errAnswer
		}
		return err
	})
}

// echoRPC is the service of net/rpc.
type echoRPC struct{}

// Do answers with what it got.
func (echoRPC) Do(in []byte, out *[]byte) error {
	*out = in
	return nil
}

// runEcho is the process that the contenders call: DIR.
func runEcho(ctx context.Context, a *app, args []string) error {
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
	node := bellpull.NewNode("", bellpull.WithMux(m))
	defer node.Close(context.Background())
	if err := node.Listen(ctx, demoAddr(args[0], "bell"), demoProtocol()); err != nil {
		return err
	}
	bell, shm := node.Addrs()[0], shmName()
	if shm != "none" {
		if err := node.Listen(ctx, shm, demoProtocol()); err != nil {
			return err
		}
	}
	raw, err := rawListen(args[0], "raw")
	if err != nil {
		return &localError{err, "see the cause"}
	}
	defer raw.Close()
	go acceptEach(raw, echoRaw)
	other, err := rawListen(args[0], "rpc")
	if err != nil {
		return &localError{err, "see the cause"}
	}
	defer other.Close()
	s := rpc.NewServer()
	if err := s.RegisterName("Echo", echoRPC{}); err != nil {
		return &localError{err, "see the cause"}
	}
	go acceptEach(other, func(c net.Conn) { s.ServeConn(c) })
	a.write(fmt.Appendf(nil, "bell %s\nshm %s\nraw %s %s\nrpc %s %s\n", bell, shm,
		raw.Addr().Network(), raw.Addr(), other.Addr().Network(), other.Addr()))
	<-ctx.Done()
	return nil
}

// acceptEach serves connections until the listener is closed. The process ends then, and they with it.
func acceptEach(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}

// echoRaw sends back frames as they come.
func echoRaw(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	frame := make([]byte, 4+callSize)
	for {
		if _, err := io.ReadFull(in, frame[:4]); err != nil || binary.BigEndian.Uint32(frame) != callSize {
			return
		}
		if _, err := io.ReadFull(in, frame[4:]); err != nil {
			return
		}
		if _, err := c.Write(frame); err != nil {
			return
		}
	}
}
