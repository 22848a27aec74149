package rival

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnAnswerMustBeTheBody(t *testing.T) {
	b := NewBuffers(100)
	b.Next()
	same := append([]byte(nil), b.Body...)
	if err := b.Check(same); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func([]byte) []byte{
		"shorter":                  func(p []byte) []byte { return p[:99] },
		"with more before its end": func(p []byte) []byte { return append(p, p[99]) },
		"of the call before": func(p []byte) []byte {
			p[1]--
			return p
		},
		"with another end": func(p []byte) []byte {
			p[99]++
			return p
		},
	} {
		if b.Check(change(append([]byte(nil), same...))) == nil {
			t.Errorf("an answer %s is taken for the body", name)
		}
	}
	for _, n := range []int{0, 1, 8, 9} {
		b := NewBuffers(n)
		b.Next()
		if err := b.Check(b.Body); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestOnlySlowBodiesSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, from := &Server{}, time.Now()
		s.Handle(NewBuffers(64).Body)
		s.Handle(nil)
		if took := time.Since(from); took != 0 {
			t.Errorf("a quick one took %v", took)
		}
		s.Handle(Slow(64).Body)
		if took := time.Since(from); took != SlowFor {
			t.Errorf("a slow one took %v, want %v", took, SlowFor)
		}
	})
}

func TestAwaitSaysWhenTheLastHadCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, body := &Server{}, NewBuffers(64).Body
		from := time.Now()
		go func() {
			for range 10 {
				time.Sleep(time.Second)
				s.Take(body)
			}
			s.TakeBytes(body)
		}()
		at, _, err := s.Await(t.Context(), 5)
		if err != nil || at.Sub(from) != 5*time.Second {
			t.Errorf("five had come after %v, %v", at.Sub(from), err)
		}
		time.Sleep(time.Second)
		if at, _, err = s.Await(t.Context(), 5); err != nil || at.Sub(from) != 6*time.Second {
			t.Errorf("asked later: after %v, %v", at.Sub(from), err)
		}
		if at, _, err = s.Await(t.Context(), 40); err != nil || at.Sub(from) != 10*time.Second {
			t.Errorf("with the bytes of a stream: after %v, %v", at.Sub(from), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, n, err := s.Await(ctx, 100); n != 74 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("of 100 %d had come, %v; want 74", n, err)
		}
	})
}

func TestUsageAddsHelpers(t *testing.T) {
	s := &Server{}
	s.Help(func() (Usage, error) { return Usage{CPU: 1000, Wakes: 1 << 40}, nil })
	if u, err := s.Usage(false); err != nil || u.CPU < 1000 || u.CPU > 1100 || u.Wakes < 1<<40 {
		t.Errorf("%+v, %v", u, err)
	}
}
