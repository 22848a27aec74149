package bellpull

import (
	"context"
	"encoding/json"
	"time"

	"github.com/bellpull/bellpull/transport"
)

type callKey struct{}

// WithCall gives a context whose calls and notifies have the options. It adds to those ctx has already.
func WithCall(ctx context.Context, opts ...CallOption) context.Context {
	var c callConfig
	if have, ok := ctx.Value(callKey{}).(*callConfig); ok {
		c = *have
		c.meta = clonePairs(c.meta)
	}
	for _, o := range opts {
		o.applyCall(&c)
	}
	return context.WithValue(ctx, callKey{}, &c)
}

// Call calls a method and decodes its answer into an Out. Arguments travel as JSON by position; a single []byte
// travels as it is. It blocks until the answer is there, ctx is done, its deadline (or the node's timeout) passes, or
// the connection is lost. Errors are [*Error]: [Error.Executed] says whether the method ran.
func Call[Out any](ctx context.Context, p *Peer, method string, args ...any) (Out, error) {
	var out Out
	x := p.exchange(ctx, method)
	defer p.node.finished(x)
	if err := p.encode(x, "call", args); err != nil {
		return out, err
	}
	if err := p.run(x); err != nil {
		return out, err
	}
	if err := decodeAnswer(x.AnswerEncoding, x.Answer, &out); err != nil {
		return out, &Error{Code: CodeBadArgument, Op: "call", Peer: p.Name(), Method: method, Msg: err.Error(), Ran: Yes}
	}
	return out, nil
}

// CallBytes calls a method with the bytes of body and appends the bytes of the answer to dst. body and dst may not
// overlap; both are the caller's again when it returns. It is the fast tier: with room in dst it allocates nothing.
// It blocks as [Call] does and has its errors; on error dst is returned as it was.
func (p *Peer) CallBytes(ctx context.Context, method string, dst, body []byte) ([]byte, error) {
	x := p.exchange(ctx, method)
	x.Encoding, x.Body, x.Dst = EncodingBytes, body, dst
	err := p.run(x)
	answer, enc := x.Answer, x.AnswerEncoding
	x.Body, x.Dst, x.Answer = nil, nil, nil
	p.node.exchanges.Put(x)
	switch {
	case err != nil:
		return dst, err
	case enc == EncodingNone:
		return dst, nil
	case enc == EncodingJSON:
		return p.bytesOfJSON(method, dst, answer[len(dst):])
	}
	return answer, nil
}

// bytesOfJSON appends the bytes that a JSON answer stands for: base64, as a byte[] of .NET travels.
func (p *Peer) bytesOfJSON(method string, dst, text []byte) ([]byte, error) {
	var b []byte
	if err := json.Unmarshal(text, &b); err != nil {
		return dst, &Error{Code: CodeBadArgument, Op: "call", Peer: p.Name(), Method: method, Ran: Yes,
			Msg: "the answer " + excerpt(text) + " is no byte[]; use Call with the type it has"}
	}
	return append(dst, b...), nil
}

// Notify tells the peer something; there is no answer. It returns when the notify is on its way and blocks only for
// room to send. A nil error does not say that it arrived.
func (p *Peer) Notify(ctx context.Context, method string, args ...any) error {
	x := p.exchange(ctx, method)
	x.Notify = true
	defer p.node.finished(x)
	if err := p.encode(x, "notify", args); err != nil {
		return err
	}
	return p.run(x)
}

// Do runs an exchange with a verb of one protocol as [Call] runs a call: through the node's interceptors, on the link
// that is up or the next that comes up, within the deadline of ctx or the node's timeout. It is for packages of protocols.
// x has its Verb, and a Method by which interceptors and errors know it; Ctx and Deadline, and what [WithCall] says, are
// set here. It blocks as Call does; errors are [*Error]. A peer of another protocol answers [CodeUnsupported].
func (p *Peer) Do(ctx context.Context, x *Exchange) error {
	p.begin(ctx, x)
	return p.run(x)
}

