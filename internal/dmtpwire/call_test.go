package dmtpwire

import (
	"bytes"
	"reflect"
	"testing"
)

const (
	vS   = "0b 30312d30302d30302d3030" // the session id "01-00-00-00" as str8
	xml1 = "'<?xml version=\"1.0\" encoding=\"utf-8\"?>' 0a '<int>1</int>'"
	xml3 = "'<?xml version=\"1.0\" encoding=\"utf-8\"?>' 0a '<int>3</int>'"
)

func sid() Str { return Str("01-00-00-00") }

func fromS() Router { return Router{Version: 1, Source: sid()} }
func toS() Router   { return Router{Version: 1, Target: sid()} }

// callVectors are those of sections 5.3, 8.6, 15 and A.3.
func callVectors(t testing.TB) []packageVector {
	add := unhex(t, "0101 01000000 0101 02000000")
	addJSON := unhex(t, "01 01000000 31 01 01000000 32")
	three := unhex(t, "0101 03000000")
	doc := func(s string) []byte { return append([]byte{1, 0x33}, unhex(t, s)...) }
	req := func(h Router, sign int32, s Serialization, key string, f Feedback, n uint8, params []byte) *Request {
		return &Request{Router: h, Sign: sign, Serialization: s, Key: Str(key), Feedback: f, Count: n, Params: params}
	}
	res := func(h Router, sign int32, st Status, s Serialization, msg Str, ret []byte) *Response {
		return &Response{Router: h, Sign: sign, Status: st, Serialization: s, Message: msg, Return: ret}
	}
	meta := fromS()
	meta.Metadata = unhex(t, "03 0261 0231 0262 00 0271 04e4b8ad")
	none := Router{Version: 1}
	return []packageVector{
		{"add FastBinary", G42, "01 " + vS + " ff 00 03000000 00 | 00 03616464 02 | ffff | 02 | 01 01 01000000 | 01 01 02000000", req(fromS(), 3, FastBinary, "add", WaitInvoke, 2, add)},
		{"add FastBinary answer", G42, "01 ff " + vS + " 00 03000000 01 | 00 | ffff | 01 01 03000000", res(toS(), 3, 1, FastBinary, nil, three)},
		{"add no ids", G42, "01 ff ff 00 03000000 00 | 00 03616464 02 | ffff | 02 | 0101 01000000 | 0101 02000000", req(none, 3, FastBinary, "add", WaitInvoke, 2, add)},
		{"add no ids answer", G42, "01 ff ff 00 03000000 01 | 00 | ffff | 0101 03000000", res(none, 3, 1, FastBinary, nil, three)},
		{"add Json", G42, "01 " + vS + " ff 00 03000000 00 | 01 03616464 02 | ffff | 02 | 01 01000000 31 | 01 01000000 32", req(fromS(), 3, JSON, "add", WaitInvoke, 2, addJSON)},
		{"add Json answer", G42, "01 ff " + vS + " 00 03000000 01 | 01 | ffff | 01 01000000 33", res(toS(), 3, 1, JSON, nil, unhex(t, "01 01000000 33"))},
		{"add Xml", G42, "01 " + vS + " ff 00 03000000 00 | 03 03616464 02 | ffff | 01 | 01 33 " + xml1, req(fromS(), 3, XML, "add", WaitInvoke, 1, doc(xml1))},
		{"add Xml answer", G42, "01 ff " + vS + " 00 03000000 01 | 03 | ffff | 01 33 " + xml3, res(toS(), 3, 1, XML, nil, doc(xml3))},
		{"WaitSend", G42, "01 " + vS + " ff 00 06000000 00 | 00 03616464 01 | ffff | 00", req(fromS(), 6, FastBinary, "add", WaitSend, 0, []byte{})},
		{"WaitSend answer", G42, "01 ff " + vS + " 00 06000000 01 | 00 | ffff | 01 00", res(toS(), 6, 1, FastBinary, nil, []byte(FastBinaryNull))},
		{"throws", G42, "01 ff " + vS + " 00 06000000 04 | 00 | 0400 626f6f6d | 01 00", res(toS(), 6, StatusException, FastBinary, Str("boom"), []byte(FastBinaryNull))},
		{"throws Json", G42, "01 ff " + vS + " 00 06000000 04 | 01 | 0400 626f6f6d | 00", res(toS(), 6, StatusException, JSON, Str("boom"), []byte(NullParam))},
		{"metadata", G42, "01 " + vS + " ff 01 03 0261 0231 0262 00 0271 04e4b8ad 07000000 00 | 00 03616464 02 | ffff | 00", req(meta, 7, FastBinary, "add", WaitInvoke, 0, []byte{})},
		{"reverse", G42, "01 06776f726b6572 ff 00 02000000 00 | 00 03616464 02 | ffff | 02 | 0101 01000000 | 0101 02000000", req(Router{Version: 1, Source: Str("worker")}, 2, FastBinary, "add", WaitInvoke, 2, add)},
		{"cancel", G42, "01 ff ff 00 0500000000000000", &Cancel{none, 5}},
		{"routed", G42, "01 05616c696365 03626f62 00 03000000 00 | 00 03616464 02 | ffff | 02 | 0101 01000000 | 0101 02000000", req(Router{1, Str("alice"), Str("bob"), nil}, 3, FastBinary, "add", WaitInvoke, 2, add)},
		{"target unknown", G42, "01 066e6f626f6479 05616c696365 00 0e000000 0f | 00 | ffff | 0100", res(Router{1, Str("nobody"), Str("alice"), nil}, 14, StatusClientNotFound, FastBinary, nil, []byte(FastBinaryNull))},
		{"denied", G42, "01 086e6f726f75746531 05616c696365 00 0f000000 05 | 00 | 0800 6e6f20726f757465 | 0100", res(Router{1, Str("noroute1"), Str("alice"), nil}, 15, StatusRoutingNotAllowed, FastBinary, Str("no route"), []byte(FastBinaryNull))},
		{"4.0 throw", G40, "036f6c64 ff | 0a000000 00 | 00 0574 68726f77 02 | 00 | ffff | 01 | 0101 04000000 626f6f6d", req(Router{Source: Str("old")}, 10, FastBinary, "throw", WaitInvoke, 1, unhex(t, "0101 04000000 626f6f6d"))},
		{"4.0 throw answer", G40, "ff 036f6c64 | 0a000000 04 | 00 | 0400 626f6f6d | 0100", res(Router{Target: Str("old")}, 10, StatusException, FastBinary, Str("boom"), []byte(FastBinaryNull))},
		{"4.0 not routed", G40, "066e6f626f6479 05616c696365 06000000 0f 00 03616464 02 00 ffff 00", &Request{Router: Router{Source: Str("nobody"), Target: Str("alice")}, Sign: 6, Status: 15, Key: Str("add"), Feedback: 2, Params: []byte{}}},
		{"3 metadata", G3, "ff ff 0a000000 00 | 01 0161 02 | 01 02000000 0161 0131 0162 ff | ffff | 00", &Request{Router: Router{Metadata: unhex(t, "02000000 0161 0131 0162 ff")}, Sign: 10, Serialization: JSON, Key: Str("a"), Feedback: 2, Params: []byte{}}},
		{"3 cancel", G3, "ff ff 0500000000000000", &Cancel{Router{}, 5}},
	}
}

