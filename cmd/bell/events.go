package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// endpointEvent is "listening", "ready" or "stopped" in -o json.
type endpointEvent struct {
	Event   string   `json:"event"`
	Time    string   `json:"time"`
	Address string   `json:"address,omitempty"` // of "listening"
	Methods []string `json:"methods,omitempty"` // of "ready"
}

// peerEvent is what happens to peers in -o json: "up", "down", "renamed", "refused", "cancelled", "lost", …
type peerEvent struct {
	Event      string            `json:"event"`
	Time       string            `json:"time"`
	Peer       string            `json:"peer,omitempty"`
	Old        string            `json:"old,omitempty"`    // of "renamed"
	Method     string            `json:"method,omitempty"` // of "cancelled"
	Missed     int               `json:"missed,omitempty"` // of "lost"
	PID        int               `json:"pid,omitempty"`
	UID        *int              `json:"uid,omitempty"`
	Remote     string            `json:"remote,omitempty"`
	Reconnects int               `json:"reconnects,omitempty"`
	Meta       map[string]string `json:"meta,omitempty"`
	Error      *problem          `json:"error,omitempty"`
}

// requestEvent is a call or notify that was handled, in -o json.
type requestEvent struct {
	Event     string            `json:"event"` // "call" or "notify"
	Time      string            `json:"time"`
	Peer      string            `json:"peer"`
	Method    string            `json:"method"`
	Arguments json.RawMessage   `json:"arguments"`
	Encoding  string            `json:"encoding"` // "json", or "bytes": one argument, base64
	Meta      map[string]string `json:"meta,omitempty"`
	OK        bool              `json:"ok"`
	Result    json.RawMessage   `json:"result,omitempty"`
	Error     *problem          `json:"error,omitempty"`
	Micros    float64           `json:"us"`
}

// frameEvent is a user frame that arrived, in -o json.
type frameEvent struct {
	Event string `json:"event"` // "frame"
	Time  string `json:"time"`
	Peer  string `json:"peer"`
	Flags uint16 `json:"flags"`
	Bytes int    `json:"bytes"`
	Hex   string `json:"hex"`
	Text  string `json:"text,omitempty"` // when the bytes are UTF-8
}

func stamp(t time.Time) string { return t.Format(time.RFC3339Nano) }

// showEvent prints what a node tells its watchers.
func (a *app) showEvent(e bellpull.Event) {
	p := peerEvent{Event: e.Kind.String(), Time: stamp(e.Time), Peer: e.Name, Old: e.Old, Method: e.Method, Missed: e.Missed,
		PID: e.Identity.PID, Remote: e.Identity.Remote, Reconnects: e.Reconnects, Meta: metaMap(e.Metadata)}
	if e.Identity.HasUser {
		p.UID = &e.Identity.UID
	}
	var why string
	if e.Err != nil {
		why = printable(e.Err.Error())
		if own, ok := errors.AsType[*bellpull.Error](e.Err); ok {
			pr := problemOf(e.Err, "bell")
			p.Error, why = &pr, pr.Message
			if own.Msg != "" && own.Err == nil {
				why = oneLine(own.Msg, 0)
			}
		} else {
			p.Error = &problem{Code: bellpull.CodeRefused.String(), Message: why}
		}
	}
	text := a.head(p.Event, e.Name)
	switch e.Kind {
	case bellpull.EventClosed:
		text = "" // people have seen it go down
	case bellpull.EventUp:
		text += who(e.Identity.PID, p.UID, e.Identity.Remote)
	case bellpull.EventRenamed:
		text += "was " + oneLine(e.Old, 80)
	case bellpull.EventRefused:
		text += who(e.Identity.PID, p.UID, e.Identity.Remote) + ": " + why
	case bellpull.EventCancelled:
		text += oneLine(e.Method, 80)
	case bellpull.EventLost:
		text += fmt.Sprintf("%d events", e.Missed)
	default:
		text += why
	}
	a.emit(p, strings.TrimRight(text, " "))
}

