package pump_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// toy is the least protocol on a pump: frames of u32 length | u8 kind | i32 sign | body.
type toy struct {
	p      *pump.Pump
	host   *toyHost
	ended  chan error
	gone   chan struct{}
	frames atomic.Int32
}

const (
	kindCall = iota
	kindAnswer
	kindNote
	toyHeader = 9
)

func toySplit(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	return int(binary.LittleEndian.Uint32(b)), nil
}

func (l *toy) Dispatch(r *pump.Reader, f []byte) error {
	l.frames.Add(1)
	sign, body := int32(binary.LittleEndian.Uint32(f[5:])), f[toyHeader:]
	switch f[4] {
	case kindAnswer:
		if w := l.p.Claim(sign, 1); w != nil {
			w.X.Answer = append(w.X.Dst, body...)
			l.p.Finish(r, w)
		}
	case kindCall, kindNote:
		s := l.p.Serving(r)
		s.Sign = int64(sign)
		s.Body = append(s.Body, body...)
		s.Method = l.host.method
		s.In = bellpull.Incoming{Body: s.Body, Notify: f[4] == kindNote}
		l.p.Request(r, s)
	}
	return nil
}

func (l *toy) put(kind byte, sign int32, body []byte, wait bool) (bool, error) {
	b, ok, err := l.p.Room(toyHeader+len(body), wait)
	if !ok {
		return err != nil, nil
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	b[4] = kind
	binary.LittleEndian.PutUint32(b[5:], uint32(sign))
	copy(b[toyHeader:], body)
	l.p.Out().Commit(len(b))
	return true, nil
}

func (l *toy) Answer(s *pump.Serving, wait bool) (bool, error) {
	_, body, fail := s.Reply().Result()
	if s.Refuse != nil {
		body = []byte("refused: " + s.Refuse.Code.String())
	} else if fail != nil {
		body = []byte("failed: " + fail.Msg)
	}
	return l.put(kindAnswer, int32(s.Sign), body, wait)
}

func (l *toy) Ended(err error) { l.ended <- err }
func (l *toy) Gone()           { close(l.gone) }

func (l *toy) call(ctx context.Context, body string, deadline int64) (string, error) {
	x := &bellpull.Exchange{Ctx: ctx, Deadline: deadline}
	w, _, err := l.p.Acquire(x, 1)
	if err != nil {
		return "", err
	}
	defer l.p.Release(w)
	w.Send()
	if _, err := l.put(kindCall, w.Sign(), []byte(body), true); err != nil {
		return "", err
	}
	l.p.Flush()
	if err := l.p.Await(w); err != nil {
		return "", err
	}
	return string(x.Answer), nil
}

func (l *toy) note(body string) {
	l.put(kindNote, 0, []byte(body), true)
	l.p.Flush()
}

// toyHost runs one handler and knows nothing else.
type toyHost struct {
	bellpull.Host
	method *bellpull.Method
	run    func(w *bellpull.Reply, r *bellpull.Request)
}

func (h *toyHost) Log() *slog.Logger { return slog.New(slog.DiscardHandler) }
func (h *toyHost) Run(_ *bellpull.Method, w *bellpull.Reply, r *bellpull.Request) {
	h.run(w, r)
}

// link makes two ends over mem. Only far runs handlers.
func link(t *testing.T, limits pump.Limits, run func(w *bellpull.Reply, r *bellpull.Request)) (near, far *toy, end func()) {
	t.Helper()
	a, b := mem.Pipe()
	mon := pump.NewMonitor()
	ends := [2]*toy{}
	for i, c := range []transport.Conn{a, b} {
		l := &toy{host: &toyHost{method: bellpull.NewMethod("m", nil), run: run}, ended: make(chan error, 1), gone: make(chan struct{})}
		port := transport.NewPort(c, toySplit, transport.PortConfig{})
		l.p = pump.New(port, port, l, l.host, mon, limits)
		l.p.Start()
		ends[i] = l
	}
	return ends[0], ends[1], func() {
		for _, l := range ends {
			l.p.Fail(errors.New("over"))
			<-l.gone
		}
		mon.Close()
	}
}

func TestAHandlerThatLastsLosesTheRoleWithinTwoTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) {
			if string(r.Borrow()) == "slow" {
				time.Sleep(time.Second)
			}
			w.Write(r.Borrow())
		})
		defer end()
		go near.call(t.Context(), "slow", 0)
		synctest.Wait() // the handler sleeps, main with it
		from := time.Now()
		if got, err := near.call(t.Context(), "quick", 0); got != "quick" || err != nil {
			t.Fatal(got, err)
		}
		if took := time.Since(from); took > 3*time.Millisecond {
			t.Error("a quick call behind a slow one took", took)
		}
		if !far.host.method.Slow() {
			t.Error("the method is not known as slow")
		}
		from = time.Now()
		go near.call(t.Context(), "slow", 0) // now it gets a goroutine at once
		synctest.Wait()
		if got, err := near.call(t.Context(), "quick", 0); got != "quick" || err != nil || time.Since(from) > 0 {
			t.Error(got, err, time.Since(from))
		}
		time.Sleep(2 * time.Second)
	})
}

func TestBorrowedBytesSurviveTheTheft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) {
			body := r.Borrow()
			before := string(body)
			if before == "slow" {
				time.Sleep(100 * time.Millisecond)
			}
			if string(body) != before {
				w.Write([]byte("overwritten with "))
			}
			w.Write(body)
		})
		defer end()
		slow := make(chan string, 1)
		go func() {
			got, _ := near.call(t.Context(), "slow", 0)
			slow <- got
		}()
		synctest.Wait()
		for i := range 50 {
			near.call(t.Context(), fmt.Sprintf("%04d", i), 0)
		}
		if got := <-slow; got != "slow" {
			t.Error(got)
		}
	})
}

func TestEveryCallEndsOnceByItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) { time.Sleep(time.Hour) })
		defer func() { end() }()
		from := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				limit := time.Duration(1+i%7) * 100 * time.Millisecond
				_, err := near.call(t.Context(), "x", transport.Now()+int64(limit))
				if took := time.Since(from); !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Maybe ||
					took < limit || took > limit+50*time.Millisecond {
					t.Error(limit, took, err)
				}
			})
		}
		wg.Wait()
		if err := near.p.Err(); err != nil {
			t.Error("the link suffered:", err)
		}
	})
}

func TestACancelledLeaderReturnsAndOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) {
			time.Sleep(time.Second)
			w.Write(r.Borrow())
		})
		defer end()
		for _, after := range []time.Duration{2 * time.Millisecond, 100 * time.Millisecond} {
			ctx, cancel := context.WithCancel(t.Context())
			other := make(chan string, 1)
			go func() {
				got, _ := near.call(t.Context(), "other", 0)
				other <- got
			}()
			from := time.Now()
			time.AfterFunc(after, cancel)
			_, err := near.call(ctx, "x", 0)
			if took := time.Since(from); !errors.Is(err, context.Canceled) || took < after || took > after+5*time.Millisecond {
				t.Error(after, took, err)
			}
			if got := <-other; got != "other" {
				t.Error(got)
			}
		}
	})
}

func TestALaneThatRunsOverEndsTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, end := link(t, pump.Limits{Lane: 10}, func(w *bellpull.Reply, r *bellpull.Request) { time.Sleep(time.Second) })
		defer end()
		for range 20 {
			near.note("x")
		}
		err := <-far.ended
		if e, ok := err.(*bellpull.Error); !ok || e.Code != bellpull.CodeBusy {
			t.Error(err)
		}
	})
}

func TestHandlersBeyondTheLimitAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _, end := link(t, pump.Limits{Handlers: 5}, func(w *bellpull.Reply, r *bellpull.Request) { time.Sleep(time.Second) })
		defer end()
		for range 5 {
			go near.call(t.Context(), "x", 0)
			time.Sleep(10 * time.Millisecond)
		}
		if got, err := near.call(t.Context(), "one more", 0); got != "refused: busy" || err != nil {
			t.Error(got, err)
		}
		time.Sleep(2 * time.Second)
		if got, err := near.call(t.Context(), "again", 0); got != "" || err != nil {
			t.Error(got, err)
		}
	})
}

func TestSignsAreNotUsedAgainSoon(t *testing.T) {
	near, _, end := link(t, pump.Limits{InFlight: 4}, func(w *bellpull.Reply, r *bellpull.Request) {})
	defer end()
	seen := map[int32]bool{}
	for range 10_000 {
		w, _, err := near.p.Acquire(&bellpull.Exchange{Ctx: t.Context()}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if w.Sign() <= 0 || seen[w.Sign()] {
			t.Fatal("sign", w.Sign())
		}
		seen[w.Sign()] = true
		w.Send()
		if stale := w.Sign() + 4096; near.p.Claim(stale, 1) != nil {
			t.Fatal("an answer of another generation was taken")
		}
		if near.p.Claim(w.Sign(), 2) != nil {
			t.Fatal("an answer of another kind was taken")
		}
		near.p.Release(w)
	}
	var held []*pump.Waiter
	for range 4 {
		w, _, err := near.p.Acquire(&bellpull.Exchange{Ctx: t.Context()}, 1)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, w)
	}
	if _, _, err := near.p.Acquire(&bellpull.Exchange{Ctx: t.Context()}, 1); !errors.Is(err, bellpull.ErrBusy) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error(err)
	}
	for _, w := range held {
		near.p.Release(w)
	}
}

func TestARequestGivenUpBeforeItIsSentIsNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) {})
		defer end()
		w, _, err := near.p.Acquire(&bellpull.Exchange{Ctx: t.Context(), Deadline: transport.Now() + int64(time.Second)}, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer near.p.Release(w)
		time.Sleep(2 * time.Second) // waiting for room, say
		if w.Send() {
			t.Error("a waiter that is over may be sent")
		}
		if err := near.p.Await(w); !errors.Is(err, context.DeadlineExceeded) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
	})
}

func TestTheEndOfALinkEndsEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) { <-r.Context().Done() })
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := near.call(t.Context(), "x", 0); !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Maybe {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		far.p.Fail(errors.New("killed"))
		wg.Wait()
		end()
		if _, err := near.call(t.Context(), "x", 0); !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error(err)
		}
	})
}

func TestAHandlerThatWasToldToStopIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far, end := link(t, pump.Limits{}, func(w *bellpull.Reply, r *bellpull.Request) {
			switch string(r.Borrow()) {
			case "deaf":
				time.Sleep(time.Second)
			case "listens":
				<-r.Context().Done()
			}
			w.Write(r.Borrow())
		})
		defer end()
		answers := make(chan string, 2)
		for _, body := range []string{"deaf", "listens"} {
			go func() {
				got, _ := near.call(t.Context(), body, transport.Now()+int64(5*time.Second))
				answers <- got
			}()
			time.Sleep(10 * time.Millisecond)
		}
		far.p.Retire(errors.New("goodbye"), 10*time.Second)
		if got := <-answers; got != "deaf" {
			t.Errorf("answered %q", got)
		}
		if got := <-answers; got != "" {
			t.Errorf("answered %q", got)
		}
	})
}
