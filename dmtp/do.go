package dmtp

import (
	"fmt"
	"runtime"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

const (
	flagCall   = dmtpwire.Flags(bellwire.FlagCall)
	flagAnswer = dmtpwire.Flags(bellwire.FlagAnswer)
	flagCancel = dmtpwire.Flags(bellwire.FlagCancel)
)

// Do runs an exchange: compact where both sides agreed on it, as DmtpRpc frames otherwise.
func (l *link) Do(x *bellpull.Exchange) error {
	op := "call"
	if x.Notify {
		op = "notify"
	}
	if len(x.Method) == 0 || len(x.Method) > bellpull.MaxMethod {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Op: op, Peer: l.Name(), Ran: bellpull.Never,
			Err: &transport.LimitError{What: "method name", Size: int64(len(x.Method)), Limit: bellpull.MaxMethod}}
	}
	if x.Verb != nil {
		return &bellpull.Error{Code: bellpull.CodeUnsupported, Op: op, Peer: l.Name(), Method: x.Method, Ran: bellpull.Never,
			Msg: fmt.Sprintf("dmtp has no %T", x.Verb)}
	}
	var err error
	switch compact := l.compact.Load() && !x.Accepted; {
	case x.Notify:
		if err = l.pump.Lost(); err == nil { // its ports may be open still
			err = l.send(x, 0, nil, compact)
		}
	case compact:
		err = l.call(x, true)
	default:
		err = l.call(x, false)
	}
	if err != nil {
		return l.fill(op, x, err)
	}
	return nil
}

// fill completes an error with what was tried.
func (l *link) fill(op string, x *bellpull.Exchange, err error) error {
	e, ok := err.(*bellpull.Error)
	if !ok {
		e = &bellpull.Error{Code: bellpull.CodeUnavailable, Err: err}
		err = e
	}
	e.Op, e.Peer, e.Method = op, l.Name(), x.Method
	return err
}

// call sends a request and waits for its answer.
func (l *link) call(x *bellpull.Exchange, compact bool) error {
	w, others, err := l.pump.Acquire(x, waitCall)
	if err != nil {
		return err
	}
	err = l.send(x, uint32(w.Sign()), w, compact)
	if err != nil {
		l.pump.Release(w)
		return err
	}
	w.Tell(x)
	if others {
		// Others are at it too: let them add their frames to the batch, one write for all.
		runtime.Gosched()
	}
	l.pump.Flush()
	err = l.pump.Await(w)
	sign := w.Sign()
	l.pump.Release(w)
	if err != nil {
		if e, ok := err.(*bellpull.Error); ok && !e.Remote && (e.Code == bellpull.CodeCanceled || e.Code == bellpull.CodeDeadline) {
			l.cancel(sign, compact)
		}
	}
	return err
}

// send writes the request of an exchange into the batch; a notify is flushed as well.
func (l *link) send(x *bellpull.Exchange, sign uint32, w *pump.Waiter, compact bool) error {
	var err error
	if compact {
		err = l.sendCompact(x, sign, w)
	} else {
		err = l.sendPlain(x, int32(sign), w)
	}
	if err == nil && w == nil {
		l.pump.Flush()
	}
	return err
}

// cancel tells the other side that nobody waits any more. It does not block; the call is over either way.
func (l *link) cancel(sign int32, compact bool) {
	var frame []byte
	if compact {
		frame = dmtpwire.AppendHeader(nil, flagCancel, bellwire.CancelLen)
		frame = append(frame, make([]byte, bellwire.CancelLen)...)
		bellwire.PutCancel(frame[dmtpwire.HeaderLen:], uint32(sign))
	} else {
		body, err := dmtpwire.AppendCancel(nil, &dmtpwire.Cancel{Router: l.router(), Sign: int64(sign)})
		if err != nil {
			return
		}
		frame = dmtpwire.AppendFrame(nil, dmtpwire.FlagCallCancel, body)
	}
	// While the other side takes nothing, it would not hear of it in time anyway.
	if room, ok, _ := l.pump.Room(len(frame), false); ok {
		l.pump.Out().Commit(copy(room, frame))
		l.pump.Flush()
	}
}

// router gives the header of what this side sends: its session's id, not routed.
func (l *link) router() dmtpwire.Router {
	return dmtpwire.Router{Version: dmtpwire.Version, Source: textOrNull(*l.id.Load())}
}

func tooLarge(op, peer, method string, size, limit int) *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeTooLarge, Op: op, Peer: peer, Method: method, Ran: bellpull.Never,
		Err: &transport.LimitError{What: "message", Size: int64(size), Limit: int64(limit)}}
}
