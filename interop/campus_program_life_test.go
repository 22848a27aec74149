package interop_test

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestCampusProgramsCloseAndOpenAlike: what is answered while the other side is closed, and after it is open again, and
// what both sides say of it.
func TestCampusProgramsCloseAndOpenAlike(t *testing.T) {
	all := func(peer string) []step {
		return []step{to(peer, "request", hexOf("x")), to(peer, "notify", hexOf("x")), to(peer, "notify_string", dmtpFields{"text": "x"}),
			to(peer, "json_get", dmtpFields{"route": "/null"}), to(peer, "json_notify", dmtpFields{"route": "/notify"}),
			to(peer, "raw_get", dmtpFields{"route": "/raw/echo", "hex": "01"}), to(peer, "raw_notify", dmtpFields{"route": "/raw/notify", "hex": "01"}),
			to(peer, "object_call", dmtpFields{"member": "Add", "args": []int{1, 2}})}
	}
	campusCompare(t, func(s *campusScript) {
		s.on("beta", all("alpha")...)
		s.on("alpha", to("beta", "connect", nil))
		s.events("beta", 1)
		s.on("beta", to("alpha", "object_call", dmtpFields{"member": "Child", "args": []string{"kid"}}), step{"close", nil})
		s.events("alpha", 1)
		s.on("alpha", all("beta")...)
		s.on("beta", all("alpha")...)
		s.on("alpha", to("beta", "connect", dmtpFields{"try": true}), to("beta", "connect", dmtpFields{"timeout_ms": 50}), to("beta", "request", hexOf("x")))
		s.on("beta", step{"close", nil}, to("alpha", "connect", nil), step{"open", nil}, step{"open", nil})
		s.on("beta", all("alpha")...)
		s.on("alpha", all("beta")...)
		s.on("alpha", to("beta", "connect", nil))
		s.events("beta", 1)
		s.on("alpha", all("beta")...)
		s.events("beta", 5)
		s.on("beta", to("alpha", "object_call", dmtpFields{"object": "n1", "member": "Title"}))
		s.on("beta", all("alpha")...)
		s.events("alpha", 5)
		s.on("beta", step{"close", nil})
		s.events("alpha", 1)
		s.on("beta", step{"open", nil}, to("alpha", "connect", nil))
		s.events("alpha", 1)
		s.on("alpha", to("beta", "request", hexOf("x")))
		s.on("beta", to("alpha", "request", hexOf("x")))
		s.events("alpha", 1)
		s.events("beta", 1)
	}, nil, nil)
}

// TestCampusProgramsFailWhatIsUnderWayAlike: requests that were sent when the connection ended, from either end.
func TestCampusProgramsFailWhatIsUnderWayAlike(t *testing.T) {
	for _, who := range []string{"alpha", "beta"} {
		t.Run(who+" closes", func(t *testing.T) {
			campusCompare(t, func(s *campusScript) {
				s.on("alpha", to("beta", "connect", nil))
				s.events("beta", 1)
				var answers []<-chan dmtpAnswer
				for _, c := range []step{to("beta", "object_call", dmtpFields{"member": "Slow", "args": []int{600000}}),
					to("beta", "object_call", dmtpFields{"member": "Slow", "args": []int{600000}, "timeout_ms": 100}),
					to("beta", "request", hexOf("nested"))} {
					answers = append(answers, s.alpha.begin(c.do, c.f))
				}
				s.events("beta", 1)
				s.events("alpha", 1) // all three have been sent, and one has come back
				_, err := s.alpha.finish("object_call", answers[1])
				s.lines = append(s.lines, campusLine(nil, err))
				s.on(who, step{"close", nil})
				_, err = s.alpha.finish("object_call", answers[0])
				s.lines = append(s.lines, campusLine(nil, err))
				s.events(map[string]string{"alpha": "beta", "beta": "alpha"}[who], 1)
			}, nil, nil)
		})
	}
}

// TestCampusProgramsComeBackAlike: the other process is killed and started again; with --reconnect the one that lives
// connects again, whoever had dialled whom, and what was asked meanwhile is answered.
func TestCampusProgramsComeBackAlike(t *testing.T) {
	for _, c := range []struct {
		name           string
		dials, returns string
	}{
		{"who lives has dialled", "alpha", ""},
		{"who was killed had dialled", "beta", ""},
		{"who was killed dials again", "beta", "beta"},
	} {
		t.Run(c.name, func(t *testing.T) {
			campusCompare(t, func(s *campusScript) {
				other := map[string]string{"alpha": "beta", "beta": "alpha"}
				s.on(c.dials, to(other[c.dials], "connect", nil))
				s.events(other[c.dials], 1)
				s.beta.kill()
				s.events("alpha", 1) // broken
				s.on("alpha", to("beta", "request", dmtpFields{"hex": "01", "timeout_ms": 50}))
				var answers []<-chan dmtpAnswer
				steps := []step{to("beta", "request", hexOf("x")), to("beta", "json_get", dmtpFields{"route": "/echo"}),
					to("beta", "object_call", dmtpFields{"member": "Add", "args": []int{1, 2}}), to("beta", "notify", hexOf("waited"))}
				for _, c := range steps {
					answers = append(answers, s.alpha.begin(c.do, c.f))
				}
				s.beta = dmtpStart(s.t, s.beta.program, s.beta.args...)
				if c.returns != "" {
					s.on(c.returns, to(other[c.returns], "connect", nil))
				}
				s.events("alpha", 1) // reconnected
				for i, a := range answers {
					s.lines = append(s.lines, campusLine(s.alpha.finish(steps[i].do, a)))
				}
				if c.returns == "" {
					s.events("beta", 3) // connected, request, message
				} else { // connected or not: both dial
					s.beta.await("request", func(e dmtpFields) bool { return e.text("event") == "request" })
					s.beta.await("message", func(e dmtpFields) bool { return e.text("event") == "message" })
				}
				s.on("beta", to("alpha", "request", hexOf("x")))
				s.events("alpha", 1)
				if c.returns != "" && s.beta.seen("connected") {
					s.beta.event("connected")
				}
			}, []string{"--reconnect"}, nil)
		})
	}
}

