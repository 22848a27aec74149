package httplink

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

// A writer holds the answer of a handler. What net/http's does at the end of an answer it does too: a Content-Type where
// there is none, no body where the status allows none.
type writer struct {
	header http.Header // the handler's
	sent   http.Header // as it was when the status was written
	status int         // 0 before
	body   []byte
	limit  int
	size   int64 // what was written, kept or not
	head   bool
}

var _ http.ResponseWriter = (*writer)(nil)

func (w *writer) Header() http.Header { return w.header }

// WriteHeader takes the status. Informational ones other than 101 are dropped, and so is a second one.
func (w *writer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("httplink: WriteHeader with status %d", status)) // as net/http does
	}
	if w.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

// Write takes bytes of the body. Beyond the limit it fails with a [*transport.LimitError], and the answer is a 500.
func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.bodyAllowed() {
		return 0, http.ErrBodyNotAllowed
	}
	w.size += int64(len(p))
	switch {
	case w.head:
		return len(p), nil
	case w.size > int64(w.limit):
		w.body = nil
		return 0, w.tooLarge()
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

func (w *writer) bodyAllowed() bool {
	return w.status >= 200 && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

func (w *writer) tooLarge() error {
	return &transport.LimitError{What: "response body", Size: w.size, Limit: int64(w.limit)}
}

// replace throws away what there is for an answer with the text of a status.
func (w *writer) replace(status int) {
	*w = writer{header: http.Header{}, limit: w.limit, head: w.head}
	http.Error(w, http.StatusText(status), status)
}

// finish makes the document. The error says why the handler's answer cannot be sent.
func (w *writer) finish() (*campuswire.HTTPResponse, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.head && w.size > int64(w.limit) {
		return nil, w.tooLarge()
	}
	h := w.sent
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(h, name)
		}
	}
	h.Del("Trailer")
	h.Del("Transfer-Encoding")
	if !w.head && w.bodyAllowed() && h.Get("Content-Length") != "" {
		h.Set("Content-Length", strconv.Itoa(len(w.body)))
	}
	if _, told := h["Content-Type"]; !told && len(w.body) > 0 && h.Get("Content-Encoding") == "" {
		h.Set("Content-Type", http.DetectContentType(w.body))
	}
	list, err := toWire(h)
	return &campuswire.HTTPResponse{Status: int32(w.status), Headers: list, Content: w.body}, err
}
