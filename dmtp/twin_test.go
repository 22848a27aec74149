package dmtp_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// late is mem whose dials take a while.
type late struct {
	*mem.Network
	by time.Duration
}

func (l late) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	time.Sleep(l.by)
	return l.Network.Dial(ctx, a)
}

// eachOther is two nodes at mem:a and mem:b that dial each other.
type eachOther struct {
	t       *testing.T
	network *mem.Network
	names   [2]string
	nodes   [2]*bellpull.Node
	peers   [2]*bellpull.Peer
}

var places = [2]string{"mem:a", "mem:b"}

func (e *eachOther) start(i int, dialTakes time.Duration) {
	e.t.Helper()
	m := bellpull.NewMux()
	bellpull.HandleFunc(m, "who", func() string { return places[i] })
	e.nodes[i] = bellpull.NewNode(e.names[i], bellpull.WithTransports(late{e.network, dialTakes}), bellpull.WithMux(m))
	if err := e.nodes[i].Listen(e.t.Context(), places[i], dmtp.Protocol{}); err != nil {
		e.t.Fatal(err)
	}
}

func (e *eachOther) dial(i int) {
	var err error
	if e.peers[i], err = e.nodes[i].Dial(e.t.Context(), places[1-i], dmtp.Protocol{}); err != nil {
		e.t.Errorf("%s dials: %v", places[i], err)
	}
}

func (e *eachOther) close() {
	for _, n := range e.nodes {
		n.Close(context.Background())
	}
}

// one checks that each node has one link, which is that of the peer it dialled, and that both can call.
func (e *eachOther) one(when string) {
	e.t.Helper()
	for i, n := range e.nodes {
		var up []string
		for p := range n.Peers() {
			up = append(up, p.Name())
			if p != e.peers[i] {
				e.t.Errorf("%s: %s: the link is that of %q, not of the peer that was dialled", when, places[i], p.Name())
			}
		}
		if len(up) != 1 {
			e.t.Errorf("%s: %s has the links %q, want one", when, places[i], up)
		}
		if e.peers[i] == nil {
			continue
		}
		if got, err := bellpull.Call[string](e.t.Context(), e.peers[i], "who"); got != places[1-i] || err != nil {
			e.t.Errorf("%s: %s calls: %q, %v", when, places[i], got, err)
		}
	}
}

// quiet checks that no link comes or goes within a minute.
func (e *eachOther) quiet() {
	e.t.Helper()
	for i, n := range e.nodes {
		if kinds := linksOf(e.t, n); len(kinds) > 0 {
			e.t.Errorf("%s: links come and go: %d events, %v …", places[i], len(kinds), kinds[:min(len(kinds), 5)])
		}
	}
}

// TestNodesThatDialEachOtherKeepOneLink: whoever comes first, and whatever their names; and again when it was cut, and
// when one of them was started anew.
func TestNodesThatDialEachOtherKeepOneLink(t *testing.T) {
	const ms = time.Millisecond
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}, {"", "b"}, {"a", ""}, {"", ""}, {"same", "same"}} {
		for _, apart := range []time.Duration{0, time.Second, -time.Second} {
			for _, takes := range [][2]time.Duration{{0, 0}, {ms, ms}, {20 * ms, 0}, {0, 20 * ms}} {
				name := fmt.Sprintf("%q and %q, %v apart, dials of %v", names[0], names[1], apart, takes)
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						e := &eachOther{t: t, network: mem.New(), names: names}
						defer e.close()
						var wg sync.WaitGroup
						for i := range e.nodes {
							e.start(i, takes[i])
						}
						for i := range e.nodes {
							wg.Go(func() {
								if i == 0 && apart < 0 || i == 1 && apart > 0 {
									time.Sleep(max(apart, -apart))
								}
								e.dial(i)
							})
						}
						wg.Wait()
						e.one("at first")
						e.quiet()
						for p := range e.nodes[0].Peers() {
							p.Link().Close("cut")
						}
						time.Sleep(5 * time.Second)
						e.one("after a cut")
						for i := range e.nodes {
							e.nodes[i].Close(context.Background())
							e.start(i, takes[i])
							e.dial(i)
							time.Sleep(10 * time.Second)
							e.one(fmt.Sprintf("after %s was started again", places[i]))
						}
						e.quiet()
					})
				})
			}
		}
	}
}

// hello shakes hands by hand and gives the answer's members.
func hello(t *testing.T, network *mem.Network, addr, id, word string) (map[string]string, *dmtpwire.WaitVerify) {
	t.Helper()
	c, err := network.Dial(t.Context(), mustAddr(t, addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	m := dmtpwire.WaitVerify{ID: dmtpwire.Str(id), Sign: 1}
	m.Metadata.Set("bellpull-ask", dmtpwire.Str(word))
	c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, m.AppendJSON(nil, dmtpwire.Compact)))
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := dmtpwire.ParseWaitVerify(b[dmtpwire.HeaderLen:n], &m); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, p := range m.Metadata.Pairs {
		said[p.Key.String()] = p.Value.String()
	}
	return said, &m
}

