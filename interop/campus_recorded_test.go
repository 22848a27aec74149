package interop_test

import (
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/recorded"
)

// recOdd is a place where our side does something else than .NET's did, on purpose.
type recOdd struct {
	session string
	us      recorded.Side
	not     bool   // the session cannot be played on this side
	until   string // it is played up to this note
	event   string // with until: what our side was told then
	frame   string // a part of a frame that .NET wrote
	do      string // with gave: the command
	gave    string // a part of the result that a command had
	ours    string // what we have instead: a part of the frame, "" for none; of an error; or a result. Alone: of a frame that .NET had not
	maybe   bool   // it need not show
	why     string
	shown   bool
}

var recOdds = []recOdd{
	{session: "notify-empty", us: recorded.A, not: true, why: "an empty message would have to be written, which is refused"},
	{session: "notify-string-empty", us: recorded.B, not: true, why: "an empty message would have to be written, which is refused"},
	{session: "notify-empty", us: recorded.B, until: "end of stream from beta", event: `{"event":"message","from":"alpha","hex":""}`, why: "an empty message is delivered and ends nothing"},
	{session: "notify-string-empty", us: recorded.A, until: "end of stream from alpha", event: `{"event":"message","from":"beta","hex":""}`, why: "an empty message is delivered and ends nothing"},
	{session: "odd-frames", us: recorded.B, until: "version 0", why: "a framing error ends the pipe"},
	{session: "second-pipe", us: recorded.B, until: "closes the first pipe", why: "the end of one of two pipes need not end the link"},

	{session: "early-frames", us: recorded.B, ours: "echo:early", why: "what comes before the registration is kept, not dropped"},
	{session: "request-limit", us: recorded.B, ours: empty(2), why: "an answer that no frame carries is answered with no bytes, not never"},
	{session: "close-pending", us: recorded.B, ours: empty(0), maybe: true, why: "what a node that closes cuts short is answered with no bytes"},
	{session: "kill-reconnect", us: recorded.B, ours: empty(1), maybe: true, why: "what a node that closes cuts short is answered with no bytes"},
	{session: "kill-restart", us: recorded.B, ours: empty(1), maybe: true, why: "what a node that closes cuts short is answered with no bytes"},

	{session: "json-no-provider", us: recorded.B, frame: empty(0), ours: "CanNotFindRequestHandler", why: "every node has JSON routes, if none that is asked for"},
	{session: "objects-dates", us: recorded.B, frame: `"v":"01/17/2017 17:24:12"`, ours: `"v":"2017-01-17T17:24:12Z"`, why: "texts stay as they are (Q17)"},
	{session: "objects-dates", us: recorded.B, frame: `"Label":"01/17/2017 17:24:12"`, ours: `"Label":"2017-01-17T17:24:12Z"`, why: "texts stay as they are (Q17)"},
	{session: "objects-dates", us: recorded.B, do: "object_call", gave: `"01/17/2017 17:24:12"`, ours: `"2017-01-17T17:24:12Z"`, why: "texts stay as they are (Q17)"},
	{session: "objects-nested", us: recorded.A, frame: `"m":"Use","c":3,"a":[{"i":"","t":null,"v":null}]`, ours: `"m":"Use","c":3,"a":[null]`, why: "the one null that .NET takes for null (Q14)"},
	{session: "objects-nested", us: recorded.B, frame: `{"i":"","t":"Bellpull.Peers.INested"`, why: "null is null, and nothing is asked of it (Q14)"},
	{session: "objects-nested", us: recorded.B, frame: "System.AggregateException", ours: "System.NullReferenceException", why: "so the method throws another exception (Q14)"},
	{session: "objects-odd", us: recorded.B, frame: `{"X":1,"Y":0,"Label":null}`, ours: `{"X":2,"Y":2,"Label":"l"}`, why: "names are read in any case, as by Newtonsoft"},
	{session: "returns-odd", us: recorded.B, do: "object_call", gave: `{"X": 0, "Y": 0, "Label": null}`, ours: `{"X":5,"Y":6,"Label":null}`, why: "names are read in any case, as by Newtonsoft"},

	{session: "mvc", us: recorded.A, frame: `"Method":"POST"`, ours: `{"Key":"Content-Length","Value":["28"]}`, why: "net/http tells the length of a body"},
	{session: "mvc", us: recorded.B, frame: empty(5), ours: `"StatusCode":500`, why: "a handler that panics is answered 500"},
}

