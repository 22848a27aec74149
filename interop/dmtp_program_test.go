package interop_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// dmtpPairings are who serves and who dials when our program talks to another one, and to itself.
var dmtpPairings = []struct{ name, serve, dial string }{
	{"we dial", dmtpOther, dmtpOwn},
	{"we serve", dmtpOwn, dmtpOther},
	{"among ourselves", dmtpOwn, dmtpOwn},
}

// dmtpPrograms runs f with a service and a client over each transport, at least one of the two ours.
func dmtpPrograms(t *testing.T, f func(t *testing.T, service, client *dmtpProc)) {
	for _, p := range dmtpPairings {
		t.Run(p.name, func(t *testing.T) {
			dmtpTransports(t, func(t *testing.T, transport string) {
				service := dmtpStart(t, p.serve, "serve", "--listen", dmtpURL(t, transport))
				f(t, service, dmtpStart(t, p.dial, "dial", "--to", service.url(0)))
			})
		})
	}
}

// dmtpBothWays runs f from the client towards the service and back.
func dmtpBothWays(t *testing.T, service, client *dmtpProc, f func(t *testing.T, from, to *dmtpProc)) {
	t.Run("from the client", func(t *testing.T) { f(t, client, service) })
	t.Run("from the service", func(t *testing.T) { f(t, service, client) })
}

// dmtpMethods are the methods of both programs, with arguments and results.
var dmtpMethods = []struct{ method, args, want string }{
	{"add", `[3,4]`, `7`},
	{"add", `[2147483647,1]`, `-2147483648`},
	{"add", `[5]`, `5`},
	{"echo", `["hello"]`, `"hello"`},
	{"echo", `["中文 <&> \u0001 😀 \"\\"]`, `"中文 <&> \u0001 😀 \"\\"`},
	{"echo", `[""]`, `""`},
	{"echo", `[null]`, `null`},
	{"bytes", `["00ff10"]`, `"00ff10"`},
	{"bytes", `[""]`, `""`},
	{"bytes", `[null]`, `null`},
	{"poco", `[{"Name":"n","Age":41,"Tags":["a","b"]}]`, `{"Name":"n","Age":42,"Tags":["a","b"]}`},
	{"poco", `[{"Name":null,"Age":-1,"Tags":null}]`, `{"Name":null,"Age":0,"Tags":null}`},
	{"list", `[[1,2,3]]`, `6`},
	{"list", `[[]]`, `0`},
	{"dict", `[{"a":1,"ü":-1}]`, `{"a":2,"ü":0}`},
	{"dict", `[{}]`, `{}`},
	{"delay", `[1]`, `"late"`},
	{"callback", `["there and back"]`, `"there and back"`},
	{"void", `[1]`, `null`},
	{"defaults", `[1]`, `"1,7,c"`},
	{"defaults", `[1,2]`, `"1,2,c"`},
	{"defaults", `[1,2,"x"]`, `"1,2,x"`},
	{"prims", `[true,255,-128,-32768,65535,-2147483648,4294967295,-9007199254740991,9007199254740991,1.5,-2.25,"x",12.75]`,
		`"True|255|-128|-32768|65535|-2147483648|4294967295|-9007199254740991|9007199254740991|1.5|-2.25|x|12.75"`},
	{"when", `["2024-05-06T07:08:09.1234567Z"]`, `"2024-05-06T07:08:09.1234567Z"`},
	{"span", `["1.02:03:04.5000000"]`, `"1.02:03:04.5000000"`},
	{"guid", `["0f8fad5b-d9cb-469f-a165-70867728950e"]`, `"0f8fad5b-d9cb-469f-a165-70867728950e"`},
	{"money", `[12.5]`, `12.5`},
	{"color", `[2]`, `2`},
	{"maybe", `[7]`, `7`},
	{"maybe", `[null]`, `null`},
	{"point", `[{"A":1,"B":2.5}]`, `{"A":1,"B":2.5}`},
	{"node", `[{"Label":"root","Weight":null,"Shade":2,"Children":[{"Label":"leaf","Weight":3,"Shade":0,"Children":[],"Counts":null}],"Counts":{"k":1}}]`,
		`{"Label":"root","Weight":null,"Shade":2,"Children":[{"Label":"leaf","Weight":3,"Shade":0,"Children":[],"Counts":null}],"Counts":{"k":1}}`},
	{"grid", `[[[1,2],[],[3]]]`, `[[1,2],[],[3]]`},
	{"intmap", `[{"1":"a","-2":"b"}]`, `{"1":"a","-2":"b"}`},
	{"Twice", `[21]`, `42`},
	{"dmtppeer.methods.fullname", `[9]`, `9`},
}

