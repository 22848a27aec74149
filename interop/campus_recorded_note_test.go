package interop_test

import (
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bellpull/bellpull/internal/recorded"
)

// recOrder is a command of the control protocol as the notes have it.
type recOrder struct {
	do          string
	To          string
	Hex         string
	Fill        *int
	Seed        int
	Header      string
	Text        string
	Route       string
	JSON        json.RawMessage
	Object      string
	Member      string
	Args        []json.RawMessage
	Path        string
	Query       map[string]json.RawMessage
	Headers     map[string]string
	waitForThem bool // who is dialled need not run yet
}

// recRun is a command that our side was given.
type recRun struct {
	do     string
	cancel context.CancelFunc
	done   chan struct{} // closed when the fields that follow are set
	value  any
	err    error
}

// recNotes are notes that are no commands of the control protocol: what they mean, with a command for each of ours.
var recNotes = []struct {
	text  *regexp.Regexp
	do    []string
	means func(p *recPlay, side recorded.Side)
}{
	{text: regexp.MustCompile(`^end of the recording: `), means: func(p *recPlay, _ recorded.Side) {
		p.stop(p.them, true)
		p.stop(p.us, true)
	}},
	{text: regexp.MustCompile(`^NAME is killed \(SIGKILL\)$`), means: func(p *recPlay, side recorded.Side) { p.stop(side, false) }},
	{text: regexp.MustCompile(`^NAME starts( again)?( and connects)?$`), means: (*recPlay).start},
	{text: regexp.MustCompile(`^NAME: connect to NAME, which does not run yet$`), do: []string{`connect {"wait":true}`}},
	{text: regexp.MustCompile(`^NAME and NAME: connect to each other at the same moment$`), do: []string{`connect {}`}},
	{text: regexp.MustCompile(`^NAME: request 'slow' to NAME, not waited for$`), do: []string{`request {"hex":"736c6f77"}`}},
	{text: regexp.MustCompile(`^NAME: request 'while gone' to NAME, not waited for$`), do: []string{`request {"hex":"7768696c6520676f6e65"}`}},
	{text: regexp.MustCompile(`^NAME: notify 77, not waited for$`), do: []string{`notify {"hex":"77"}`}},
	{text: regexp.MustCompile(`^NAME: requests slow, one, slow, two without waiting$`),
		do: []string{`request {"hex":"736c6f77"}`, `request {"hex":"6f6e65"}`, `request {"hex":"736c6f77"}`, `request {"hex":"74776f"}`}},
	{text: regexp.MustCompile(`^both: three requests each without waiting$`),
		do: []string{`request {"hex":"7831"}`, `request {"hex":"736c6f77"}`, `request {"hex":"7832"}`}},
	{text: regexp.MustCompile(`^NAME \(hand-written\): `)}, // says what is in the frames behind it
}

// recUnnoted are commands that no note tells of: they were given before the frame with this ack number.
var recUnnoted = map[string]map[uint64]string{
	"request-nested a": {6: `request {"hex":"6e6573746564"}`},
	"request-nested b": {6: `request {"hex":"6e6573746564"}`},
	"redial-at-once b": {4: `request {"hex":"31"}`},
	"redial-never b":   {2: `request {"hex":"31"}`},
	"spec-vectors a": {
		0:  `connect {}`, // at the beginning
		3:  `notify {"hex":"68656c6c6f"}`,
		4:  `notify {"hex":"616263","header":"0x12312"}`,
		5:  `request {"hex":"f1"}`,
		6:  `object_call {"member":"Add","args":[1,2]}`,
		8:  `json_notify {"route":"Foo1","json":{"Name":"TestName","Count":1}}`,
		9:  `json_get {"route":"Foo1","json":{"Name":"TestName","Count":1}}`,
		10: `raw_get {"route":"Foo1","hex":"010203"}`,
		11: `request {"hex":"f2"}`,
		12: `object_call {"member":"Name"}`,
		13: `object_call {"member":"Name","args":["Bar"]}`,
		14: `object_call {"member":"AddAsync","args":["a",1]}`,
	},
}

// unnoted gives our side the command that made .NET write the frame.
func (p *recPlay) unnoted(ack uint64) {
	if line, ok := recUnnoted[p.s.Name+" "+string(p.us)][ack]; ok {
		p.command(line)
	}
}

