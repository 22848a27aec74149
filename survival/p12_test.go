//go:build linux || darwin

package survival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// leftFiles checks when the test ends that no file is left where endpoints have theirs: sockets, locks, directories,
// segments of shared memory. The directory of private endpoints itself stays, empty as it was. To be called first.
func leftFiles(t *testing.T) {
	t.Helper()
	before := endpointFiles(t)
	t.Cleanup(func() {
		var left []string
		for end := time.Now().Add(patience); !t.Failed(); time.Sleep(2 * time.Millisecond) {
			left = slices.DeleteFunc(endpointFiles(t), func(f string) bool { return slices.Contains(before, f) })
			if len(left) == 0 || time.Now().After(end) {
				break
			}
		}
		if len(left) > 0 {
			t.Errorf("files were left: %v", left)
		}
	})
}

// endpointFiles lists what this test run could leave: /dev/shm whole, and of private endpoints those of our tests.
func endpointFiles(t testing.TB) (list []string) {
	t.Helper()
	for _, pattern := range []string{"/dev/shm/*bell*", filepath.Join(os.TempDir(), "CoreFxPipe_*"),
		fmt.Sprintf("/run/user/%d/bellpull/survival-%d-*", os.Getuid(), os.Getpid()),
		fmt.Sprintf("/tmp/bellpull-%d/survival-%d-*", os.Getuid(), os.Getpid())} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	return list
}

// noFileAt checks that the endpoint at addr has no file, where it has one at all.
func noFileAt(t testing.TB, addr string) {
	t.Helper()
	scheme, path, _ := strings.Cut(addr, ":")
	if (scheme == "unix" || scheme == "npipe") && path[0] == '/' && exists(path) {
		t.Errorf("%s was left", path)
	}
}

// TestP12CloseLeavesNothing: a service and a client that were used and are closed leave no goroutine, no descriptor and
// no file, and the address is free at once.
func TestP12CloseLeavesNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		leftFiles(t)
		addr := w.address(t)
		for range 3 { // at the same address
			node, err := w.listen(t.Context(), addr, whoami())
			if err != nil {
				t.Fatal(err)
			}
			var peers []*bellpull.Peer
			for range 3 {
				peer := w.dial(t, addr)
				if _, err := peer.CallBytes(bounded(t), "whoami", nil, ding); err != nil {
					t.Fatal(err)
				}
				peers = append(peers, peer)
			}
			if err := peers[0].Close(bounded(t)); err != nil {
				t.Error(err)
			}
			if err := node.Close(bounded(t)); err != nil {
				t.Error(err)
			}
			noFileAt(t, addr)
			for _, p := range peers {
				if err := p.Close(bounded(t)); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// TestP12AKilledServiceIsTakenOver: what kill -9 leaves is in nobody's way: the successor has the address at once, and
// leaves nothing itself.
func TestP12AKilledServiceIsTakenOver(t *testing.T) {
	eachProcessWay(t, func(t *testing.T, w way) {
		leftFiles(t)
		s := w.serve(t)
		for range 2 {
			peer := w.dial(t, s.addr)
			if _, err := peer.CallBytes(bounded(t), "echo", nil, ding); err != nil {
				t.Fatal(err)
			}
			s.kill()
			s = s.again(t)
		}
		s.proc.end()
		noFileAt(t, s.addr)
	})
}

// TestP12TheSecondServiceIsToldWhoTheFirstIs: in the type of its error, through all layers, and it leaves the first alone.
func TestP12TheSecondServiceIsToldWhoTheFirstIs(t *testing.T) {
	eachProcessWay(t, func(t *testing.T, w way) {
		if w.carrier == "tcp" {
			return // the system does not say who has a port
		}
		leftFiles(t)
		s := w.serve(t)
		peer := w.dial(t, s.addr)
		node, err := w.listen(bounded(t), s.addr, whoami())
		if err == nil {
			closeNode(node)
		}
		e, ok := err.(*bellpull.Error)
		owner, named := errors.AsType[*transport.OwnerError](err)
		if !ok || e.Code != bellpull.CodeNameTaken || e.Ran != bellpull.Never || !errors.Is(err, transport.ErrInUse) ||
			!named || owner.PID != s.proc.cmd.Process.Pid {
			t.Errorf("%v names %+v, want name_taken and process %d", err, owner, s.proc.cmd.Process.Pid)
		}
		if _, err := peer.CallBytes(bounded(t), "echo", nil, ding); err != nil {
			t.Error(err)
		}
		if _, err := w.dial(t, s.addr).CallBytes(bounded(t), "echo", nil, ding); err != nil {
			t.Error(err)
		}
		s.proc.end()
	})
}

// TestP12AKilledClientLeavesNothingAtTheService: within 50 ms of its death its links, handlers, goroutines and
// descriptors are gone.
func TestP12AKilledClientLeavesNothingAtTheService(t *testing.T) {
	eachProcessWay(t, func(t *testing.T, w way) {
		const links = 10
		var running atomic.Int32
		m := bellpull.NewMux()
		m.Handle("block", bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
			running.Add(1)
			defer running.Add(-1)
			<-r.Context().Done()
		}))
		addr := w.address(t)
		node, err := w.listen(t.Context(), addr, m)
		if err != nil {
			t.Fatal(err)
		}
		defer closeNode(node)
		hangUp(w.dial(t, addr)) // what is opened once
		eventually(t, "nobody is there", func() bool { return count(node) == 0 })

		best(t, 4, w.death(), "until nothing is left of a killed client", func() time.Duration {
			before := len(fdtest.List(t)) + 2        // the client's pipes, which are ours
			goroutines := runtime.NumGoroutine() + 1 // which reads from them
			client := start(t, "crowd", w.String(), addr, fmt.Sprint(links))
			eventually(t, "all are there and call", func() bool { return count(node) == links && running.Load() == links })
			client.kill()
			<-client.gone
			for count(node) > 0 || running.Load() > 0 || len(fdtest.List(t)) > before || runtime.NumGoroutine() > goroutines {
				if time.Since(client.at) > patience {
					t.Errorf("left: %d peers, %d handlers; descriptors: %d, %d before; goroutines: %d, %d before", count(node), running.Load(),
						len(fdtest.List(t)), before, runtime.NumGoroutine(), goroutines)
					break
				}
				time.Sleep(time.Millisecond)
			}
			took := time.Since(client.at)
			<-client.over
			return took
		})
	})
}

