package campuswire

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/netjson"
)

// The hex blocks of the specification, as they stand there: lines of up to sixteen bytes behind their offset. The
// first sixteen bytes of a frame are the same everywhere and left out in most; dots stand for what goes on.
const (
	dumpFirst = `
0000  0D 00 64 6F 74 6E 65 74 20 63 61 6D 70 75 73 01  ..dotnet campus.`

	// 2.4
	dumpRegisterA = `
0000  0D 00 64 6F 74 6E 65 74 20 63 61 6D 70 75 73 01  ..dotnet campus.
0010  00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 FF  ................
0020  FF 18 00 00 00 50 65 65 72 52 65 67 69 73 74 65  .....PeerRegiste
0030  72 48 65 61 64 65 72 20 01 00 00 00 41           rHeader ....A`
	dumpRegisterService = `
0020  FF 1D 00 00 00 50 65 65 72 52 65 67 69 73 74 65
0030  72 48 65 61 64 65 72 20 06 00 00 00 E6 9C 8D E5
0040  8A A1`

	// 2.6
	dumpNotify = `
0000  0D 00 64 6F 74 6E 65 74 20 63 61 6D 70 75 73 01  ..dotnet campus.
0010  00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 01  ................
0020  00 05 00 00 00 68 65 6C 6C 6F                    .....hello`
	dumpNotifyHeader = `
0010  00 00 00 04 00 00 00 00 00 00 00 00 00 00 00 01
0020  00 0B 00 00 00 12 23 01 00 00 00 00 00 61 62 63`
	dumpRequest = `
0010  00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 03
0020  00 15 00 00 00 52 65 71 75 65 73 74 00 00 00 00  .....Request....
0030  00 00 00 00 00 01 00 00 00 F1`
	dumpResponse = `
0010  00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 05
0020  00 16 00 00 00 52 65 73 70 6F 6E 73 65 00 00 00  .....Response...
0030  00 00 00 00 00 02 00 00 00 F1 F2`
	dumpResponseEmpty = `
0020  00 14 00 00 00 52 65 73 70 6F 6E 73 65 00 00 00
0030  00 00 00 00 00 00 00 00 00`

	// 6.2
	dumpInvocation = `
0000  0D 00 64 6F 74 6E 65 74 20 63 61 6D 70 75 73 01  ..dotnet campus.
0010  00 00 00 06 00 00 00 00 00 00 00 00 00 00 00 03  ................
0020  00 A9 00 00 00 52 65 71 75 65 73 74 00 01 00 00  .....Request....
0030  00 00 00 00 00 95 00 00 00 6A 4F 6D 52 00 00 00  .........jOmR...
0040  00 7B 22 69 22 3A 22 22 2C 22 74 22 3A 22 49 70  .{"i":"","t":"Ip
...   (JSON continues)`

	// 6.3
	dumpReturn = `
0000  0D 00 64 6F 74 6E 65 74 20 63 61 6D 70 75 73 01   (success case answering id 1, 103 bytes)
0010  00 00 00 03 00 00 00 00 00 00 00 00 00 00 00 05
0020  00 42 00 00 00 52 65 73 70 6F 6E 73 65 01 00 00
0030  00 00 00 00 00 2E 00 00 00 6A 4F 6D 52 00 00 00
0040  00 7B 22 72 22 3A 7B 22 69 22 3A 22 22 2C 22 74
0050  22 3A 6E 75 6C 6C 2C 22 76 22 3A 33 7D 2C 22 65
0060  22 3A 6E 75 6C 6C 7D`

	// 7.2
	dumpJSONNotify = `
0000  0D 00 64 6F 74 6E 65 74 20 63 61 6D 70 75 73 01  ..dotnet campus.
0010  00 00 00 08 00 00 00 00 00 00 00 00 00 00 00 01  ................
0020  00 2A 00 00 00 4A 73 6F 6E 44 72 52 74 04 46 6F  .*...JsonDrRt.Fo
0030  6F 31 7B 22 4E 61 6D 65 22 3A 22 54 65 73 74 4E  o1{"Name":"TestN
0040  61 6D 65 22 2C 22 43 6F 75 6E 74 22 3A 31 7D     ame","Count":1}`
	dumpJSONRequest = `
0010  00 00 00 09 00 00 00 00 00 00 00 00 00 00 00 03
0020  00 3E 00 00 00 52 65 71 75 65 73 74 00 02 00 00  .>...Request....
0030  00 00 00 00 00 2A 00 00 00 4A 73 6F 6E 44 72 52  .....*...JsonDrR
0040  74 04 46 6F 6F 31 7B 22 4E 61 6D 65 22 3A 22 54  t.Foo1{"Name":"T
...`
	dumpJSONResponse = `
0010  00 00 00 04 00 00 00 00 00 00 00 00 00 00 00 05
0020  00 21 00 00 00 52 65 73 70 6F 6E 73 65 02 00 00  .!...Response...
0030  00 00 00 00 00 0D 00 00 00 7B 22 4E 61 6D 65 22  .........{"Name"
0040  3A 22 4F 6B 22 7D                                :"Ok"}`
	dumpJSONResponseBOM = `
0020  00 24 00 00 00 52 65 73 70 6F 6E 73 65 02 00 00
0030  00 00 00 00 00 10 00 00 00 EF BB BF 7B 22 4E 61   response from a net6/netcoreapp3.1/net45 peer
0040  6D 65 22 3A 22 4F 6B 22 7D`

	// 7.3
	dumpRawRequest = `
0020  00 24 00 00 00 52 65 71 75 65 73 74 00 03 00 00  .$...Request....
0030  00 00 00 00 00 10 00 00 00 52 77 42 74 44 72 52  .........RwBtDrR
0040  74 04 46 6F 6F 31 01 02 03                       t.Foo1...`
)

