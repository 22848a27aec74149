package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// nodes has one node listen with three protocol values, and a client come through each.
func nodes(ctx context.Context, dir string) error {
	hall := bellpull.NewNode("hall")
	defer hall.Close(ctx)
	bellpull.HandleFunc(hall.Mux(), "who", func(ctx context.Context) string { return bellpull.Caller(ctx).Name() })
	addrs := map[string]string{"alice": "unix:" + dir + "/a", "bob": "unix:" + dir + "/b", "carol": "tcp:127.0.0.1:0"}
	protocols := map[string]dmtp.Protocol{"alice": {}, "bob": {Plain: true}, "carol": {Token: "rope"}}
	names := []string{"alice", "bob", "carol"}
	for _, name := range names {
		if err := hall.Listen(ctx, addrs[name], protocols[name]); err != nil {
			return err
		}
	}
	for _, a := range hall.Addrs() {
		if strings.HasPrefix(a, "tcp:") {
			addrs["carol"] = a
		}
	}
	news := make(chan string, len(names))
	for _, name := range names {
		mux := bellpull.NewMux()
		bellpull.HandleFunc(mux, "news", func(text string) { news <- name + " " + text })
		client := bellpull.NewNode(name, bellpull.WithMux(mux))
		defer client.Close(ctx)
		peer, err := client.Dial(ctx, addrs[name], protocols[name])
		if err != nil {
			return err
		}
		if got, err := bellpull.Call[string](ctx, peer, "who"); err != nil || got != name {
			return fmt.Errorf("who gave %q, %v, want %q", got, err, name)
		}
		known, err := hall.Wait(ctx, name)
		if err != nil || known.Name() != name {
			return fmt.Errorf("Wait(%q) gave %v", name, err)
		}
	}
	var seen []string
	for p := range hall.Peers() {
		seen = append(seen, p.Name())
	}
	if slices.Sort(seen); !slices.Equal(seen, names) {
		return fmt.Errorf("Peers gave %q, want %q", seen, names)
	}
	if n, err := hall.Broadcast(ctx, "news", "tea"); n != len(names) || err != nil {
		return fmt.Errorf("Broadcast gave %d, %v", n, err)
	}
	var heard []string
	for range names {
		text, err := receive(ctx, news)
		if err != nil {
			return fmt.Errorf("broadcast heard by %q: %w", heard, err)
		}
		heard = append(heard, text)
	}
	if slices.Sort(heard); !slices.Equal(heard, []string{"alice tea", "bob tea", "carol tea"}) {
		return fmt.Errorf("broadcast heard by %q", heard)
	}
	return nil
}

func tokens(ctx context.Context, dir string) error {
	verify := func(v *dmtp.Verify) error {
		if v.ID == "mallory" {
			return errors.New("not you")
		}
		return nil
	}
	node := bellpull.NewNode("")
	defer node.Close(ctx)
	if err := node.Listen(ctx, "unix:"+dir+"/s", dmtp.Protocol{Token: "rope", Verify: verify}); err != nil {
		return err
	}
	for _, c := range []struct {
		opts []dmtp.Option
		want string
	}{
		{[]dmtp.Option{dmtp.Token("rope")}, ""},
		{[]dmtp.Option{dmtp.With(dmtp.Protocol{Token: "rope", Plain: true})}, ""},
		{[]dmtp.Option{dmtp.Token("string")}, "refused"},
		{nil, "refused"},
		{[]dmtp.Option{dmtp.Token("rope"), dmtp.ID("mallory")}, "not you"},
	} {
		peer, err := dmtp.Dial(ctx, "unix:"+dir+"/s", c.opts...)
		switch {
		case c.want == "" && err != nil:
			return fmt.Errorf("a right token gave %w", err)
		case c.want != "" && (!errors.Is(err, bellpull.ErrRefused) || !strings.Contains(err.Error(), c.want)):
			return fmt.Errorf("a client to be refused got %v, want %q", err, c.want)
		case err == nil:
			peer.Close(ctx)
		}
	}
	err := node.Listen(ctx, "tcp:127.0.0.1:0", dmtp.Protocol{})
	if !errors.Is(err, bellpull.ErrRefused) {
		return fmt.Errorf("listening on tcp without a token gave %v, want a refusal", err)
	}
	return nil
}

// peerHandlers has two clients answer one method differently, each towards one peer, and one stop again.
func peerHandlers(ctx context.Context, dir string) error {
	hall := bellpull.NewNode("hall")
	defer hall.Close(ctx)
	if err := hall.Listen(ctx, "unix:"+dir+"/s", dmtp.Protocol{}); err != nil {
		return err
	}
	client := bellpull.NewNode("alice")
	defer client.Close(ctx)
	client.Mux().Handle("ask", answer("everybody's"))
	peer, err := client.Dial(ctx, "unix:"+dir+"/s", dmtp.Protocol{})
	if err != nil {
		return err
	}
	back, err := hall.Wait(ctx, "alice")
	if err != nil {
		return err
	}
	ask := func(want string) error {
		got, err := back.CallBytes(ctx, "ask", nil, nil)
		if err != nil || string(got) != want {
			return fmt.Errorf("ask gave %q, %v, want %q", got, err, want)
		}
		return nil
	}
	if err := ask("everybody's"); err != nil {
		return err
	}
	cancel := peer.Handle("ask", answer("this peer's"))
	if err := ask("this peer's"); err != nil {
		return err
	}
	cancel()
	return ask("everybody's")
}

type answer string

func (a answer) ServeBell(w *bellpull.Reply, r *bellpull.Request) { w.Write([]byte(a)) }

func frames(ctx context.Context, dir string) error {
	came := make(chan *dmtp.Frame, 1)
	peer, done, err := serve(ctx, dir, nil, dmtp.OnFrame(func(f *dmtp.Frame) { came <- f }))
	if err != nil {
		return err
	}
	defer done()
	if err := dmtp.SendFrame(ctx, peer, 1234, []byte("body")); err != nil {
		return err
	}
	f, err := receive(ctx, came)
	if err != nil || f.Flags != 1234 || string(f.Body) != "body" {
		return fmt.Errorf("got frame %+v, %v", f, err)
	}
	var e *bellpull.Error
	if err := dmtp.SendFrame(ctx, peer, 19, nil); !errors.As(err, &e) || e.Executed() != bellpull.Never {
		return fmt.Errorf("a frame of the protocol's own gave %v, want a refusal before sending", err)
	}
	return nil
}
