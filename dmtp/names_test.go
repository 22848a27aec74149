package dmtp_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// namedNode gives a node that listens at mem:NAME and says its name when asked "who".
func namedNode(t *testing.T, name string, network *mem.Network) *bellpull.Node {
	t.Helper()
	m := bellpull.NewMux()
	bellpull.HandleFunc(m, "who", func() string { return name })
	n := bellpull.NewNode(name, bellpull.WithTransports(network), bellpull.WithMux(m))
	t.Cleanup(func() { n.Close(context.Background()) })
	if err := n.Listen(t.Context(), "mem:"+name, dmtp.Protocol{}); err != nil {
		t.Fatal(err)
	}
	return n
}

// linksOf gives the events of a node's links within a minute.
func linksOf(t *testing.T, n *bellpull.Node) (kinds []bellpull.EventKind) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for e := range n.Watch(ctx) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// TestASecondLinkOfANamedNodeIsRefused: a service knows its client by name, and the first link keeps it.
func TestASecondLinkOfANamedNodeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		namedNode(t, "service", network)
		client := namedNode(t, "client", network)
		peer, err := client.Dial(t.Context(), "mem:service", dmtp.Protocol{})
		if err != nil {
			t.Fatal(err)
		}
		first := peer.Link()
		if _, err := client.Dial(t.Context(), "mem:service", dmtp.Protocol{}); !errors.Is(err, bellpull.ErrRefused) {
			t.Error(err)
		}
		if kinds := linksOf(t, client); len(kinds) > 0 {
			t.Errorf("links come and go: %d events, %v …", len(kinds), kinds[:min(len(kinds), 5)])
		}
		if got, err := bellpull.Call[string](t.Context(), peer, "who"); got != "service" || peer.Link() != first {
			t.Error(got, err, first.Err())
		}
	})
}

// TestNobodyBecomesTheServerWeDialled: a client may ask for any name but that of a peer that we dialled, though it is
// away just now. The handle leads to where it was dialled or nowhere.
func TestNobodyBecomesTheServerWeDialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := mem.New()
		server := namedNode(t, "server", network)
		node := namedNode(t, "node", network)
		peer, err := node.Dial(t.Context(), "mem:server", dmtp.Protocol{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := bellpull.Call[string](t.Context(), peer, "who"); got != "server" || err != nil {
			t.Fatal(got, err)
		}
		other := namedNode(t, "other", network)
		take := func(when string) {
			_, err := other.Dial(t.Context(), "mem:node", dmtp.Protocol{ID: peer.Name()})
			if !errors.Is(err, bellpull.ErrRefused) {
				t.Errorf("%s: dialled as %s: %v", when, peer.Name(), err)
			}
		}
		take("while it is up")
		server.Close(context.Background())
		time.Sleep(time.Second)
		take("while it is away")
		if got, err := bellpull.Call[string](t.Context(), peer, "who"); err == nil {
			t.Error("the handle leads to", got)
		}
		namedNode(t, "server", network)
		time.Sleep(time.Minute)
		if got, err := bellpull.Call[string](t.Context(), peer, "who"); got != "server" || err != nil {
			t.Error("after its return:", got, err)
		}
	})
}
