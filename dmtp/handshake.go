package dmtp

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

// Bellpull's word in the handshake's metadata. Asking and agreeing have different keys, because a plain service
// answers with the metadata it was sent.
const (
	askKey    = "bellpull-ask"
	acceptKey = "bellpull-ok"
	twinKey   = "bellpull-twin" // beside a refusal: use the link that you have accepted from me
	busyKey   = "bellpull-busy" // in a refusal: the service is full, and trying later may help
)

// hello is the value of the first two: "1 compact node=HEX listens run=HEX name=NAME", the name last because it may hold
// anything. run is the client's and for this service alone; a service has none.
func (e *engine) hello(run uint64) string {
	s := "1 compact node=" + strconv.FormatUint(e.host.Epoch(), 16)
	if e.host.Listens() {
		s += " listens"
	}
	if run != 0 {
		s += " run=" + strconv.FormatUint(run, 16)
	}
	return s + " name=" + e.host.Name()
}

// parseHello reads the other side's hello; unknown words are ignored, so that later versions may add some.
func parseHello(s string) (r remote, compact bool) {
	head, name, _ := strings.Cut(s, " name=")
	r.name = name
	for i, word := range strings.Fields(head) {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case i == 0 && word != "1":
			return remote{}, false
		case word == "compact":
			compact = true
		case word == "listens":
			r.listens = true
		case key == "run":
			r.incarnation, _ = strconv.ParseUint(value, 16, 64)
		case key == "node":
			r.epoch, _ = strconv.ParseUint(value, 16, 64)
		}
	}
	if len(r.name) > maxID {
		r.name = ""
	}
	return r, compact
}

