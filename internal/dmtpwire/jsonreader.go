package dmtpwire

import "github.com/bellpull/bellpull/internal/netjson"

// A jsonReader takes a kernel message off a body (section 4.2); see [netjson.Reader]. null is an error for anything but a
// text or metadata, and texts that are skipped may be what they like.
type jsonReader struct{ netjson.Reader }

// newReader begins to read a message, which is an object.
func newReader(b []byte, msg string) jsonReader {
	r := jsonReader{netjson.NewLoose(b, msg)}
	r.Object()
	return r
}

// text takes a text or null.
func (r *jsonReader) text() Str { return Str(r.Text()) }

// end finishes the message.
func (r *jsonReader) end() error {
	if e := r.End(); e != nil {
		return (*JSONError)(e)
	}
	return nil
}
