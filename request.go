package bellpull

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// A Handler answers requests.
//
// ServeBell runs on a goroutine of the link. It may block: after a millisecond or two somebody else reads on. w and r
// are its own until it returns and must not be kept. A panic is answered as [CodePanic] and logged. A Handler is
// called concurrently for calls, one after another for the notifies of one peer. It must return: runtime.Goexit (and so
// testing's FailNow) in a handler leaves its call to the caller's deadline.
type Handler interface {
	ServeBell(w *Reply, r *Request)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(w *Reply, r *Request)

// ServeBell calls f.
func (f HandlerFunc) ServeBell(w *Reply, r *Request) { f(w, r) }

// Incoming is what an engine knows of a request. See [Request.Reset].
type Incoming struct {
	Peer     *Peer
	Link     Link
	Method   string
	Encoding Encoding
	Body     []byte // the engine's, valid until the handler returned
	Meta     []Pair // may be nil
	Deadline int64  // on the clock of transport.Now; 0 means none
	Notify   bool
	Source   string // DMTP SourceId; "" where the protocol has none
	Target   string // DMTP TargetId
	Number   uint16 // the protocol's own number of a message: DMTP flags
}

// A Request is one call or notify that has arrived. It is valid until its handler returns. Its methods may be called
// by several goroutines of the handler.
type Request struct {
	in   Incoming
	slab *Slab

	// mu guards the fields that follow.
	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // of the deadline
	cause  error              // why it was cancelled, once it was
	ended  bool
}

// Reset makes r the request in, for engines. slab serves private copies and may be nil.
func (r *Request) Reset(in Incoming, slab *Slab) {
	r.mu.Lock()
	r.in, r.slab = in, slab
	r.ctx, r.cancel, r.stop, r.cause, r.ended = nil, nil, nil, nil, false
	r.mu.Unlock()
}

// End says that the handler returned: its context is cancelled. For engines.
func (r *Request) End() {
	r.mu.Lock()
	cancel, stop := r.cancel, r.stop
	r.ended = true
	r.mu.Unlock()
	if cancel != nil {
		cancel(context.Canceled)
		stop()
	}
}

// Cancel cancels the request's context with cause, now or when it is first asked for. For engines. It does not block.
func (r *Request) Cancel(cause error) {
	r.mu.Lock()
	if r.cause == nil {
		r.cause = cause
	}
	cancel := r.cancel
	r.mu.Unlock()
	if cancel != nil {
		cancel(cause)
	}
}

// Stopped says that the request was cancelled and its handler may have noticed: it has the context. For engines.
func (r *Request) Stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cause != nil && r.ctx != nil
}

// Context is cancelled when the caller gives up, its deadline passes, the link ends or the handler returns; its
// deadline is the caller's. It is made on first use.
func (r *Request) Context() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil {
		ctx, stop := context.Background(), context.CancelFunc(func() {})
		if d := r.in.Deadline; d != 0 {
			ctx, stop = context.WithDeadline(ctx, time.Now().Add(time.Duration(d-transport.Now())))
		}
		r.stop = stop
		r.ctx, r.cancel = context.WithCancelCause(context.WithValue(ctx, requestKey{}, r.in.Peer))
		if r.cause != nil || r.ended {
			r.cancel(r.cause)
			r.stop()
		}
	}
	return r.ctx
}

type requestKey struct{}

// Caller gives the peer whose request ctx belongs to, inside a handler made by [Handle] or [HandleFunc]; nil elsewhere.
func Caller(ctx context.Context) *Peer {
	p, _ := ctx.Value(requestKey{}).(*Peer)
	return p
}

// Peer is the peer that sent the request, as the connection tells it.
func (r *Request) Peer() *Peer { return r.in.Peer }

// Method is the name that was called.
func (r *Request) Method() string { return r.in.Method }

// Encoding says what Body holds: the caller's bytes, or a JSON array of positional arguments.
func (r *Request) Encoding() Encoding { return r.in.Encoding }

// Notify says that nobody waits for an answer.
func (r *Request) Notify() bool { return r.in.Notify }

// Metadata is what the caller sent beside the arguments; not to be changed. May be nil.
func (r *Request) Metadata() []Pair { return r.in.Meta }

