package main

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// The business headers of the library: what begins with one is no raw message.
const (
	headerObject = 0x00000000526D4F6A
	headerJSON   = 0x745272446E6F734A
	headerRaw    = 0x7452724474427752
)

// namespace is that of the peers' types.
const namespace = "Bellpull.Peers"

// late is how late a slow answer is.
const late = 300 * time.Millisecond

// onMessage shows a notify that no route took.
func (s *session) onMessage(_ *bellpull.Reply, r *bellpull.Request) { s.message(r, r.Borrow()) }

func (s *session) message(r *bellpull.Request, content []byte) {
	s.count("messages")
	s.event("message", control.AddBody(s.from(r), content))
}

// onRequest answers what is neither a route's nor an object's.
func (s *session) onRequest(w *bellpull.Reply, r *bellpull.Request) {
	body := r.Borrow()
	if len(body) >= 8 {
		switch binary.LittleEndian.Uint64(body) {
		case headerObject, headerJSON, headerRaw:
			w.Fail(errors.New("nobody handles it"))
			return
		}
	}
	s.event("request", control.AddBody(s.from(r), body))
	switch string(body) {
	case "nobody":
		w.Fail(errors.New("nobody handles it"))
		return
	case "throw":
		w.Fail(errors.New("throw on demand"))
		return
	case "slow":
		pause(r.Context(), late)
	case "nested":
		inner, err := campus.Raw(r.Peer()).Request(r.Context(), 0, []byte("inner"))
		if err := orNothing(err); err != nil {
			w.Fail(err)
			return
		}
		w.Write(append([]byte("nested:"), inner...))
		return
	}
	w.Write(append([]byte("echo:"), body...))
}

// pause lets time pass, unless nobody waits for the answer any more.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
