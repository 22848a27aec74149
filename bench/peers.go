package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
)

// The raw echo.

func serveRaw(addr string) error {
	l, err := net.Listen("unix", addr)
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				buf := make([]byte, 0, 1<<20)
				for {
					if buf, err = readFrame(c, buf); err != nil {
						return
					}
					if _, err := c.Write(buf); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ready()
}

// readFrame reads a length-prefixed frame, prefix included, with as few reads as the socket allows.
func readFrame(c net.Conn, buf []byte) ([]byte, error) {
	n, err := io.ReadAtLeast(c, buf[:cap(buf)], 4)
	if err != nil {
		return buf, err
	}
	want := 4 + int(binary.LittleEndian.Uint32(buf[:4]))
	if n < want {
		if _, err := io.ReadFull(c, buf[n:want]); err != nil {
			return buf, err
		}
	}
	return buf[:want], nil
}

type rawCaller struct {
	c       net.Conn
	out, in []byte
}

func dialRaw(addr string) (caller, error) {
	c, err := net.Dial("unix", addr)
	return &rawCaller{c: c, in: make([]byte, 0, 1<<20)}, err
}

func (r *rawCaller) close() { r.c.Close() }

func (r *rawCaller) call(b *buffers) error {
	r.out = append(binary.LittleEndian.AppendUint32(r.out[:0], uint32(len(b.body))), b.body...)
	if _, err := r.c.Write(r.out); err != nil {
		return err
	}
	in, err := readFrame(r.c, r.in)
	if err == nil && len(in) != len(r.out) {
		err = fmt.Errorf("answer of %d bytes", len(in))
	}
	return err
}

// Bellpull.

func bellAddr(scheme, addr string) string {
	if scheme == "shm:" || scheme == "npipe:" {
		return scheme + "bench" + strings.ReplaceAll(filepath.Dir(addr), "/", "-")
	}
	return scheme + addr
}

func serveBell(scheme string) func(string) error {
	return func(addr string) error {
		node, err := dmtp.Listen(context.Background(), bellAddr(scheme, addr), echo())
		if err != nil {
			return err
		}
		defer node.Close(context.Background())
		return ready()
	}
}

func echo() *bellpull.Mux {
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
	return m
}

// The pipes of dotnetCampus.Ipc, to be compared with DMTP on one pipe.

func serveCampus(addr string) error {
	node, err := campus.Listen(context.Background(), bellAddr("npipe:", addr), echo())
	if err != nil {
		return err
	}
	defer node.Close(context.Background())
	return ready()
}

func dialCampus(addr string) (caller, error) {
	p, err := campus.Dial(context.Background(), bellAddr("npipe:", addr))
	return bellCaller{p}, err
}

type bellCaller struct{ p *bellpull.Peer }

func dialBell(scheme string) func(string) (caller, error) {
	return func(addr string) (caller, error) {
		p, err := dmtp.Dial(context.Background(), bellAddr(scheme, addr))
		return bellCaller{p}, err
	}
}

func (b bellCaller) close() { b.p.Close(context.Background()) }

func (b bellCaller) call(buf *buffers) error {
	got, err := b.p.CallBytes(context.Background(), "echo", buf.answer[:0], buf.body)
	if err == nil && len(got) != len(buf.body) {
		err = fmt.Errorf("answer of %d bytes", len(got))
	}
	return err
}

// net/rpc.

// Echo is the service of net/rpc.
type Echo struct{}

// Bytes answers with its argument.
func (Echo) Bytes(in []byte, out *[]byte) error {
	*out = in
	return nil
}

func serveRPC(addr string) error {
	s := rpc.NewServer()
	if err := s.Register(Echo{}); err != nil {
		return err
	}
	l, err := net.Listen("unix", addr)
	if err != nil {
		return err
	}
	go s.Accept(l)
	return ready()
}

type rpcCaller struct{ c *rpc.Client }

func dialRPC(addr string) (caller, error) {
	c, err := rpc.Dial("unix", addr)
	return rpcCaller{c}, err
}

func (r rpcCaller) close() { r.c.Close() }

func (r rpcCaller) call(b *buffers) error {
	var out []byte
	return r.c.Call("Echo.Bytes", b.body, &out)
}

// gRPC.

func serveGRPC(addr string) error {
	l, err := net.Listen("unix", addr)
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	pb.RegisterTestServiceServer(s, interop.NewTestServer())
	go s.Serve(l)
	return ready()
}

type grpcCaller struct {
	c *grpc.ClientConn
	t pb.TestServiceClient
}

func dialGRPC(addr string) (caller, error) {
	c, err := grpc.NewClient("unix:"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return grpcCaller{c, pb.NewTestServiceClient(c)}, err
}

func (g grpcCaller) close() { g.c.Close() }

func (g grpcCaller) call(b *buffers) error {
	a, err := g.t.UnaryCall(context.Background(), &pb.SimpleRequest{ResponseSize: int32(len(b.body)), Payload: &pb.Payload{Body: b.body}})
	if err == nil && len(a.GetPayload().GetBody()) != len(b.body) {
		err = fmt.Errorf("answer of %d bytes", len(a.GetPayload().GetBody()))
	}
	return err
}
