//go:build linux || darwin

package survival

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/shm"
	"github.com/bellpull/bellpull/transport/tcp"
	"github.com/bellpull/bellpull/transport/unixsock"
)

// A record is what a handler was given, in its order.
type record struct {
	mu   sync.Mutex
	list []string
}

func (r *record) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, s)
}

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.list...)
}

// TestP05NotifiesArriveInOrder: what one peer tells another arrives in the order in which it was told, also when
// handlers take their time, and when calls go over the link at the same time.
func TestP05NotifiesArriveInOrder(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		const notifies = 1000
		var got record
		running := make(chan struct{}, 1)
		m := bellpull.NewMux()
		m.Handle("tell", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			select {
			case running <- struct{}{}:
			default:
				t.Error("two notifies of one peer were handled at once")
			}
			if n := string(r.Borrow()); n[len(n)-1] == '7' && n[len(n)-2] == '7' {
				time.Sleep(2 * time.Millisecond) // long enough to be overtaken
			}
			got.add(string(r.Borrow()))
			<-running
		}))
		m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
		_, addr := w.listenHere(t, m)
		peer := w.dial(t, addr)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 100 {
					if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range notifies {
			if err := peer.Notify(t.Context(), "tell", []byte(fmt.Sprintf("%06d", i))); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		eventually(t, "all notifies have arrived", func() bool { return len(got.all()) >= notifies })
		for i, s := range got.all() {
			if s != fmt.Sprintf("%06d", i) {
				t.Fatalf("the %dth notify to arrive is number %s", i, s)
			}
		}
	})
}

// carrierOf gives the transport of a way, so that it can be wrapped.
func (w way) carrierOf() transport.Transport {
	switch w.carrier {
	case "tcp":
		return &tcp.Transport{}
	case "npipe":
		return &npipe.Transport{}
	case "shm":
		return &shm.Transport{}
	case "mem":
		return w.transport()
	}
	return &unixsock.Transport{}
}

// TestP05NothingOfAnOldLinkIsDeliveredAfterAReconnect: a notify is being handled and others are in line behind it when
// the connection is lost; a call is being handled too. The peer comes back, sends again, and is heard. What was in line
// is not delivered any more when the handlers return, and the late answer does not reach the new call, though that goes
// by the same number.
func TestP05NothingOfAnOldLinkIsDeliveredAfterAReconnect(t *testing.T) {
	for _, cut := range []string{"by the client", "by the service"} {
		t.Run(cut, func(t *testing.T) {
			eachWay(t, func(t *testing.T, w way) {
				var got record
				begun, release := make(chan string, 16), map[string]chan struct{}{"first": make(chan struct{}), "old": make(chan struct{}), "new": make(chan struct{})}
				wait := func(s string) {
					begun <- s
					if c := release[s]; c != nil {
						<-c
					}
				}
				m := bellpull.NewMux()
				m.Handle("tell", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
					got.add(string(r.Borrow()))
					wait(string(r.Borrow()))
				}))
				m.Handle("ask", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
					w.Write(r.Borrow())
					wait(string(r.Borrow()))
				}))
				m.Handle("echo", echo)
				theirs, ours := &cuts{Transport: w.carrierOf()}, &cuts{Transport: w.carrierOf()}
				node, addr := w.listenHere(t, m, nodeOptions(bellpull.WithTransports(theirs)))
				events := watch(t, node)
				peer := w.dial(t, addr, soon(), nodeOptions(bellpull.WithTransports(ours)))
				ended := make(chan string, 2)
				ask := func(what string) {
					got, err := peer.CallBytes(t.Context(), "ask", nil, []byte(what))
					ended <- fmt.Sprint(what, " ", string(got), " ", err != nil)
				}
				go ask("old")
				arrives(t, "the old call runs", begun)
				for _, s := range []string{"first", "second", "third"} {
					if err := peer.Notify(t.Context(), "tell", []byte(s)); err != nil {
						t.Fatal(err)
					}
				}
				arrives(t, "the first notify is handled", begun)
				// A call comes behind the notifies, so the service has read them.
				if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
					t.Fatal(err)
				}
				if cut == "by the client" {
					ours.cutConns()
				} else {
					theirs.cutConns()
				}
				if got := arrives(t, "the end of the old call", ended); got != "old  true" {
					t.Errorf("a call whose link was lost ended with %q", got)
				}
				events.until(bellpull.EventDown)
				go ask("new")
				arrives(t, "the new call runs", begun)
				if err := peer.Notify(t.Context(), "tell", []byte("fourth")); err != nil {
					t.Fatal(err)
				}
				arrives(t, "the notify of the new link is handled", begun)
				close(release["old"])
				close(release["first"])
				// Whatever the handlers of the old link do now, they do before these are through.
				for range 20 {
					if _, err := peer.CallBytes(t.Context(), "ask", nil, []byte("x")); err != nil {
						t.Fatal(err)
					}
					<-begun
				}
				select {
				case got := <-ended:
					t.Errorf("the new call was over before its handler: %q", got)
				default:
				}
				close(release["new"])
				if got := arrives(t, "the end of the new call", ended); got != "new new false" {
					t.Errorf("the new call ended with %q", got)
				}
				closeNode(node) // waits for every goroutine of the old link
				if list := fmt.Sprint(got.all()); list != "[first fourth]" {
					t.Errorf("delivered were %s, want [first fourth]", list)
				}
			})
		})
	}
}
