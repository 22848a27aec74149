package transport_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/transport"
)

func TestParseAddr(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// canonical forms are read as they are
		{"local:editor", "local:editor"},
		{"local:My Editor 2", "local:My Editor 2"},
		{"local:a:b", "local:a:b"},
		{"unix:/run/x.sock", "unix:/run/x.sock"},
		{"unix:@editor", "unix:@editor"},
		{"npipe:editor", "npipe:editor"},
		{"npipe:/tmp/x", "npipe:/tmp/x"},
		{`npipe:\\host\pipe\editor`, `npipe:\\host\pipe\editor`},
		{"tcp:127.0.0.1:7789", "tcp:127.0.0.1:7789"},
		{"tcp:[::1]:7789", "tcp:[::1]:7789"},
		{"tcp:localhost:0", "tcp:localhost:0"},
		{"tcp::7789", "tcp::7789"},
		{"tcps:a-b.example:65535", "tcps:a-b.example:65535"},
		{"udp:127.0.0.1:7789", "udp:127.0.0.1:7789"},
		{"ws:localhost:80/", "ws:localhost:80/"},
		{"wss:localhost:443/Chat/x?y=1", "wss:localhost:443/Chat/x?y=1"},
		{"http:localhost:8080/", "http:localhost:8080/"},
		{"shm:editor", "shm:editor"},
		{"mem:editor", "mem:editor"},
		{"exec:bellpull serve --stdio", "exec:bellpull serve --stdio"},
		{"stdio:", "stdio:"},
		{"fd:3", "fd:3"},
		{"winmsg:Class Name", "winmsg:Class Name"},
		// aliases and case
		{"uds:/x", "unix:/x"},
		{"pipe:x", "npipe:x"},
		{"tcp4:127.0.0.1:1", "tcp:127.0.0.1:1"},
		{"tls:h:1", "tcps:h:1"},
		{"ssl:h:1", "tcps:h:1"},
		{"TCP:LocalHost:1", "tcp:localhost:1"},
		{"Local:Editor", "local:Editor"},
		// URLs
		{"tcp://127.0.0.1:1", "tcp:127.0.0.1:1"},
		{"unix:///run/x.sock", "unix:/run/x.sock"},
		{"unix://@x", "unix:@x"},
		{"local://editor", "local:editor"},
		{"http://host", "http:host:80/"},
		{"https://host/", "https:host:443/"},
		{"ws://host:81", "ws:host:81/"},
		{"wss://[::1]", "wss:[::1]:443/"},
		{"ws:::1", "ws:[::1]:80/"},
		{"stdio://", "stdio:"},
		{"stdio:-", "stdio:"},
		{"fd://4", "fd:4"},
		// bare paths
		{"/run/x.sock", "unix:/run/x.sock"},
		{"//run//x.sock", "unix:/run/x.sock"},
		{`\\.\pipe\x`, "npipe:x"},
		{`\\.\PIPE\x`, "npipe:x"},
		{`//./pipe/x`, "npipe:x"},
		{`\\host\pipe\a\b`, `npipe:\\host\pipe\a\b`},
		{`npipe:\\.\pipe\x`, "npipe:x"},
		{"npipe://./pipe/x", "npipe:x"},
		{"npipe:////./pipe/x", "npipe:x"},
		{"npipe://host/pipe/x", `npipe:\\host\pipe\x`},
		{"npipe:///tmp/x", "npipe:/tmp/x"},
		{"pipe://x", "npipe:x"},
		// one spelling
		{"unix:/run/../run/./x.sock", "unix:/run/x.sock"},
		{"unix:/../x", "unix:/x"},
		{"tcp:[0:0::1]:01", "tcp:[::1]:1"},
		{"tcp:[::ffff:127.0.0.1]:1", "tcp:127.0.0.1:1"},
		{"tcp:[fe80::1%Eth0]:1", "tcp:[fe80::1%Eth0]:1"},
		{"fd:007", "fd:7"},
	} {
		a, err := transport.ParseAddr(c.text)
		if err != nil {
			t.Errorf("ParseAddr(%q): %v", c.text, err)
			continue
		}
		if a.String() != c.want {
			t.Errorf("ParseAddr(%q) = %q, want %q", c.text, a, c.want)
		}
		checkCanonical(t, a)
	}
}

