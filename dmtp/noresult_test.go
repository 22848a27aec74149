package dmtp_test

import (
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// TestNoResultIsNoValue: the answer of a handler without a result is none, from the first call of a link on, and not
// an empty byte[].
func TestNoResultIsNoValue(t *testing.T) {
	modes(t, func(t *testing.T, opts ...dmtp.Option) {
		var got bellpull.Encoding
		watch := func(next bellpull.CallFunc) bellpull.CallFunc {
			return func(p *bellpull.Peer, x *bellpull.Exchange) error {
				err := next(p, x)
				got = x.AnswerEncoding
				return err
			}
		}
		node, peer := pair(t, append(opts, dmtp.NodeOptions(bellpull.WithCallInterceptor(watch)))...)
		bellpull.HandleFunc(node.Mux(), "nothing", func() {})
		for i := range 3 {
			if _, err := bellpull.Call[any](t.Context(), peer, "nothing"); err != nil || got != bellpull.EncodingNone {
				t.Errorf("call %d: encoding %d, %v", i, got, err)
			}
		}
	})
}
