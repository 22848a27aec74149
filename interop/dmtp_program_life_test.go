package interop_test

import (
	"encoding/hex"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/fdtest"
)

// dmtpServices runs f with the program that serves and the one that dials, at least one ours.
func dmtpServices(t *testing.T, f func(t *testing.T, serve, dial string)) {
	for _, p := range dmtpPairings {
		t.Run(p.name, func(t *testing.T) { f(t, p.serve, p.dial) })
	}
}

// TestDmtpProgramsAskForTheToken: the right token lets in, any other is told why it does not.
func TestDmtpProgramsAskForTheToken(t *testing.T) {
	dmtpServices(t, func(t *testing.T, serve, dial string) {
		service := dmtpStart(t, serve, "serve", "--listen", dmtpURL(t, "tcp"), "--token", "Dmtp", "--deny", "banned", "--verify-timeout-ms", "1000")
		for _, token := range []string{"dmtp", "Dmtp ", ""} {
			args := []string{"dial", "--to", service.url(0)}
			if token != "" {
				args = append(args, "--token", token)
			}
			refused := dmtpTry(t, dial, args...)
			why := dmtpFields(refused.first.meta("error"))
			if refused.first.text("event") != "failed" || why.text("type") != "TokenVerifyException" {
				t.Errorf("token %q: %v", token, refused.first)
			}
			if e := service.event("refused"); e.text("id") == "" || !strings.Contains(why.text("message"), e.text("reason")) {
				t.Errorf("token %q: the client was told %q, the service says %v", token, why.text("message"), e)
			}
		}
		denied := dmtpTry(t, dial, "dial", "--to", service.url(0), "--token", "Dmtp", "--meta", "banned=中")
		if why := dmtpFields(denied.first.meta("error")); why.text("type") != "TokenVerifyException" || why.text("message") != "denied:中" {
			t.Errorf("denied: %v", denied.first)
		}
		service.event("refused")
		let := dmtpStart(t, dial, "dial", "--to", service.url(0), "--token", "Dmtp")
		if e := service.event("online"); e.text("id") != let.first.text("id") {
			t.Errorf("online %v, the client is %v", e, let.first)
		}
	})
}

// TestDmtpProgramsExchangeMetadata: what a client says of itself reaches the service and comes back with the answer.
func TestDmtpProgramsExchangeMetadata(t *testing.T) {
	dmtpServices(t, func(t *testing.T, serve, dial string) {
		service := dmtpStart(t, serve, "serve", "--listen", dmtpURL(t, "unix"))
		client := dmtpStart(t, dial, "dial", "--to", service.url(0), "--meta", "a=a", "--meta", "中=文 \"<\\", "--meta", "empty=")
		want := map[string]any{"a": "a", "中": "文 \"<\\", "empty": ""}
		if got := service.event("online").meta("meta"); !reflect.DeepEqual(got, want) {
			t.Errorf("the service knows %v, want %v", got, want)
		}
		if got := client.first.meta("meta"); !reflect.DeepEqual(got, want) {
			t.Errorf("the client was answered %v, want %v", got, want)
		}
		plain := dmtpStart(t, dial, "dial", "--to", service.url(0))
		if got := service.event("online"); got["meta"] != nil || plain.first["meta"] != nil {
			t.Errorf("without metadata: %v, %v", got, plain.first)
		}
	})
}

// TestDmtpProgramsGiveIDs: a client gets the id it asks for, or one that the service makes, of a prefix if there is
// one. Nobody gets an id that is taken, and who has it keeps it.
func TestDmtpProgramsGiveIDs(t *testing.T) {
	dmtpServices(t, func(t *testing.T, serve, dial string) {
		service := dmtpStart(t, serve, "serve", "--listen", dmtpURL(t, "tcp"), "--listen", dmtpURL(t, "unix"))
		first := dmtpStart(t, dial, "dial", "--to", service.url(0))
		if got := first.first.text("id"); got != "01-00-00-00" || service.event("online").text("id") != got {
			t.Errorf("the first client is %q", got)
		}
		alice := dmtpStart(t, dial, "dial", "--to", service.url(1), "--id", "älice")
		if e := service.event("id_changed"); e.text("old") != "02-00-00-00" || e.text("new") != "älice" {
			t.Errorf("got %v", e)
		}
		if e := service.event("online"); alice.first.text("id") != "älice" || e.text("id") != "älice" {
			t.Errorf("asked for älice, got %v and %v", alice.first, e)
		}
		thief := dmtpTry(t, dial, "dial", "--to", service.url(0), "--id", "älice")
		if why := dmtpFields(thief.first.meta("error")); why.text("type") != "TokenVerifyException" {
			t.Errorf("a second älice: %v", thief.first)
		}
		for _, who := range []string{"01-00-00-00", "älice"} {
			if got := service.do("ping", dmtpFields{"peer": who}); string(got) != "true" {
				t.Errorf("%s does not answer any more: %s", who, got)
			}
		}
		if _, err := service.try("ping", dmtpFields{"peer": "nobody"}); !dmtpFailsWith(err, "ClientNotFindException") {
			t.Errorf("nobody: %v", err)
		}
		if _, err := service.try("ping", nil); !dmtpFailsWith(err, "ArgumentException") {
			t.Errorf("one of two: %v", err)
		}

		named := dmtpStart(t, serve, "serve", "--listen", dmtpURL(t, "tcp"), "--default-id-prefix", "c")
		for _, want := range []string{"c1", "c2"} {
			if got := dmtpStart(t, dial, "dial", "--to", named.url(0)).first.text("id"); got != want {
				t.Errorf("got the id %q, want %q", got, want)
			}
		}
	})
}

