package transport

import (
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxAddr bounds the text of an address in bytes.
const MaxAddr = 4096

// An Addr says where a process listens: a scheme and, behind the colon, what the transport of that scheme makes of
// it. Addrs made by [ParseAddr] are canonical, so two that name one place are equal with ==. The zero Addr names
// nothing.
//
//	local:NAME            this user's private endpoint NAME: a Unix socket in a private directory
//	unix:/PATH            a Unix socket at a path ("unix:@NAME" for Linux's abstract names)
//	npipe:NAME            a named pipe as .NET names them: \\.\pipe\NAME, elsewhere $TMPDIR/CoreFxPipe_NAME
//	tcp:HOST:PORT         tcps: with TLS
//	udp:HOST:PORT
//	ws:HOST:PORT/PATH     wss: with TLS
//	http:HOST:PORT/PATH   https: with TLS
//	shm:NAME  mem:NAME    shared memory; inside this process
//	exec:COMMAND stdio:  fd:N  winmsg:CLASS
type Addr struct {
	Scheme string // canonical, lower case
	Rest   string // what follows the colon, in the scheme's canonical form
}

// String gives the canonical text "scheme:rest"; [ParseAddr] reads it back to an equal Addr.
func (a Addr) String() string {
	if a == (Addr{}) {
		return ""
	}
	return a.Scheme + ":" + a.Rest
}

// Network implements [net.Addr] and gives the scheme.
func (a Addr) Network() string { return a.Scheme }

// aliases maps what people write to canonical schemes.
var aliases = map[string]string{
	"local": "local", "unix": "unix", "uds": "unix", "npipe": "npipe", "pipe": "npipe",
	"tcp": "tcp", "tcp4": "tcp", "tcps": "tcps", "tls": "tcps", "ssl": "tcps", "udp": "udp",
	"ws": "ws", "wss": "wss", "http": "http", "https": "https", "shm": "shm", "mem": "mem",
	"exec": "exec", "stdio": "stdio", "fd": "fd", "winmsg": "winmsg",
}

// ParseAddr reads an address. It takes the canonical form and what people are used to: URLs ("tcp://127.0.0.1:1",
// "unix:///run/x.sock", "http://host"), the aliases uds, pipe, tls and ssl, a bare path ("/run/x.sock" is unix:,
// `\\.\pipe\x` is npipe:). The result is canonical. It does no I/O: host names stay as they are.
//
// Errors are [ErrAddress]: no scheme, unknown scheme, empty or malformed rest, a NUL byte, invalid UTF-8, or more
// than [MaxAddr] bytes.
func ParseAddr(s string) (Addr, error) {
	switch {
	case s == "":
		return Addr{}, badAddr(s, "empty")
	case len(s) > MaxAddr:
		return Addr{}, badAddr(s[:64]+"…", "%d bytes, at most %d", len(s), MaxAddr)
	case !utf8.ValidString(s):
		return Addr{}, badAddr(s, "not UTF-8")
	case strings.ContainsRune(s, 0):
		return Addr{}, badAddr(s, "holds a NUL byte")
	}
	a, err := parse(s)
	if err != nil {
		return Addr{}, err
	}
	// Names that survived the "//" of a URL with slashes of their own would not be read back as they are.
	if strings.HasPrefix(a.Rest, "//") {
		return Addr{}, badAddr(s, "too many slashes")
	}
	if len(a.Scheme)+1+len(a.Rest) > MaxAddr { // a scheme or a port came to it
		return Addr{}, badAddr(s[:64]+"…", "more than %d bytes in full", MaxAddr)
	}
	return a, nil
}

func parse(s string) (Addr, error) {
	if _, _, ok := windowsPipe(s); ok {
		return pipeRest(s, s)
	}
	if s[0] == '/' {
		return checkRest(s, Addr{"unix", s})
	}
	word, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Addr{}, badAddr(s, "no scheme; for a private endpoint of your own write local:%s", s)
	}
	scheme, ok := aliases[strings.ToLower(word)]
	if !ok {
		return Addr{}, badAddr(s, "unknown scheme %q", word)
	}
	if _, _, ok := windowsPipe(rest); ok && scheme == "npipe" { // npipe://./pipe/x, whose slashes count twice
		return pipeRest(s, rest)
	}
	return checkRest(s, Addr{scheme, strings.TrimPrefix(rest, "//")})
}

