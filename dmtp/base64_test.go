package dmtp_test

import (
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// TestTextsThatLookLikeBytesStayTexts: a handler of bytes takes a Json string for a byte[] only where that is written
// in the one way in which it can be, so that one which wants the text after all reads what was sent.
func TestTextsThatLookLikeBytesStayTexts(t *testing.T) {
	node, peer := pair(t, dmtp.Plain())
	node.Mux().Handle("text", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		var s string
		if err := r.Decode(&s); err != nil {
			w.Fail(err)
			return
		}
		w.JSON(s)
	}))
	for _, want := range []string{"", "key", "abcd", "ab==", "aQ==", "abc=", "ab\ncd", "abcd\r\n", "a+/=", "中"} {
		if got, err := bellpull.Call[string](t.Context(), peer, "text", want); err != nil || got != want {
			t.Errorf("%q arrived as %q, %v", want, got, err)
		}
	}
}
