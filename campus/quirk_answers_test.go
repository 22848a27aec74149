package campus_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// asked has the node send a request without a route and the raw process read it; answer writes what it is told.
func asked(t *testing.T, peer *bellpull.Peer, in *rawConn, answer func(id uint64)) ([]byte, error) {
	t.Helper()
	type result struct {
		body []byte
		err  error
	}
	got := make(chan result, 1)
	go func() {
		body, err := campus.Raw(peer).Request(t.Context(), 0, []byte("?"))
		got <- result{body, err}
	}()
	id, _ := in.enveloped(markRequest)
	answer(id)
	select {
	case r := <-got:
		return r.body, r.err
	case <-time.After(patience):
		t.Fatal("the request hangs")
		return nil, nil
	}
}

// TestAnswersOfAnotherLengthThanTheySay (Q23): .NET cuts them in silence. Here the caller is told, at once; the link
// goes on, and what is not understood in a request is not answered, as in .NET.
func TestAnswersOfAnotherLengthThanTheySay(t *testing.T) {
	p := newPlace(t, "mem")
	node, _ := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	peer, err := node.Wait(t.Context(), "raw")
	must(t, err)
	for _, n := range []int32{5, 1 << 24, math.MaxInt32, -1, math.MinInt32, 3, 0} {
		body, err := asked(t, peer, in, func(id uint64) { out.frame(typeAnswer, envelopeOf(markAnswer, id, n, "four")) })
		if len(body) > 0 {
			t.Errorf("length %d: %q", n, body)
		}
		wantError(t, err, bellpull.CodeProtocol, bellpull.Maybe)
	}
	for id, n := range []int32{5, 1 << 24, math.MaxInt32, -1, math.MinInt32} {
		out.frame(typeRequest, envelopeOf(markRequest, uint64(id), n, "four"))
	}
	for id, n := range []int32{3, 0} {
		out.frame(typeRequest, envelopeOf(markRequest, uint64(id), n, "four"))
		in.answers(uint64(id), "echo:four"[:5+n])
	}
	alive(t, node, raw, out, in)
}