// The JSON of the examples in 6.2 and 7.2.
const (
	docAdd = `{"i":"","t":"IpcRemotingObjectServerDemo.IFoo","d":4212367674473054951,"m":"Add","c":3,"a":[{"i":"","t":null,"v":1},{"i":"","t":null,"v":2}]}`
	docFoo = `{"Name":"TestName","Count":1}`
)

func doc(t testing.TB, b []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A goldenFrame is a frame of the specification with what it says.
type goldenFrame struct {
	name  string
	frame []byte // as this package appends it
	len   int
	dump  string
	kind  Kind
	ack   uint64
	id    uint64
	body  string // of an envelope; the name of a registration; the content of a notify
}

func goldenFrames(t testing.TB) []goldenFrame {
	t.Helper()
	var f Framing
	register := func(ack uint64, name string) []byte {
		b, err := f.AppendRegister(nil, ack, name)
		return doc(t, b, err)
	}
	notify := func(ack uint64, m Body) []byte {
		b, err := f.AppendNotify(nil, ack, &m)
		return doc(t, b, err)
	}
	request := func(ack, id uint64, m Body) []byte {
		b, err := f.AppendRequest(nil, ack, id, &m)
		return doc(t, b, err)
	}
	response := func(ack, id uint64, m Body) []byte {
		b, err := f.AppendResponse(nil, ack, id, &m)
		return doc(t, b, err)
	}
	add := Invocation{Contract: Str("IpcRemotingObjectServerDemo.IFoo"), Member: 4212367674473054951, Name: Str("Add"),
		Call: CallMethod, Args: []Value{Plain([]byte("1")), Plain([]byte("2"))}}
	sum := Return{Result: Plain([]byte("3"))}
	answer := func(d Dialect) Body {
		b, err := d.AppendAnswer(nil, []byte(`{"Name":"Ok"}`))
		return Raw(0, doc(t, b, err))
	}
	const object, ret = "jOmR\x00\x00\x00\x00", `{"r":{"i":"","t":null,"v":3},"e":null}`
	return []goldenFrame{
		{"registration of A", register(1, "A"), 61, dumpRegisterA, KindRegister, 1, 0, "A"},
		{"registration of 服务", register(1, "服务"), 66, dumpFirst + dumpRegisterService, KindRegister, 1, 0, "服务"},
		{"notify", notify(3, Raw(0, []byte("hello"))), 42, dumpNotify, KindNotify, 3, 0, "hello"},
		{"notify with header", notify(4, Raw(0x12312, []byte("abc"))), 48, dumpFirst + dumpNotifyHeader, KindNotify, 4, 0, "\x12\x23\x01\x00\x00\x00\x00\x00abc"},
		{"request", request(5, 0, Raw(0, []byte("\xf1"))), 58, dumpFirst + dumpRequest, KindRequest, 5, 0, "\xf1"},
		{"response", response(2, 0, Raw(0, []byte("\xf1\xf2"))), 59, dumpFirst + dumpResponse, KindResponse, 2, 0, "\xf1\xf2"},
		{"empty response", response(6, 0, Body{}), 57, dumpFirst + dumpResponseEmpty, KindResponse, 6, 0, ""},
		{"invocation", request(6, 1, Object(add.AppendJSON(nil, netjson.EscapeAll))), 206, dumpInvocation, KindRequest, 6, 1, object + docAdd},
		{"return", response(3, 1, Object(sum.AppendJSON(nil, netjson.EscapeAll))), 103, dumpReturn, KindResponse, 3, 1, object + ret},
		{"JSON notify", notify(8, JSONRoute("Foo1", []byte(docFoo))), 79, dumpJSONNotify, KindNotify, 8, 0, "JsonDrRt\x04Foo1" + docFoo},
		{"JSON request", request(9, 2, JSONRoute("Foo1", []byte(docFoo))), 99, dumpFirst + dumpJSONRequest, KindRequest, 9, 2, "JsonDrRt\x04Foo1" + docFoo},
		{"JSON response", response(4, 2, answer(STJ)), 70, dumpFirst + dumpJSONResponse, KindResponse, 4, 2, `{"Name":"Ok"}`},
		{"JSON response of Newtonsoft", response(4, 2, answer(Newtonsoft)), 73, dumpFirst + dumpJSONResponseBOM, KindResponse, 4, 2, "\xef\xbb\xbf" + `{"Name":"Ok"}`},
		{"raw route request", request(10, 3, RawRoute("Foo1", []byte{1, 2, 3})), 73, dumpFirst + dumpRawRequest, KindRequest, 10, 3, "RwBtDrRt\x04Foo1\x01\x02\x03"},
	}
}

// checkDump holds a frame against a hex block.
func checkDump(t *testing.T, frame []byte, dump string) {
	t.Helper()
	end, whole := 0, true
	for line := range strings.Lines(dump) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			continue
		}
		if strings.HasPrefix(line, "...") {
			whole = false
			continue
		}
		var at int
		if _, err := fmt.Sscanf(line, "%x", &at); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		digits, _, _ := strings.Cut(line[6:], "  ")
		want, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		end = at + len(want)
		if end > len(frame) {
			t.Fatalf("%d bytes, want more than %d", len(frame), end)
		}
		if got := frame[at:end]; string(got) != string(want) {
			t.Errorf("at %04x\n got % X\nwant % X", at, got, want)
		}
	}
	if whole && len(frame) != end {
		t.Errorf("%d bytes, want %d", len(frame), end)
	}
}

