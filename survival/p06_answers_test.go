//go:build linux || darwin

package survival

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// TestP06AnswersThatNobodyAskedForAreDropped: answers for calls never made, of another kind, for the call before, and
// the right one twice. Each call gets its own, once.
func TestP06AnswersThatNobodyAskedForAreDropped(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		b := besiege(t, w)
		r, id := b.inside(t)
		p := b.peer(t, id)
		var reading sync.WaitGroup
		const calls = 300
		reading.Go(func() {
			last := uint32(1)
			for i := range calls {
				sign := r.nextCall()
				var out []byte
				for _, s := range []uint32{sign ^ 1, sign + 4096, sign ^ 1<<30, 1, 1<<31 - 1, last} {
					if s != sign && s != 0 {
						out = append(out, w.answer(s, []byte("wrong"))...)
					}
				}
				for _, f := range []dmtpwire.Flags{dmtpwire.FlagVerifyResponse, dmtpwire.FlagResetIDResponse, dmtpwire.FlagPingResponse,
					dmtpwire.FlagCloseAcknowledge} {
					out = append(out, kernel(f, `{"Id":"wrong","Status":1,"Sign":%d}`, sign)...)
				}
				out = append(out, w.answer(sign, fmt.Append(nil, i))...)
				for range 3 {
					out = append(out, w.answer(sign, []byte("again"))...)
				}
				last = sign
				if err := r.put(out); err != nil {
					t.Error(err)
					return
				}
			}
		})
		for i := range calls {
			got, err := p.CallBytes(bounded(t), "x", nil, nil)
			if err != nil || string(got) != fmt.Sprint(i) {
				t.Fatalf("call %d: %q, %v", i, got, err)
			}
		}
		reading.Wait()
	})
}

// TestP06RenamesUnderLoadLoseNoCall: both ends rename the link, 5,000 times in all, while calls run both ways.
func TestP06RenamesUnderLoadLoseNoCall(t *testing.T) {
	eachSocket(t, func(t *testing.T, w way) {
		renames := 2500
		if testing.Short() {
			renames = 500
		}
		b := besiege(t, w)
		near := w.dial(t, b.addr, only(dmtp.ID("first")))
		far := b.peer(t, "first")
		near.Handle("echo", echo)
		var renaming, calling sync.WaitGroup
		var over atomic.Bool
		ctx := bounded(t)
		for i, p := range []*bellpull.Peer{near, near, far, far} {
			calling.Go(func() {
				for n := 0; !over.Load(); n++ {
					body := fmt.Sprint(i, n)
					if got, err := p.CallBytes(ctx, "echo", nil, []byte(body)); err != nil || string(got) != body {
						t.Errorf("caller %d, call %d: %q, %v", i, n, got, err)
						return
					}
				}
			})
		}
		renaming.Go(func() {
			for i := range renames {
				if err := dmtp.Rename(ctx, near, fmt.Sprint("near-", i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		renaming.Go(func() {
			for i := range renames {
				if err := dmtp.Rename(ctx, far, fmt.Sprint("far-", i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		renaming.Wait()
		over.Store(true)
		calling.Wait()
		if a, b := dmtp.SessionID(near), dmtp.SessionID(far); a != b || far.Name() != b {
			t.Errorf("the link is %q here, %q there, and the node calls it %q", a, b, far.Name())
		}
	})
}
