package interop_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// campusOwn is interop/campuspeer.
const campusOwn = "campuspeer"

// campusPairings are who is alpha, which dials, and who is beta. The first is what the others are held against.
var campusPairings = []struct{ name, alpha, beta string }{
	{"the others among themselves", campusOther, campusOther},
	{"we dial", campusOwn, campusOther},
	{"we are dialled", campusOther, campusOwn},
	{"among ourselves", campusOwn, campusOwn},
}

// campusDir makes a directory for pipes, whose paths are short.
func campusDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// campusStart starts a peer under a name.
func campusStart(t *testing.T, program, dir, name string, args ...string) *dmtpProc {
	t.Helper()
	return dmtpStart(t, program, append([]string{"--name", name, "--tmpdir", dir}, args...)...)
}

// A campusScript is two programs that run commands, and what came of them.
type campusScript struct {
	t           *testing.T
	alpha, beta *dmtpProc
	lines       []string
}

// A step is a command of one side. The answers and the events of a script are compared, line by line.
type step struct {
	do string
	f  dmtpFields
}

// campusLine writes what came of a command: a value, or the types of an error. The words of an error are compared where
// they are those of the other side.
func campusLine(result json.RawMessage, err error) string {
	if err == nil {
		var v any
		json.Unmarshal(result, &v)
		text, _ := json.Marshal(v) // in one order of keys
		return string(text)
	}
	e := err.(*dmtpError)
	line := fmt.Sprintf("%s inner=%s remote=%s", e.Type, e.Inner, e.RemoteType)
	for _, said := range []string{"fail:", "route:"} {
		if i := strings.Index(e.Message, said); i >= 0 {
			line += " " + e.Message[i:]
		}
	}
	return line
}

// on runs steps on one side.
func (s *campusScript) on(who string, steps ...step) {
	s.t.Helper()
	p := map[string]*dmtpProc{"alpha": s.alpha, "beta": s.beta}[who]
	for _, c := range steps {
		result, err := p.try(c.do, c.f)
		text, _ := json.Marshal(c.f)
		s.lines = append(s.lines, fmt.Sprintf("%s: %s %s -> %s", who, c.do, text, campusLine(result, err)))
	}
}

// events waits for as many events on one side, and has them compared too, in no order: a program may show two kinds of
// things at once.
func (s *campusScript) events(who string, count int) {
	s.t.Helper()
	p := map[string]*dmtpProc{"alpha": s.alpha, "beta": s.beta}[who]
	var list []string
	for range count {
		e := p.await("event", func(e dmtpFields) bool { return e.text("event") != "violation" })
		text, _ := json.Marshal(e)
		list = append(list, who+" has "+string(text))
	}
	slices.Sort(list)
	s.lines = append(s.lines, list...)
}