// empty is the content of an answer of no bytes.
func empty(id byte) string { return "Response" + string([]byte{id}) + strings.Repeat("\x00", 11) }

// recNoHTTP are the requests of mvc-odd that are none.
var recNoHTTP = []byte{2, 3, 4, 6, 7, 8, 11, 15, 17, 18, 19}

// odds gives the places of a session where our side differs.
func odds(session string, us recorded.Side) (list []*recOdd) {
	for _, o := range recOdds {
		if o.session == session && o.us == us {
			list = append(list, &o)
		}
	}
	for _, id := range recNoHTTP {
		if session == "mvc-odd" {
			list = append(list, &recOdd{frame: empty(id), ours: `"StatusCode":400`, why: "what is no HTTP is answered 400"})
		}
	}
	return list
}

// without says that we do not write what .NET wrote.
func (p *recPlay) without(w *recWant) bool {
	o := p.oddOf(w.f)
	if o == nil || o.ours != "" {
		return false
	}
	o.shown = true
	if e, err := campuswire.ParseRequest(w.f.Content); err == nil {
		p.dropped[e.ID] = true
	}
	return true
}

// instead says that we wrote what we write in the place of it.
func (p *recPlay) instead(w *recWant, got recorded.CampusFrame) bool {
	o := p.oddOf(w.f)
	if o == nil || !strings.Contains(string(got.Content), o.ours) {
		return false
	}
	o.shown = true
	return true
}

func (p *recPlay) oddOf(f recorded.CampusFrame) *recOdd {
	for _, o := range p.odd {
		if o.frame != "" && strings.Contains(string(f.Content), o.frame) {
			return o
		}
	}
	return nil
}

// extra says that a frame is one that we write and .NET did not.
func (p *recPlay) extra(f recorded.CampusFrame) bool {
	for _, o := range p.odd {
		if o.frame == "" && o.gave == "" && o.ours != "" && strings.Contains(string(f.Content), o.ours) {
			o.shown = true
			return true
		}
	}
	return false
}

// stops says that playing ends before a step.
func (p *recPlay) stops(x recorded.Step) bool {
	for _, o := range p.odd {
		if o.until != "" && strings.Contains(x.Note, o.until) {
			o.shown = true
			if o.event != "" {
				p.event(o.event)
			}
			return true
		}
	}
	return false
}

// recTotal is what all plays together compared. It changes only with the recordings, or with the list of differences.
var recTotal = recCount{plays: 186, frames: 1424, exact: 1146, results: 646}

// recCount counts what was compared: plays, frames, those of them that were equal to the byte, and results of commands.
type recCount struct{ plays, frames, exact, results int }

// TestCampusRecordedProcessesCanBeReplaced plays the recorded sessions with a node of ours in the place of either
// process, and compares what it writes, what its calls give and what it is told with what was recorded. What one side
// has to write arrives whole, or one byte at a time.
func TestCampusRecordedProcessesCanBeReplaced(t *testing.T) {
	sessions, err := recorded.CampusSessions()
	if err != nil {
		t.Fatal(err)
	}
	var sum recCount
	for _, s := range sessions {
		for _, us := range []recorded.Side{recorded.A, recorded.B} {
			if !s.Dotnet(us) {
				continue
			}
			for _, mode := range []string{"frame by frame", "byte by byte"} {
				t.Run(s.Name+" "+string(us)+"/"+mode, func(t *testing.T) {
					p := &recPlay{t: t, s: s, us: us, them: recorded.A, mode: mode, odd: odds(s.Name, us)}
					if us == recorded.A {
						p.them = recorded.B
					}
					if len(p.odd) > 0 && p.odd[0].not {
						return
					}
					p.play()
					sum.plays++
					sum.frames += p.frames
					sum.exact += p.exact
					sum.results += p.results
				})
			}
		}
	}
	t.Logf("%+v", sum)
	if sum.plays >= recTotal.plays && sum != recTotal { // all were asked for
		t.Errorf("compared %+v, want %+v", sum, recTotal)
	}
}