func TestNextParam(t *testing.T) {
	for _, c := range []struct {
		g           Generation
		s           Serialization
		in          string
		value, rest string
		null        bool
	}{
		{G42, JSON, "01 01000000 31 01 01000000 32", "'1'", "01 01000000 32", false},
		{G42, JSON, "00 00", "", "00", true},
		{G42, JSON, "01 00000000", "", "", false},
		{G42, JSON, "01 ffffff7f", "", "", true},
		{G42, JSON, "01 1d000000 '\"h\\u00E9 \\u4E2D \\uD83D\\uDE00\"'", "'\"h\\u00E9 \\u4E2D \\uD83D\\uDE00\"'", "", false},
		{G42, XML, "01 33 " + xml1 + "00", xml1, "00", false},
		{G40, XML, "01 33 " + xml1 + "00", xml1, "00", false},
		{G3, XML, "01 33000000 " + xml1 + "00", xml1, "00", false},
		{G42, SystemBinary, "01 04 010203 ff", "010203", "ff", false},
		{G42, FastBinary, "01 01 01000000 | 01 00", "01 01000000 | 01 00", "", false},
		{G42, 9, "aabb", "aabb", "", false},
	} {
		in := unhex(t, c.in)
		value, null, rest, err := c.g.NextParam(c.s, in)
		if err != nil || null != c.null || !bytes.Equal(value, unhex(t, c.value)) || !bytes.Equal(rest, unhex(t, c.rest)) {
			t.Errorf("%v %v %s: got %x, %v, %x, %v", c.g, c.s, c.in, value, null, rest, err)
		}
		out, err := c.g.AppendParam(nil, c.s, value)
		if out = append(out, rest...); err != nil || !bytes.Equal(out, in) && c.in != "01 ffffff7f" {
			t.Errorf("%v %v %s: appended %x, %v", c.g, c.s, c.in, out, err)
		}
	}
	params := unhex(t, "01 01000000 31 01 01000000 32 00")
	var got []string
	for range 3 {
		v, null, rest, err := NextJSONParam(params)
		if err != nil {
			t.Fatal(err)
		}
		if null {
			v = []byte("null")
		}
		got, params = append(got, string(v)), rest
	}
	if !reflect.DeepEqual(got, []string{"1", "2", "null"}) || len(params) != 0 {
		t.Errorf("got %q, rest %x", got, params)
	}
	if _, _, _, err := NextJSONParam(nil); err == nil {
		t.Error("a parameter in no bytes")
	}
	for in, what := range map[string]error{
		"02": ErrNullFlag, "": ErrTruncated, "01 010000": ErrTruncated, "01 01000000": ErrTruncated, "01 ffffffff": ErrNegative, "01 feffff7f": ErrTruncated,
	} {
		_, _, _, err := NextJSONParam(unhex(t, in))
		checkPackageError(t, in, err, what)
	}
}