// TestDmtpProgramsRename: either side gives a connection another id, both know it, and a taken one harms nobody.
func TestDmtpProgramsRename(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		other := dmtpStart(t, client.program, "dial", "--to", service.url(0), "--id", "other")
		service.event("id_changed")
		id := client.first.text("id")
		from := dmtpFields{}
		for i, side := range []*dmtpProc{client, service, client} {
			next := "名" + strings.Repeat("x", i)
			f := dmtpFields{"to": next}
			if side == service {
				f["peer"] = id
			}
			side.do("reset_id", f)
			for _, p := range []*dmtpProc{service, client} {
				if e := p.event("id_changed"); e.text("old") != id || e.text("new") != next {
					t.Errorf("%s says %v, want %q to %q", p.program, e, id, next)
				}
			}
			id, from["peer"] = next, next
		}
		for _, bad := range []string{"other", ""} {
			if _, err := client.try("reset_id", dmtpFields{"to": bad}); err == nil {
				t.Errorf("the client is called %q now", bad)
			}
		}
		if _, err := service.try("reset_id", dmtpFields{"to": "other", "peer": id}); !dmtpFailsWith(err, "StatusException") {
			t.Errorf("the service gave an id that is taken: %v", err)
		}
		for _, who := range []string{id, "other"} {
			if got := service.do("call", dmtpFields{"method": "add", "args": []any{1, 2}, "peer": who}); string(got) != "3" {
				t.Errorf("%s gave %s", who, got)
			}
		}
		client.do("send", dmtpFields{"flags": 100, "hex": "00"})
		if e := service.event("frame"); e.text("from") != id {
			t.Errorf("a frame of %q came from %v", id, e)
		}
		if string(other.do("ping", nil)) != "true" || service.seen("offline") {
			t.Error("somebody was harmed")
		}
	})
}

// TestDmtpProgramsSayGoodbye: whoever closes, the other side reads the reason, and a client can come back.
func TestDmtpProgramsSayGoodbye(t *testing.T) {
	dmtpPrograms(t, func(t *testing.T, service, client *dmtpProc) {
		service.event("online")
		for i, reason := range []string{"bye", "bis später", ""} {
			from, to := client, service
			if i == 1 {
				from, to = service, client
			}
			from.do("close", dmtpFields{"reason": reason})
			if e := to.event("offline"); e.text("reason") != reason {
				t.Errorf("%s closed with %q, %s heard %v", from.program, reason, to.program, e)
			}
			from.event("offline")
			if _, err := client.try("ping", nil); !dmtpFailsWith(err, "ClosedException") {
				t.Errorf("a ping after the end: %v", err)
			}
			client.do("connect", nil)
			service.event("online")
			if got := service.do("call", dmtpFields{"method": "add", "args": []any{1, 2}}); string(got) != "3" {
				t.Errorf("after coming back: %s", got)
			}
		}
		if got := service.stat("closed"); got != 3 {
			t.Errorf("the service counts %d ends, want 3", got)
		}
	})
}

// TestDmtpProgramsComeBack: a client that reconnects outlives its service, and has its id again.
func TestDmtpProgramsComeBack(t *testing.T) {
	fdtest.Same(t)
	dmtpServices(t, func(t *testing.T, serve, dial string) {
		service := dmtpStart(t, serve, "serve", "--listen", dmtpURL(t, "unix"))
		client := dmtpStart(t, dial, "dial", "--to", service.url(0), "--reconnect", "--id", "me", "--heartbeat-ms", "200")
		service.kill()
		client.event("offline")
		again := dmtpStart(t, serve, "serve", "--listen", service.url(0))
		if e := client.event("reconnected"); e.text("id") != "me" {
			t.Errorf("came back as %v", e)
		}
		if e := again.event("online"); e.text("id") != "me" {
			t.Errorf("the service knows %v", e)
		}
		dmtpUntil(t, "heartbeats go on", func() bool { return client.stat("heartbeats") >= 2 })
		again.do("close", dmtpFields{"reason": "once more"})
		client.event("reconnected")
		if got := client.do("call", dmtpFields{"method": "add", "args": []any{1, 2}}); string(got) != "3" {
			t.Errorf("after the second time: %s", got)
		}
	})
}

