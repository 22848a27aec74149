//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
)

// An option is one of a node or a dial, or of an engine: those of the other engine mean nothing.
type option struct {
	node   []bellpull.NodeOption
	dial   []bellpull.DialOption
	dmtp   []dmtp.Option
	campus func(*campus.Protocol)
}

func nodeOptions(opts ...bellpull.NodeOption) option { return option{node: opts} }

// dialOptions makes an option of those for the dial.
func dialOptions(opts ...bellpull.DialOption) option { return option{dial: opts} }

// only makes an option of DMTP's own.
func only(opts ...dmtp.Option) option { return option{dmtp: opts} }

// maxHandlers bounds the calls of one peer that run at once.
func maxHandlers(w way, n int) option {
	return option{
		dmtp:   []dmtp.Option{dmtp.With(dmtp.Protocol{MaxHandlers: n, Plain: w.plain, AllowAnonymous: w.carrier == "tcp"})},
		campus: func(p *campus.Protocol) { p.MaxHandlers = n },
	}
}

// nodes gives the options of a node of this way.
func (w way) nodes(opts []option) (list []bellpull.NodeOption) {
	if tr := w.transport(); tr != nil {
		list = append(list, bellpull.WithTransports(tr))
	}
	for _, o := range opts {
		list = append(list, o.node...)
	}
	return list
}

func dialling(opts []option) (list []bellpull.DialOption) {
	for _, o := range opts {
		list = append(list, o.dial...)
	}
	return list
}

// options gives DMTP's options of this way.
func (w way) options(more ...option) []dmtp.Option {
	opts := []dmtp.Option{dmtp.NodeOptions(w.nodes(more)...), dmtp.DialOptions(dialling(more)...)}
	for _, o := range more {
		opts = append(opts, o.dmtp...)
	}
	if w.plain {
		opts = append(opts, dmtp.Plain())
	}
	if w.carrier == "tcp" {
		opts = append(opts, dmtp.AllowAnonymous())
	}
	return opts
}

// listen makes a service's node.
func (w way) listen(ctx context.Context, addr string, m *bellpull.Mux, more ...option) (*bellpull.Node, error) {
	if !w.campus {
		return dmtp.Listen(ctx, addr, m, w.options(more...)...)
	}
	if m != nil {
		more = append(more, nodeOptions(bellpull.WithMux(m)))
	}
	n := bellpull.NewNode(w.nameAt(addr), w.nodes(more)...)
	w.introduce(n, addr)
	if err := n.Listen(ctx, addr, w.protocol(more)); err != nil {
		closeNode(n)
		return nil, err
	}
	return n, nil
}

// tryDial dials a service from a node of its own, which ends with the peer.
func (w way) tryDial(ctx context.Context, addr string, more ...option) (*bellpull.Peer, error) {
	if !w.campus {
		return dmtp.Dial(ctx, addr, w.options(more...)...)
	}
	proto := w.protocol(more)
	for {
		name, own := w.self(addr)
		n := bellpull.NewNode(name, w.nodes(more)...)
		w.introduce(n, addr)
		var err error
		if own != "" {
			err = n.Listen(ctx, own, proto)
		}
		if errors.Is(err, bellpull.ErrNameTaken) { // another client has it
			closeNode(n)
			continue
		}
		var p *bellpull.Peer
		if err == nil {
			p, err = n.Dial(ctx, addr, proto, dialling(more)...)
		}
		if err != nil {
			closeNode(n)
			return nil, err
		}
		p.Own()
		return p, nil
	}
}

// dial gives a peer of the service at addr, closed when the test ends.
func (w way) dial(t testing.TB, addr string, more ...option) *bellpull.Peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	peer, err := w.tryDial(ctx, addr, more...)
	if err != nil {
		t.Fatalf("dial %s: %v", addr, err)
	}
	t.Cleanup(func() { hangUp(peer) })
	return peer
}

// protocol gives dotnetCampus.Ipc with the options.
func (w way) protocol(opts []option) *campus.Protocol {
	p := &campus.Protocol{AllowOthers: w.carrier == "tcp"}
	for _, o := range opts {
		if o.campus != nil {
			o.campus(p)
		}
	}
	return p
}

// nameOf gives the name under which the other side knows a peer's node.
func (w way) nameOf(p *bellpull.Peer) string {
	if w.campus {
		return p.Node().Name()
	}
	return dmtp.SessionID(p)
}

// ding is a body for calls that echo it. An answer of no bytes is none over dotnetCampus.Ipc.
var ding = []byte("ding")

// Over dotnetCampus.Ipc each process has a name and listens. Where addresses are names that is all; on unix and tcp every
// process has to know where the others are. Clients there take one of so many names, each of which says where.
const (
	campusClients   = 2000
	campusFirstPort = 18000 // below those of freePort
	campusService   = "service"
)

// nameAt gives the name of the service at an address.
func (w way) nameAt(addr string) string {
	if w.carrier == "unix" || w.carrier == "tcp" {
		return campusService
	}
	_, name, _ := strings.Cut(addr, ":")
	return name
}

// clientAt gives the address of a client of the service at addr.
func (w way) clientAt(addr string, n int) string {
	if w.carrier == "tcp" {
		return fmt.Sprintf("tcp:127.0.0.1:%d", campusFirstPort+n)
	}
	return fmt.Sprintf("%s/c%d", filepath.Dir(addr), n)
}

// self gives a client's name and where it listens; "" where its node finds that out.
func (w way) self(addr string) (name, own string) {
	if w.carrier != "unix" && w.carrier != "tcp" {
		return fmt.Sprintf("client-%d-%d", os.Getpid(), addresses.Add(1)), ""
	}
	for {
		n := rand.IntN(campusClients)
		own = w.clientAt(addr, n)
		if _, port, ok := strings.Cut(own, "tcp:"); ok { // nobody's, not even that of a connection
			l, err := net.Listen("tcp", port)
			if err != nil {
				continue
			}
			l.Close()
		}
		return fmt.Sprint("client-", n), own
	}
}

// introduce tells a node where the service and its clients are.
func (w way) introduce(n *bellpull.Node, addr string) {
	if w.carrier != "unix" && w.carrier != "tcp" {
		return
	}
	err := n.Know(campusService, addr)
	for i := range campusClients {
		err = errors.Join(err, n.Know(fmt.Sprint("client-", i), w.clientAt(addr, i)))
	}
	if err != nil {
		panic(err)
	}
}