// campusCompare runs a script with each pairing, all at once, and holds them against what the other side's program makes of
// it with itself.
func campusCompare(t *testing.T, script func(s *campusScript), alphaArgs, betaArgs []string) {
	got := make([][]string, len(campusPairings))
	t.Run("pairing", func(t *testing.T) {
		for i, p := range campusPairings {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				dir := campusDir(t)
				s := &campusScript{t: t, beta: campusStart(t, p.beta, dir, "beta", betaArgs...)}
				s.alpha = campusStart(t, p.alpha, dir, "alpha", alphaArgs...)
				script(s)
				for _, proc := range []*dmtpProc{s.alpha, s.beta} {
					for _, e := range proc.rest() {
						text, _ := json.Marshal(e)
						s.lines = append(s.lines, "and also "+string(text))
					}
				}
				got[i] = s.lines
			})
		}
	})
	for i, p := range campusPairings[1:] {
		for n := range max(len(got[0]), len(got[i+1])) {
			if mine, theirs := at(got[i+1], n), at(got[0], n); mine != theirs {
				t.Errorf("%s, line %d:\n got %s\nwant %s", p.name, n+1, mine, theirs)
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// to adds whom a command is for.
func to(name, do string, f dmtpFields) step {
	all := dmtpFields{"to": name}
	maps.Copy(all, f)
	return step{do, all}
}

func hexOf(text string) dmtpFields { return dmtpFields{"hex": fmt.Sprintf("%x", text)} }

// TestCampusProgramsAnswerAlike: every command of the control protocol, both ways, with each spelling of JSON, has the
// outcome that it has between two of the other side's programs.
func TestCampusProgramsAnswerAlike(t *testing.T) {
	for _, dialect := range []string{"stj", "stjctx", "camel", "newtonsoft"} {
		t.Run(dialect, func(t *testing.T) {
			args := []string{"--json", dialect}
			if dialect == "stj" {
				args = append(args, "--mvc")
			}
			campusCompare(t, func(s *campusScript) {
				campusConnects(s, dialect == "stj")
				for _, way := range [][2]string{{"alpha", "beta"}, {"beta", "alpha"}} {
					campusRoutes(s, way[0], way[1], dialect)
					campusInvokes(s, way[0], way[1])
					if dialect == "stj" { // it makes no difference to these
						campusSends(s, way[0], way[1])
						campusBrowses(s, way[0], way[1])
						campusWaits(s, way[0], way[1])
					}
				}
			}, args, args)
		})
	}
}

// TestCampusProgramsReadEachOthersSpelling: two dialects that differ find, and do not find, what those of .NET do.
func TestCampusProgramsReadEachOthersSpelling(t *testing.T) {
	for _, two := range [][2]string{{"stj", "camel"}, {"camel", "newtonsoft"}, {"newtonsoft", "stj"}} {
		t.Run(two[0]+" and "+two[1], func(t *testing.T) {
			campusCompare(t, func(s *campusScript) {
				s.on("alpha", to("beta", "connect", nil))
				s.events("beta", 1)
				for _, way := range [][2]string{{"alpha", "beta"}, {"beta", "alpha"}} {
					for _, key := range []string{"Value", "value", "VALUE"} {
						s.on(way[0], to(way[1], "json_get", dmtpFields{"route": "/echo", "json": dmtpFields{key: "ü<&>", "Count": 1}}))
					}
					s.on(way[0], to(way[1], "json_get", dmtpFields{"route": "/null"}),
						to(way[1], "object_call", dmtpFields{"member": "Move", "args": dmtpJSON(`[{"X":1,"Y":2,"Label":"l"},3]`)}),
						to(way[1], "object_call", dmtpFields{"member": "Move", "args": dmtpJSON(`[{"X":1,"Y":2,"Label":null},3]`)}),
						to(way[1], "object_call", dmtpFields{"member": "Add", "args": dmtpJSON(`["1",2]`)}),
						to(way[1], "object_call", dmtpFields{"member": "Fail", "args": dmtpJSON(`["custom"]`)}))
				}
			}, []string{"--json", two[0]}, []string{"--json", two[1]})
		})
	}
}

func campusConnects(s *campusScript, all bool) {
	if all {
		s.on("alpha",
			to("beta", "request", hexOf("x")),
			to("nobody", "connect", dmtpFields{"try": true}),
			to("nobody", "connect", dmtpFields{"timeout_ms": 100}),
			to("nobody", "request", hexOf("x")),
			to("a/b", "connect", dmtpFields{"timeout_ms": 1000}),
			to("anonymous", "connect", dmtpFields{"timeout_ms": 1000}),
			to(strings.Repeat("long", 40), "connect", dmtpFields{"timeout_ms": 1000}))
	}
	s.on("alpha", to("beta", "connect", nil), to("beta", "connect", dmtpFields{"try": true}))
	s.events("beta", 1)
}

// campusWaits are the answers that take their time, and those that take too long.
func campusWaits(s *campusScript, from, peer string) {
	s.on(from,
		to(peer, "request", hexOf("slow")),
		to(peer, "request", dmtpFields{"hex": "736c6f77", "timeout_ms": 50}),
		to(peer, "json_get", dmtpFields{"route": "/slow", "json": dmtpFields{"Value": "x"}}),
		to(peer, "json_get", dmtpFields{"route": "/slow", "json": dmtpFields{}, "timeout_ms": 50}),
		to(peer, "object_call", dmtpFields{"member": "Slow", "args": []int{20}}),
		to(peer, "object_call", dmtpFields{"member": "Slow", "args": []int{500}, "timeout_ms": 50}))
	s.events(peer, 2)
}

func campusSends(s *campusScript, from, peer string) {
	steps := []step{to(peer, "request", dmtpFields{"header": "0x12312", "hex": "616263"}), to(peer, "request", nil)}
	for _, body := range []string{"hello", "nobody", "throw", "nested", "grüß 服务 😀"} {
		steps = append(steps, to(peer, "request", hexOf(body)))
	}
	for _, n := range []int{1, 65535, 65536 - 5, 65536, 65537, 70000} {
		steps = append(steps, to(peer, "request", dmtpFields{"fill": n, "seed": n}))
	}
	s.on(from, steps...)
	s.events(peer, len(steps))
	s.events(from, 1) // inner
	s.on(from,
		to(peer, "request", dmtpFields{"hex": "nothing"}),
		to(peer, "notify", hexOf("hello")),
		to(peer, "notify", dmtpFields{"header": "0x12312", "hex": "616263"}),
		to(peer, "notify", dmtpFields{"fill": 65537}),
		to(peer, "notify_string", dmtpFields{"text": "grüß 服务 😀"}),
		to(peer, "notify", nil),
		to(peer, "notify_string", dmtpFields{"text": ""}))
	s.events(peer, 4)
}

func campusRoutes(s *campusScript, from, peer, dialect string) {
	key := map[bool]string{false: "Value", true: "value"}[dialect == "camel"]
	get := func(route, json string) step {
		f := dmtpFields{"route": route}
		if json != "" {
			f["json"] = dmtpJSON(json)
		}
		return to(peer, "json_get", f)
	}
	object := `{"` + key + `":"grüß <&>'\" 服务 😀","Count":2,"Other":[1.0,{"a":null}]}`
	s.on(from,
		get("/echo", object), get("/echo", ""), get("/echo", "null"), get("/echo", "{}"), get("/echo", `{"`+key+`":null}`),
		get("/echo", `{"`+key+`":1}`), get("/echo", `{"VALUE":"x"}`), get("/echo", "[1]"), get("/echo", `"text"`), get("/echo", "7"),
		get("/throw", object), get("/throw", ""), get("/throw", "[]"), get("/null", object), get("/null", ""),
		get("/Echo", object), get("/nowhere", object), get("/notify", object), get("/raw/echo", object), get("/ü/服务", ""))
	raw := func(do, route, hex string) step { return to(peer, do, dmtpFields{"route": route, "hex": hex}) }
	s.on(from,
		raw("raw_get", "/raw/echo", "00ff"), raw("raw_get", "/raw/echo", ""), raw("raw_get", "/raw/throw", "01"),
		raw("raw_get", "/nowhere", "01"), raw("raw_get", "/raw/notify", "01"), raw("raw_get", "/echo", "7b7d"),
		to(peer, "raw_get", dmtpFields{"route": "/raw/echo", "fill": 70000}),
		to(peer, "raw_get", dmtpFields{"route": "/raw/echo", "hex": "01", "header": "0x12312"}))
	notify := func(route, json string) step {
		f := dmtpFields{"route": route}
		if json != "" {
			f["json"] = dmtpJSON(json)
		}
		return to(peer, "json_notify", f)
	}
	s.on(from,
		notify("/notify", object), notify("/notify", ""), notify("/notify/throw", object), notify("/notify", "[1]"),
		notify("/nowhere", `{"a":1}`), notify("/echo", `{"a":"x"}`), notify("/raw/notify", ""), notify("/ü/服务", ""),
		raw("raw_notify", "/raw/notify", "00ff"), raw("raw_notify", "/raw/notify", ""), raw("raw_notify", "/nowhere", "01"),
		raw("raw_notify", "/raw/echo", "01"), raw("raw_notify", "/notify", "7b7d"),
		to(peer, "raw_notify", dmtpFields{"route": "/raw/notify", "fill": 70000}))
	s.events(peer, 13)
}

func campusInvokes(s *campusScript, from, peer string) {
	call := func(member, args string) step {
		return to(peer, "object_call", dmtpFields{"member": member, "args": dmtpJSON(args)})
	}
	on := func(object, member, args string) step {
		return to(peer, "object_call", dmtpFields{"object": object, "member": member, "args": dmtpJSON(args)})
	}
	s.on(from,
		call("Add", `[1,2]`), call("Add", `[2147483647,1]`), call("AddAsync", `[-3,4]`), call("Add", `[1]`), call("Add", `[1,2,3]`),
		call("Add", `["1",2]`), call("Add", `[1.0,2]`), call("Add", `[1.5,2]`), call("Add", `[true,2]`), call("Add", `[null,2]`), call("Add", `[3000000000,2]`),
		call("Echo", `["grüß <&>'\" 服务 😀"]`), call("Echo", `[null]`), call("EchoAsync", `[""]`), call("Echo", `[5]`),
		call("Counter", `[]`), call("Counter", `[7]`), call("Fire", `[5]`), call("FireAsync", `[-2]`), call("Counter", `[]`), call("Counter", `[0]`),
		call("Name", `[]`), call("Name", `["x"]`), on("second", "Name", `[]`), on("second", "Counter", `[3]`), on("second", "Counter", `[]`), call("Counter", `[]`),
		call("Move", `[{"X":1,"Y":2,"Label":"l"},3]`), call("Move", `[{"X":1,"Y":2,"Label":null},3]`), call("Move", `[{"Y":2},3]`),
		call("Move", `[null,3]`), call("Move", `[5,3]`), call("Move", `[{"X":"x"},3]`),
		call("Range", `[5,3]`), call("Range", `[5,0]`), call("Range", `[5,-1]`), call("Count", `["aübü"]`), call("Count", `[""]`), call("Count", `[null]`),
		call("Nothing", `[]`), on("nowhere", "Add", `[1,2]`), on("n99", "Hit", `[]`))
	for _, kind := range []string{"invalid", "argument", "argumentnull", "notsupported", "notimplemented", "invalidcast", "badimage",
		"nullref", "custom", "io", "ü"} {
		s.on(from, call("Fail", `["`+kind+`"]`))
	}
	s.on(from,
		call("Child", `["kid"]`), on("n1", "Title", `[]`), on("n1", "Hit", `[]`), on("n1", "Hit", `[]`), on("n1", "Add", `[1,2]`), on("n1", "Title", `["x"]`),
		call("Child", `[null]`), on("n2", "Title", `[]`), on("n2", "Hit", `[]`),
		call("Use", `[{"title":"T","hits":4}]`), call("Use", `[{"title":"mine","hits":1,"ref":"mine"}]`), call("Use", `[{"ref":"mine"}]`),
		call("Use", `[{"ref":"n1"}]`), on("n1", "Hit", `[]`), call("Use", `[{"ref":"nobody"}]`), call("Use", `[null]`), on("mine", "Hit", `[]`))
}

func campusBrowses(s *campusScript, from, peer string) {
	get := func(path string, f dmtpFields) step {
		all := dmtpFields{"path": path}
		maps.Copy(all, f)
		return to(peer+".mvc", "mvc_get", all)
	}
	s.on(from,
		get("/api/foo", nil), get("/api/foo", dmtpFields{"query": dmtpFields{"x": 21}}), get("api/foo?x=-1", nil),
		get("/API/Foo", dmtpFields{"query": dmtpFields{"x": "3"}, "headers": dmtpFields{"X-Echo": "there and back"}}),
		get("/api/fail", nil), get("/api/crash", nil), get("/api/foo", dmtpFields{"query": dmtpFields{"x": "no number"}}), get("/nowhere", nil),
		to(peer+".mvc", "mvc_post", dmtpFields{"path": "/api/foo", "json": dmtpFields{"name": "grüß 服务", "count": 41}}),
		to(peer+".mvc", "mvc_post", dmtpFields{"path": "/api/foo", "json": dmtpFields{"name": nil}}),
		to(peer+".mvc", "mvc_post", dmtpFields{"path": "/nowhere", "json": 1}),
		to(peer+".mvc", "mvc_post", dmtpFields{"path": "/api/fail", "json": 1}),
		to(peer+".mvc", "mvc_get", dmtpFields{"path": "/api/crash", "timeout_ms": 2000}))
}
