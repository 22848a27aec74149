package dmtp

import (
	"context"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
)

// ask sends a request of the kernel and gives the body of its answer. frame makes the request's body for a Sign.
func (l *link) ask(ctx context.Context, kind uint8, f dmtpwire.Flags, frame func(sign int32) []byte) ([]byte, error) {
	x := &bellpull.Exchange{Ctx: ctx}
	return l.askBy(x, kind, func(w *pump.Waiter) error {
		b := dmtpwire.AppendFrame(nil, f, frame(w.Sign()))
		room, err := l.pump.Reserve(ctx, len(b), 0)
		switch {
		case err != nil:
			return err
		case w.Send():
			l.pump.Out().Commit(copy(room, b))
		default:
			l.pump.Out().Commit(0) // it was given up while we waited for room
		}
		return nil
	})
}

// askBy is ask with a send of the caller's. Where the answer is taken, x is found again.
func (l *link) askBy(x *bellpull.Exchange, kind uint8, send func(w *pump.Waiter) error) ([]byte, error) {
	w, _, err := l.pump.Acquire(x, kind)
	if err != nil {
		return nil, err
	}
	defer l.pump.Release(w)
	if err := send(w); err != nil {
		return nil, err
	}
	l.pump.Flush()
	if err := l.pump.Await(w); err != nil {
		return nil, err
	}
	return x.Answer, nil
}

// kernelKind says which waiter an answer frame is for.
func kernelKind(f dmtpwire.Flags) uint8 {
	switch f {
	case dmtpwire.FlagVerifyResponse:
		return waitVerify
	case dmtpwire.FlagResetIDResponse:
		return waitSetID
	case dmtpwire.FlagPingResponse:
		return waitPing
	}
	return waitClose
}

// onKernelAnswer gives an answer of the kernel to whoever waits for it. What cannot be read or nobody asked for is
// ignored.
func (l *link) onKernelAnswer(r *pump.Reader, f dmtpwire.Flags, body []byte) {
	var (
		sign   int32
		err    error
		verify dmtpwire.WaitVerify
		reset  dmtpwire.WaitSetID
	)
	switch f {
	case dmtpwire.FlagVerifyResponse:
		err = dmtpwire.ParseWaitVerify(body, &verify)
		sign = verify.Sign
	case dmtpwire.FlagResetIDResponse:
		err = dmtpwire.ParseWaitSetID(body, &reset)
		sign = reset.Sign
	case dmtpwire.FlagPingResponse:
		var m dmtpwire.WaitPing
		err = dmtpwire.ParseWaitPing(body, &m)
		sign = m.Sign
	case dmtpwire.FlagCloseAcknowledge:
		var m dmtpwire.WaitClose
		err = dmtpwire.ParseWaitClose(body, &m)
		sign = m.Sign
	}
	if err != nil {
		return
	}
	w := l.pump.Claim(sign, kernelKind(f))
	if w == nil {
		return
	}
	w.X.Answer = append([]byte(nil), body...)
	switch {
	case f == dmtpwire.FlagVerifyResponse:
		l.welcomed(w, &verify)
	case f == dmtpwire.FlagResetIDResponse && l.dialled && reset.Status == dmtpwire.StatusSuccess:
		l.idMu.Lock() // here and not in rename, so that it stands in line with what the service asks
		w.Err = l.setID(w.X.Method)
		l.idMu.Unlock()
	}
	l.pump.Finish(r, w)
}

// Ping sends P5 and waits for its P6 (section 4.4).
func (l *link) Ping(ctx context.Context) (time.Duration, error) {
	from := time.Now()
	body, err := l.ask(ctx, waitPing, dmtpwire.FlagPingRequest, func(sign int32) []byte {
		return l.pingBody(sign)
	})
	if err != nil {
		return 0, l.named("ping", "", err)
	}
	took := time.Since(from)
	var m dmtpwire.WaitPing
	if err := dmtpwire.ParseWaitPing(body, &m); err != nil || m.Status != dmtpwire.StatusSuccess {
		return 0, &bellpull.Error{Code: bellpull.CodeFailed, Op: "ping", Peer: l.Name(), Remote: true, Ran: bellpull.Never,
			Msg: "answered with status " + m.Status.String()}
	}
	return took, nil
}

