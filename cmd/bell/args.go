package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/bellpull/bellpull"
)

// arguments gives the arguments of a call: what is JSON as it is, anything else as a string.
func arguments(words []string) []any {
	list := make([]any, len(words))
	for i, w := range words {
		if t := strings.TrimSpace(w); json.Valid([]byte(t)) {
			list[i] = json.RawMessage(t)
		} else {
			list[i] = w
		}
	}
	return list
}

// negatives keeps negative numbers among the arguments of call and notify from being taken for flags: a leading space
// does not matter to JSON and is not a dash.
func negatives(args []string) []string {
	out := make([]string, len(args))
	calls := false
	for i, s := range args {
		calls = calls || s == "call" || s == "notify"
		if calls && len(s) > 1 && s[0] == '-' && s[1] >= '0' && s[1] <= '9' && json.Valid([]byte(s)) {
			s = " " + s
		}
		out[i] = s
	}
	return out
}

// An answer is the result of a call, with what the wire said it is.
type answer struct {
	encoding bellpull.Encoding
	value    json.RawMessage // of EncodingBytes: the base64 of them; null of EncodingNone
}

// encodings names bellpull.Encoding in -o json.
var encodings = [...]string{"bytes", "json", "none"}

// result gives the answer as JSON.
func (r *answer) result() json.RawMessage {
	if len(r.value) == 0 {
		return json.RawMessage("null")
	}
	return r.value
}

// maxLine is the width up to which JSON stays on one line.
const maxLine = 72

// text gives the answer for people: a string or printable bytes as they are, short JSON on one line, more indented.
func (r *answer) text() string {
	v := r.result()
	var s string
	if json.Unmarshal(v, &s) != nil || string(v) == "null" {
		return pretty(v)
	}
	if r.encoding == bellpull.EncodingBytes {
		if raw, err := base64.StdEncoding.DecodeString(s); err == nil && utf8.Valid(raw) {
			s = string(raw)
		}
	}
	return printable(s)
}

// pretty lays out JSON: on one line when it is short, else indented.
func pretty(v json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, v) == nil && b.Len() <= maxLine {
		return printable(b.String())
	}
	b.Reset()
	if json.Indent(&b, v, "", "  ") != nil {
		return printable(string(v))
	}
	return printable(b.String())
}