func count(n *bellpull.Node) (peers int) {
	for range n.Peers() {
		peers++
	}
	return peers
}

// crowdProgram is a client with many links, each of which waits for a call that does not return: crowd WAY ADDRESS N.
func crowdProgram(args []string) {
	w, err := parseWay(args[0])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	n := 0
	fmt.Sscan(args[2], &n)
	for range n {
		peer, err := w.tryDial(context.Background(), args[1])
		if err != nil {
			fmt.Println("failed", err)
			return
		}
		go peer.CallBytes(context.Background(), "block", nil, nil)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

// TestP12PeersHearTheGoodbye: the other processes know at once that a node was closed and did not die, and do not wait
// for any timeout.
func TestP12PeersHearTheGoodbye(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		leftFiles(t)
		best(t, 3, w.death(), "until the peers knew", func() time.Duration {
			addr := w.address(t)
			node, err := w.listen(t.Context(), addr, whoami())
			if err != nil {
				t.Fatal(err)
			}
			var peers []*bellpull.Peer
			for range 4 {
				peers = append(peers, w.dial(t, addr, dialOptions(bellpull.WithoutReconnect())))
			}
			from := time.Now()
			if err := node.Close(bounded(t)); err != nil {
				t.Error(err)
			}
			for _, p := range peers {
				arrives(t, "the end of the peer", p.Done())
				e, ok := errors.AsType[*bellpull.Error](p.Err())
				goodbye := e != nil && e.Remote && strings.Contains(e.Msg, "closed by the other side: closed")
				if !ok || e.Code != bellpull.CodeUnavailable || goodbye == w.campus { // that has no word for it
					t.Errorf("the peer heard %v, want the goodbye", p.Err())
				}
			}
			return time.Since(from)
		})
	})
}

// TestP12EveryCallInFlightEndsTyped: a node is closed while a thousand calls are under way in both directions. Each ends,
// and each with an error that says whether it ran; Close does not wait longer than it was told to.
func TestP12EveryCallInFlightEndsTyped(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		leftFiles(t)
		const each = 500
		var entered sync.WaitGroup
		entered.Add(2 * each)
		m := bellpull.NewMux()
		m.Handle("block", bellpull.HandlerFunc(func(rep *bellpull.Reply, r *bellpull.Request) {
			entered.Done()
			<-r.Context().Done()
			rep.Fail(errors.New("let go"))
		}))
		with := maxHandlers(w, each)
		addr := w.address(t)
		node, err := w.listen(t.Context(), addr, m, with)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := w.tryDial(bounded(t), addr, with, nodeOptions(bellpull.WithMux(m)), dialOptions(bellpull.WithoutReconnect()))
		if err != nil {
			t.Fatal(err)
		}
		defer hangUp(peer)
		back, err := node.Wait(bounded(t), w.nameOf(peer))
		if err != nil {
			t.Fatal(err)
		}
		ends := make(chan error, 2*each)
		for range each {
			for _, p := range []*bellpull.Peer{peer, back} {
				go func() {
					_, err := p.CallBytes(context.Background(), "block", nil, nil)
					ends <- err
				}()
			}
		}
		entered.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := node.Close(ctx); err != nil {
			t.Error(err)
		}
		for range 2 * each {
			err := arrives(t, "the end of a call", ends)
			if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Ran != bellpull.Maybe {
				t.Fatalf("a call that ran ended with %v, want a *bellpull.Error, Maybe", err)
			}
		}
	})
}

// TestP12CloseWhileAHundredConnect: every one of them gets an answer: a link that then ends, or an error that is typed.
func TestP12CloseWhileAHundredConnect(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		leftFiles(t)
		in, out := 0, 0
		for range 3 {
			addr := w.address(t)
			node, err := w.listen(t.Context(), addr, whoami())
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			results := make(chan error, 100)
			for range 100 {
				wg.Go(func() {
					peer, err := w.tryDial(bounded(t), addr, dialOptions(bellpull.WithoutReconnect()))
					if err == nil {
						<-peer.Done()
						hangUp(peer)
					}
					results <- err
				})
			}
			eventually(t, "some are there", func() bool { return count(node) > 10 })
			if err := node.Close(bounded(t)); err != nil {
				t.Error(err)
			}
			wg.Wait()
			close(results)
			for err := range results {
				if err == nil {
					in++
					continue
				}
				out++
				if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Ran != bellpull.Never || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a client was told %v, want a *bellpull.Error, Never, before its deadline", err)
				}
			}
			noFileAt(t, addr)
		}
		t.Logf("%d got in, %d did not", in, out)
	})
}