// head begins a line: the event and the peer.
func (a *app) head(event, peer string) string {
	colour := map[string]string{"up": green, "down": yellow, "refused": red, "call": bold, "notify": bold, "frame": bold}[event]
	word := fmt.Sprintf("%-9s", event)
	if colour != "" {
		word = a.paint(colour, word)
	}
	return fmt.Sprintf("%s %-12s ", word, oneLine(peer, 80))
}

// who says what the operating system knows of a process.
func who(pid int, uid *int, remote string) string {
	var list []string
	if pid > 0 {
		list = append(list, fmt.Sprintf("pid %d", pid))
		if name := processName(pid); name != "" {
			list[0] += " (" + name + ")"
		}
	}
	if uid != nil {
		list = append(list, fmt.Sprintf("uid %d", *uid))
	}
	if len(list) == 0 && remote != "" {
		list = append(list, oneLine(remote, 80))
	}
	return strings.Join(list, ", ")
}

func metaMap(list []bellpull.Pair) map[string]string {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]string, len(list))
	for _, p := range list {
		m[p.Key] = p.Value
	}
	return m
}

// argumentsOf gives the arguments of a request as a JSON array, and for people.
func argumentsOf(enc bellpull.Encoding, body []byte, max int) (array json.RawMessage, text string) {
	if enc == bellpull.EncodingBytes {
		array = fmt.Appendf(nil, "[%q]", base64.StdEncoding.EncodeToString(body))
		return array, fmt.Sprintf("%d bytes: %s", len(body), excerpt(body, max))
	}
	if !json.Valid(body) {
		return json.RawMessage("[]"), ""
	}
	text = strings.TrimSuffix(strings.TrimPrefix(string(body), "["), "]")
	return append(array, body...), oneLine(text, max)
}

// excerpt shows the beginning of bytes: as text when they are printable, else in hexadecimal.
func excerpt(b []byte, max int) string {
	if text := strings.ReplaceAll(string(b), "\r", ""); printable(text) == text {
		return `"` + oneLine(string(b), max) + `"`
	}
	if max > 0 && len(b) > max {
		return hex.EncodeToString(b[:max]) + "…"
	}
	return hex.EncodeToString(b)
}

// showRequest prints a call or notify. fail is its error, nil when it succeeded; result is for people.
func (a *app) showRequest(r *bellpull.Request, took time.Duration, max int, fail *problem, enc bellpull.Encoding, body []byte) {
	e := requestEvent{Event: "call", Time: stamp(time.Now()), Peer: r.Peer().Name(), Method: r.Method(), Meta: metaMap(r.Metadata()),
		Encoding: encodings[min(int(r.Encoding()), 2)], OK: fail == nil, Error: fail, Micros: micros(took)}
	if r.Notify() {
		e.Event = "notify"
	}
	var args, result string
	e.Arguments, args = argumentsOf(r.Encoding(), r.Borrow(), max)
	switch {
	case fail != nil:
		result = a.paint(red, fail.Code) + ": " + oneLine(fail.Message, max)
	case r.Notify():
		result = "handled"
	case enc == bellpull.EncodingJSON:
		e.Result, result = append(e.Result, body...), oneLine(string(body), max)
	case enc == bellpull.EncodingBytes:
		e.Result, _ = json.Marshal(body)
		result = fmt.Sprintf("%d bytes: %s", len(body), excerpt(body, max))
	default:
		result = "nothing"
	}
	a.emit(e, fmt.Sprintf("%s%s(%s) -> %s  %s", a.head(e.Event, e.Peer), oneLine(e.Method, 80), args, result,
		a.paint(dim, took.Round(time.Microsecond).String())))
}

// showFrame prints a user frame.
func (a *app) showFrame(f *dmtp.Frame, max int) {
	e := frameEvent{Event: "frame", Time: stamp(time.Now()), Peer: f.Peer.Name(), Flags: f.Flags, Bytes: len(f.Body), Hex: hex.EncodeToString(f.Body)}
	if utf8.Valid(f.Body) {
		e.Text = string(f.Body)
	}
	a.emit(e, fmt.Sprintf("%sflags %d, %d bytes: %s", a.head("frame", e.Peer), f.Flags, len(f.Body), excerpt(f.Body, max)))
}