// TestCampusProgramsLeaveOutAlike: what they are told not to have.
func TestCampusProgramsLeaveOutAlike(t *testing.T) {
	args := []string{"--no-echo", "--no-routes", "--no-objects"}
	campusCompare(t, func(s *campusScript) {
		s.on("alpha", to("beta", "connect", nil))
		s.events("beta", 1)
		for _, way := range [][2]string{{"alpha", "beta"}, {"beta", "alpha"}} {
			s.on(way[0],
				to(way[1], "request", hexOf("x")), to(way[1], "request", hexOf("nested")),
				to(way[1], "json_get", dmtpFields{"route": "/null"}), to(way[1], "raw_get", dmtpFields{"route": "/raw/echo", "hex": "01"}),
				to(way[1], "json_notify", dmtpFields{"route": "/notify"}), to(way[1], "raw_notify", dmtpFields{"route": "/raw/notify", "hex": "01"}),
				to(way[1], "notify", hexOf("x")), to(way[1], "object_call", dmtpFields{"member": "Name"}),
				to(way[1], "object_call", dmtpFields{"object": "second", "member": "Name"}))
			s.events(way[1], 3)
		}
	}, args, args)
}

// TestCampusProgramKeepsTheOrderOfThings: that of the commands, none of which waits for the one before, and of what comes,
// when it is told to take it one by one. The other side keeps that of each kind.
func TestCampusProgramKeepsTheOrderOfThings(t *testing.T) {
	for _, p := range campusPairings[1:] {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := campusDir(t)
			beta := campusStart(t, p.beta, dir, "beta", "--one-by-one")
			alpha := campusStart(t, p.alpha, dir, "alpha", "--one-by-one")
			answers := []<-chan dmtpAnswer{alpha.begin("connect", dmtpFields{"to": "beta"})}
			if p.alpha != campusOwn { // what it is asked before it is connected may overtake
				beta.event("connected")
			}
			const count = 300
			for i := range count {
				do := []string{"notify", "request", "request"}[i%3]
				answers = append(answers, alpha.begin(do, dmtpFields{"to": "beta", "hex": fmt.Sprintf("%04x", i)}))
			}
			if p.alpha == campusOwn {
				beta.event("connected")
			}
			last := map[string]int{}
			for range count {
				e := beta.await("something", func(dmtpFields) bool { return true })
				kind := e.text("event")
				if p.beta == campusOwn {
					kind = "any"
				}
				n, err := strconv.ParseInt(e.text("hex"), 16, 32)
				if err != nil || int(n) < last[kind] {
					t.Fatalf("behind %d: %v", last[kind], e)
				}
				last[kind] = int(n)
			}
			for i, a := range answers {
				if _, err := alpha.finish("request", a); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
}

// TestCampusProgramKnowsItsFlags: it ends with 2 for others, before its first line, and with 0 at the end of its input.
func TestCampusProgramKnowsItsFlags(t *testing.T) {
	line := dmtpCommand(t, campusOwn)
	dir := campusDir(t)
	for _, c := range []struct {
		want int
		args string
	}{
		{0, "--name a"}, {0, "--name=a --json camel --mvc --reconnect --no-echo --no-routes --no-objects --one-by-one"},
		{2, ""}, {2, "--name"}, {2, "--name a b"}, {2, "--name a --misbehave garbage"}, {2, "--name a --watch-halves"},
		{2, "--name a --json xml"}, {2, "--name a/b"}, {2, "--name anonymous"}, {2, "--name " + strings.Repeat("long", 40)},
	} {
		cmd := exec.Command(line[0], append([]string{"--tmpdir", dir}, strings.Fields(c.args)...)...)
		var out bytes.Buffer
		cmd.Stdout = &out
		cmd.Env = append(cmd.Environ(), "GORACE=atexit_sleep_ms=0")
		err := cmd.Run()
		if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
			t.Fatal(err)
		}
		ready := strings.Contains(out.String(), `"event":"ready"`)
		if got := cmd.ProcessState.ExitCode(); got != c.want || ready != (c.want == 0) {
			t.Errorf("%s: code %d, want %d; it wrote %q", c.args, got, c.want, &out)
		}
	}
}
