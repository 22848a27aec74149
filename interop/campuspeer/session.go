package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// session is one life of the peer: from open to close.
type session struct {
	*peer
	node  *bellpull.Node
	web   *bellpull.Node // serves HTTP; nil without --mvc
	proto *campus.Protocol

	ctx     context.Context // ends with the life
	end     context.CancelFunc
	watched sync.WaitGroup // the loop over events, and redials

	// mu guards the fields that follow.
	mu     sync.Mutex
	others map[string]*other
	refs   map[string]*ref
}

// maxHandlers bounds the requests of one peer that run at once. .NET has no bound.
const maxHandlers = 1 << 16

func newSession(ctx context.Context, p *peer) (*session, error) {
	s := &session{peer: p, others: map[string]*other{}, refs: map[string]*ref{}}
	s.ctx, s.end = context.WithCancel(context.Background())
	objects := campus.NewObjects()
	if !p.opts.noObjects {
		if err := s.serveCalculators(objects); err != nil {
			return nil, err
		}
	}
	s.proto = &campus.Protocol{Dialect: p.opts.dialect.campus, Objects: objects, MaxHandlers: maxHandlers,
		OneByOne: p.opts.oneByOne, OnMessage: bellpull.HandlerFunc(s.onMessage)}
	if !p.opts.noEcho {
		s.proto.OnRequest = bellpull.HandlerFunc(s.onRequest)
	}
	mux := bellpull.NewMux()
	if !p.opts.noRoutes {
		s.addRoutes(mux)
	}
	var err error
	if s.node, err = s.listen(ctx, p.opts.name, s.proto, bellpull.WithMux(mux)); err != nil {
		return nil, err
	}
	events := s.node.Watch(context.Background())
	s.watched.Go(func() {
		for e := range events {
			s.onEvent(e)
		}
	})
	if p.opts.mvc {
		if s.web, err = s.listen(ctx, p.opts.web(), &campus.Protocol{OnRequest: site(), MaxHandlers: maxHandlers}); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// listen makes a node that serves its own name.
func (s *session) listen(ctx context.Context, name string, proto *campus.Protocol, opts ...bellpull.NodeOption) (*bellpull.Node, error) {
	n := bellpull.NewNode(name, append(opts, bellpull.WithTransports(s.opts.pipes()),
		bellpull.WithLogger(slog.New(slog.NewTextHandler(s.log, nil))))...)
	if err := n.Listen(ctx, "npipe:"+name, proto); err != nil {
		n.Close(ctx)
		return nil, err
	}
	return n, nil
}

// close ends the life at once, as disposing of a provider does: handlers are told to stop. Nothing is said of what breaks
// by it.
func (s *session) close() {
	s.end()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, n := range []*bellpull.Node{s.web, s.node} {
		if n == nil {
			continue
		}
		if err := n.Close(ctx); err != nil {
			fmt.Fprintln(s.log, "campuspeer:", err)
		}
	}
	s.watched.Wait()
}

// from gives the fields of an event that a peer is the cause of, once its connection was told of.
func (s *session) from(r *bellpull.Request) control.Fields {
	name := nameOf(r.Peer())
	s.heardOf(r.Context(), name)
	return control.Fields{"from": name}
}

// nameOf gives the name that a peer has registered under.
func nameOf(p *bellpull.Peer) string {
	if l := p.Link(); l != nil {
		return l.Name()
	}
	return p.Name()
}