// checkCanonical: the text of a parsed Addr is parsed to an equal one.
func checkCanonical(t *testing.T, a transport.Addr) {
	t.Helper()
	again, err := transport.ParseAddr(a.String())
	if err != nil || again != a {
		t.Errorf("the canonical %q is parsed to %q, %v", a, again, err)
	}
	if a.Scheme == "" || a.Network() != a.Scheme || len(a.String()) > transport.MaxAddr {
		t.Errorf("the Addr %#v is not sound", a)
	}
}

func TestParseAddrRefuses(t *testing.T) {
	long := strings.Repeat("x", transport.MaxAddr)
	for _, text := range []string{
		"", ":", "editor", "x:y", "gopher:x", "C:\\x", "unix", "\x00", "mem:a\x00b", "mem:\xff", "mem:" + long, "/" + long[1:],
		"ws:h/" + long[5:],
		"local:", "local:a/b", `local:a\b`, "local:////x", "mem:", "mem:////x", "shm:", "shm://", "winmsg:",
		"unix:", "unix:@", "unix:x", "unix://host/x", "unix:/x/", "/x/", "/", "//", "unix:/..", "unix:/.",
		"npipe:", "npipe://", "npipe:anonymous", "npipe:Anonymous", `\\.\pipe\`, `\\.\pipe\anonymous`, `\\host\pipe\`,
		`\\\pipe\x`, `\\a|b\pipe\x`, `npipe:\x`, `\\.\pipe\\x`, `\\.\pipe\\\.\pipe\\\.\pipe\x`, `\\host\pip\x`, "npipe:////tmp/x",
		"tcp:", "tcp:host", "tcp:1", "tcp:host:", "tcp:host:x", "tcp:host:-1", "tcp:host:65536", "tcp:::1:80", "tcp:[::1]",
		"tcp:[::1:80", "tcp:user@host:1", "tcp:////x:1", "tcp:a b:1", "tcp:*:1", "tcp:1.2.3:4", "tcp:127.0.0.01:1",
		"tcp:bücher.example:1", "tcp:" + long[:254] + ":1", "udp:x", "tls:x",
		"ws:", "ws:/path", "ws:a:b:c/", "ws:[::1", "ws:::1]", "http:host?x", "http://host:/x",
		"stdio:x", "stdio:/", "fd:", "fd:x", "fd:-1", "fd:+1", "fd:65536", "exec:", "exec: ", "exec:////x",
	} {
		a, err := transport.ParseAddr(text)
		short := text[:min(len(text), 60)]
		if !errors.Is(err, transport.ErrAddress) {
			t.Errorf("ParseAddr(%q) = %q, %v, want ErrAddress", short, a, err)
			continue
		}
		te, ok := errors.AsType[*transport.Error](err)
		if !ok || te.Op != "parse" || te.Err == nil || te.Advice == "" || a != (transport.Addr{}) {
			t.Errorf("ParseAddr(%q) = %#v, %#v, want no Addr and an *Error with all it can say", short, a, err)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("ParseAddr(%q): %d bytes of error", short, len(err.Error()))
		}
	}
}

func TestAddrAtItsLimit(t *testing.T) {
	text := "mem:" + strings.Repeat("x", transport.MaxAddr-4)
	a, err := transport.ParseAddr(text)
	if err != nil || a.String() != text {
		t.Errorf("ParseAddr of %d bytes = %d bytes, %v", len(text), len(a.String()), err)
	}
}

func TestZeroAddr(t *testing.T) {
	var a transport.Addr
	if a.String() != "" || a.Network() != "" {
		t.Errorf("the zero Addr is %q of %q, want empty", a.String(), a.Network())
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{
		"local:x", "unix:///x", "/x/../y", `\\.\pipe\x`, "npipe://h/pipe/x", "tcp:[::1%a]:1", "ws://h", "fd:03",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := transport.ParseAddr(s)
		if err == nil {
			checkCanonical(t, a)
		} else if !errors.Is(err, transport.ErrAddress) || a != (transport.Addr{}) {
			t.Errorf("ParseAddr(%q) = %q, %v", s, a, err)
		}
	})
}