// TestDmtpProgramsCallEachOther: every method, called from either side, gives what .NET gives.
func TestDmtpProgramsCallEachOther(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			for _, m := range dmtpMethods {
				got, err := from.try("call", dmtpFields{"method": m.method, "args": dmtpJSON(m.args)})
				if err != nil || !dmtpSameJSON(got, []byte(m.want)) {
					t.Errorf("%s%s gave %s, %v, want %s", m.method, m.args, got, err, m.want)
				}
			}
			if got := from.do("call", dmtpFields{"method": "who"}); !dmtpSameJSON(got, []byte(`"`+client.first.text("id")+`>"`)) {
				t.Errorf("who gave %s, want the caller's id and no target", got)
			}
		})
	})
}

// TestDmtpProgramsTellOfFailures: what goes wrong over there arrives here, and the connection goes on.
func TestDmtpProgramsTellOfFailures(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			for _, c := range []struct {
				f           dmtpFields
				kind, words string
			}{
				{dmtpFields{"method": "throw", "args": []any{"boom 中"}}, "StatusException", "boom 中"},
				{dmtpFields{"method": "poco", "args": []any{nil}}, "StatusException", "null"},
				{dmtpFields{"method": "nobody knows"}, "StatusException", ""},
				{dmtpFields{"method": "Add", "args": []any{1, 2}}, "StatusException", ""},
				{dmtpFields{"method": "list", "args": []any{"no list"}, "types": []string{"string"}}, "StatusException", ""},
				{dmtpFields{"method": "delay", "args": []any{600000}, "timeout_ms": 300}, "TimeoutException", ""},
				{dmtpFields{"method": "delay", "args": []any{600000}, "cancel_after_ms": 200}, "OperationCanceledException", ""},
			} {
				got, err := from.try("call", c.f)
				if !dmtpFailsWith(err, c.kind) || !strings.Contains(err.Error(), c.words) {
					t.Errorf("%v gave %s, %v, want %s with %q", c.f, got, err, c.kind, c.words)
				}
				if c.f["method"] == "delay" {
					if e := to.event("cancelled"); e.text("method") != "delay" {
						t.Errorf("%v was cancelled", e)
					}
				}
			}
			to.forgive("is not a list")
			if got := from.do("call", dmtpFields{"method": "add", "args": []any{1, 2, "too", "many"}, "types": []string{"int", "int", "string", "string"}}); string(got) != "3" {
				t.Errorf("add with arguments that nobody wants gave %s", got)
			}
		})
	})
}

// TestDmtpProgramsKnowTheFeedbacks: a call that only sends, and one that waits until it was taken, run over there and
// give nothing here, whatever comes of them.
func TestDmtpProgramsKnowTheFeedbacks(t *testing.T) {
	dmtpReference(t)
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			ran := to.stat("calls_in")
			for _, feedback := range []string{"onlysend", "waitsend"} {
				for _, method := range []string{"echo", "throw"} {
					if got := from.do("call", dmtpFields{"method": method, "args": []any{"x"}, "feedback": feedback}); string(got) != "null" {
						t.Errorf("%s under %s gave %s", method, feedback, got)
					}
				}
			}
			if _, err := from.try("call", dmtpFields{"method": "nobody knows", "feedback": "waitsend"}); !dmtpFailsWith(err, "StatusException") {
				t.Errorf("an unknown method under waitsend: %v", err)
			}
			from.do("call", dmtpFields{"method": "nobody knows", "feedback": "onlysend"})
			from.do("call", dmtpFields{"method": "echo", "args": []any{"x"}, "feedback": "waitinvoke"})
			dmtpUntil(t, "five calls have run", func() bool { return to.stat("calls_in") == ran+5 })
		})
	})
}

