package campuswire

import "github.com/bellpull/bellpull/internal/netjson"

// A jsonReader takes a document of the protocol apart; see [netjson.Reader].
type jsonReader struct{ netjson.Reader }

func newReader(b []byte, doc string) jsonReader { return jsonReader{netjson.New(b, doc)} }

// text takes a text or null.
func (r *jsonReader) text() Str { return Str(r.Text()) }

// end finishes the document.
func (r *jsonReader) end() error { return jsonError(r.End()) }

// failure gives the first error.
func (r *jsonReader) failure() error { return jsonError(r.Err()) }

func jsonError(e *netjson.Error) error {
	if e == nil {
		return nil
	}
	return (*JSONError)(e)
}