// TestGoldenFrames appends each frame of the specification and reads it again.
func TestGoldenFrames(t *testing.T) {
	var f Framing
	for _, g := range goldenFrames(t) {
		t.Run(g.name, func(t *testing.T) {
			checkDump(t, g.frame, g.dump)
			if len(g.frame) != g.len {
				t.Errorf("%d bytes, the specification says %d", len(g.frame), g.len)
			}
			got, err := f.ParseFrame(g.frame)
			if err != nil {
				t.Fatal(err)
			}
			if got.Kind() != g.kind || got.Ack != g.ack || got.Version != 1 || got.Reserved != 0 {
				t.Errorf("%+v is a %v", got, got.Kind())
			}
			switch g.kind {
			case KindRegister:
				if name, err := ParseRegister(got.Content); name != g.body || err != nil {
					t.Errorf("name %q, %v", name, err)
				}
			case KindNotify:
				if string(got.Content) != g.body {
					t.Errorf("content %q, want %q", got.Content, g.body)
				}
			default:
				parse := ParseRequest
				if g.kind == KindResponse {
					parse = ParseResponse
				}
				e, err := parse(got.Content)
				if want := (Envelope{ID: g.id, Body: []byte(g.body)}); err != nil || !reflect.DeepEqual(e, want) {
					t.Errorf("%+v, %v, want %+v", e, err, want)
				}
			}
		})
	}
}
