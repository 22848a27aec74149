package campus_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// fake is an argument and result of routes.
type fake struct {
	Name  string
	Count int
}

// TestRoutesAndObjectsShareANode: asked for at once, each gives its own, and nothing of the other.
func TestRoutesAndObjectsShareANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		served := campus.NewObjects()
		_, err := served.Serve(foo, "", fooImpl())
		must(t, err)
		node, peer := two(t, campus.ServeObjects(served), campus.OnRequest(bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
			w.Write(append([]byte("raw "), r.Borrow()...))
		})))
		bellpull.Handle(node.Mux(), "Add", func(_ context.Context, f fake) (fake, error) { return fake{"route " + f.Name, f.Count + 1}, nil })
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if got, err := bellpull.Call[fake](t.Context(), peer, "Add", fake{"x", i}); got != (fake{"route x", i + 1}) || err != nil {
					t.Error(got, err)
				}
			})
			wg.Go(func() {
				var n int
				if err := campus.ObjectOf(peer, foo, "").Invoke(t.Context(), "Add", &n, i, 100); n != i+100 || err != nil {
					t.Error(n, err)
				}
			})
			wg.Go(func() { asks(t, peer, fmt.Sprint(i), fmt.Sprint("raw ", i)) })
		}
		wg.Wait()
	})
}

// TestARouteIsReachedOnceAndNoOtherIs: by a call and by a notify, with all that was sent, and it knows who sent it.
func TestARouteIsReachedOnceAndNoOtherIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t)
		var reached []string
		handled := make(chan struct{}, 10)
		for _, route := range []string{"Foo1", "foo1", "Foo", "Foo1/x"} {
			bellpull.Handle(node.Mux(), route, func(ctx context.Context, f fake) (fake, error) {
				reached = append(reached, fmt.Sprint(route, f, " of ", bellpull.Caller(ctx).Name()))
				handled <- struct{}{}
				return fake{Name: "Ok " + f.Name}, nil
			})
		}
		if got, err := bellpull.Call[fake](t.Context(), peer, "Foo1", fake{"grüß", 1}); got.Name != "Ok grüß" || err != nil {
			t.Error(got, err)
		}
		<-handled
		must(t, peer.Notify(t.Context(), "Foo", fake{"told", 2}))
		<-handled
		synctest.Wait()
		if want := []string{"Foo1{grüß 1} of a", "Foo{told 2} of a"}; !slices.Equal(reached, want) {
			t.Errorf("%q, want %q", reached, want)
		}
	})
}

// TestARouteHasOneHandler: a second one is refused when it is registered, and the first one stays.
func TestARouteHasOneHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t)
		bellpull.HandleFunc(node.Mux(), "Foo1", func() fake { return fake{Name: "first"} })
		for what, register := range map[string]func(){
			"function": func() { bellpull.HandleFunc(node.Mux(), "Foo1", func() fake { return fake{Name: "second"} }) },
			"bytes":    func() { node.Mux().Handle("Foo1", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) {})) },
		} {
			func() {
				defer func() {
					if said, _ := recover().(string); !strings.Contains(said, `"Foo1" is registered already`) {
						t.Errorf("%s: %q", what, said)
					}
				}()
				register()
			}()
		}
		if got, err := bellpull.Call[fake](t.Context(), peer, "Foo1"); got.Name != "first" || err != nil {
			t.Error(got, err)
		}
	})
}

// TestRoutesOfThePeerAndOfTheNode: what is notified reaches both tables; the peer's goes first.
func TestRoutesOfThePeerAndOfTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t)
		heard := make(chan string, 10)
		back, err := node.Wait(t.Context(), "a")
		must(t, err)
		hear := func(what string) bellpull.Handler {
			return bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { heard <- what })
		}
		node.Mux().Handle("of the node", hear("node"))
		node.Mux().Handle("of both", hear("node"))
		back.Handle("of the peer", hear("peer"))
		back.Handle("of both", hear("peer"))
		for route, want := range map[string]string{"of the node": "node", "of the peer": "peer", "of both": "peer"} {
			must(t, peer.Notify(t.Context(), route, fake{}))
			if got := <-heard; got != want {
				t.Errorf("%s: %s", route, got)
			}
		}
		if synctest.Wait(); len(heard) > 0 {
			t.Errorf("and %s", <-heard)
		}
	})
}

// TestRoutesWithAndWithoutAParameter: whoever sends one and whoever takes one. Without one an empty object is sent, which a
// handler that takes one gets as such, and not as null.
func TestRoutesWithAndWithoutAParameter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t)
		heard := make(chan string, 10)
		bellpull.HandleFunc(node.Mux(), "with", func(f *fake) fake {
			if f == nil {
				return fake{Name: "null"}
			}
			heard <- fmt.Sprint("with ", *f)
			return fake{Name: "with " + f.Name}
		})
		bellpull.HandleFunc(node.Mux(), "without", func() fake {
			heard <- "without"
			return fake{Name: "without"}
		})
		for _, c := range []struct {
			route  string
			args   []any
			answer string
			heard  string
		}{
			{"without", nil, "without", "without"},
			{"with", nil, "with ", "with { 0}"},
			{"without", []any{fake{"x", 1}}, "without", "without"},
			{"with", []any{fake{"x", 1}}, "with x", "with {x 1}"},
		} {
			got, err := bellpull.Call[fake](t.Context(), peer, c.route, c.args...)
			if got.Name != c.answer || err != nil {
				t.Errorf("%s%v: %q, %v", c.route, c.args, got.Name, err)
			}
			must(t, peer.Notify(t.Context(), c.route, c.args...))
			for range 2 {
				if what := <-heard; what != c.heard {
					t.Errorf("%s%v: heard %q, want %q", c.route, c.args, what, c.heard)
				}
			}
		}
	})
}

// TestARouteThatAnswersWhatTheCallerCannotTakeIsItsError: of no object, and of one that does not fit the type asked for.
func TestARouteThatAnswersWhatTheCallerCannotTakeIsItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, "mem")
		node := p.echoNode(t, "a", &campus.Protocol{})
		out, in := p.raw(t, "b").meet("a")
		peer, err := node.Wait(t.Context(), "b")
		must(t, err)
		for _, answer := range []string{`"a text"`, `1`, `[{}]`, `{"Name":1}`} {
			go func() {
				id, _ := in.enveloped(markRequest)
				out.answer(id, answer)
			}()
			_, err := bellpull.Call[fake](t.Context(), peer, "Foo1")
			wantError(t, err, bellpull.CodeBadArgument, bellpull.Yes)
			if answer[0] == '{' && !strings.Contains(err.Error(), "string") {
				t.Errorf("%s: the type that was wanted is not in %q", answer, err)
			}
		}
	})
}
