package dmtp

import (
	"sync"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
)

// names are the numbers that this side gave to method names on a link. A number goes with its name until a frame that
// has both is in the batch; frames behind that one have the number alone.
type names struct {
	last atomic.Pointer[sentName] // of the last call: most callers repeat themselves
	mu   sync.RWMutex
	all  map[string]*sentName
}

type sentName struct {
	name string
	id   uint32
	told atomic.Bool
}

// get gives the number of a name, nil when there are no more numbers: such a method goes by DmtpRpc frames.
func (n *names) get(name string) *sentName {
	if s := n.last.Load(); s != nil && s.name == name {
		return s
	}
	n.mu.RLock()
	s := n.all[name]
	n.mu.RUnlock()
	if s == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		if s = n.all[name]; s == nil {
			if len(n.all) == bellwire.MaxMethods {
				return nil
			}
			if n.all == nil {
				n.all = map[string]*sentName{}
			}
			s = &sentName{name: name, id: uint32(len(n.all))}
			n.all[name] = s
		}
	}
	n.last.Store(s)
	return s
}

// sendCompact commits a compact call, or a notify when w is nil.
func (l *link) sendCompact(x *bellpull.Exchange, sign uint32, w *pump.Waiter) error {
	n := l.sent.get(x.Method)
	if n == nil {
		return l.sendPlain(x, int32(sign), w)
	}
	name := ""
	if !n.told.Load() {
		name = x.Method
	}
	c := bellwire.Call{Sign: sign, Method: n.id, Encoding: uint8(x.Encoding), Body: x.Body}
	if x.Deadline != 0 {
		c.Timeout = millis(x.Deadline - transport.Now())
	}
	if len(x.Meta) > 0 {
		m, err := metadataOf(x.Meta)
		if err != nil {
			return badMetadata(err)
		}
		if c.Metadata, err = dmtpwire.G42.AppendMetadata(nil, m); err != nil {
			return badMetadata(err)
		}
	}
	size := bellwire.CallLen(len(name), len(c.Metadata), len(x.Body))
	if size > l.e.cfg.MaxBody {
		return tooLarge("", "", "", size, l.e.cfg.MaxBody)
	}
	room, err := l.pump.Reserve(x.Ctx, dmtpwire.HeaderLen+size, x.Deadline)
	if err != nil {
		return err
	}
	if w != nil && !w.Send() {
		l.pump.Out().Commit(0) // it was given up while we waited for room
		return nil
	}
	dmtpwire.PutHeader(room, flagCall, size)
	bellwire.PutCall(room[dmtpwire.HeaderLen:], &c, name)
	l.pump.Out().Commit(len(room))
	if name != "" {
		n.told.Store(true)
	}
	return nil
}

func badMetadata(err error) *bellpull.Error {
	return &bellpull.Error{Code: bellpull.CodeBadArgument, Ran: bellpull.Never, Msg: "metadata: " + err.Error()}
}

// millis rounds a time left up to whole milliseconds, at least one.
func millis(ns int64) uint32 {
	return uint32(min(max((ns+999_999)/1_000_000, 1), 1<<32-1))
}

// method is what a number of the other side means, with the handler that was found for it.
type method struct {
	name       string
	found      *bellpull.Method
	generation uint64
}

// handler gives the method's handler, looked up anew after the set of handlers has changed.
func (l *link) handler(m *method) *bellpull.Method {
	if g := l.e.host.Generation(); m.generation != g || m.found == nil {
		m.found = l.e.host.Find(l.peer.Load(), []byte(m.name))
		m.generation = g
	}
	return m.found
}

// learn takes the name of a number.
func (l *link) learn(id uint32, name []byte) *method {
	for int(id) >= len(l.got) {
		l.got = append(l.got, nil)
	}
	if m := l.got[id]; m != nil && m.name == string(name) {
		return m
	}
	m := &method{name: string(name)}
	l.got[id] = m
	return m
}

// onCompactCall runs a call or notify of another Bellpull. The two are one program, so what does not fit ends the link.
func (l *link) onCompactCall(r *pump.Reader, body []byte) error {
	var c bellwire.Call
	if err := bellwire.ParseCall(body, &c); err != nil {
		return l.violation(err)
	}
	if !l.compact.Load() {
		return nil // never agreed on: to a plain service these flags mean nothing
	}
	var m *method
	switch {
	case c.Name != nil:
		m = l.learn(c.Method, c.Name)
	case int(c.Method) >= len(l.got) || l.got[c.Method] == nil:
		return l.violation(&bellwire.Error{Field: "method", Offset: 4, What: bellwire.ErrMethod})
	default:
		m = l.got[c.Method]
	}
	s := l.pump.Serving(r)
	s.Method = l.handler(m)
	s.Sign, s.Status = int64(c.Sign), answerCompact
	s.Body = append(s.Body[:0], c.Body...)
	s.In = bellpull.Incoming{Peer: l.peer.Load(), Link: l, Method: m.name, Encoding: bellpull.Encoding(c.Encoding),
		Body: s.Body, Notify: c.Sign == 0}
	if c.Timeout != 0 {
		s.In.Deadline = transport.Now() + int64(c.Timeout)*1_000_000
	}
	if c.Metadata != nil {
		meta, err := dmtpwire.G42.ParseMetadata(c.Metadata)
		if err != nil {
			return l.violation(err)
		}
		s.In.Meta = pairsOf(meta)
	}
	l.pump.Request(r, s)
	return nil
}

func (l *link) violation(err error) error {
	return &bellpull.Error{Code: bellpull.CodeProtocol, Op: "read", Peer: l.identity.Remote, Err: err}
}

// onCompactAnswer gives an answer to its call. One that nobody waits for any more is dropped.
func (l *link) onCompactAnswer(r *pump.Reader, body []byte) error {
	var a bellwire.Answer
	if err := bellwire.ParseAnswer(body, &a); err != nil {
		return l.violation(err)
	}
	w := l.pump.Claim(int32(a.Sign), waitCall)
	if w == nil {
		return nil
	}
	if a.Code == 0 {
		w.X.Answer = append(w.X.Dst, a.Body...)
		w.X.AnswerEncoding = bellpull.Encoding(a.Encoding)
	} else {
		w.Err = &bellpull.Error{Code: bellpull.Code(a.Code), Remote: true, Ran: bellpull.Executed(a.Ran),
			Msg: bellpull.RemoteText(string(a.Body))}
	}
	l.pump.Finish(r, w)
	return nil
}

// onCompactCancel cancels a call that runs.
func (l *link) onCompactCancel(body []byte) error {
	sign, err := bellwire.ParseCancel(body)
	if err != nil {
		return l.violation(err)
	}
	l.cancelRunning(int64(sign))
	return nil
}

func (l *link) cancelRunning(sign int64) {
	cause := &bellpull.Error{Code: bellpull.CodeCanceled, Op: "call", Peer: l.Name(), Remote: true}
	if name, ok := l.pump.CancelRequest(sign, cause); ok {
		l.e.host.Emit(bellpull.Event{Kind: bellpull.EventCancelled, Peer: l.peer.Load(), Name: l.Name(), Method: name})
	}
}
