package worker

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/workload"
	"github.com/bellpull/bellpull/internal/measure"
)

// client is a process that calls.
type client struct {
	peer   rival.Peer
	addr   string
	what   workload.Workload
	from   rival.Client
	conns  []rival.Conn
	stream net.Conn
	sent   int64
}

func (c *client) do(cmd Command) (any, error) {
	switch cmd.Do {
	case Begin:
		c.what = cmd.Workload
		if err := c.connect(); err != nil {
			return nil, fmt.Errorf("connecting: %w", err)
		}
		if _, err := c.run(cmd.For); err != nil {
			return nil, fmt.Errorf("warming up: %w", err)
		}
		return Sent{c.sent}, nil
	case Run:
		before := rival.OwnUsage(false)
		r, err := c.run(cmd.For)
		if err != nil {
			return nil, err
		}
		r.Used, r.Sent = rival.OwnUsage(false).Minus(before), c.sent
		return r, nil
	case Used:
		return rival.OwnUsage(cmd.Memory), nil
	}
	return nil, fmt.Errorf("a client cannot %q", cmd.Do)
}

// connect makes the connections that are not there yet.
func (c *client) connect() (err error) {
	if c.what.Kind == workload.Stream {
		if c.stream == nil {
			c.stream, err = c.peer.Dial(c.addr)
		}
		return err
	}
	if c.from == nil {
		if c.from, err = c.peer.Open(c.addr, c.what.Callers); err != nil {
			return err
		}
	}
	for len(c.conns) < c.what.Conns {
		conn, err := c.from.Conn()
		if err != nil {
			return err
		}
		c.conns = append(c.conns, conn)
	}
	return nil
}

func (c *client) run(d time.Duration) (*Result, error) {
	switch c.what.Kind {
	case workload.Notify:
		return c.notify(d)
	case workload.Stream:
		return c.write(d)
	case workload.Idle:
		return c.touch()
	}
	return c.call(d)
}

// call makes calls from every caller.
func (c *client) call(d time.Duration) (*Result, error) {
	var calls []measure.Call
	for _, conn := range c.conns {
		for range c.what.Callers {
			calls = append(calls, caller(conn, c.what.Bytes))
		}
	}
	if c.what.Kind == workload.Slow {
		s := &slowly{every: 1000, free: make(chan struct{}, 32)}
		defer s.wait()
		for i := range calls {
			calls[i] = s.among(calls[i], c.conns[i/c.what.Callers], c.what.Bytes)
		}
	}
	load := measure.Load{For: d, Pause: c.what.Pause}
	if len(calls) > 64 {
		load.Digits = 2
	}
	r := &Result{Began: time.Now().UnixNano()}
	got, err := load.Run(context.Background(), calls)
	if err != nil {
		return nil, err
	}
	r.Ended = r.Began + int64(got.Took)
	r.N, r.P50, r.P99, r.P999 = got.Calls, measure.Micros(got.Hist.At(0.5)), measure.Micros(got.Hist.At(0.99)), measure.Micros(got.Hist.At(0.999))
	return r, nil
}

func caller(conn rival.Conn, size int) measure.Call {
	b := rival.NewBuffers(size)
	return func() error {
		b.Next()
		return conn.Call(b)
	}
}

// slowly adds a call whose handler sleeps to every so many others. It has a goroutine of its own, so that the callers go
// on; when as many sleep as there may be, none is added.
type slowly struct {
	every int64
	free  chan struct{}
	calls atomic.Int64
	group sync.WaitGroup
	fails atomic.Pointer[error]
}

func (s *slowly) among(call measure.Call, conn rival.Conn, size int) measure.Call {
	return func() error {
		if err := s.fails.Load(); err != nil {
			return fmt.Errorf("a call whose handler sleeps: %w", *err)
		}
		if s.calls.Add(1)%s.every == 0 {
			select {
			case s.free <- struct{}{}:
				s.group.Go(func() {
					defer func() { <-s.free }()
					if err := conn.Call(rival.Slow(size)); err != nil {
						s.fails.Store(&err)
					}
				})
			default:
			}
		}
		return call()
	}
}

func (s *slowly) wait() { s.group.Wait() }

// notify sends messages, looking at the clock at every sixteenth.
func (c *client) notify(d time.Duration) (*Result, error) {
	n, ok := c.conns[0].(rival.Notifier)
	if !ok {
		return nil, ErrUnfit
	}
	body := rival.NewBuffers(c.what.Bytes).Body
	from := time.Now()
	r := &Result{Began: from.UnixNano()}
	for ; r.N%16 != 0 || time.Since(from) < d; r.N++ {
		if err := n.Notify(body); err != nil {
			return nil, fmt.Errorf("after %d: %w", c.sent+r.N, err)
		}
	}
	if err := n.Flush(); err != nil {
		return nil, err
	}
	r.Ended = time.Now().UnixNano()
	c.sent += r.N
	return r, nil
}

// write writes on a stream.
func (c *client) write(d time.Duration) (*Result, error) {
	body := rival.NewBuffers(c.what.Bytes).Body
	from := time.Now()
	r := &Result{Began: from.UnixNano()}
	for ; r.N%4 != 0 || time.Since(from) < d; r.N++ {
		if _, err := c.stream.Write(body); err != nil {
			return nil, err
		}
		c.sent += int64(len(body))
	}
	r.Ended = time.Now().UnixNano()
	return r, nil
}

// touch makes a hundred calls on each connection, so that whatever they do once is done.
func (c *client) touch() (*Result, error) {
	for _, conn := range c.conns {
		call := caller(conn, c.what.Bytes)
		for range 100 {
			if err := call(); err != nil {
				return nil, err
			}
		}
	}
	return &Result{}, nil
}