// Source and Target are the ids inside a DMTP request, as the caller wrote them: not proved. "" elsewhere.
func (r *Request) Source() string { return r.in.Source }

// Target: see Source.
func (r *Request) Target() string { return r.in.Target }

// Number is the protocol's own number of a message without a method (DMTP: its flags), 0 for calls and notifies.
func (r *Request) Number() uint16 { return r.in.Number }

// Deadline is the caller's deadline on the clock of [transport.Now], 0 when it has none.
func (r *Request) Deadline() int64 { return r.in.Deadline }

// Body is a private copy of the bytes: it may be kept and changed. Each call makes another copy.
func (r *Request) Body() []byte {
	if r.slab == nil {
		return append([]byte(nil), r.in.Body...)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.slab.Copy(r.in.Body)
}

// Borrow gives the bytes without a copy. They are valid until the handler returns and must not be changed.
func (r *Request) Borrow() []byte { return r.in.Body }

// Decode reads the positional arguments into pointers, as [HandleFunc] does: missing ones keep their value, extra ones
// are ignored. The error is [CodeBadArgument].
func (r *Request) Decode(args ...any) error {
	return decodeArgs(r.in.Encoding, r.in.Body, args)
}

// A Reply takes the answer of one request. It belongs to the handler until that returns. What is written of a notify is
// dropped.
type Reply struct {
	buf   []byte
	enc   Encoding
	err   *Error
	cause error
	spell func(b []byte, v any) ([]byte, error) // in place of encoding/json; nil: nothing is
}

// Reset empties w, for engines. The buffer is kept.
func (w *Reply) Reset() {
	if cap(w.buf) > 64<<10 {
		w.buf = nil
	}
	w.buf, w.enc, w.err, w.cause, w.spell = w.buf[:0], EncodingNone, nil, nil, nil
}

// Spell has f append the JSON of values in place of encoding/json, until Reset. For engines whose protocol spells it
// otherwise.
func (w *Reply) Spell(f func(b []byte, v any) ([]byte, error)) { w.spell = f }

// Result gives the answer to the engine: an error, or bytes that are valid until Reset.
func (w *Reply) Result() (Encoding, []byte, *Error) { return w.enc, w.buf, w.err }

// Cause gives the error that Fail was given, for engines whose protocol can say more of it than its code and its text; nil
// when there is none.
func (w *Reply) Cause() error { return w.cause }

// Write appends bytes to the answer. It copies p and does not fail.
func (w *Reply) Write(p []byte) (int, error) {
	w.enc = EncodingBytes
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// JSON makes v the answer, as one JSON value. A value that JSON cannot hold is answered as [CodeBadArgument].
func (w *Reply) JSON(v any) {
	spell := w.spell
	if spell == nil {
		spell = appendJSON
	}
	b, err := spell(w.buf[:0], v)
	if err != nil {
		w.Fail(&Error{Code: CodeBadArgument, Op: "answer", Ran: Yes, Err: err})
		return
	}
	w.enc, w.buf = EncodingJSON, b
}

// set answers with a Go value: bytes as they are, anything else as JSON.
func (w *Reply) set(v any) {
	if b, ok := v.([]byte); ok {
		w.buf = w.buf[:0]
		w.Write(b)
		return
	}
	w.JSON(v)
}

// Fail makes the answer an error. An [*Error] keeps its code; anything else is [CodeFailed] with the error's text.
func (w *Reply) Fail(err error) {
	w.cause = err
	if e, ok := errors.AsType[*Error](err); ok {
		w.err = &Error{Code: e.Code, Op: "call", Msg: e.Msg, Ran: Yes}
		if w.err.Msg == "" {
			w.err.Msg = e.Error()
		}
		if !e.Remote && (e.Op == "decode" || e.Code == CodeNoMethod) {
			w.err.Ran = Never
		}
		return
	}
	code := CodeFailed
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		code = contextCode(err)
	}
	w.err = &Error{Code: code, Op: "call", Msg: err.Error(), Ran: Yes}
}

// failPanic makes the answer that of a handler that panicked with v.
func (w *Reply) failPanic(v any) {
	w.cause = nil
	w.err = &Error{Code: CodePanic, Op: "call", Msg: fmt.Sprint(v), Ran: Yes}
}