var (
	recDoes  = regexp.MustCompile(`(?s)^NAME: (\w+) (\{.*\})$`)
	recGave  = regexp.MustCompile(`(?s)^NAME: (?:(\w+) gave )?(.*)$`)
	recEvent = regexp.MustCompile(`(?s)^NAME event: (.*)$`)
)

// note does what a note says of our side, and what it says of the other's listener.
func (p *recPlay) note(note string) {
	p.t.Helper()
	text, side := p.named(note)
	ours := side == p.us || strings.HasPrefix(text, "NAME and NAME") || strings.HasPrefix(text, "both:")
	for _, n := range recNotes {
		if !n.text.MatchString(text) {
			continue
		}
		if n.means != nil {
			n.means(p, side)
		}
		for _, line := range n.do {
			if ours {
				p.command(line)
			}
		}
		return
	}
	if m := recDoes.FindStringSubmatch(text); m != nil {
		switch {
		case m[1] == "close":
			p.stop(side, false) // whatever runs
		case m[1] == "open":
			p.start(side)
		case m[1] == "stats": // counters of that program
		case ours:
			p.command(m[1] + " " + m[2])
		}
		return
	}
	if m := recEvent.FindStringSubmatch(text); m != nil {
		if ours {
			p.event(m[1])
		}
		return
	}
	if m := recGave.FindStringSubmatch(text); m != nil {
		switch {
		case slices.Contains([]string{"close", "open", "stats"}, m[1]):
		case ours && m[1] == "":
			p.gave("request", m[2])
		case ours:
			p.gave(m[1], m[2])
		}
		return
	}
	p.t.Fatalf("a note that is not understood: %s", note)
}

// named puts NAME in the place of the names of the peers and says whose comes first.
func (p *recPlay) named(note string) (text string, side recorded.Side) {
	for _, s := range []recorded.Side{recorded.A, recorded.B} {
		if strings.HasPrefix(note, p.s.Peers[s]) {
			side = s
		}
	}
	end := len(note) // of what is no data
	for _, data := range []string{"{", " gave "} {
		if i := strings.Index(note, data); i >= 0 {
			end = min(end, i)
		}
	}
	text = note[:end]
	for _, name := range p.s.Peers {
		text = strings.ReplaceAll(text, name, "NAME")
	}
	return text + note[end:], side
}

// command gives our side a command. What comes of it is compared when the recording says what came of it there.
func (p *recPlay) command(line string) {
	p.t.Helper()
	c := recOrder{To: p.listens(p.them)}
	var args string
	c.do, args, _ = strings.Cut(line, " ")
	if err := json.Unmarshal([]byte(args), &c); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	c.waitForThem = strings.Contains(line, `"wait":true`)
	ctx, cancel := context.WithTimeout(context.Background(), dmtpPatience)
	r := &recRun{do: c.do, cancel: cancel, done: make(chan struct{})}
	p.runs = append(p.runs, r)
	app := p.app
	go func() {
		defer close(r.done)
		r.value, r.err = app.run(ctx, &c)
	}()
}

// event waits until something has happened to our side as it did to .NET's.
func (p *recPlay) event(text string) {
	p.t.Helper()
	if kind, ok := strings.CutPrefix(text, "no "); ok {
		kind, _, _ = strings.Cut(kind, " ")
		if e := p.app.pending(kind); e != nil && kind == "message" {
			p.t.Errorf("the event %v, and .NET had none", e)
		}
		return
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		p.t.Fatal(err)
	}
	if want["event"] == "reconnected" {
		want["event"] = "connected"
	}
	deadline := time.After(dmtpPatience)
	for {
		changed, found := p.app.take(func(e map[string]any) bool { return reflect.DeepEqual(e, want) })
		if found {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			p.t.Fatalf("no event %s; there are %v", text, p.app.pending(""))
		}
	}
}

// gave compares the result of a command with .NET's.
func (p *recPlay) gave(do, text string) {
	p.t.Helper()
	want := p.wanted(text)
	if want.timeout {
		for _, r := range p.runs {
			if r.do == do {
				r.cancel()
			}
		}
	}
	var got []*recRun
	for i, r := range p.runs {
		if r.do != do {
			continue
		}
		<-r.done
		if p.sameResult(want, r) == nil {
			r.cancel()
			p.runs = slices.Delete(p.runs, i, i+1)
			p.results++
			return
		}
		got = append(got, r)
	}
	if len(got) == 0 {
		p.t.Fatalf("%s gave %s: no such command was given", do, text)
	}
	p.t.Errorf("%s: %v\n.NET gave %s", do, p.sameResult(want, got[0]), text)
}
