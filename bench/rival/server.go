package rival

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Server is the part of a server that is the same for all peers: what handlers do.
type Server struct {
	taken  atomic.Int64 // notifies, or bytes of streams
	target atomic.Int64 // 0: none
	seen   atomic.Int64 // what keeps looking at bodies from being left out

	mu      sync.Mutex
	reached chan struct{} // closed when taken is at the target
	at      time.Time     // when it was
	helpers []func() (Usage, error)
}

// Handle does what a handler of a call does with a body, and so must every peer's before it answers. It sleeps when the
// body says so; see [Asleep].
func (s *Server) Handle(body []byte) {
	if Asleep(body) {
		time.Sleep(SlowFor)
	}
}

// Asleep says that the handler of a body will sleep, for peers whose users would start a goroutine for such work.
func Asleep(body []byte) bool { return len(body) > 0 && body[0] == slow }

// Take counts a notify. It looks at each cache line of the body, so that who passes memory along pays for it too.
func (s *Server) Take(body []byte) {
	s.look(body)
	s.add(1)
}

// TakeBytes counts what has come of a stream, as Take does.
func (s *Server) TakeBytes(b []byte) {
	s.look(b)
	s.add(int64(len(b)))
}

func (s *Server) look(b []byte) {
	sum := byte(0)
	for i := 0; i < len(b); i += 64 {
		sum += b[i]
	}
	if sum == 251 { // now and then: the sum must be used, and storing it each time would cost
		s.seen.Store(int64(sum))
	}
}

func (s *Server) add(n int64) {
	now := s.taken.Add(n)
	if t := s.target.Load(); t != 0 && now >= t && now-n < t {
		s.reach()
	}
}

func (s *Server) reach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reached != nil && s.at.IsZero() {
		s.at = time.Now()
		close(s.reached)
	}
}

// Await blocks until n notifies, or bytes of streams, have come since the server began, and says when that was: now, if
// they had before. It gives how many have come when ctx ends first.
func (s *Server) Await(ctx context.Context, n int64) (at time.Time, taken int64, err error) {
	s.mu.Lock()
	s.reached, s.at = make(chan struct{}), time.Time{}
	reached := s.reached
	s.mu.Unlock()
	s.target.Store(n)
	defer s.target.Store(0)
	if s.taken.Load() >= n {
		s.reach()
	}
	select {
	case <-reached:
	case <-ctx.Done():
		return time.Time{}, s.taken.Load(), ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at, s.taken.Load(), nil
}

// Help adds the usage of another process that belongs to the server, such as a broker.
func (s *Server) Help(usage func() (Usage, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.helpers = append(s.helpers, usage)
}

// Usage gives what this process and its helpers have used so far; with memory also what they hold, after a garbage
// collection.
func (s *Server) Usage(memory bool) (Usage, error) {
	s.mu.Lock()
	helpers := s.helpers
	s.mu.Unlock()
	u := OwnUsage(memory)
	for _, h := range helpers {
		more, err := h()
		if err != nil {
			return u, err
		}
		u = u.Plus(more)
	}
	return u, nil
}
