package campus_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// TestExceptionsOfRoutesKeepTheirTypes: those that a handler throws, and those that it got from elsewhere.
func TestExceptionsOfRoutesKeepTheirTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, peer := two(t)
		thrown := campus.Exception{Type: "My.Outer+Exception", Message: "grüß <&>", Stack: "   at F()"}
		bellpull.HandleFunc(node.Mux(), "throw", func() error { return fmt.Errorf("wrapped: %w", &thrown) })
		bellpull.HandleFunc(node.Mux(), "blank", func() error { return &campus.Exception{Message: "m"} })
		bellpull.HandleFunc(node.Mux(), "missing", func() error {
			return &campus.Exception{Type: "__JsonIpcDirectRoutedCanNotFindRequestHandlerException__", Message: "m"}
		})
		for route, want := range map[string]campus.Exception{
			"throw":   thrown,
			"blank":   {Type: campus.ExceptionInvalidOperation, Message: "m"},
			"missing": {Type: campus.ExceptionInvalidOperation, Message: "m"}, // somebody handled it
		} {
			_, err := bellpull.Call[sum](t.Context(), peer, route)
			x, _ := errors.AsType[*campus.Exception](err)
			e, _ := errors.AsType[*bellpull.Error](err)
			if x == nil || *x != want || e.Code != bellpull.CodeFailed || e.Ran != bellpull.Yes || !e.Remote {
				t.Errorf("%s: %v", route, err)
			}
			if !strings.Contains(err.Error(), want.Message) {
				t.Errorf("%s: the message is not in %q", route, err)
			}
		}
		back, err := node.Wait(t.Context(), "a")
		must(t, err)
		bellpull.HandleFunc(peer.Node().Mux(), "pass", func() error {
			_, err := bellpull.Call[sum](t.Context(), peer, "throw")
			return err
		})
		_, err = bellpull.Call[sum](t.Context(), back, "pass")
		if x, ok := errors.AsType[*campus.Exception](err); !ok || *x != thrown {
			t.Error("passed on:", err)
		}
		_, err = bellpull.Call[sum](t.Context(), peer, "fail")
		if _, ok := errors.AsType[*campus.Exception](err); ok || !strings.Contains(err.Error(), "boom") {
			t.Error("an error of Go:", err)
		}
	})
}

const (
	jsonHeader = 0x745272446E6F734A // "JsonDrRt", section 2.5
	rawHeader  = 0x7452724474427752 // "RwBtDrRt"
)

// TestMessagesForRoutesThatNobodyHasAreMessages: whole, with their headers; and so are those whose route cannot be read.
func TestMessagesForRoutesThatNobodyHasAreMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := make(chan string, 10)
		node, peer := two(t, campus.OnMessage(bellpull.HandlerFunc(func(_ *bellpull.Reply, r *bellpull.Request) {
			if !r.Notify() {
				t.Error("a request:", r.Method())
			}
			heard <- string(r.Borrow())
		})))
		bellpull.HandleFunc(node.Mux(), "there", func(struct{}) { heard <- "handled" })
		raw := campus.Raw(peer)
		for _, send := range []struct {
			header     uint64
			body, want string
		}{
			{jsonHeader, "\x07nowhere{}", "JsonDrRt\x07nowhere{}"},
			{rawHeader, "\x07nowhere\x00\xff", "RwBtDrRt\x07nowhere\x00\xff"},
			{jsonHeader, "\x05there{}", "handled"},
			{jsonHeader, "\x7fthere{}", "JsonDrRt\x7fthere{}"},
		} {
			must(t, raw.Notify(t.Context(), send.header, []byte(send.body)))
			if got := <-heard; got != send.want {
				t.Errorf("%q, want %q", got, send.want)
			}
		}
	})
}

// TestRequestsWhoseRouteCannotBeReadAreAnsweredWithNothing: as .NET answers them.
func TestRequestsWhoseRouteCannotBeReadAreAnsweredWithNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := two(t)
		for _, header := range []uint64{jsonHeader, rawHeader} {
			for _, body := range []string{"", "\x7fadd{}", "\xff\xff\xff\xff\xff\xff"} {
				got, err := campus.Raw(peer).Request(t.Context(), header, []byte(body))
				if len(got) > 0 || bellpull.ExecutedOf(err) != bellpull.Maybe {
					t.Errorf("%x %q: %q, %v", header, body, got, err)
				}
			}
		}
	})
}
