//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// TestP07StateEventsComeInOrder: whoever watches a node sees a peer go down, each try to reconnect with its number, and
// the peer come up with the number of reconnects. Nothing else, and the peer stays the same.
func TestP07StateEventsComeInOrder(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, soon())
		events := watch(t, peer.Node())
		for reconnects := 1; reconnects <= 2; reconnects++ {
			s.kill()
			down := events.next()
			if down.Kind != bellpull.EventDown || down.Peer != peer || !errors.Is(down.Err, bellpull.ErrUnavailable) {
				t.Fatalf("when the service was killed came %v: %v", down.Kind, down.Err)
			}
			tries := 0
			retry := func(e bellpull.Event) {
				t.Helper()
				if tries++; e.Kind != bellpull.EventRetry || e.Peer != peer || e.Try != tries || e.Err == nil {
					t.Fatalf("try %d came as %v, number %d: %v", tries, e.Kind, e.Try, e.Err)
				}
			}
			retry(events.next())
			retry(events.next())
			s = s.again(t)
			var up bellpull.Event
			for up = events.next(); up.Kind == bellpull.EventRetry; up = events.next() {
				retry(up)
			}
			if up.Kind != bellpull.EventUp || up.Peer != peer || up.Reconnects != reconnects {
				t.Fatalf("behind the tries came %v, reconnects %d, want up, %d", up.Kind, up.Reconnects, reconnects)
			}
			if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
				t.Error(err)
			}
		}
		hangUp(peer)
		if e := events.next(); e.Kind != bellpull.EventClosed && e.Kind != bellpull.EventDown {
			t.Errorf("when the peer was closed came %v", e.Kind)
		}
	})
}

// TestP07CallsMadeWhileDownWaitOrFailFast: while the service is away a call waits for it, unless the peer was dialled
// with FailFast: then it fails at once, and did not run.
func TestP07CallsMadeWhileDownWaitOrFailFast(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		patient := w.dial(t, s.addr, soon())
		hasty := w.dial(t, s.addr, soon(), dialOptions(bellpull.FailFast()))
		s.kill()
		s.goneAt(t)
		eventually(t, "both peers are down", func() bool { return !patient.Up() && !hasty.Up() })
		answer := make(chan error, 1)
		go func() {
			_, err := patient.CallBytes(t.Context(), "note", nil, []byte("waited"))
			answer <- err
		}()
		best(t, 5, 20*time.Millisecond, "a call that is to fail fast took", func() time.Duration {
			from := time.Now()
			_, err := hasty.CallBytes(context.Background(), "note", nil, []byte("hasty"))
			if verdictOf(err) != local(bellpull.CodeUnavailable, bellpull.Never) {
				t.Errorf("a call that is to fail fast: %v", err)
			}
			return time.Since(from)
		})
		select {
		case err := <-answer:
			t.Errorf("a call that is to wait was over while the service was away: %v", err)
		default:
		}
		s = s.again(t)
		if err := arrives(t, "the answer of the call that waited", answer); err != nil {
			t.Error(err)
		}
		eventually(t, "the peer that fails fast is up", hasty.Up)
		if n := s.noted(t); n["in waited"] != 1 || n["in hasty"] != 0 {
			t.Errorf("the journal has %v, want the call that waited, once", n)
		}
	})
}

// TestP07ADialWaitsForItsServerIfAsked: without the option the first failure is the dial's. With it the dial returns
// when there is a server, or when its context is over.
func TestP07ADialWaitsForItsServerIfAsked(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		addr := w.address(t)
		dial := func(ctx context.Context, opts ...option) (*bellpull.Peer, error) {
			return w.tryDial(ctx, addr, append(opts, soon())...)
		}
		waiting := dialOptions(bellpull.WaitForServer())
		if _, err := dial(t.Context()); !errors.Is(err, bellpull.ErrNoServer) {
			t.Errorf("a dial to nobody: %v", err)
		}
		best(t, 5, grace, "a dial to nobody returned behind its deadline", func() time.Duration {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			from := time.Now()
			_, err := dial(ctx, waiting)
			if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Ran != bellpull.Never {
				t.Errorf("a dial that waited for nobody: %v", err)
			}
			return time.Since(from) - 20*time.Millisecond
		})
		type dialled struct {
			peer *bellpull.Peer
			err  error
		}
		done := make(chan dialled, 1)
		go func() {
			p, err := dial(t.Context(), waiting)
			done <- dialled{p, err}
		}()
		s := w.serveAt(t, addr, t.TempDir()+"/journal")
		d := arrives(t, "the dial has waited for the service", done)
		if d.err != nil {
			t.Fatal(d.err)
		}
		defer hangUp(d.peer)
		if _, err := d.peer.CallBytes(t.Context(), "note", nil, []byte("x")); err != nil || s.noted(t)["in x"] != 1 {
			t.Error(err)
		}
	})
}

// deafProgram accepts connections and reads, but says nothing, as a process does that is about to die: deaf WAY ADDRESS.
func deafProgram(args []string) {
	w, err := parseWay(args[0])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	a, err := transport.ParseAddr(args[1])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	l, err := w.carrierOf().Listen(context.Background(), a)
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	fmt.Println("ready")
	go func() { // the test is over, however it ended
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	var keep []transport.Conn
	for {
		c, err := l.AcceptConn()
		if err != nil {
			os.Exit(1)
		}
		keep = append(keep, c)
		fmt.Println("accepted", len(keep))
	}
}

// TestP07ADyingProcessHoldsNoRedial: whoever dials again is accepted by a process that does not answer, and that is then
// killed. The try ends as soon as that is to be seen, not by its timeout; the next one finds the new service. A dial that
// waits for its server does not take the dying one's hang-up for the server's word.
func TestP07ADyingProcessHoldsNoRedial(t *testing.T) {
	eachProcessWay(t, func(t *testing.T, w way) {
		s := w.serve(t)
		peer := w.dial(t, s.addr, soon())
		events := watch(t, peer.Node())
		s.kill()
		s.goneAt(t)
		<-s.proc.over
		waited := make(chan error, 1)
		best(t, 5, w.death(), "the try to reconnect ended after the death of who had accepted it", func() time.Duration {
			deaf := start(t, "deaf", w.String(), s.addr)
			arrives(t, "the dying process has accepted", deaf.lines)
			deaf.kill()
			arrives(t, "the end of the dying process", deaf.gone)
			for {
				if e := events.until(bellpull.EventRetry); e.Time.After(deaf.at.Add(-w.death())) && !errors.Is(e.Err, bellpull.ErrNoServer) {
					<-deaf.over
					return e.Time.Sub(deaf.at)
				}
			}
		})
		addr := s.addr
		deaf := start(t, "deaf", w.String(), addr)
		go func() {
			p, err := w.tryDial(t.Context(), addr, soon(), dialOptions(bellpull.WaitForServer()))
			if err == nil {
				hangUp(p)
			}
			waited <- err
		}()
		arrives(t, "the dying process has accepted one", deaf.lines)
		arrives(t, "the dying process has accepted two", deaf.lines)
		deaf.kill()
		<-deaf.over
		s = s.again(t)
		if _, err := peer.CallBytes(t.Context(), "echo", nil, ding); err != nil {
			t.Error(err)
		}
		if err := arrives(t, "the dial that waited", waited); err != nil {
			t.Errorf("a dial that waits for its server, accepted by one that died: %v", err)
		}
	})
}