// Ping measures one round trip that runs no user code. It blocks until answered, ctx is done or 5 s are over.
// A protocol without pings answers [CodeUnsupported].
func (p *Peer) Ping(ctx context.Context) (time.Duration, error) {
	l := p.live.Load()
	if l == nil {
		return 0, p.downError("ping", "")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return l.Ping(ctx)
}

// OpenChannel opens a channel to the peer. A protocol without channels answers [CodeUnsupported].
func (p *Peer) OpenChannel(ctx context.Context, name string, opts ...ChannelOption) (*Channel, error) {
	l := p.live.Load()
	if l == nil {
		return nil, p.downError("open", "")
	}
	spec := ChannelSpec{Name: name}
	for _, o := range opts {
		o.channelOption(&spec)
	}
	return l.Open(ctx, spec)
}

// keepBody bounds the buffer that an Exchange keeps between calls, in bytes.
const keepBody = 64 << 10

// exchange takes an Exchange and fills what all calls have in common.
func (p *Peer) exchange(ctx context.Context, method string) *Exchange {
	x := p.node.exchanges.Get().(*Exchange)
	*x = Exchange{Method: method, Body: x.Body[:0]}
	if cap(x.Body) > keepBody {
		x.Body = nil
	}
	p.begin(ctx, x)
	return x
}

// begin sets what ctx says of an exchange.
func (p *Peer) begin(ctx context.Context, x *Exchange) {
	x.Ctx = ctx
	if d, ok := ctx.Deadline(); ok {
		x.Deadline = transport.Now() + int64(time.Until(d))
	} else {
		x.Deadline = transport.Now() + int64(p.node.cfg.timeout)
	}
	if x.Deadline == 0 { // which would mean none; on virtual time the clock passes through 0
		x.Deadline = 1
	}
	if c, ok := ctx.Value(callKey{}).(*callConfig); ok {
		x.Meta, x.Accepted, x.Sent = c.meta, c.accepted, c.sent
	}
}

func (p *Peer) encode(x *Exchange, op string, args []any) error {
	enc, body, err := encodeArgs(x.Body, args)
	if err != nil {
		return &Error{Code: CodeBadArgument, Op: op, Peer: p.Name(), Method: x.Method, Msg: err.Error(), Ran: Never}
	}
	x.Encoding, x.Body = enc, body
	if enc == EncodingJSON {
		x.Args = args
	}
	return nil
}

// finished takes an exchange back, without what the caller lent.
func (n *Node) finished(x *Exchange) {
	x.Args, x.Sent = nil, nil
	n.exchanges.Put(x)
}

// run sends an exchange through the interceptors.
func (p *Peer) run(x *Exchange) error {
	if p.node.call != nil {
		return p.node.call(p, x)
	}
	return p.do(x)
}

// do gives an exchange to the live link, or waits for one. A call that certainly did not run because its link was
// lost goes to the next link, one that may have run only when it is idempotent.
func (p *Peer) do(x *Exchange) error {
	if err := x.Ctx.Err(); err != nil {
		return &Error{Code: contextCode(err), Op: opOf(x), Peer: p.Name(), Method: x.Method, Ran: Never, Err: context.Cause(x.Ctx)}
	}
	again := false
	for {
		l := p.live.Load()
		if l == nil {
			if err := p.awaitLink(x); err != nil {
				return orBefore(err, again)
			}
			continue
		}
		err := l.Do(x)
		if err == nil {
			return nil
		}
		e, ok := err.(*Error)
		// CodeClosed is a link that was replaced by a newer one, unless the peer itself was closed.
		if !ok || e.Remote || e.Code != CodeUnavailable && (e.Code != CodeClosed || p.ended()) {
			return orBefore(err, again)
		}
		if e.Ran != Never {
			c, _ := x.Ctx.Value(callKey{}).(*callConfig)
			if again || c == nil || !c.idempotent {
				return err
			}
			again = true
		}
		// The link reports its end before the node has taken it off the peer: wait for that, not for the dead link.
		p.forget(l)
	}
}

// orBefore makes the error of the last try that of the exchange. When it was sent before, on a link that was lost, that a
// later try did not run says nothing of the first.
func orBefore(err error, sent bool) error {
	e, ok := err.(*Error)
	if !sent || !ok || e.Ran != Never {
		return err
	}
	dup := *e
	dup.Ran = Maybe
	return &dup
}

func opOf(x *Exchange) string {
	if x.Notify {
		return "notify"
	}
	return "call"
}

// forget takes a link that answers "lost" off the peer, should the node not have done so yet.
func (p *Peer) forget(l *liveLink) { p.live.CompareAndSwap(l, nil) }

// maxWaiting bounds the calls and notifies that wait for a peer which is away.
const maxWaiting = 4096

// awaitLink blocks until the peer is up again, or says why the exchange ends here. Nothing was sent.
func (p *Peer) awaitLink(x *Exchange) error {
	p.mu.Lock()
	up, err := p.up, p.err
	p.mu.Unlock()
	op := opOf(x)
	if p.live.Load() != nil {
		return nil
	}
	if err != nil || p.failFast() {
		return p.downError(op, x.Method)
	}
	if n := p.waiting.Add(1); n > maxWaiting {
		p.waiting.Add(-1)
		return &Error{Code: CodeBusy, Op: op, Peer: p.Name(), Method: x.Method, Ran: Never, Msg: "the peer is away",
			Err: &transport.LimitError{What: "calls that wait for it", Size: int64(n), Limit: maxWaiting}}
	}
	defer p.waiting.Add(-1)
	t := time.NewTimer(time.Duration(x.Deadline - transport.Now()))
	defer t.Stop()
	select {
	case <-up:
		return nil
	case <-x.Ctx.Done():
		return &Error{Code: contextCode(x.Ctx.Err()), Op: op, Peer: p.Name(), Method: x.Method, Ran: Never,
			Err: context.Cause(x.Ctx), Msg: "the peer is away"}
	case <-t.C:
		return &Error{Code: CodeDeadline, Op: op, Peer: p.Name(), Method: x.Method, Ran: Never, Msg: "the peer is away"}
	}
}

// failFast says that calls do not wait for the peer to come back.
func (p *Peer) failFast() bool {
	w := p.way.Load()
	return w != nil && w.cfg.failFast
}

// downError says that the peer is away or gone.
func (p *Peer) downError(op, method string) *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &Error{Code: CodeUnavailable, Op: op, Peer: p.name, Method: method, Ran: Never, Msg: "the peer is away"}
	if p.err != nil {
		e.Msg, e.Err = "the peer is gone", p.err
		if own, ok := p.err.(*Error); ok && own.Code == CodeClosed {
			e.Code = CodeClosed
		}
	}
	return e
}