// TestDmtpPeerSaysWhatItCannotDo: what Bellpull does not have is Unsupported, and unknown flags end the program.
func TestDmtpPeerSaysWhatItCannotDo(t *testing.T) {
	service := dmtpStart(t, dmtpOwn, "serve", "--listen", dmtpURL(t, "tcp"), "--root", ".", "--no-route", "--max-package", "108")
	client := dmtpStart(t, dmtpOwn, "dial", "--to", service.url(0), "--root", ".")
	for _, do := range []string{"chan_open", "chan_write", "chan_end", "chan_read", "chan_state", "pull", "push", "cache", "dance"} {
		if _, err := client.try(do, nil); !dmtpFailsWith(err, "Unsupported") {
			t.Errorf("%s: %v", do, err)
		}
	}
	for do, f := range map[string]dmtpFields{
		"ping": {"target": "x"},
		"call": {"method": "add", "serialization": "xml"},
	} {
		if _, err := client.try(do, f); !dmtpFailsWith(err, "Unsupported") {
			t.Errorf("%s %v: %v", do, f, err)
		}
	}
	service.do("send", dmtpFields{"flags": 100, "fill": 100})
	if _, err := service.try("send", dmtpFields{"flags": 100, "fill": 101}); !dmtpFailsWith(err, "ArgumentException") {
		t.Errorf("a frame beyond --max-package: %v", err)
	}
	if _, err := service.try("send", dmtpFields{"flags": 5, "fill": 1}); !dmtpFailsWith(err, "ArgumentException") {
		t.Errorf("a user frame under a flag of the kernel: %v", err)
	}
	client.do("raw", dmtpFields{"hex": "646d0064" + "00000002" + "beef"})
	client.event("frame")
	if e := service.event("frame"); e.number("flags") != 100 || e.text("hex") != "beef" {
		t.Errorf("raw bytes arrived as %v", e)
	}

	path := dmtpCommand(t, dmtpOwn)[0]
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"serve", "--listen", "tcp://127.0.0.1:0", "--dance"}, 2},
		{[]string{"dial", "--to", "tcp://127.0.0.1:1", "--deny", "x"}, 2},
		{[]string{"dial", "--to", "tcp://127.0.0.1:1", "more"}, 2},
		{[]string{"serve"}, 2},
		{[]string{"dial"}, 2},
		{nil, 2},
		{[]string{"serve", "--listen", "ws://127.0.0.1:0/dmtp"}, 2},
		{[]string{"dial", "--to", "udp://127.0.0.1:1"}, 3},
		{[]string{"dial", "--to", "unix:///nonexistent/s"}, 3},
	} {
		cmd := exec.Command(path, c.args...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.code {
			t.Errorf("%v ended with %d, want %d: %s", c.args, got, c.code, out)
		}
	}
}

// TestDmtpPeerShowsBytesAsTheProtocolSays: hex in full up to 64 KiB, a digest beyond, and the pattern of fill.
func TestDmtpPeerShowsBytesAsTheProtocolSays(t *testing.T) {
	service := dmtpStart(t, dmtpOwn, "serve", "--listen", dmtpURL(t, "tcp"))
	client := dmtpStart(t, dmtpOwn, "dial", "--to", service.url(0))
	for _, n := range []int{65536, 65537} {
		client.do("send", dmtpFields{"flags": 100, "fill": dmtpFields{"fill": n, "seed": 9}})
		if e := service.event("frame"); !dmtpSameBody(e, dmtpFill(n, 9)) {
			t.Errorf("%d bytes are shown as %d of hex and %v", n, len(e.text("hex")), e["body"])
		}
	}
	for _, arg := range []any{hex.EncodeToString(dmtpFill(300, 3)), dmtpFields{"fill": 300, "seed": 3}, dmtpFields{"hex": hex.EncodeToString(dmtpFill(300, 3))}} {
		if got := client.do("call", dmtpFields{"method": "bytes", "args": []any{arg}}); string(got) != `"`+hex.EncodeToString(dmtpFill(300, 3))+`"` {
			t.Errorf("%v gave %s", arg, got)
		}
	}
}
