package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
)

func TestArgumentsAreJSONOrStrings(t *testing.T) {
	got, err := json.Marshal(arguments([]string{"1", " -2", "true", "null", `{"a": 1}`, "hello", "007", "", `"1"`, "[1"}))
	if want := `[1,-2,true,null,{"a":1},"hello","007","","1","[1"]`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestNegativeNumbersAreNoFlags(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"call A add -1 -2.5", "call|A|add| -1| -2.5"},
		{"-o json notify A m -1e3 --plain -n", "-o|json|notify|A|m| -1e3|--plain|-n"},
		{"ping A -n 3 -1", "ping|A|-n|3|-1"},
		{"call A m -1x -", "call|A|m|-1x|-"},
	} {
		if got := strings.Join(negatives(strings.Fields(c.in)), "|"); got != c.want {
			t.Errorf("%s gives %s, want %s", c.in, got, c.want)
		}
	}
}

func TestAnswersForPeople(t *testing.T) {
	long := `["` + strings.Repeat("x", 40) + `","` + strings.Repeat("y", 40) + `"]`
	for _, c := range []struct {
		encoding bellpull.Encoding
		value    string
		want     string
	}{
		{bellpull.EncodingNone, "", "null"},
		{bellpull.EncodingJSON, "null", "null"},
		{bellpull.EncodingJSON, `"a\nb"`, "a\nb"},
		{bellpull.EncodingJSON, `"\u001b[31m"`, `\x1b[31m`},
		{bellpull.EncodingJSON, `{ "a" : 1 }`, `{"a":1}`},
		{bellpull.EncodingJSON, long, "[\n  \"" + strings.Repeat("x", 40) + "\",\n  \"" + strings.Repeat("y", 40) + "\"\n]"},
		{bellpull.EncodingBytes, `"aGk="`, "hi"},
		{bellpull.EncodingBytes, `"/w=="`, "/w=="},
	} {
		r := answer{c.encoding, json.RawMessage(c.value)}
		if got := r.text(); got != c.want {
			t.Errorf("%s gives %q, want %q", c.value, got, c.want)
		}
	}
}

func TestTextOfOthersCannotSteerTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain\tand\nlines": "plain\tand\nlines", "\x1b]0;x\a": `\x1b]0;x\x07`, "a\xffb": `a\xffb`, "\u009b1m": `\x9b1m`, "é…": "é…", "\uFFFD": "\uFFFD",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	if got := oneLine("ab\ncdéf", 7); got != `ab\ncd…` {
		t.Errorf("got %q", got)
	}
	if got := oneLine("abc", 0); got != "abc" {
		t.Errorf("got %q", got)
	}
}

// TestEveryCodeHasAnExitAndAHint goes through the codes until there are no more.
func TestEveryCodeHasAnExitAndAHint(t *testing.T) {
	n := 0
	for c := bellpull.CodeUnknown; !strings.HasPrefix(c.String(), "code_"); c++ {
		n++
		p := problemOf(&bellpull.Error{Code: c, Op: "call"}, "bell call")
		if p.exit == exitOK || p.Hint == "" || p.Code != c.String() || strings.Contains(p.Message, "bellpull: ") {
			t.Errorf("%v gives %+v", c, p)
		}
	}
	if n != 18 {
		t.Errorf("%d codes: update docs/cli.md and the number here", n)
	}
	p := problemOf(errors.New("unknown flag"), "bell call")
	if p.exit != exitUsage || p.Code != "usage" || !strings.Contains(p.Hint, "bell call --help") {
		t.Errorf("got %+v", p)
	}
	p = problemOf(&localError{io.ErrUnexpectedEOF, "read on"}, "bell call")
	if p.exit != exitFailed || p.Hint != "read on" {
		t.Errorf("got %+v", p)
	}
}

func TestTheHintIsPrintedOnce(t *testing.T) {
	err := &bellpull.Error{Code: bellpull.CodeNoMethod, Op: "call", Method: "x", Peer: "p", Remote: true, Ran: bellpull.Never}
	p := problemOf(fmt.Errorf("wrapped: %w", err), "bell")
	if strings.Contains(p.Message, p.Hint) || !strings.Contains(p.Message, "no such method; it did not run") {
		t.Errorf("got %+v", p)
	}
}

func TestJSONIsWantedWhereverTheFlagStands(t *testing.T) {
	for in, want := range map[string]bool{
		"call A -o json": true, "-ojson call": true, "--output=json": true, "-o=json": true, "--output json x": true,
		"call A json": false, "-o text": false, "call -- -o json": false, "-o": false,
	} {
		if got := wantsJSON(strings.Fields(in)); got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
}

func TestGuessNamesWhatSpeaks(t *testing.T) {
	for in, want := range map[string]string{
		"HTTP/1.1 400 Bad Request": "an HTTP server", "SSH-2.0-OpenSSH": "an SSH server", "\x15\x03\x01\x00\x02": "a TLS server",
		"\x00\x00\x12\x04\x00\x00": "HTTP/2", "\r\x00dotnet campus\x01": "dotnetCampus", "dm\x00\x02": "of a kind that this version",
		"dm\x00\x01\x00": "sends back what it gets", "J\x00\x00\x00\n8.0": "MySQL", "what": "no DMTP", `{"error":1}`: "speaks JSON",
	} {
		if what, fix := guess([]byte(in), io.EOF); !strings.Contains(what, want) || fix == "" {
			t.Errorf("%q gives %q, %q; want %q", in, what, fix, want)
		}
	}
	for err, want := range map[error]string{io.EOF: "hangs up", os.ErrDeadlineExceeded: "says nothing", io.ErrClosedPipe: "breaks"} {
		if what, fix := guess(nil, err); !strings.Contains(what, want) || fix == "" {
			t.Errorf("%v gives %q, %q", err, what, fix)
		}
	}
}

func TestFieldsCoverTheFrame(t *testing.T) {
	params := dmtpwire.AppendJSONParam(dmtpwire.AppendJSONParam(nil, []byte("1")), []byte("2"))
	body, err := dmtpwire.AppendRequest(nil, &dmtpwire.Request{Router: dmtpwire.Router{Version: 1}, Sign: 3, Serialization: dmtpwire.JSON,
		Key: dmtpwire.Str("add"), Feedback: dmtpwire.WaitInvoke, Count: 2, Params: params})
	if err != nil {
		t.Fatal(err)
	}
	frame := dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, body)
	list, err := fieldsOf(frame)
	if err != nil {
		t.Fatal(err)
	}
	var names, all string
	for _, f := range list {
		names += f.Name + " "
		all += f.Hex
	}
	if want := fmt.Sprintf("%x", frame); all != want {
		t.Errorf("the fields are %s, want %s", all, want)
	}
	if want := "magic flags length Version SourceId TargetId Metadata Sign Status Serialization InvokeKey Feedback Message Count Argument 1  Argument 2  "; names != want {
		t.Errorf("got %s", names)
	}
	for n := range len(frame) {
		if _, err := fieldsOf(frame[:n]); err == nil {
			t.Errorf("the first %d bytes pass for a frame", n)
		}
	}
	if _, err := fieldsOf(append(frame, 0)); err == nil {
		t.Error("a byte too many passes")
	}
}

func TestMedian(t *testing.T) {
	if got := p50(result{5, 1, 9}); got != 5 {
		t.Errorf("got %v", got)
	}
	if got := p50(nil); got != 0 {
		t.Errorf("got %v", got)
	}
	var all times
	for _, d := range []time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond} {
		all.add(d)
	}
	if got := all.String(); got != "1.000/2.000/3.000 ms" {
		t.Errorf("got %s", got)
	}
}