// windowsPipe reads \\HOST\pipe\NAME, with either slash.
func windowsPipe(s string) (host, name string, ok bool) {
	if !strings.HasPrefix(s, `\\`) && !strings.HasPrefix(s, `//`) {
		return "", "", false
	}
	host, rest, ok := strings.Cut(strings.ReplaceAll(s[2:], "/", `\`), `\`)
	if !ok || len(rest) < 5 || !strings.EqualFold(rest[:5], `pipe\`) {
		return "", "", false
	}
	return host, rest[5:], true
}

// checkRest brings the rest of an address into its scheme's canonical form.
func checkRest(s string, a Addr) (Addr, error) {
	switch a.Scheme {
	case "unix":
		return unixRest(s, a)
	case "local", "shm", "mem", "winmsg":
		if a.Rest == "" {
			return Addr{}, badAddr(s, "no name behind %s:", a.Scheme)
		}
		if a.Scheme == "local" && strings.ContainsAny(a.Rest, `/\`) {
			return Addr{}, badAddr(s, "a local name holds no slash; for a path write unix:/path")
		}
	case "npipe":
		return pipeRest(s, a.Rest)
	case "tcp", "tcps", "udp":
		return hostRest(s, a, "")
	case "ws", "wss", "http", "https":
		host, p, _ := strings.Cut(a.Rest, "/")
		return hostRest(s, Addr{a.Scheme, host}, "/"+p)
	case "stdio":
		if a.Rest != "" && a.Rest != "-" {
			return Addr{}, badAddr(s, "stdio: takes nothing behind the colon")
		}
		a.Rest = ""
	case "fd":
		n, err := strconv.ParseUint(a.Rest, 10, 16)
		if err != nil {
			return Addr{}, badAddr(s, "fd: wants the number of a descriptor")
		}
		a.Rest = strconv.FormatUint(n, 10)
	case "exec":
		if strings.TrimSpace(a.Rest) == "" {
			return Addr{}, badAddr(s, "exec: wants a command")
		}
	}
	return a, nil
}

// pipeRest takes NAME and \\HOST\pipe\NAME. The dot host is left out of the canonical form.
func pipeRest(s, rest string) (Addr, error) {
	prefix, name := "", rest
	if host, n, ok := windowsPipe(rest); ok {
		if host == "" || strings.ContainsAny(host, `:*?"<>|`) {
			return Addr{}, badAddr(s, "no host can be named %q", host)
		}
		if name = n; host != "." {
			prefix = `\\` + host + `\pipe\`
		}
	}
	if name == "" || strings.HasPrefix(name, `\`) || strings.EqualFold(name, "anonymous") {
		return Addr{}, badAddr(s, "no pipe can be named %q", name)
	}
	return Addr{"npipe", prefix + name}, nil
}

func unixRest(s string, a Addr) (Addr, error) {
	switch {
	case a.Rest == "" || a.Rest == "@":
		return Addr{}, badAddr(s, "no path behind unix:")
	case a.Rest[0] == '@':
		return a, nil
	case a.Rest[0] != '/':
		return Addr{}, badAddr(s, "a socket path is absolute; relative names mean different places to different processes")
	case strings.HasSuffix(a.Rest, "/"):
		return Addr{}, badAddr(s, "a socket path does not end with a slash")
	}
	if a.Rest = path.Clean(a.Rest); a.Rest == "/" {
		return Addr{}, badAddr(s, "the root is no socket")
	}
	return a, nil
}