// metadataOf gives pairs in the codec's form, checked against its bounds.
func metadataOf(pairs []bellpull.Pair) (dmtpwire.Metadata, error) {
	var m dmtpwire.Metadata
	for _, p := range pairs {
		v := dmtpwire.Str(p.Value)
		if p.Null {
			v = nil
		} else if v == nil {
			v = dmtpwire.Str("")
		}
		m.Set(p.Key, v)
	}
	if len(m.Pairs) > 0 {
		if _, err := dmtpwire.G42.AppendMetadata(nil, m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// pairsOf gives metadata in the API's form, without the keys of Bellpull itself.
func pairsOf(m dmtpwire.Metadata) []bellpull.Pair {
	var list []bellpull.Pair
	for _, p := range m.Pairs {
		if !p.Key.Is(askKey) && !p.Key.Is(acceptKey) {
			list = append(list, bellpull.Pair{Key: p.Key.String(), Value: p.Value.String(), Null: p.Value.Null()})
		}
	}
	return list
}

func textOrNull(s string) dmtpwire.Str {
	if s == "" {
		return nil
	}
	return dmtpwire.Str(s)
}

// shakeHands is the client's part: P1, then the P2 of its Sign (section 3.1.3).
func (l *link) shakeHands(ctx context.Context) error {
	e := l.e
	meta, err := metadataOf(e.cfg.Metadata)
	if err != nil {
		return dialError(l.addr, err)
	}
	if !e.cfg.Plain {
		l.run = e.host.Incarnation(ctx)
		meta.Set(askKey, dmtpwire.Str(e.hello(l.run)))
	}
	_, err = l.ask(ctx, waitVerify, dmtpwire.FlagVerifyRequest, func(sign int32) []byte {
		m := dmtpwire.WaitVerify{Token: textOrNull(e.cfg.Token), Metadata: meta, ID: textOrNull(e.cfg.ID), Sign: sign}
		return m.AppendJSON(nil, dmtpwire.Compact)
	})
	if err != nil {
		return dialError(l.addr, err)
	}
	return nil
}

// welcomed takes the service's P2. It runs on the reader, so that frames right behind P2 find the link online.
func (l *link) welcomed(w *pump.Waiter, m *dmtpwire.WaitVerify) {
	if m.Status != dmtpwire.StatusSuccess {
		if proof, ok := m.Metadata.Get(twinKey); ok && !l.e.cfg.Plain {
			w.Err = l.join(m, proof)
			return
		}
		code := bellpull.CodeRefused
		if _, busy := m.Metadata.Get(busyKey); busy && !l.e.cfg.Plain {
			code = bellpull.CodeBusy
		}
		w.Err = &bellpull.Error{Code: code, Op: "dial", Peer: l.addr, Remote: true, Ran: bellpull.Never,
			Msg: bellpull.RemoteText(m.Message.String())}
		return
	}
	if l.state.Load() != stateGate {
		return
	}
	if v, ok := m.Metadata.Get(acceptKey); ok && !l.e.cfg.Plain {
		var compact bool
		l.remote, compact = parseHello(v.String())
		l.remote.incarnation = 0 // a service has none
		l.compact.Store(compact)
	}
	l.remote.named = true // we know where it lives
	l.remote.metadata = pairsOf(m.Metadata)
	l.id.Store(ref(m.ID.String()))
	p, err := l.e.host.Up(l.dialCtx, l)
	if err != nil {
		w.Err = err
		return
	}
	l.peer.Store(p)
	l.state.CompareAndSwap(stateGate, stateOnline)
	l.beat()
	if err := l.pump.Err(); err != nil {
		l.e.host.Down(l, err) // ended while it went up
	}
}

// onVerify is the service's part: P1 to P2 (section 3.1.2). Once online a second P1 may change the id and runs the
// verification again; whatever comes of it, the link stays what it was.
func (l *link) onVerify(body []byte) {
	if l.dialled {
		return
	}
	var m dmtpwire.WaitVerify
	if err := dmtpwire.ParseWaitVerify(body, &m); err != nil {
		// As the original: no answer to what cannot be read, and the verify timeout ends it.
		l.e.log("dmtp: unreadable handshake", l.identity, err)
		return
	}
	v := &Verify{Token: m.Token.String(), ID: m.ID.String(), Current: *l.id.Load(), Metadata: pairsOf(m.Metadata), Identity: l.identity, Traits: l.traits}
	if l.state.Load() == stateOnline {
		m.Token, m.ID = m.Token.Clone(), m.ID.Clone()
		for i, p := range m.Metadata.Pairs {
			m.Metadata.Pairs[i] = dmtpwire.Pair{Key: p.Key.Clone(), Value: p.Value.Clone()}
		}
		if l.verifying.Swap(true) {
			return // one at a time, or a client could make any number of goroutines
		}
		l.pump.Go(func() { // the callback must not keep an online link from reading
			defer l.verifying.Store(false)
			l.decide(&m, v, true)
			l.pump.Flush()
		})
		return
	}
	if !l.e.begin(l) {
		return // it had to make room for another
	}
	l.decide(&m, v, false)
	if l.state.Load() == stateGate {
		if l.tries++; l.tries == maxTries {
			l.told.Store(true)
			l.pump.Retire(&bellpull.Error{Code: bellpull.CodeRefused, Op: "accept", Peer: l.identity.Remote, Ran: bellpull.Never,
				Err: &transport.LimitError{What: "refused handshakes", Size: maxTries, Limit: maxTries}}, time.Second)
		}
	}
	l.pump.Flush() // a refusal, before the link can be put out for another
	l.e.end(l)
}

// decide answers a handshake request. again says that the link was online when it came; it may have ended since.
func (l *link) decide(m *dmtpwire.WaitVerify, v *Verify, again bool) {
	answer := *m
	answer.Status = dmtpwire.StatusSuccess
	if err := l.e.verify(v, m.Token); err != nil {
		l.refuse(&answer, err.Error(), err)
		return
	}
	meta, err := metadataOf(v.Metadata)
	if err != nil {
		l.refuse(&answer, err.Error(), err)
		return
	}
	if m.Metadata.Form != dmtpwire.FormNull || len(meta.Pairs) > 0 {
		meta.Form = m.Metadata.Form
		if meta.Form == dmtpwire.FormNull {
			meta.Form = dmtpwire.FormArray
		}
	}
	said := remote{named: v.ID != "", metadata: v.Metadata}
	compact := false
	if ask, ok := m.Metadata.Get(askKey); ok && !l.e.cfg.Plain {
		var theirs remote
		theirs, compact = parseHello(ask.String())
		said.name, said.incarnation, said.epoch, said.listens = theirs.name, theirs.incarnation, theirs.epoch, theirs.listens
		meta.Set(askKey, ask)
		meta.Set(acceptKey, dmtpwire.Str(l.e.hello(0)))
	}
	answer.Metadata = meta
	answer.Message = dmtpwire.Str("Operation successful.")
	if v.Message != "" {
		answer.Message = dmtpwire.Str(v.Message)
	}
	if again {
		if l.state.Load() == stateOnline {
			l.renameAgain(&answer, v.ID)
		}
		return
	}
	l.remote = said
	if said.listens {
		l.e.host.Settle(said.name, said.epoch, said.incarnation)
	}
	l.e.replace(l)
	l.letIn(&answer, v.ID, compact)
}

// maxIDs bounds how often the service makes another id for a client because the last one was taken.
const maxIDs = 1000

// letIn brings the link online and answers P1. P2 is committed before anybody else can send on the link: the batch is
// held while the node takes the link in.
func (l *link) letIn(answer *dmtpwire.WaitVerify, want string, compact bool) {
	if want != "" {
		l.id.Store(ref(want))
	}
	for try := 0; ; try++ {
		answer.ID = dmtpwire.Str(*l.id.Load())
		frame := dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyResponse, answer.AppendJSON(nil, dmtpwire.Compact))
		room, ok, err := l.pump.Room(len(frame), false)
		if !ok {
			if err == nil {
				l.pump.Fail(errClosed()) // nothing was sent yet, so this cannot be
			}
			return
		}
		l.compact.Store(compact)
		p, err := l.e.host.Up(context.Background(), l)
		if err == nil {
			l.peer.Store(p)
			l.leaveGate()
			l.state.CompareAndSwap(stateGate, stateOnline)
			l.pump.Out().Commit(copy(room, frame))
			l.beat()
			if l.pump.Err() != nil {
				l.e.host.Down(l, l.pump.Err()) // ended while it went up
			}
			return
		}
		l.pump.Out().Commit(0)
		l.compact.Store(false)
		if twin, ok := errors.AsType[*bellpull.TwinError](err); ok {
			l.refuseTwin(answer, twin)
			return
		}
		own, _ := errors.AsType[*bellpull.Error](err)
		switch {
		case own != nil && own.Code == bellpull.CodeClosed:
			l.pump.Fail(err) // the node is closing: for the client, the server is gone
			return
		case want == "" && own != nil && own.Code == bellpull.CodeNameTaken && try < maxIDs:
			l.id.Store(ref(l.e.newID())) // somebody asked for the id we would have given
			continue
		}
		want = *l.id.Load()
		code, text := bellpull.CodeNameTaken, idTaken(want)
		if own != nil && own.Code == bellpull.CodeBusy {
			code, text = own.Code, "the service has as many clients as it takes"
			if _, ok := answer.Metadata.Get(askKey); ok {
				answer.Metadata.Set(busyKey, dmtpwire.Str("1"))
			}
		}
		l.refuse(answer, text, err)
		l.told.Store(true)
		l.pump.Retire(&bellpull.Error{Code: code, Op: "accept", Peer: want, Err: err}, time.Second)
		return
	}
}

// renameAgain answers a P1 on a link that is online already.
func (l *link) renameAgain(answer *dmtpwire.WaitVerify, want string) {
	l.idMu.Lock()
	defer l.idMu.Unlock()
	if want != "" && want != *l.id.Load() {
		if err := l.setID(want); err != nil {
			l.refuse(answer, idTaken(want), err)
			return
		}
	}
	answer.ID = dmtpwire.Str(*l.id.Load())
	l.post(dmtpwire.FlagVerifyResponse, answer.AppendJSON(nil, dmtpwire.Compact))
}

func idTaken(id string) string { return fmt.Sprintf("id %q is in use", id) }

// refuse answers a handshake with Status 2 and a text. The connection stays: the client may try again until the verify
// timeout.
func (l *link) refuse(answer *dmtpwire.WaitVerify, text string, why error) {
	l.answerNo(answer, text)
	l.e.refused(*l.id.Load(), l.identity, why)
}

// answerNo answers a handshake with Status 2, in a handshake "refused", and a text.
func (l *link) answerNo(answer *dmtpwire.WaitVerify, text string) {
	answer.Status = dmtpwire.StatusOvertime
	answer.Message = dmtpwire.Str(text)
	l.post(dmtpwire.FlagVerifyResponse, answer.AppendJSON(nil, dmtpwire.Compact))
}

// verify says whether a client is let in: by the user the transport proves, the token, and the callback, in this order.
func (e *engine) verify(v *Verify, token dmtpwire.Str) error {
	if !e.cfg.open() && !v.Identity.SameUser {
		return errors.New("only processes of the service's own user are let in without a token")
	}
	if e.cfg.Token != "" || e.cfg.Verify == nil {
		if subtle.ConstantTimeCompare([]byte(e.cfg.Token), token) != 1 {
			return errors.New("the token is not accepted")
		}
	}
	if e.cfg.Verify != nil {
		if err := callVerify(e.cfg.Verify, v); err != nil {
			return err
		}
	}
	if len(v.ID) > maxID {
		return fmt.Errorf("an id has at most %d bytes, this one %d", maxID, len(v.ID))
	}
	return nil
}

// callVerify runs the callback; one that panics refuses.
func callVerify(f func(*Verify) error, v *Verify) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the verification failed: %v", p)
		}
	}()
	return f(v)
}
