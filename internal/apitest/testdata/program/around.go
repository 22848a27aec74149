package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// interceptors has two on each side write down when they are entered and left.
func interceptors(ctx context.Context, dir string) error {
	var mu sync.Mutex
	var log []string
	note := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, s)
	}
	calls := func(name string) bellpull.NodeOption {
		return bellpull.WithCallInterceptor(func(next bellpull.CallFunc) bellpull.CallFunc {
			return func(p *bellpull.Peer, x *bellpull.Exchange) error {
				note("call " + name + " " + x.Method)
				defer note("called " + name)
				return next(p, x)
			}
		})
	}
	handlers := func(name string) bellpull.NodeOption {
		return bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
			return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				note("serve " + name + " " + r.Method())
				defer note("served " + name)
				next.ServeBell(w, r)
			})
		})
	}
	server := bellpull.NewNode("", handlers("1"), handlers("2"))
	defer server.Close(ctx)
	server.Mux().Handle("echo", borrowing{})
	if err := server.Listen(ctx, "unix:"+dir+"/s", dmtp.Protocol{}); err != nil {
		return err
	}
	client := bellpull.NewNode("", calls("1"), calls("2"))
	defer client.Close(ctx)
	peer, err := client.Dial(ctx, "unix:"+dir+"/s", dmtp.Protocol{})
	if err != nil {
		return err
	}
	if got, err := peer.CallBytes(ctx, "echo", nil, []byte("x")); err != nil || string(got) != "x" {
		return fmt.Errorf("echo gave %q, %v", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"call 1 echo", "call 2 echo", "serve 1 echo", "serve 2 echo", "served 2", "served 1", "called 2", "called 1"}
	if !slices.Equal(log, want) {
		return fmt.Errorf("interceptors ran as %q, want %q", log, want)
	}
	return nil
}

// deadline has a handler tell how much time its caller gives it, and one see its caller give up.
func deadline(ctx context.Context, dir string) error {
	mux, gone := bellpull.NewMux(), make(chan error, 1)
	bellpull.HandleFunc(mux, "left", func(ctx context.Context) (time.Duration, error) {
		end, ok := ctx.Deadline()
		if !ok {
			return 0, errors.New("no deadline")
		}
		return time.Until(end), nil
	})
	bellpull.HandleFunc(mux, "wait", func(ctx context.Context) error {
		<-ctx.Done()
		gone <- ctx.Err()
		return ctx.Err() // which may be here before the caller has looked at its own clock
	})
	peer, done, err := serve(ctx, dir, mux)
	if err != nil {
		return err
	}
	defer done()
	const given = 7 * time.Second
	short, cancel := context.WithTimeout(ctx, given)
	defer cancel()
	left, err := bellpull.Call[time.Duration](short, peer, "left")
	if err != nil || left <= 0 || left > given+2*time.Millisecond {
		return fmt.Errorf("of %v the handler has %v, %v", given, left, err)
	}
	waiting, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	if _, err := bellpull.Call[int](waiting, peer, "wait"); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a call beyond its deadline gave %v", err)
	}
	if _, err := receive(ctx, gone); err != nil {
		return fmt.Errorf("the handler did not hear that its caller gave up: %w", err)
	}
	return nil
}

// allocations counts those of both ends: they are in this process.
func allocations(ctx context.Context, dir string) error {
	mux := bellpull.NewMux()
	mux.Handle("borrow", borrowing{})
	mux.Handle("copy", copying{})
	mux.Handle("allocate", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		w.Write(bytes.Clone(r.Borrow()))
	}))
	overPipes := func() (*bellpull.Peer, func(), error) { return servePipes(ctx, dir, mux) }
	overSocket := func() (*bellpull.Peer, func(), error) { return serve(ctx, dir, mux) }
	for name, start := range map[string]func() (*bellpull.Peer, func(), error){"dmtp": overSocket, "campus": overPipes} {
		peer, done, err := start()
		if err == nil {
			err = countAllocations(ctx, peer)
			done()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func countAllocations(ctx context.Context, peer *bellpull.Peer) error {
	for size := 64; size <= 4<<10; size *= 2 {
		for method, want := range map[string]float64{"borrow": 0, "copy": 0, "allocate": 1} {
			n, err := allocsPerCall(ctx, peer, method, size)
			if err != nil || n != want {
				return fmt.Errorf("%s of %d bytes: %v allocations a call, want %v; %v", method, size, n, want, err)
			}
		}
	}
	return nil
}

func allocsPerCall(ctx context.Context, peer *bellpull.Peer, method string, size int) (n float64, err error) {
	body, dst := make([]byte, size), make([]byte, 0, size)
	n = testing.AllocsPerRun(1000, func() {
		if got, e := peer.CallBytes(ctx, method, dst, body); e != nil || len(got) != size {
			err = fmt.Errorf("%s gave %d bytes, %w", method, len(got), e)
		}
	})
	return n, err
}
