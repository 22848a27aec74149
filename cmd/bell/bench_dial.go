package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
)

// A benchProtocol is a row of --protocol of bell bench.
type benchProtocol struct {
	name   string
	over   []string                                                                        // transports of a server of our own, the usual one first
	listen func(ctx context.Context, addr string, m *bellpull.Mux) (*bellpull.Node, error) // a server of our own
}

func benchProtocols() []benchProtocol {
	return []benchProtocol{
		{speakDMTP, selfTransports(), func(ctx context.Context, addr string, m *bellpull.Mux) (*bellpull.Node, error) {
			return dmtp.Listen(ctx, addr, m, dmtp.With(*demoProtocol()))
		}},
		// Elsewhere the address does not tell the name of the process, which the protocol needs.
		{speakCampus, onlySelf("npipe", "local", "shm"), func(ctx context.Context, addr string, m *bellpull.Mux) (*bellpull.Node, error) {
			return campus.Listen(ctx, addr, m, campus.With(campus.Protocol{AllowOthers: true}))
		}},
	}
}

func benchProtocolOf(name string) *benchProtocol {
	for _, p := range benchProtocols() {
		if p.name == name {
			return &p
		}
	}
	return nil
}

func benchProtocolNames() (names []string) {
	for _, p := range benchProtocols() {
		names = append(names, p.name)
	}
	return names
}

// selfTransports are those that a server of our own can be reached over, the usual one first.
func selfTransports() []string {
	names := []string{defaultTransport()}
	for _, t := range chaosTransports {
		if !slices.Contains(names, t.name) && (t.name != "shm" || runtime.GOOS == "linux") {
			names = append(names, t.name)
		}
	}
	return names
}

// onlySelf gives those of the names that there are here.
func onlySelf(names ...string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(selfTransports(), n) })
}

// selfAuto is --self without a transport.
const selfAuto = "auto"

// selfAddr gives the address of a server of our own. dir is empty.
func selfAddr(transport, dir string) (string, error) {
	tag := fmt.Sprintf("%d-%x", os.Getpid(), rand.Uint32())
	if t := chaosTransportOf(transport); t != nil {
		return t.addr(dir, tag, 0)
	}
	return transport + ":bench-" + tag, nil
}

// A benchServer is a server of our own.
type benchServer struct {
	*child
	dir string
}

func (s *benchServer) stop() {
	s.child.stop()
	os.RemoveAll(s.dir)
}

// startBenchServer starts one and gives its address.
func startBenchServer(ctx context.Context, c *benchConfig) (_ *benchServer, addr string, err error) {
	dir, err := os.MkdirTemp("", "bell-bench-")
	if err != nil {
		return nil, "", &localError{err, "make sure that the directory for temporary files can be written to"}
	}
	s := &benchServer{dir: dir}
	defer func() {
		if err == nil {
			return
		}
		if s.child != nil {
			s.child.stop()
		}
		os.RemoveAll(dir)
	}()
	over := c.self
	if over == selfAuto {
		over = benchProtocolOf(c.link.speak).over[0]
	}
	if addr, err = selfAddr(over, dir); err != nil {
		return nil, "", &localError{err, "free a port of this machine, or take another transport"}
	}
	if s.child, err = startPart(context.Background(), "bench", c.link.speak, addr); err != nil {
		return nil, "", &localError{err, "see the cause"}
	}
	wait, cancel := context.WithTimeout(ctx, c.link.timeout)
	defer cancel()
	if addr, err = s.expect(wait, "at"); err != nil {
		if ctx.Err() != nil {
			return nil, "", benchInterrupted(ctx)
		}
		return nil, "", &localError{err, fmt.Sprintf("%s over %s may not work here; try another --self", c.link.speak, over)}
	}
	c.link.token = demoToken
	if c.link.speak != "dmtp" {
		c.link.token = ""
	}
	return s, addr, nil
}

// runBenchServer is the process: PROTOCOL ADDRESS.
func runBenchServer(ctx context.Context, a *app, args []string) error {
	p := benchProtocolOf(args[0])
	if p == nil {
		return usage("no protocol %q", args[0])
	}
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
	node, err := p.listen(ctx, args[1], m)
	if err != nil {
		return err
	}
	a.write(fmt.Appendf(nil, "at %s\n", node.Addrs()[0]))
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return node.Close(end)
}

// benchInterrupted is the error of a run that was.
func benchInterrupted(ctx context.Context) error {
	return &bellpull.Error{Code: bellpull.CodeCanceled, Op: "bench", Ran: bellpull.Maybe, Err: context.Cause(ctx)}
}
