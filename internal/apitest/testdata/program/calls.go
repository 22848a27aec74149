package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/npipe"
)

type pair struct{ A, B int }

// borrowing answers with the bytes it got, without a copy of its own.
type borrowing struct{}

func (borrowing) ServeBell(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }

// copying answers with a private copy of the bytes it got.
type copying struct{}

func (copying) ServeBell(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Body()) }

// serve runs a service of a mux in dir and a client of it until both are closed by done.
func serve(ctx context.Context, dir string, mux *bellpull.Mux, opts ...dmtp.Option) (peer *bellpull.Peer, done func(), err error) {
	node, err := dmtp.Listen(ctx, "unix:"+dir+"/s", mux, opts...)
	if err != nil {
		return nil, nil, err
	}
	peer, err = dmtp.Dial(ctx, "unix:"+dir+"/s")
	if err != nil {
		node.Close(ctx)
		return nil, nil, err
	}
	return peer, func() {
		peer.Close(ctx)
		node.Close(ctx)
	}, nil
}

// servePipes is serve with the pipes of dotnetCampus.Ipc.
func servePipes(ctx context.Context, dir string, mux *bellpull.Mux) (peer *bellpull.Peer, done func(), err error) {
	there := campus.NodeOptions(bellpull.WithTransports(&npipe.Transport{Dir: dir}))
	node, err := campus.Listen(ctx, "npipe:s", mux, there)
	if err != nil {
		return nil, nil, err
	}
	peer, err = campus.Dial(ctx, "npipe:s", there)
	if err != nil {
		node.Close(ctx)
		return nil, nil, err
	}
	return peer, func() {
		peer.Close(ctx)
		node.Close(ctx)
	}, nil
}

func call(ctx context.Context, dir string) error {
	mux := bellpull.NewMux()
	bellpull.Handle(mux, "add", func(ctx context.Context, p pair) (int, error) { return p.A + p.B, nil })
	bellpull.HandleFunc(mux, "join", func(ctx context.Context, sep string, n int, word string) (string, error) {
		return strings.Repeat(word+sep, n), nil
	})
	peer, done, err := serve(ctx, dir, mux)
	if err != nil {
		return err
	}
	defer done()
	if sum, err := bellpull.Call[int](ctx, peer, "add", pair{1, 2}); err != nil || sum != 3 {
		return fmt.Errorf("add gave %d, %v", sum, err)
	}
	if s, err := bellpull.Call[string](ctx, peer, "join", "-", 2, "bell"); err != nil || s != "bell-bell-" {
		return fmt.Errorf("join gave %q, %v", s, err)
	}
	return nil
}

func callErrors(ctx context.Context, dir string) error {
	mux, entered, release := bellpull.NewMux(), make(chan struct{}), make(chan struct{})
	bellpull.HandleFunc(mux, "fail", func() error { return errors.New("out of rope") })
	bellpull.HandleFunc(mux, "hang", func() {
		close(entered)
		<-release
	})
	peer, done, err := serve(ctx, dir, mux)
	if err != nil {
		return err
	}
	defer done()
	defer close(release)
	impatient, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		receive(ctx, entered)
		cancel()
	}()
	for _, c := range []struct {
		ctx    context.Context
		method string
		is     error
		ran    bellpull.Executed
		remote bool
	}{
		{ctx, "nobody", bellpull.ErrNoMethod, bellpull.Never, true},
		{ctx, "fail", bellpull.ErrFailed, bellpull.Yes, true},
		{impatient, "hang", context.Canceled, bellpull.Maybe, false},
	} {
		_, err := bellpull.Call[int](c.ctx, peer, c.method)
		var e *bellpull.Error
		if !errors.As(err, &e) || !errors.Is(err, c.is) || e.Executed() != c.ran || e.Remote != c.remote {
			return fmt.Errorf("%s gave %v, want %v, executed %v, remote %v", c.method, err, c.is, c.ran, c.remote)
		}
	}
	return nil
}

func callBytes(ctx context.Context, dir string) error {
	mux := bellpull.NewMux()
	mux.Handle("borrow", borrowing{})
	mux.Handle("copy", copying{})
	peer, done, err := serve(ctx, dir, mux)
	if err != nil {
		return err
	}
	defer done()
	for _, method := range []string{"borrow", "copy"} {
		for _, size := range []int{0, 1, 64, 4 << 10, 1 << 20} {
			body := bytes.Repeat([]byte{0xB3}, size)
			got, err := peer.CallBytes(ctx, method, []byte("before"), body)
			if err != nil || !bytes.Equal(got, append([]byte("before"), body...)) {
				return fmt.Errorf("%s of %d bytes gave %d bytes, %v", method, size, len(got), err)
			}
		}
	}
	return nil
}

func notify(ctx context.Context, dir string) error {
	const count = 100
	mux, came := bellpull.NewMux(), make(chan string, count)
	bellpull.HandleFunc(mux, "note", func(i int, text string) { came <- fmt.Sprint(i, text) })
	peer, done, err := serve(ctx, dir, mux)
	if err != nil {
		return err
	}
	defer done()
	for i := range count {
		if err := peer.Notify(ctx, "note", i, "x"); err != nil {
			return err
		}
	}
	for i := range count {
		if got, err := receive(ctx, came); err != nil || got != fmt.Sprint(i, "x") {
			return fmt.Errorf("notify %d: got %q, %v", i, got, err)
		}
	}
	return nil
}

func channel(ctx context.Context, dir string) error {
	peer, done, err := serve(ctx, dir, nil)
	if err != nil {
		return err
	}
	defer done()
	if _, err := peer.OpenChannel(ctx, "files"); !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("OpenChannel gave %v, want errors.ErrUnsupported", err)
	}
	return nil
}

// receive takes a value from a channel, unless ctx is done first.
func receive[T any](ctx context.Context, c <-chan T) (v T, err error) {
	select {
	case v = <-c:
		return v, nil
	case <-ctx.Done():
		return v, ctx.Err()
	}
}
