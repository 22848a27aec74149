package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// other is what is known of the process of one name. Its fields are guarded by session.mu.
type other struct {
	name    string
	peer    *bellpull.Peer // nil before the first connection
	dialled bool           // we have dialled it, or are about to
	up      bool
	broken  bool
	changed chan struct{}   // closed and replaced whenever one of these changes
	link    context.Context // ends with the connection that is up
	unlink  context.CancelFunc
}

// change tells those who wait. Called with mu held.
func (o *other) change() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// newOther adds one. Called with mu held.
func (s *session) newOther(name string) *other {
	o := &other{name: name, changed: make(chan struct{})}
	s.others[name] = o
	return o
}

// onEvent follows the node. connected says that somebody connected to us, not that we have.
func (s *session) onEvent(e bellpull.Event) {
	switch e.Kind {
	case bellpull.EventUp:
		s.onUp(e.Peer)
	case bellpull.EventDown:
		s.onDown(e.Peer)
	case bellpull.EventRefused, bellpull.EventRetry:
		fmt.Fprintf(s.log, "campuspeer: %v %q: %v\n", e.Kind, e.Name, e.Err)
	}
}

func (s *session) onUp(p *bellpull.Peer) {
	name := nameOf(p)
	s.mu.Lock()
	defer s.mu.Unlock() // the event is out before anybody sees that it is up
	o, event := s.others[name], "connected"
	switch {
	case o == nil:
		o = s.newOther(name)
	case o.up:
		event = ""
		o.unlink()
	case o.broken && s.opts.reconnect:
		event = "reconnected"
	case o.dialled && !o.broken:
		event = ""
	default:
		o.dialled = false
	}
	o.peer, o.up, o.broken = p, true, false
	o.link, o.unlink = context.WithCancel(s.ctx)
	if event != "" && s.ctx.Err() == nil {
		s.event(event, control.Fields{"peer": name})
	}
	o.change()
}

func (s *session) onDown(p *bellpull.Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.others {
		if o.peer != p && o.name != p.Name() || !o.up {
			continue
		}
		o.up, o.broken = false, true
		o.unlink()
		if s.ctx.Err() == nil {
			s.event("broken", control.Fields{"peer": o.name})
			if s.opts.reconnect && !o.dialled {
				o.dialled = true
				s.watched.Go(func() { s.redial(o) })
			}
		}
		o.change()
	}
}

// redial connects to a process that had connected to us, as AutoReconnectPeers does. Those that we have dialled redial by
// themselves.
func (s *session) redial(o *other) {
	for s.ctx.Err() == nil {
		p, err := s.node.Dial(s.ctx, "npipe:"+o.name, s.proto, bellpull.WaitForServer())
		if err == nil {
			s.mu.Lock()
			o.peer = p
			s.mu.Unlock()
			return
		}
		fmt.Fprintln(s.log, "campuspeer: redial:", err)
	}
}

// heardOf waits until the connection of a process that has just sent something was told of.
func (s *session) heardOf(ctx context.Context, name string) {
	for {
		s.mu.Lock()
		o := s.others[name]
		if o == nil {
			o = s.newOther(name)
		}
		known, changed := o.up || o.broken, o.changed
		s.mu.Unlock()
		if known {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// connect connects to a process of a name, or waits for the connection that there is. begun is called when whoever asks
// for the connection waits for it.
func (s *session) connect(ctx context.Context, name string, try bool, begun func()) error {
	for {
		s.mu.Lock()
		o := s.others[name]
		switch {
		case o == nil:
			o = s.newOther(name)
		case o.up:
			s.mu.Unlock()
			return nil
		case o.dialled && !(o.broken && !s.opts.reconnect):
			changed := o.changed
			s.mu.Unlock()
			begun()
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		o.dialled, o.broken = true, false
		o.change()
		s.mu.Unlock()
		begun()
		if err := s.dial(ctx, o, try); err != nil {
			return err
		}
	}
}

// dial makes a first connection.
func (s *session) dial(ctx context.Context, o *other, try bool) error {
	var opts []bellpull.DialOption
	if !try {
		opts = append(opts, bellpull.WaitForServer())
	}
	if !s.opts.reconnect {
		opts = append(opts, bellpull.WithoutReconnect())
	}
	p, err := s.node.Dial(ctx, "npipe:"+o.name, s.proto, opts...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		o.peer = p
		return nil
	}
	if o.up { // it has connected to us meanwhile
		return nil
	}
	o.dialled, o.broken = false, o.peer != nil
	if !o.broken && s.others[o.name] == o {
		delete(s.others, o.name)
	}
	o.change()
	return dialFailure(ctx, err, try)
}

// with runs a verb with the peer of a name: on the connection that is up, or, with --reconnect, on the next one.
func (s *session) with(ctx context.Context, name string, verb func(context.Context, *bellpull.Peer) error) error {
	for {
		p, link, err := s.reach(ctx, name)
		if err != nil {
			return err
		}
		both, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(link, cancel)
		err = verb(both, p)
		stop()
		cancel()
		if err == nil || ctx.Err() != nil || link.Err() == nil {
			return err
		}
		e, ok := errors.AsType[*bellpull.Error](err)
		if !ok || e.Remote || e.Code != bellpull.CodeCanceled && e.Code != bellpull.CodeUnavailable && e.Code != bellpull.CodeClosed {
			return err
		}
		if e.Ran == bellpull.Never && s.opts.reconnect && s.ctx.Err() == nil {
			continue
		}
		return lost(name, e.Ran)
	}
}

// reach waits for the connection with a process that is to have one.
func (s *session) reach(ctx context.Context, name string) (*bellpull.Peer, context.Context, error) {
	for {
		s.mu.Lock()
		o := s.others[name]
		switch {
		case o == nil:
			s.mu.Unlock()
			return nil, nil, &control.Failure{Type: "NotConnectedException", Message: fmt.Sprintf("not connected to %q", name)}
		case o.up:
			defer s.mu.Unlock()
			return o.peer, o.link, nil
		case o.broken && !s.opts.reconnect:
			s.mu.Unlock()
			return nil, nil, lost(name, bellpull.Never)
		}
		changed := o.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-s.ctx.Done():
			return nil, nil, lost(name, bellpull.Never)
		}
	}
}

// drop ends the connection with one process, which is not said to be broken.
func (s *session) drop(ctx context.Context, name string) error {
	s.mu.Lock()
	o := s.others[name]
	if o == nil || o.peer == nil || o.broken {
		s.mu.Unlock()
		return &control.Failure{Type: "NotConnectedException", Message: fmt.Sprintf("not connected to %q", name)}
	}
	delete(s.others, name)
	o.unlink()
	s.mu.Unlock()
	return o.peer.Close(ctx)
}

// names gives the processes that are on record.
func (s *session) names() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, o := range s.others {
		if !o.broken || s.opts.reconnect {
			list = append(list, name)
		}
	}
	return list
}
