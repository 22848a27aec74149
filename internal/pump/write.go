package pump

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// room wakes those who wait for room in the unsent batch.
type room struct {
	waiting atomic.Int32
	mu      sync.Mutex
	ch      chan struct{} // closed and replaced when there is room again
}

func (r *room) wait() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ch
}

func (r *room) broadcast() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.ch)
	r.ch = make(chan struct{})
}

// Reserve gives room for n bytes of the unsent batch, to be followed by Out().Commit. When the batch is full it blocks
// until there is room, until the deadline (transport.Now; 0: none), until ctx is done, or until the link
// ends. Nothing was sent then: the errors are [*bellpull.Error], Never.
func (p *Pump) Reserve(ctx context.Context, n int, deadline int64) ([]byte, error) {
	b, err := p.out.Reserve(n)
	if err == nil {
		return b, nil
	}
	if err != transport.ErrFull {
		return nil, p.writeError(err)
	}
	p.room.waiting.Add(1)
	defer p.room.waiting.Add(-1)
	var expired <-chan time.Time
	if deadline != 0 {
		t := time.NewTimer(time.Duration(deadline - transport.Now()))
		defer t.Stop()
		expired = t.C
	}
	cancelled := ctx.Done()
	for {
		ch := p.room.wait()
		p.Flush()
		if b, err = p.out.Reserve(n); err == nil {
			return b, nil
		}
		if err != transport.ErrFull {
			return nil, p.writeError(err)
		}
		select {
		case <-ch:
		case <-cancelled:
			e := contextError(ctx)
			e.Ran = bellpull.Never
			return nil, e
		case <-expired:
			return nil, &bellpull.Error{Code: bellpull.CodeDeadline, Op: "call", Ran: bellpull.Never,
				Msg: "the other side does not take what it is sent"}
		case <-p.done:
			p.mu.Lock()
			defer p.mu.Unlock()
			return nil, p.lostError(bellpull.Never)
		}
	}
}

// Room is Reserve for answers: without wait it does not block and says !ok when the batch is full.
func (p *Pump) Room(n int, wait bool) (b []byte, ok bool, err error) {
	if wait {
		b, err = p.Reserve(context.Background(), n, 0)
		return b, err == nil, err
	}
	switch b, err = p.out.Reserve(n); err {
	case nil:
		return b, true, nil
	case transport.ErrFull:
		p.Flush()
		return nil, false, nil
	}
	return nil, false, p.writeError(err)
}

// maxPosts bounds the control frames that wait for room.
const maxPosts = 64

// Post sends a small frame of the protocol itself, such as the answer to a ping. It does not block; the frame is
// copied. A side that makes us post and never reads is cut off.
func (p *Pump) Post(frame []byte) {
	b, ok, err := p.Room(len(frame), false)
	switch {
	case err != nil:
	case ok:
		p.out.Commit(copy(b, frame))
	case p.posts.Add(1) > maxPosts:
		p.Fail(&bellpull.Error{Code: bellpull.CodeBusy, Op: "write", Msg: "the other side asks and does not read"})
	default:
		frame = append([]byte(nil), frame...)
		p.Go(func() {
			defer p.posts.Add(-1)
			if b, err := p.Reserve(context.Background(), len(frame), 0); err == nil {
				p.out.Commit(copy(b, frame))
				p.Flush()
			}
		})
	}
}

func (p *Pump) writeError(err error) error {
	var limit *transport.LimitError
	if errors.As(err, &limit) {
		return &bellpull.Error{Code: bellpull.CodeTooLarge, Op: "call", Ran: bellpull.Never, Err: err}
	}
	p.writeFailed(err)
	if err := p.Err(); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.lostError(bellpull.Never)
	}
	return &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "write", Ran: bellpull.Never, Err: err}
}

// readOut is how long a link that cannot be written to any more is still read, and readOutEnd how long it is when its end
// is on its way to the reader, who is only late.
const (
	readOut    = 20 * time.Millisecond
	readOutEnd = time.Second
)

func (p *Pump) writeFailed(err error) {
	p.Deaf(&bellpull.Error{Code: bellpull.CodeUnavailable, Op: "write", Err: err}, nil)
}

// Deaf ends a link whose other side takes nothing any more, for the reason end: a write has failed, or the connection that
// is written to has hung up. What the other side said before that may be waiting to be read: answers, and why it left.
// So reading goes on to its end, or for a moment; longer if ends, which may be nil, says then that there will be an end. It
// does not block.
func (p *Pump) Deaf(end *bellpull.Error, ends func() bool) {
	if p.isDone() || p.deaf.Swap(true) {
		return
	}
	reading := p.Go(func() {
		t := time.NewTimer(readOut)
		defer t.Stop()
		select {
		case <-t.C:
		case <-p.done:
			return
		}
		if ends != nil && ends() {
			t.Reset(readOutEnd)
			select {
			case <-t.C:
			case <-p.done:
			}
		}
		p.Fail(end)
	})
	if !reading {
		p.Fail(end)
		return
	}
	p.wakeMain()
}

// Flush sends what is committed as far as the carrier takes it; the rest is finished by a goroutine. It does not block.
func (p *Pump) Flush() {
	rest, err := p.out.Flush()
	switch {
	case err != nil:
		p.writeFailed(err)
	case rest:
		p.Go(p.drain)
	}
	if err == nil && !rest && p.room.waiting.Load() > 0 && p.out.Queued() == 0 {
		p.room.broadcast()
	}
}

// Settle blocks until all that is committed is with the carrier, the time is over, or the link has ended: who closes a
// link must not take away what somebody else is just sending.
func (p *Pump) Settle(within time.Duration) {
	p.room.waiting.Add(1) // has whoever sends say when nothing is left
	defer p.room.waiting.Add(-1)
	t := time.NewTimer(within)
	defer t.Stop()
	for {
		ch := p.room.wait()
		p.Flush()
		if p.out.Queued() == 0 {
			return
		}
		select {
		case <-ch:
		case <-t.C:
			return
		case <-p.done:
			return
		}
	}
}

// drain is the link's writer: it lives while the carrier is behind.
func (p *Pump) drain() {
	if err := p.out.Drain(); err != nil {
		p.writeFailed(err)
	}
	p.room.broadcast()
}
