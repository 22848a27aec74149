package dmtp_test

import (
	"context"
	"os"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/unixsock"
)

func TestANodeServesAListenerMadeElsewhere(t *testing.T) {
	path := t.TempDir() + "/s"
	l, err := unixsock.Listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	node := bellpull.NewNode("calc", bellpull.WithMux(newMux()))
	if err := node.Serve(l, dmtp.Protocol{}); err != nil {
		t.Fatal(err)
	}
	peer, err := dmtp.Dial(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil || got != 3 {
		t.Error(got, err)
	}
	if peer.Name() != "calc" || len(node.Addrs()) != 1 || node.Addrs()[0] != "unix:"+path {
		t.Error(peer.Name(), node.Addrs())
	}
	peer.Close(t.Context())
	if err := node.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket file is still there")
	}
}

func TestOneNodeListensWithSeveralProtocols(t *testing.T) {
	dir := t.TempDir()
	node := bellpull.NewNode("calc", bellpull.WithMux(newMux()))
	defer node.Close(context.Background())
	for name, p := range map[string]dmtp.Protocol{"open": {}, "plain": {Plain: true}, "token": {Token: "secret"}} {
		if err := node.Listen(t.Context(), "unix:"+dir+"/"+name, p); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, name := range []string{"open", "plain", "token"} {
		peer, err := dmtp.Dial(t.Context(), "unix:"+dir+"/"+name, dmtp.Token(map[string]string{"token": "secret"}[name]))
		if err != nil {
			t.Fatal(name, err)
		}
		defer peer.Close(context.Background())
		if got, err := bellpull.Call[int](t.Context(), peer, "sum", 1, 2); err != nil || got != 3 {
			t.Error(name, got, err)
		}
		if peer.Traits().Compact != (name != "plain") {
			t.Error(name, peer.Traits())
		}
		if id := dmtp.SessionID(peer); seen[id] {
			t.Error("two links with the id", id)
		} else {
			seen[id] = true
		}
	}
}