func (l *link) pingBody(sign int32) []byte {
	m := dmtpwire.WaitPing{Sign: sign, Source: textOrNull(*l.id.Load()), Version: dmtpwire.Version}
	return m.AppendJSON(nil, dmtpwire.Compact)
}

// beat begins the heartbeat of a link that is online. The service waits a little longer, so that it is the client that
// pings when both have one.
func (l *link) beat() {
	every, within := l.e.host.Heartbeat()
	if every == 0 {
		return
	}
	if !l.dialled {
		every += every / 5
	}
	l.pump.Heartbeat(every, within, func() {
		// Nobody waits for the answer: that it comes is enough, and sign 0 is no waiter's. While the batch is full
		// the other side has enough to read and to show life by.
		frame := dmtpwire.AppendFrame(nil, dmtpwire.FlagPingRequest, l.pingBody(0))
		if room, ok, _ := l.pump.Room(len(frame), false); ok {
			l.pump.Out().Commit(copy(room, frame))
			l.pump.Flush()
		}
	})
}

// named completes an error of the pump with what was tried.
func (l *link) named(op, method string, err error) error {
	if e, ok := err.(*bellpull.Error); ok && e.Peer == "" {
		e.Op, e.Method, e.Peer = op, method, l.Name()
	}
	return err
}

// onPing answers P5 with P6: the ids swapped, Status 1.
func (l *link) onPing(body []byte) {
	var m dmtpwire.WaitPing
	if dmtpwire.ParseWaitPing(body, &m) != nil {
		return
	}
	m.Status = dmtpwire.StatusSuccess
	m.Source, m.Target = m.Target, m.Source
	m.Legacy = false // the least ping has no Version either, and is answered with all members
	l.scratch = dmtpwire.AppendHeader(l.scratch[:0], dmtpwire.FlagPingResponse, 0)
	l.scratch = m.AppendJSON(l.scratch, dmtpwire.Compact)
	dmtpwire.PutHeader(l.scratch, dmtpwire.FlagPingResponse, len(l.scratch)-dmtpwire.HeaderLen)
	l.pump.Post(l.scratch)
}

// onSetID renames this connection: P3, answered with P4. OldId is informational (section 4.6).
func (l *link) onSetID(body []byte) {
	var m dmtpwire.WaitSetID
	if dmtpwire.ParseWaitSetID(body, &m) != nil {
		return
	}
	id := m.NewID.String()
	m.Status = dmtpwire.StatusOvertime // 2: refused
	switch {
	case id == "":
		m.Message = dmtpwire.Str("the new id is empty")
	case len(id) > maxID:
		m.Message = dmtpwire.Str("the new id has more than 254 bytes")
	default:
		l.idMu.Lock()
		defer l.idMu.Unlock() // the answer stands in line with what this side asks, see rename
		if err := l.setID(id); err != nil {
			m.Message = dmtpwire.Str("the id is in use")
		} else {
			m.Status = dmtpwire.StatusSuccess
		}
	}
	l.post(dmtpwire.FlagResetIDResponse, m.AppendJSON(nil, dmtpwire.Compact))
}

// setID takes on a new id. On a service it is the peer's name, so the node has a say. Called with idMu held.
func (l *link) setID(id string) error {
	if !l.dialled {
		if err := l.e.host.Rename(l, id); err != nil {
			return err
		}
		l.id.Store(&id)
		return nil
	}
	old := l.id.Swap(&id)
	if *old != id {
		p := l.peer.Load()
		l.e.host.Emit(bellpull.Event{Kind: bellpull.EventRenamed, Peer: p, Name: id, Old: *old})
	}
	return nil
}

