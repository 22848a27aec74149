package worker

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/bellpull/bellpull/bench/rival"
)

// awaitLimit bounds the wait for what a client has sent.
const awaitLimit = 30 * time.Second

// serve starts a server and gives what it does at a command.
func serve(p rival.Peer, addr string, sink bool) (func(Command) (any, error), error) {
	s := &rival.Server{}
	if sink {
		l, err := p.Listen(addr)
		if err != nil {
			return nil, err
		}
		go drain(l, s)
	} else if err := p.Serve(addr, s); err != nil {
		return nil, err
	}
	return func(c Command) (any, error) {
		switch c.Do {
		case Used:
			return s.Usage(c.Memory)
		case Await:
			ctx, cancel := context.WithTimeout(context.Background(), awaitLimit)
			defer cancel()
			at, taken, err := s.Await(ctx, c.N)
			if err != nil {
				return nil, fmt.Errorf("of %d that were sent %d have come: %w", c.N, taken, err)
			}
			return When{at.UnixNano()}, nil
		}
		return nil, fmt.Errorf("a server cannot %q", c.Do)
	}, nil
}

// drain reads whatever comes on any connection. The process ends, and all of it with it.
func drain(l net.Listener, s *rival.Server) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 64<<10)
			for {
				n, err := c.Read(buf)
				s.TakeBytes(buf[:n])
				if err != nil {
					return
				}
			}
		}()
	}
}
