package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/bellpull/bellpull"
)

// fields are a line: one JSON object.
type fields map[string]any

// lines writes lines, whole ones. Nothing but the first line is written before it.
type lines struct {
	first chan struct{} // closed behind the first line
	once  sync.Once

	mu  sync.Mutex
	enc *json.Encoder
}

func newLines(out io.Writer) *lines {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return &lines{first: make(chan struct{}), enc: enc}
}

// begin writes the first line.
func (l *lines) begin(event string, f fields) {
	l.write(event, f)
	l.once.Do(func() { close(l.first) })
}

func (l *lines) awaitFirst() { <-l.first }

// event writes an event.
func (l *lines) event(event string, f fields) {
	l.awaitFirst()
	l.write(event, f)
}

func (l *lines) write(event string, f fields) {
	if event != "" {
		f["event"] = event
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.enc.Encode(f) // a driver that has gone away wants nothing
}

// answer writes the answer to a command.
func (l *lines) answer(id json.RawMessage, result any, err error) {
	f := fields{"id": id, "ok": err == nil}
	if err != nil {
		f["error"] = describe(err)
	} else {
		f["result"] = result
	}
	l.write("", f)
}

// maxHex is the longest body that is shown in full, in bytes.
const maxHex = 64 << 10

// addBody adds a body to an event: in full, or its length and digest.
func addBody(f fields, body []byte) fields {
	if len(body) <= maxHex {
		f["hex"] = hex.EncodeToString(body)
		return f
	}
	sum := sha256.Sum256(body)
	f["body"] = fields{"len": len(body), "sha256": hex.EncodeToString(sum[:])}
	return f
}

// A body is the bytes of a command: hex, or a pattern.
type body struct {
	Hex  *string         `json:"hex"`
	Fill json.RawMessage `json:"fill"` // N, or {"fill":N,"seed":S}
	Seed int             `json:"seed"`
}

func (b body) bytes() ([]byte, error) {
	switch {
	case b.Fill != nil:
		var n int
		if json.Unmarshal(b.Fill, &n) == nil {
			return fill(n, b.Seed)
		}
		var inner struct{ Fill, Seed int }
		if err := json.Unmarshal(b.Fill, &inner); err != nil {
			return nil, badCommand("fill: %v", err)
		}
		return fill(inner.Fill, inner.Seed)
	case b.Hex != nil:
		raw, err := hex.DecodeString(*b.Hex)
		if err != nil {
			return nil, badCommand("hex: %v", err)
		}
		return raw, nil
	}
	return nil, badCommand("needs hex or fill")
}

// fill makes the pattern of the control protocol.
func fill(n, seed int) ([]byte, error) {
	if n < 0 || n > 1<<30 {
		return nil, badCommand("fill: %d bytes", n)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed + i*31 + (i>>8)*7)
	}
	return b, nil
}

// metadata is pairs as a JSON object, in their order; nil is null.
type metadata []bellpull.Pair

func (m metadata) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	for i, p := range m {
		b.WriteByte("{,"[min(i, 1)])
		key, _ := json.Marshal(p.Key)
		b.Write(key)
		b.WriteByte(':')
		value := []byte("null")
		if !p.Null {
			value, _ = json.Marshal(p.Value)
		}
		b.Write(value)
	}
	if len(m) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (m *metadata) UnmarshalJSON(text []byte) error {
	*m = nil
	if string(text) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("metadata is no object")
	}
	*m = metadata{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value *string
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("metadata %v: %w", key, err)
		}
		p := bellpull.Pair{Key: key.(string), Null: value == nil}
		if value != nil {
			p.Value = *value
		}
		*m = append(*m, p)
	}
	return nil
}