// TestHotPathAllocs guards the promise of the package comment.
func TestHotPathAllocs(t *testing.T) {
	body := unhex(t, "01 "+vS+" ff 01 03 0261 0231 0262 00 0271 04e4b8ad 07000000 00 | 01 03616464 02 | ffff | 02 | 01 01000000 31 | 01 01000000 32")
	answer := unhex(t, "01 ff "+vS+" 00 03000000 01 | 01 | ffff | 01 01000000 33")
	cancel := unhex(t, "01 ff ff 00 0500000000000000")
	data := unhex(t, "01 ff ff 00 | ffff | 00 | 4d000000 | 03 010203")
	frame := AppendFrame(nil, FlagCallRequest, body)
	buf := make([]byte, 0, 256)
	split := Split(1 << 20)
	got := testing.AllocsPerRun(100, func() {
		var (
			q Request
			p Response
			c Cancel
			d ChannelPackage
		)
		n, err := split(frame)
		if err != nil || n != len(frame) || ParseRequest(body, &q) != nil || ParseResponse(answer, &p) != nil || ParseCancel(cancel, &c) != nil || ParseChannelPackage(data, &d) != nil {
			t.Error("refused")
		}
		_, _, rest, _ := NextJSONParam(q.Params)
		_, _, _, _ = NextJSONParam(rest)
		if !q.Key.Is("add") {
			t.Error("key")
		}
		for k, v := range G42.MetadataPairs(q.Metadata) {
			_ = k.Is("q") && v.Is("中")
		}
		_, _ = AppendRequest(buf, &q)
		_, _ = AppendResponse(buf, &p)
		_, _ = AppendCancel(buf, &c)
		_, _ = AppendChannelPackage(buf, &d)
	})
	if got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func TestLens(t *testing.T) {
	for _, v := range append(callVectors(t), channelVectors(t)...) {
		if v.g != G42 {
			continue
		}
		want := len(unhex(t, v.hex))
		got := want
		switch p := v.want.(type) {
		case *Request:
			got = RequestLen(p)
		case *Response:
			got = ResponseLen(p)
		case *Cancel:
			got = CancelLen(p)
		case *ChannelPackage:
			got = ChannelPackageLen(p)
		}
		if got != want {
			t.Errorf("%s: %d, want %d", v.name, got, want)
		}
	}
}
