package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// app is what the commands share: the streams and how to write to them.
type app struct {
	in     io.Reader
	output string // "text" or "json"

	// mu guards the streams that follow, so that lines of several goroutines do not mix.
	mu  sync.Mutex
	out io.Writer
	err io.Writer
}

// outputFlag is the value of -o.
type outputFlag struct{ to *string }

func (f *outputFlag) String() string { return *f.to }
func (f *outputFlag) Type() string   { return "text|json" }
func (f *outputFlag) Set(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("%q is neither text nor json", s)
	}
	*f.to = s
	return nil
}

func (a *app) json() bool { return a.output == "json" }

// emit writes one thing that happened: obj as a line of JSON, or text. Empty text writes nothing.
func (a *app) emit(obj any, text string) {
	if a.json() {
		a.write(jsonLine(obj))
	} else if text != "" {
		a.write([]byte(text + "\n"))
	}
}

func (a *app) write(b []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out.Write(b)
}

// note tells people something on the side.
func (a *app) note(format string, args ...any) {
	if a.json() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.err, format+"\n", args...)
}

// jsonLine gives v as one line of JSON that keeps <, > and & readable.
func jsonLine(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Appendf(nil, "{\"error\":{\"code\":\"unknown\",\"message\":%q}}\n", err)
	}
	return b.Bytes()
}

// terminal says whether w is one.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// colours says whether escape sequences may be written to the output.
func (a *app) colours() bool {
	if !terminal(a.out) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return runtime.GOOS != "windows" || os.Getenv("WT_SESSION") != "" || os.Getenv("TERM") != ""
}

// Colours of a terminal, by what they mean.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	bold   = "1"
	dim    = "2"
)

// paint colours s where the output is a terminal.
func (a *app) paint(colour, s string) string {
	if !a.colours() {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// printable makes text of another process safe to show: what could steer a terminal is shown as an escape.
func printable(s string) string {
	clean := func(r rune) bool { return r == '\n' || r == '\t' || unicode.IsPrint(r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !clean(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// oneLine is printable without line breaks, at most max bytes long (0: any length), with … where it was cut.
func oneLine(s string, max int) string {
	s = printable(strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(s))
	if max <= 0 || len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max] + "…"
}

// usageArgs makes the error of a check of arguments one of usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%v: %s", err, cmd.UseLine())
		}
		return nil
	}
}