// TestNumbersOfRequests (section 4.1): any number is answered under itself, twice if it came twice. Answers that nobody
// asked for, that come twice or after their time, are nobody's.
func TestNumbersOfRequests(t *testing.T) {
	p := newPlace(t, "mem")
	node, heard := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	for _, id := range []uint64{0, 1, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint64, 7, 7} {
		out.request(id, "x")
		in.answers(id, "echo:x")
	}
	peer, err := node.Wait(t.Context(), "raw")
	must(t, err)
	var late uint64
	for i := range 20 {
		body, err := asked(t, peer, in, func(id uint64) {
			for _, other := range []uint64{0, id + 1, id - 1, id + 1<<32, id | 1<<63, math.MaxUint64, late} {
				if other != id {
					out.answer(other, "of another")
				}
			}
			out.answer(id, fmt.Sprint("answer ", i))
			out.answer(id, "once more")
		})
		if want := fmt.Sprint("answer ", i); string(body) != want || err != nil {
			t.Errorf("%q, %v, want %q", body, err, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := campus.Raw(peer).Request(ctx, 0, []byte("given up"))
			gone <- err
		}()
		late, _ = in.enveloped(markRequest)
		cancel()
		wantError(t, <-gone, bellpull.CodeCanceled, bellpull.Maybe)
	}
	alive(t, node, raw, out, in)
	if len(heard) > 0 {
		t.Errorf("an answer became the message %q", <-heard)
	}
}

// TestAnswersOfRoutes (Q15, Q16): a byte order mark in front is none of the value; what is no object is an error, null
// is nothing; an answer of no bytes says that it was not handled, or failed.
func TestAnswersOfRoutes(t *testing.T) {
	p := newPlace(t, "mem")
	node, _ := heardNode(t, p)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	peer, err := node.Wait(t.Context(), "raw")
	must(t, err)
	for answer, want := range map[string]struct {
		value int
		code  bellpull.Code
		ran   bellpull.Executed
	}{
		"\xef\xbb\xbf{\"Value\":3}":              {value: 3},
		`{"Value":3}`:                            {value: 3},
		`{"value":3}`:                            {value: 3},
		`{"Value":3,"More":[1,2,{"Value":4}]}`:   {value: 3},
		`null`:                                   {},
		`{}`:                                     {},
		`3`:                                      {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		`"3"`:                                    {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		`[3]`:                                    {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		`{"Value":"3x"}`:                         {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		`{"Value":3`:                             {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		`{"Value":3}}`:                           {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		strings.Repeat(`{"a":`, 10_000):          {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		"\x00\x01\x02":                           {code: bellpull.CodeBadArgument, ran: bellpull.Yes},
		"":                                       {code: bellpull.CodeFailed, ran: bellpull.Maybe},
		`{"__$Exception":{"ExceptionType":"T"}}`: {code: bellpull.CodeFailed, ran: bellpull.Yes},
	} {
		type result struct {
			v   sum
			err error
		}
		got := make(chan result, 1)
		go func() {
			v, err := bellpull.Call[sum](t.Context(), peer, "add", pair{1, 2})
			got <- result{v, err}
		}()
		id, body := in.enveloped(markRequest)
		if want := "JsonDrRt\x03add{\"A\":1,\"B\":2}"; body != want {
			t.Errorf("asked %q, want %q", body, want)
		}
		out.answer(id, answer)
		r := <-got
		if want.code == 0 {
			if r.v.Value != want.value || r.err != nil {
				t.Errorf("%.40q: %v, %v", answer, r.v, r.err)
			}
			continue
		}
		if e, ok := errors.AsType[*bellpull.Error](r.err); !ok || e.Code != want.code || e.Ran != want.ran {
			t.Errorf("%.40q: %v, want %v, %v", answer, r.err, want.code, want.ran)
		}
	}
	alive(t, node, raw, out, in)
}

// TestBadRequestsOfRoutes: a route that does not end, a text that is none, JSON that is none: each request is answered
// once, nothing runs, and the link goes on. A message of that kind is dropped.
func TestBadRequestsOfRoutes(t *testing.T) {
	p := newPlace(t, "mem")
	mux := bellpull.NewMux()
	ran := make(chan string, 100)
	bellpull.HandleFunc(mux, "add", func(pair) sum { ran <- "add"; return sum{} })
	mux.Handle("bytes", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { ran <- "bytes"; w.Write([]byte("ok")) }))
	proto := &campus.Protocol{OnRequest: bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		w.Write(append([]byte("echo:"), r.Borrow()...))
	})}
	node := p.node(t, "node", mux, proto)
	raw := p.raw(t, "raw")
	out, in := raw.meet("node")
	for i, body := range []string{
		"JsonDrRt", "JsonDrRt\x80", "JsonDrRt\xff\xff\xff\xff\xff", "JsonDrRt\xff\xff\xff\xff\x07", "JsonDrRt\x04add", "JsonDrRt\x02\xc3\x28",
		"JsonDrRt\x03add{", "JsonDrRt\x03add", "JsonDrRt\x03add{\"A\":\"x\"}", "JsonDrRt\x03add[1,2]", "JsonDrRt\x03add" + strings.Repeat("[", 100_000),
		"JsonDrRt\x03add\x00", "JsonDrRt\x00{}", "JsonDrRt\x07nowhere{}",
		"RwBtDrRt", "RwBtDrRt\x80", "RwBtDrRt\x06bytes", "RwBtDrRt\x07nowherex",
		"jOmR\x00\x00\x00\x00", "jOmR\x00\x00\x00\x00{", "jOmR\x00\x00\x00\x00{}", "jOmR\x00\x00\x00\x00" + strings.Repeat("[", 100_000),
	} {
		out.request(uint64(i), body)
		if id, answer := in.enveloped(markAnswer); id != uint64(i) || strings.HasPrefix(answer, "{\"Value\"") {
			t.Errorf("%.40q: answer %d %.80q", body, id, answer)
		}
		out.frame(typeNotify, []byte(body))
	}
	if len(ran) > 0 {
		t.Errorf("%q ran", <-ran)
	}
	out.request(1, "RwBtDrRt\x05bytes")
	in.answers(1, "ok")
	alive(t, node, raw, out, in)
}

// TestACallThatWaitsForAReconnectEnds (Q10): by its deadline when nobody comes back, by the answer when somebody does.
func TestACallThatWaitsForAReconnectEnds(t *testing.T) {
	p := newPlace(t, "mem")
	proto := &campus.Protocol{RegisterTimeout: 100 * time.Millisecond}
	node := p.echoNode(t, "node", proto)
	down := watch(t, node, bellpull.EventDown)
	raw := p.raw(t, "raw")
	met := make(chan *bellpull.Peer, 1)
	go func() {
		peer, _ := node.Dial(t.Context(), "mem:raw", proto)
		met <- peer
	}()
	out, in := raw.met("node")
	peer := <-met
	in.Close()
	out.Close()
	down()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := campus.Raw(peer).Request(ctx, 0, []byte("to nobody")) // redials are accepted, and no registration comes
	wantError(t, err, bellpull.CodeDeadline, bellpull.Never)

	got := make(chan error, 1)
	go func() {
		_, err := campus.Raw(peer).Request(t.Context(), 0, []byte("to whoever comes back"))
		got <- err
	}()
	for command, content := uint16(0), []byte(nil); command != typeRequest; {
		in = raw.accept() // most of these have been given up meanwhile
		if command, _, err = in.next(); command != typeRegister || err != nil {
			continue
		}
		out = raw.dial("node")
		out.frame(typeRegister, registration("raw"))
		if command, content, err = in.next(); err == nil && string(content[20:]) != "to whoever comes back" {
			t.Errorf("type %x, %q", command, content)
		}
		if err == nil {
			out.answer(binary.LittleEndian.Uint64(content[8:]), "yes")
		}
	}
	must(t, <-got)
	alive(t, node, raw, out, in)
}