// TestDmtpProgramsSendMetadataWithCalls: the pairs of a call arrive with it, a null among them.
func TestDmtpProgramsSendMetadataWithCalls(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			meta := dmtpFields{"k": "v", "中": "文", "empty": "", "null": nil}
			for key, want := range map[string]string{"k": `"v"`, "中": `"文"`, "empty": `""`, "null": "null", "missing": "null"} {
				if got := from.do("call", dmtpFields{"method": "meta", "args": []any{key}, "meta": meta}); !dmtpSameJSON(got, []byte(want)) {
					t.Errorf("%s gave %s, want %s", key, got, want)
				}
			}
			for _, none := range []any{nil, dmtpFields{}} {
				if got := from.do("call", dmtpFields{"method": "meta", "args": []any{"k"}, "meta": none}); string(got) != "null" {
					t.Errorf("without metadata: %s", got)
				}
			}
		})
	})
}

// TestDmtpProgramsAnswerOutOfOrder: a call that takes long holds up no other, and is over when the connection is closed.
func TestDmtpProgramsAnswerOutOfOrder(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		late := client.begin("call", dmtpFields{"method": "delay", "args": []any{600000}})
		lateToo := service.begin("call", dmtpFields{"method": "delay", "args": []any{600000}})
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			var answers []<-chan dmtpAnswer
			for i := range 100 {
				answers = append(answers, from.begin("call", dmtpFields{"method": "callback", "args": []any{fmt.Sprint(i)}}))
			}
			for i, a := range answers {
				if got, err := from.finish("call", a); err != nil || string(got) != fmt.Sprintf(`"%d"`, i) {
					t.Errorf("call %d gave %s, %v", i, got, err)
				}
			}
		})
		client.do("close", dmtpFields{"reason": "enough"})
		// Who hears the goodbye cancels what runs, and its answer may still go out.
		if got, err := client.finish("call", late); !dmtpFailsWith(err, "ClosedException") && string(got) != `"cancelled"` {
			t.Errorf("the client's call gave %s, %v", got, err)
		}
		if got, err := service.finish("call", lateToo); !dmtpFailsWith(err, "ClosedException") && string(got) != `"cancelled"` {
			t.Errorf("the service's call gave %s, %v", got, err)
		}
	})
}

// TestDmtpProgramsSendFrames: user frames of all sizes arrive as they were sent, and 1000 to 1999 are answered.
func TestDmtpProgramsSendFrames(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		id := client.first.text("id")
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			for i, flags := range []int{23, 100, 999, 2000, 65535, 1000, 1999} {
				for _, n := range []int{0, 1, 1 << 10, 64 << 10, 70000} {
					body := dmtpFill(n, i)
					f := dmtpFields{"flags": flags, "fill": n, "seed": i}
					if n == 1 {
						f = dmtpFields{"flags": flags, "hex": hex.EncodeToString(body)}
					}
					from.do("send", f)
					if e := to.event("frame"); e.number("flags") != flags || e.text("from") != id || !dmtpSameBody(e, body) {
						t.Fatalf("%d bytes under %d arrived as %v bytes under %v from %v", n, flags, len(e.text("hex"))/2, e["flags"], e["from"])
					}
					if flags < 1000 || flags >= 2000 {
						continue
					}
					if e := from.event("frame"); e.number("flags") != flags+1000 || !dmtpSameBody(e, body) {
						t.Fatalf("%d bytes under %d were answered with %v", n, flags, e["flags"])
					}
				}
			}
			if service.seen("frame") || client.seen("frame") {
				t.Error("more frames than were sent")
			}
		})
	})
}

// TestDmtpProgramsPing: either side answers a ping.
func TestDmtpProgramsPing(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		dmtpBothWays(t, service, client, func(t *testing.T, from, to *dmtpProc) {
			for range 3 {
				if got := from.do("ping", nil); string(got) != "true" {
					t.Errorf("got %s", got)
				}
			}
		})
	})
}
