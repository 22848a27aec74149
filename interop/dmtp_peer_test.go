package interop_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

// dmtpPatience bounds every wait for another process. It is no measure of speed.
const dmtpPatience = 30 * time.Second

// The programs that speak the control protocol.
const (
	dmtpOther = "other" // what BELLPULL_DMTP_PEER names: the reference peer, or a live .NET process
	dmtpOwn   = "own"   // interop/dmtppeer
)

// dmtpCommand gives the command line of a program.
func dmtpCommand(t *testing.T, program string) []string {
	t.Helper()
	if build := map[string]func() (string, error){dmtpOwn: dmtpBuild, campusOwn: campusBuild}[program]; build != nil {
		path, err := build()
		if err != nil {
			t.Fatal(err)
		}
		return []string{path}
	}
	if program == campusOther {
		return campusCommand(t)
	}
	if line := os.Getenv("BELLPULL_DMTP_PEER"); line != "" {
		return strings.Fields(line)
	}
	script, err := filepath.Abs(filepath.Join("..", "..", "shared", "peers", "dmtp_peer.py"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(script)
	python, missing := exec.LookPath("python3")
	if errors.Is(err, fs.ErrNotExist) || missing != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no DMTP peer: %s with python3; CI must have it, BELLPULL_DMTP_PEER says where it is", script)
		}
		t.Skipf("NOT TESTED AGAINST ANOTHER DMTP: there is no %s with python3; set BELLPULL_DMTP_PEER", script)
	}
	return []string{python, script}
}

// dmtpLive says that the other side is named by the environment: a live .NET process, which does less than the
// reference peer.
func dmtpLive() bool { return os.Getenv("BELLPULL_DMTP_PEER") != "" }

// dmtpReference skips a test for which the other side must misbehave or count, as only the reference peer does.
func dmtpReference(t *testing.T) {
	t.Helper()
	if dmtpLive() {
		t.Skip("only the reference peer can do what this test asks of it")
	}
}

// Our own programs, built once.
var (
	dmtpBuild   = sync.OnceValues(func() (string, error) { return buildProgram("dmtppeer") })
	campusBuild = sync.OnceValues(func() (string, error) { return buildProgram("campuspeer") })
)

// buildProgram builds a program, with the race detector when the tests have it.
func buildProgram(name string) (string, error) {
	dir, err := os.MkdirTemp("", "bp")
	if err != nil {
		return "", err
	}
	atExit = append(atExit, func() { os.RemoveAll(dir) })
	args := []string{"build", "-o", filepath.Join(dir, name+".exe")}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	out, err := exec.Command("go", append(args, "./"+name)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return args[2], nil
}

// dmtpFields are the fields of a command or an event.
type dmtpFields map[string]any

func (f dmtpFields) text(key string) string { s, _ := f[key].(string); return s }
func (f dmtpFields) number(key string) int  { n, _ := f[key].(float64); return int(n) }

// meta gives an object of texts and nulls, nil when it is null.
func (f dmtpFields) meta(key string) map[string]any { m, _ := f[key].(map[string]any); return m }

// dmtpError is how a command failed. The last two are those of dotnetCampus.Ipc.
type dmtpError struct {
	Type, Message string
	Inner         string
	RemoteType    string `json:"remote_type"`
}

func (e *dmtpError) Error() string { return e.Type + ": " + e.Message }

// dmtpFailsWith says whether err is a failure of the type. Live .NET has other names for some.
func dmtpFailsWith(err error, kind string) bool {
	e, ok := errors.AsType[*dmtpError](err)
	return ok && (e.Type == kind || dmtpLive())
}

type dmtpAnswer struct {
	result json.RawMessage
	err    error
}

// dmtpFill gives the bytes that both sides make of a length and a seed.
func dmtpFill(n, seed int) []byte {
	b := make([]byte, n)
	const period = 1 << 16
	for i := range b[:min(n, period)] {
		b[i] = byte(seed + i*31 + (i>>8)*7)
	}
	for i := period; i < n; i += period {
		copy(b[i:], b[:period])
	}
	return b
}

// dmtpSameBody says whether an event shows this body.
func dmtpSameBody(e dmtpFields, body []byte) bool {
	if len(body) <= 64<<10 {
		return e.text("hex") == hex.EncodeToString(body) && e["body"] == nil
	}
	sum := sha256.Sum256(body)
	long := dmtpFields(e.meta("body"))
	return long.number("len") == len(body) && long.text("sha256") == hex.EncodeToString(sum[:])
}

// dmtpSameJSON says whether two texts are the same value.
func dmtpSameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	first, _ := json.Marshal(x)
	second, _ := json.Marshal(y)
	return bytes.Equal(first, second)
}

// dmtpURL gives an address for a service of a transport: "tcp" or "unix".
func dmtpURL(t *testing.T, transport string) string {
	t.Helper()
	if transport == "tcp" || runtime.GOOS == "windows" {
		return "tcp://127.0.0.1:0"
	}
	dir, err := os.MkdirTemp("/tmp", "bp") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "unix://" + dir + "/s"
}

// dmtpTransports runs f over each transport.
func dmtpTransports(t *testing.T, f func(t *testing.T, transport string)) {
	for _, transport := range []string{"tcp", "unix"} {
		if transport == "unix" && runtime.GOOS == "windows" {
			continue
		}
		t.Run(transport, func(t *testing.T) { f(t, transport) })
	}
}

// dmtpJSON is a JSON text as a field of a command.
func dmtpJSON(text string) json.RawMessage { return json.RawMessage(text) }

// dmtpUntil waits until something is so.
func dmtpUntil(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(dmtpPatience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}
