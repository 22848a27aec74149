package campus_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport/mem"
)

// TestObjectsBelongToThosePeersTheyWereGiven: an id is of no use to a third process, which may be given the object by
// another: then that one passes everything on.
func TestObjectsBelongToThosePeersTheyWereGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, network := t.Context(), mem.New()
		nodes, tables := map[string]*bellpull.Node{}, map[string]*campus.Objects{}
		protos := map[string]*campus.Protocol{}
		for _, name := range []string{"a", "b", "c"} {
			tables[name] = campus.NewObjects()
			_, err := tables[name].Serve(calculator, "", calculatorImpl(t))
			must(t, err)
			nodes[name] = bellpull.NewNode(name, bellpull.WithTransports(network))
			defer nodes[name].Close(context.Background())
			protos[name] = &campus.Protocol{Objects: tables[name]}
			must(t, nodes[name].Listen(ctx, "mem:"+name, protos[name]))
		}
		calc := func(from, to string) *campus.Object {
			p, err := nodes[from].Dial(ctx, "mem:"+to, protos[from])
			must(t, err)
			return campus.ObjectOf(p, calculator, "")
		}
		ab, cb := calc("a", "b"), calc("c", "b")
		var child, passed, again *campus.Object
		must(t, ab.Invoke(ctx, "Child", &child, "of b"))
		var s string
		stolen := campus.ObjectOf(cb.Peer(), nested, child.ID())
		if err := stolen.Get(ctx, "Title", &s); !errors.Is(err, bellpull.ErrNoMethod) || bellpull.ExecutedOf(err) != bellpull.Maybe {
			t.Errorf("c reads what a was given: %q %v", s, err)
		}
		ca, ac := calc("c", "a"), calc("a", "c")
		must(t, ac.Set(ctx, "Keep", child))
		must(t, ac.Set(ctx, "Keep", campus.ObjectOf(ab.Peer(), nested, child.ID()))) // the same one, another handle on it
		if n := tables["a"].Leased(); n != 1 {
			t.Errorf("%d leases of one object that is passed on", n)
		}
		must(t, ca.Set(ctx, "Keep", nil))
		must(t, ac.Get(ctx, "Keep", &passed))
		must(t, ac.Get(ctx, "Keep", &again))
		if err := passed.Get(ctx, "Title", &s); s != "of b" || err != nil || passed.ID() != again.ID() { // a, c, a, b
			t.Error(s, err)
		}
		tables["b"].Release(child) // not one of b's own handles
		if n := tables["b"].Leased(); n != 1 {
			t.Error(n)
		}
		tables["a"].Release(child)
		if err := passed.Get(ctx, "Title", &s); !errors.Is(err, bellpull.ErrFailed) {
			t.Error("released in the middle:", err)
		}
	})
}

// TestPeersThatEndKeepNothing: what they were given is not even held in memory.
func TestPeersThatEndKeepNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, a, _, _ := objects(t)
		held := func() weak.Pointer[[1 << 16]byte] {
			big := new([1 << 16]byte)
			o, err := campus.NewObject(nested, map[string]any{"get_Title": func() string { return string(big[:1]) }, "Hit": func() int { return len(big) }})
			must(t, err)
			must(t, calc.Set(t.Context(), "Keep", o))
			return weak.Make(big)
		}()
		if runtime.GC(); held.Value() == nil {
			t.Error("an object that a peer may use is gone")
		}
		calc.Peer().Close(t.Context())
		synctest.Wait()
		if runtime.GC(); held.Value() != nil {
			t.Error("held still")
		}
		runtime.KeepAlive(a)
	})
}

// TestInvocationsThatWereRefusedDidNotRun: the answer is an exception, with our own word for it.
func TestInvocationsThatWereRefusedDidNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, _, _, node := objects(t, campus.With(campus.Protocol{MaxHandlers: 1}))
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { must(t, calc.Invoke(t.Context(), "AddAsync", nil, 1, 2)) })
		synctest.Wait()
		err := calc.Invoke(t.Context(), "Add", nil, 1, 2)
		if e, ok := errors.AsType[*bellpull.Error](err); !ok || e.Code != bellpull.CodeBusy || e.Ran != bellpull.Never || !e.Remote {
			t.Error(node.Name(), err)
		}
	})
}

// TestResultsThatNoFrameCarriesAreExceptions: the caller is told, and the link goes on.
func TestResultsThatNoFrameCarriesAreExceptions(t *testing.T) {
	c := &campus.Contract{Name: "C", Members: []campus.Member{{Name: "Long", Kind: campus.Method, Params: []string{"int"}}}}
	synctest.Test(t, func(t *testing.T) {
		served := campus.NewObjects()
		_, err := served.Serve(c, "", map[string]any{"Long": func(n int) string { return strings.Repeat("x", n) }})
		must(t, err)
		_, peer := two(t, campus.ServeObjects(served))
		var s string
		err = campus.ObjectOf(peer, c, "").Invoke(t.Context(), "Long", &s, 17<<20)
		if x, ok := errors.AsType[*campus.Exception](err); !ok || x.Type != campus.ExceptionInvalidOperation || bellpull.ExecutedOf(err) != bellpull.Yes {
			t.Error(err)
		}
		if err := campus.ObjectOf(peer, c, "").Invoke(t.Context(), "Long", &s, 1<<20); len(s) != 1<<20 || err != nil {
			t.Error(len(s), err)
		}
	})
}

// TestObjectsMayBeUsedByManyAtOnce: given, used and released concurrently.
func TestObjectsMayBeUsedByManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calc, a, _, _ := objects(t)
		shared := newNested(t, "shared", 0)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				var s string
				if err := calc.Invoke(t.Context(), "Use", &s, shared); !strings.HasPrefix(s, "shared") || err != nil {
					t.Error(s, err)
				}
				own := newNested(t, fmt.Sprint("own ", i, " "), 0)
				if err := calc.Invoke(t.Context(), "Use", &s, own); s != fmt.Sprint("own ", i, " 1") || err != nil {
					t.Error(s, err)
				}
				a.Release(own)
			})
		}
		wg.Wait()
		if n := a.Leased(); n != 1 {
			t.Errorf("%d leased, want the shared one", n)
		}
	})
}

// TestObjectsTakenAwayOnTheWayAreUnknown: after the request was read, before it ran.
func TestObjectsTakenAwayOnTheWayAreUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := campus.NewObjects()
		cancel, err := served.Serve(foo, "", fooImpl())
		must(t, err)
		_, peer := two(t, campus.ServeObjects(served), campus.NodeOptions(bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
			return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
				cancel()
				next.ServeBell(w, r)
			})
		})))
		if got := ask(t, peer, exchanges[0].request); got != "" {
			t.Error(got)
		}
	})
}
