package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bellpull/bellpull"
)

// server runs the node of serve and listen until ctx is done.
type server struct {
	*app
	link  *link
	grace time.Duration // for handlers that run at the end
	node  *bellpull.Node
	ready bool // it was said so
}

// run listens at the addresses, tells so, and ends the node when ctx is done.
func (s *server) run(ctx context.Context, p bellpull.Protocol, addrs []string) error {
	var watching sync.WaitGroup
	events := s.node.Watch(context.Background())
	watching.Go(func() {
		for e := range events {
			s.showEvent(e)
		}
	})
	defer watching.Wait()
	defer s.close()
	for _, addr := range addrs {
		before := s.node.Addrs()
		lctx, cancel := context.WithTimeout(ctx, s.link.timeout)
		err := s.node.Listen(lctx, addr, p)
		cancel()
		if err != nil {
			return err
		}
		for _, real := range s.node.Addrs() {
			if !slices.Contains(before, real) {
				s.emit(endpointEvent{Event: "listening", Time: stamp(time.Now()), Address: real}, "listening on "+real)
			}
		}
	}
	methods := s.node.Mux().Methods()
	slices.Sort(methods)
	if len(methods) > 0 && !s.json() {
		s.emit(nil, "methods: "+strings.Join(methods, ", "))
	}
	s.emit(endpointEvent{Event: "ready", Time: stamp(time.Now()), Methods: methods}, "ready; end with ctrl-C")
	s.ready = true
	<-ctx.Done()
	return nil
}

// close ends the node: handlers that run get the grace.
func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), s.grace)
	defer cancel()
	s.node.Close(ctx)
	if s.ready {
		s.emit(endpointEvent{Event: "stopped", Time: stamp(time.Now())}, "stopped")
	}
}
