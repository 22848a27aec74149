package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// frameRecord is part "frame" in -o json.
type frameRecord struct {
	Part   string       `json:"part"`
	OK     bool         `json:"ok"`
	Hex    string       `json:"hex"`
	Fields []frameField `json:"fields"`
	Error  string       `json:"error,omitempty"`
}

// frameField is one field of a frame.
type frameField struct {
	Offset int    `json:"offset"`
	Hex    string `json:"hex"`
	Name   string `json:"name"`
	Value  string `json:"value"`
}

// frame makes the call add(1, 2), catches it on its way, and names every byte.
func (d *demo) frame(ctx context.Context) bool {
	r := frameRecord{Part: "frame"}
	b, err := catchCall(ctx)
	if err == nil {
		r.Hex = fmt.Sprintf("%x", b)
		r.Fields, err = fieldsOf(b)
	}
	r.OK = err == nil
	if err != nil {
		r.Error = err.Error()
		d.say("   %s: %s", d.mark(false), oneLine(r.Error, 160))
	}
	d.emit(r, "")
	for _, f := range r.Fields {
		for at, rest := f.Offset, f.Hex; rest != ""; {
			n := min(16, len(rest))
			d.say("%s", strings.TrimRight(fmt.Sprintf("   %3d  %-23s  %-13s %s", at, spaced(rest[:n]), f.Name, f.Value), " "))
			at, rest, f.Name, f.Value = at+n/2, rest[n:], "", ""
		}
	}
	return r.OK
}

// spaced puts a space between the bytes of hexadecimal digits.
func spaced(digits string) string {
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}

// catchCall makes the call add(1, 2) in plain DMTP inside this process and gives its frame as it was written.
func catchCall(ctx context.Context) ([]byte, error) {
	tap := &tap{Network: mem.New()}
	carrier := dmtp.NodeOptions(bellpull.WithTransports(tap))
	m := bellpull.NewMux()
	bellpull.HandleFunc(m, "add", func(a, b int) int { return a + b })
	node, err := dmtp.Listen(ctx, "mem:demo", m, carrier)
	if err != nil {
		return nil, err
	}
	defer node.Close(ctx)
	peer, err := dmtp.Dial(ctx, "mem:demo", dmtp.Plain(), carrier)
	if err != nil {
		return nil, err
	}
	defer hangUp(peer)
	if sum, err := bellpull.Call[int](ctx, peer, "add", 1, 2); err != nil || sum != 3 {
		return nil, errors.Join(fmt.Errorf("add(1, 2) gave %d", sum), err)
	}
	return tap.find(dmtpwire.FlagCallRequest)
}

// tap is the transport mem that remembers what the diallers write.
type tap struct {
	*mem.Network
	mu  sync.Mutex
	buf []byte
}

// Dial connects and taps the connection.
func (t *tap) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	c, err := t.Network.Dial(ctx, a)
	if err != nil {
		return nil, err
	}
	return &tapped{c, t}, nil
}

type tapped struct {
	transport.Conn // and not its TryWrite, so that every byte comes by here
	tap            *tap
}

// Write remembers and writes.
func (c *tapped) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.buf = append(c.tap.buf, b...)
	c.tap.mu.Unlock()
	return c.Conn.Write(b)
}

// find gives the first frame of a kind.
func (t *tap) find(kind dmtpwire.Flags) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	split := dmtpwire.Split(0)
	for b := t.buf; len(b) > 0; {
		n, err := split(b)
		if err != nil || n == 0 || n > len(b) {
			return nil, errors.Join(errors.New("a frame is not whole"), err)
		}
		if f, _, _ := dmtpwire.ParseHeader(b); f == kind {
			return bytes.Clone(b[:n]), nil
		}
		b = b[n:]
	}
	return nil, fmt.Errorf("no frame %s was written", kind)
}

// fieldsOf takes the frame of a call with Json arguments apart. The fields cover it without a gap, and what was
// understood encodes to the same bytes again.
func fieldsOf(frame []byte) ([]frameField, error) {
	flags, n, err := dmtpwire.ParseHeader(frame)
	if err != nil {
		return nil, err
	}
	list := []frameField{
		{0, "", "magic", fmt.Sprintf("%q", frame[:2])},
		{2, "", "flags", fmt.Sprintf("%d, %s", flags, flags)},
		{4, "", "length", fmt.Sprintf("%d bytes follow", n)},
	}
	r := dmtpwire.NewReader(frame[dmtpwire.HeaderLen:], "RpcRequest")
	field := func(name, value string, from int) {
		list = append(list, frameField{dmtpwire.HeaderLen + from, "", name, value})
	}
	from := r.Offset()
	field("Version", fmt.Sprint(r.U8("Version")), from)
	from = r.Offset()
	field("SourceId", text(r.Str8("SourceId"), "this session's id"), from)
	from = r.Offset()
	field("TargetId", text(r.Str8("TargetId"), "the session it is for"), from)
	from = r.Offset()
	if r.NullFlag("Metadata") {
		return nil, errors.New("metadata in a call without any")
	}
	field("Metadata", "null", from)
	from = r.Offset()
	field("Sign", fmt.Sprintf("%d, the call's number", r.I32("Sign")), from)
	from = r.Offset()
	field("Status", fmt.Sprintf("%d in a request", r.U8("Status")), from)
	from = r.Offset()
	field("Serialization", dmtpwire.Serialization(r.U8("SerializationType")).String(), from)
	from = r.Offset()
	field("InvokeKey", text(r.Str8("InvokeKey"), "the method"), from)
	from = r.Offset()
	field("Feedback", dmtpwire.Feedback(r.U8("Feedback")).String()+": an answer is wanted", from)
	from = r.Offset()
	field("Message", text(r.Str16("Message"), ""), from)
	from = r.Offset()
	count := int(r.U8("Count"))
	field("Count", fmt.Sprintf("%d arguments", count), from)
	for i := range count {
		from = r.Offset()
		field(fmt.Sprintf("Argument %d", i+1), map[bool]string{true: "not null", false: "null"}[r.NullFlag("null flag")], from)
		from = r.Offset()
		field("", text(r.Str32("text"), "Json"), from)
	}
	if r.Err() != nil || r.Len() != 0 {
		return nil, errors.Join(fmt.Errorf("%d bytes left over", r.Len()), r.Err())
	}
	for i := range list {
		end := len(frame)
		if i+1 < len(list) {
			end = list[i+1].Offset
		}
		list[i].Hex = fmt.Sprintf("%x", frame[list[i].Offset:end])
	}
	return list, sameAgain(frame)
}

// text shows a text of a frame, with what it means.
func text(s dmtpwire.Str, about string) string {
	if s.Null() {
		return "null"
	}
	if about == "" {
		return fmt.Sprintf("%q", s.String())
	}
	return fmt.Sprintf("%q, %s", s.String(), about)
}

// sameAgain decodes and encodes a call.
func sameAgain(frame []byte) error {
	var q dmtpwire.Request
	if err := dmtpwire.ParseRequest(frame[dmtpwire.HeaderLen:], &q); err != nil {
		return err
	}
	body, err := dmtpwire.AppendRequest(nil, &q)
	if err != nil {
		return err
	}
	if !bytes.Equal(dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, body), frame) {
		return errors.New("it does not encode to the same bytes again")
	}
	return nil
}