// TestAnEpochIsNoProof: it is no secret, so who claims another node's gains nothing and harms nobody but itself.
func TestAnEpochIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &eachOther{t: t, network: mem.New(), names: [2]string{"a", "b"}}
		defer e.close()
		e.start(0, 0)
		e.start(1, 0)
		e.dial(0)
		peer := e.peers[0]
		said, _ := hello(t, e.network, "mem:b", "", "1 compact name=")
		epoch := regexp.MustCompile(`node=[0-9a-f]+`).FindString(said["bellpull-ok"])
		if epoch == "" {
			t.Fatal(said)
		}
		for _, word := range []string{"1 compact " + epoch + " listens run=5 name=b", "1 compact " + epoch + " name=b", "1 compact " + epoch + " name=other"} {
			said, answer := hello(t, e.network, "mem:a", "", word)
			if answer.Status == dmtpwire.StatusSuccess || said["bellpull-twin"] == "" {
				t.Errorf("%q is answered with status %v, %v", word, answer.Status, said)
			}
		}
		if got, err := bellpull.Call[string](t.Context(), peer, "who"); got != "mem:b" || err != nil || peer.Name() != "b" {
			t.Error(peer.Name(), got, err)
		}
		// The same at b, which was dialled: the claim of a's epoch takes nothing from a, nor does it make b dial anywhere.
		said, _ = hello(t, e.network, "mem:a", "", "1 compact name=")
		epoch = regexp.MustCompile(`node=[0-9a-f]+`).FindString(said["bellpull-ok"])
		hello(t, e.network, "mem:b", "a", "1 compact "+epoch+" listens run=5 name=a")
		if got, err := bellpull.Call[string](t.Context(), peer, "who"); got != "mem:b" || err != nil {
			t.Error(got, err)
		}
	})
}

// TestARefusalWithoutProofIsAnError: a service that says "use the other link" must show that it is the other link's
// client, and there must be one.
func TestARefusalWithoutProofIsAnError(t *testing.T) {
	for name, proof := range map[string]string{"none": "", "no hex": "xyz", "wrong": strings.Repeat("00", 32)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &eachOther{t: t, network: mem.New(), names: [2]string{"a", "b"}}
				defer e.close()
				e.start(0, 0)
				e.start(1, 0)
				e.dial(0)
				said, _ := hello(t, e.network, "mem:a", "", "1 compact name=")
				l, err := e.network.Listen(t.Context(), mustAddr(t, "mem:x"))
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				go func() {
					for {
						c, err := l.AcceptConn()
						if err != nil {
							return
						}
						c.Read(make([]byte, 4096))
						m := dmtpwire.WaitVerify{Sign: 4096, Status: 2}
						m.Metadata.Set("bellpull-ok", dmtpwire.Str(said["bellpull-ok"])) // a's, copied
						m.Metadata.Set("bellpull-twin", dmtpwire.Str(proof))
						c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyResponse, m.AppendJSON(nil, dmtpwire.Compact)))
						c.Close()
					}
				}()
				from := time.Now()
				p, err := e.nodes[1].Dial(t.Context(), "mem:x", dmtp.Protocol{})
				if err == nil {
					t.Error("it was taken for", p.Name())
				}
				if _, ok := errors.AsType[*bellpull.Error](err); !ok || bellpull.ExecutedOf(err) != bellpull.Never || time.Since(from) > 10*time.Second {
					t.Error(err, time.Since(from))
				}
			})
		})
	}
}

// TestHeldHandshakesAreBounded: who comes with the name of a peer that is away waits while that one is dialled, but no
// more than 64 at once, or they would take the places of everybody else.
func TestHeldHandshakesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &eachOther{t: t, network: mem.New(), names: [2]string{"a", "b"}}
		defer e.close()
		e.start(0, 0)
		e.start(1, time.Hour) // its dials take an hour: what it looks for does not come
		away, err := e.nodes[1].Dial(t.Context(), "mem:a", dmtp.Protocol{})
		if err != nil {
			t.Fatal(err)
		}
		e.nodes[0].Close(context.Background())
		synctest.Wait()
		if away.Up() {
			t.Fatal("not away")
		}
		from := time.Now()
		var atOnce, later atomic.Int32
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				hello(t, e.network, "mem:b", "a", fmt.Sprintf("1 compact node=5 listens run=%x name=a", i+1))
				if time.Since(from) == 0 {
					atOnce.Add(1)
				} else if time.Since(from) < time.Second {
					later.Add(1)
				}
			})
		}
		wg.Wait()
		if atOnce.Load() != 36 || later.Load() != 64 {
			t.Errorf("%d clients were answered at once and %d after a while, want 36 and 64", atOnce.Load(), later.Load())
		}
	})
}