// rename asks the other side to know this connection under another id. A service has the id from the moment it asks, so
// that nobody else can get it, and gives it back when the client refuses; a client has it from the answer on. Renames of
// both sides that cross so end with the same id on both ends: that of the frame which the service wrote last.
func (l *link) rename(ctx context.Context, id string) error {
	old := *l.id.Load()
	if id == "" || len(id) > maxID {
		return &bellpull.Error{Code: bellpull.CodeBadArgument, Op: "rename", Peer: l.Name(), Ran: bellpull.Never,
			Msg: "an id has 1 to 254 bytes"}
	}
	x := &bellpull.Exchange{Ctx: ctx, Method: id}
	asked := false
	body, err := l.askBy(x, waitSetID, func(w *pump.Waiter) error {
		l.idMu.Lock()
		defer l.idMu.Unlock()
		if !w.Send() {
			return nil
		}
		if !l.dialled {
			if err := l.setID(id); err != nil {
				return err
			}
		}
		asked = true
		m := dmtpwire.WaitSetID{OldID: textOrNull(old), NewID: dmtpwire.Str(id), Sign: w.Sign()}
		l.post(dmtpwire.FlagResetIDRequest, m.AppendJSON(nil, dmtpwire.Compact))
		return nil
	})
	var m dmtpwire.WaitSetID
	if err == nil {
		err = dmtpwire.ParseWaitSetID(body, &m)
	}
	if err == nil && m.Status != dmtpwire.StatusSuccess {
		err = &bellpull.Error{Code: bellpull.CodeNameTaken, Op: "rename", Peer: l.Name(), Remote: true, Ran: bellpull.Never,
			Msg: bellpull.RemoteText(m.Message.String())}
	}
	if err != nil && asked && !l.dialled {
		l.takeBack(id, old)
	}
	if err != nil {
		return l.named("rename", "", err)
	}
	return nil
}

// takeBack gives the connection its old id again, unless it has yet another one by now.
func (l *link) takeBack(id, old string) {
	l.idMu.Lock()
	defer l.idMu.Unlock()
	if *l.id.Load() == id {
		l.setID(old)
	}
}

// Close says goodbye with P0, waits for P10 and ends the link (section 4.5).
func (l *link) Close(reason string) error {
	if l.pump.Err() != nil {
		return nil
	}
	end := errClosed()
	end.Msg = "closed on this side: " + reason
	if l.state.Load() == stateOnline {
		ctx, cancel := context.WithTimeout(context.Background(), l.e.cfg.CloseTimeout)
		defer cancel()
		l.ask(ctx, waitClose, dmtpwire.FlagClose, func(sign int32) []byte {
			m := dmtpwire.WaitClose{Message: dmtpwire.Str(reason), Sign: sign}
			return m.AppendJSON(nil, dmtpwire.Compact)
		})
	}
	l.pump.Fail(end)
	return nil
}

// onClose hears a goodbye. JSON is acknowledged and the connection left for the other side to close; the raw text of
// the 4.0 documents ends the link at once (appendix A.1).
func (l *link) onClose(body []byte) {
	var m dmtpwire.WaitClose
	err := dmtpwire.ParseWaitClose(body, &m)
	said := m.Message.String()
	if l.leaving && l.state.Load() != stateClosed {
		return // the first one waits in line, and one is enough
	}
	if err != nil {
		if len(body) > 0 && body[0] == '{' {
			return // as the original: what cannot be read is ignored
		}
		said = string(body)
	}
	end := &bellpull.Error{Code: bellpull.CodeUnavailable, Op: "link", Peer: l.Name(), Remote: true,
		Msg: "closed by the other side: " + bellpull.RemoteText(said)}
	if said == "" {
		end.Msg = "closed by the other side"
	}
	l.leaving = true
	if err != nil {
		l.pump.Behind(func() { l.pump.Fail(end) })
		return
	}
	ack := m.AppendJSON(nil, dmtpwire.Compact)
	if l.state.Load() == stateClosed {
		l.post(dmtpwire.FlagCloseAcknowledge, ack)
		return
	}
	// What was sent before the goodbye is worked on before it.
	l.pump.Behind(func() {
		l.post(dmtpwire.FlagCloseAcknowledge, ack)
		l.linger(end)
	})
}

// linger leaves it to the other side to hang up, for a time and unless too many take theirs.
func (l *link) linger(end error) {
	if l.state.Load() == stateOnline { // before that it still has its place among those that wait
		if l.e.lingering.Add(1) > maxLingering {
			l.e.lingering.Add(-1)
			l.pump.Flush()
			l.pump.Fail(end)
			return
		}
		l.lingers.Store(true)
	}
	l.pump.Retire(end, l.e.cfg.CloseTimeout)
}
