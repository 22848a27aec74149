//go:build linux || darwin

package survival

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport/mem"
)

// grace is how long after its deadline a call may return.
const grace = 250 * time.Millisecond

// late calls a method with a timeout and gives how long after its deadline the call returned, and its error.
func late(ctx context.Context, p *bellpull.Peer, method string, body []byte, timeout time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	by := time.Now().Add(timeout)
	_, err := p.CallBytes(ctx, method, nil, body)
	return time.Since(by), err
}

// TestP01EveryCallEndsByItsDeadline: of many calls at once, to handlers that listen to their context and to ones that
// do not, each ends by its own deadline, by that of the context and by that of the node.
func TestP01EveryCallEndsByItsDeadline(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, nodeOptions(bellpull.WithTimeout(60*time.Millisecond)))
		best(t, 5, grace, "a call returned behind its deadline", func() time.Duration {
			var (
				wg    sync.WaitGroup
				mu    sync.Mutex
				worst time.Duration
			)
			for i := range 24 {
				method := []string{"block", "stuck"}[i%2]
				timeout := time.Duration(20+5*i) * time.Millisecond
				wg.Go(func() {
					var (
						took time.Duration
						err  error
					)
					if i%3 == 0 { // by the node's timeout
						from := time.Now()
						_, err = peer.CallBytes(context.Background(), method, nil, nil)
						took = time.Since(from) - 60*time.Millisecond
					} else {
						took, err = late(t.Context(), peer, method, nil, timeout)
					}
					// A handler that listens to its context may answer, at the same moment, that it was let go.
					if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, bellpull.ErrFailed) || bellpull.ExecutedOf(err) == bellpull.Never {
						t.Errorf("%s: %v", method, err)
					}
					mu.Lock()
					defer mu.Unlock()
					worst = max(worst, took)
				})
			}
			waits(t, "every call is over", &wg)
			return worst
		})
	})
}

// TestP01ACancelledCallEndsAtOnce: the same bound for a caller that gives up.
func TestP01ACancelledCallEndsAtOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr)
		best(t, 5, grace, "a call returned after it was cancelled", func() time.Duration {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan time.Time)
			for range 8 {
				go func() {
					_, err := peer.CallBytes(ctx, "stuck", nil, nil)
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					ended <- time.Now()
				}()
			}
			if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
				t.Error(err)
			}
			from := time.Now()
			cancel()
			var last time.Time
			for range 8 {
				last = arrives(t, "the end of a cancelled call", ended)
			}
			return last.Sub(from)
		})
	})
}

// TestP01ACallWithoutADeadlineEndsAfterThirtySeconds: nobody waits for ever by mistake.
func TestP01ACallWithoutADeadlineEndsAfterThirtySeconds(t *testing.T) {
	for _, w := range ways {
		synctest.Test(t, func(t *testing.T) {
			w.carrier, w.network = "mem", mem.New()
			m := bellpull.NewMux()
			m.Handle("stuck", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { time.Sleep(time.Minute) }))
			node, err := w.listen(t.Context(), "mem:s", m)
			if err != nil {
				t.Fatal(err)
			}
			defer closeNode(node)
			peer, err := w.tryDial(t.Context(), "mem:s")
			if err != nil {
				t.Fatal(err)
			}
			defer hangUp(peer)
			from := time.Now()
			_, err = peer.CallBytes(context.Background(), "stuck", nil, nil)
			if took := time.Since(from); took < 30*time.Second || took > 30*time.Second+grace || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v: returned after %v with %v", w, took, err)
			}
			time.Sleep(time.Minute) // so that the handler returns inside the bubble
		})
	}
}

// TestP01ALateAnswerReachesNobody: a call is over, and the next one goes by the same number but for its generation. The
// answer of the first, when it comes, is not the second one's.
func TestP01ALateAnswerReachesNobody(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		m := bellpull.NewMux()
		release := map[string]chan struct{}{"first": make(chan struct{}), "second": make(chan struct{})}
		begun := make(chan string)
		m.Handle("ask", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			name := string(r.Borrow())
			begun <- name
			<-release[name]
			w.Write([]byte(name))
		}))
		m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
		_, addr := w.listenHere(t, m)
		peer := w.dial(t, addr)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		type end struct {
			got string
			err error
		}
		ended := make(chan end, 1)
		ask := func(ctx context.Context, name string) {
			got, err := peer.CallBytes(ctx, "ask", nil, []byte(name))
			ended <- end{string(got), err}
		}
		go ask(ctx, "first")
		arrives(t, "the first call runs", begun)
		cancel()
		if e := arrives(t, "the end of the first call", ended); !errors.Is(e.err, context.Canceled) {
			t.Fatal(e)
		}
		go ask(t.Context(), "second")
		arrives(t, "the second call runs", begun)
		close(release["first"])
		for range 20 { // the late answer comes before the last of these
			if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
				t.Fatal(err)
			}
		}
		close(release["second"])
		if e := arrives(t, "the end of the second call", ended); e.got != "second" || e.err != nil {
			t.Errorf("the second call ended with %q, %v", e.got, e.err)
		}
	})
}

// TestP01ACallThatEndedIsNotTouchedAgain: calls end once. Answers that come at the very moment of the deadline, or after
// it, change nothing of what the caller has back: not its buffer, not its result, not another call's.
func TestP01ACallThatEndedIsNotTouchedAgain(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr)
		const calls = 64
		var (
			wg      sync.WaitGroup
			buffers [calls][]byte
			lost    [calls]bool
		)
		for i := range calls {
			wg.Go(func() {
				buf := bytes.Repeat([]byte{0xEE}, 64)
				body := bytes.Repeat([]byte{byte(i)}, 32)
				// slow takes 20 ms: from well before to well behind the deadline.
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(15+i%12)*time.Millisecond)
				defer cancel()
				got, err := peer.CallBytes(ctx, "slow", buf[:0], body)
				switch {
				case err == nil:
					if !bytes.Equal(got, body) {
						t.Errorf("call %d got the answer %x", i, got)
					}
				case !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
				case len(got) != 0:
					t.Errorf("call %d got %v and the answer %x", i, err, got)
				default:
					for j := range buf { // the caller uses it for something else
						buf[j] = 0xDD
					}
					lost[i] = true
				}
				buffers[i] = buf
			})
		}
		wg.Wait()
		// The late answers are on their way; those of these calls come behind them.
		for i := range 3 {
			if got, err := peer.CallBytes(t.Context(), "slow", nil, []byte{0xA0 + byte(i)}); err != nil || len(got) != 1 || got[0] != 0xA0+byte(i) {
				t.Errorf("a later call got %x, %v", got, err)
			}
		}
		for i, buf := range buffers {
			if lost[i] && !bytes.Equal(buf, bytes.Repeat([]byte{0xDD}, 64)) {
				t.Errorf("call %d was over, and its buffer became %x", i, buf)
			}
		}
	})
}
