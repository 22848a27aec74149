package rivals

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/shm"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// carriers are the transports of Bellpull that are measured.
func carriers() transport.Set {
	return transport.NewSet(&shm.Transport{}, &unixsock.Transport{}, &npipe.Transport{})
}

// protocol is DMTP as it is by default, but for the size of a body.
func protocol() dmtp.Protocol { return dmtp.Protocol{MaxBody: Largest} }

// bell is Bellpull over a transport, whole: Peer.CallBytes on one side and a Handler on the other.
func bell(name, about, scheme string) rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: name, About: about, Ours: true},
		Serve: func(addr string, s *rival.Server) error {
			_, err := dmtp.Listen(context.Background(), bellAddr(scheme, addr), methods(s), dmtp.With(protocol()))
			return err
		},
		Open: func(addr string, _ int) (rival.Client, error) {
			node := bellpull.NewNode("")
			return bellClient{node, func(ctx context.Context) (*bellpull.Peer, error) {
				return node.Dial(ctx, bellAddr(scheme, addr), protocol())
			}}, nil
		},
		Listen: func(addr string) (net.Listener, error) {
			a, err := transport.ParseAddr(bellAddr(scheme, addr))
			if err != nil {
				return nil, err
			}
			return carriers().Listen(context.Background(), a)
		},
		Dial: func(addr string) (net.Conn, error) {
			a, err := transport.ParseAddr(bellAddr(scheme, addr))
			if err != nil {
				return nil, err
			}
			return carriers().Dial(context.Background(), a)
		},
	}
}

// campusPipes is the protocol of dotnetCampus.Ipc, which has a pipe for each direction and bounds a body near 16 MiB.
func campusPipes() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "campus", About: "Bellpull over two pipes, dotnetCampus.Ipc", Ours: true, MaxBody: 16_000_000},
		Serve: func(addr string, s *rival.Server) error {
			_, err := campus.Listen(context.Background(), bellAddr("npipe:", addr), methods(s))
			return err
		},
		Open: func(addr string, _ int) (rival.Client, error) {
			return bellClient{nil, func(ctx context.Context) (*bellpull.Peer, error) {
				return campus.Dial(ctx, bellAddr("npipe:", addr))
			}}, nil
		},
	}
}

// bellAddr makes an address of a socket's path: some are names.
func bellAddr(scheme, addr string) string {
	if scheme == "unix:" {
		return scheme + addr
	}
	return scheme + "bench" + strings.ReplaceAll(filepath.Dir(addr), "/", "-")
}

func methods(s *rival.Server) *bellpull.Mux {
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		s.Handle(r.Borrow())
		w.Write(r.Borrow())
	}))
	m.Handle("take", bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) { s.Take(r.Borrow()) }))
	return m
}

type bellClient struct {
	node *bellpull.Node // nil: each peer has one of its own
	dial func(context.Context) (*bellpull.Peer, error)
}

func (b bellClient) Conn() (rival.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	p, err := b.dial(ctx)
	if err != nil {
		return nil, err
	}
	return bellConn{p}, nil
}

func (b bellClient) Close() error {
	if b.node == nil {
		return nil
	}
	return b.node.Close(context.Background())
}

type bellConn struct{ p *bellpull.Peer }

func (b bellConn) Close() error { return b.p.Close(context.Background()) }
func (b bellConn) Flush() error { return nil }

func (b bellConn) Call(buf *rival.Buffers) error {
	got, err := b.p.CallBytes(context.Background(), "echo", buf.Answer, buf.Body)
	if err != nil {
		return err
	}
	return buf.Check(got)
}

func (b bellConn) Notify(body []byte) error { return b.p.Notify(context.Background(), "take", body) }
