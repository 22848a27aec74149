// Package control is the control protocol of the interop suite as our own programs speak it: JSON objects, one a line,
// commands in, answers and events out. What the commands are is up to each program.
package control

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"sync"
)

// Fields are a line: one JSON object.
type Fields map[string]any

// Lines writes lines, whole ones, from any goroutine. No event is written before the first line.
type Lines struct {
	describe func(error) *Failure
	first    chan struct{} // closed behind the first line
	once     sync.Once

	mu  sync.Mutex
	enc *json.Encoder
}

// NewLines writes to out. describe gives the name that an error has in the control protocol.
func NewLines(out io.Writer, describe func(error) *Failure) *Lines {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return &Lines{describe: describe, first: make(chan struct{}), enc: enc}
}

// Begin writes the first line.
func (l *Lines) Begin(event string, f Fields) {
	f["event"] = event
	l.write(f)
	l.once.Do(func() { close(l.first) })
}

// AwaitFirst waits for the first line.
func (l *Lines) AwaitFirst() { <-l.first }

// Event writes an event. It waits for the first line.
func (l *Lines) Event(event string, f Fields) {
	l.AwaitFirst()
	f["event"] = event
	l.write(f)
}

// Answer writes the answer to a command.
func (l *Lines) Answer(id json.RawMessage, result any, err error) {
	f := Fields{"id": id, "ok": err == nil}
	if err != nil {
		f["error"] = l.describe(err)
	} else {
		f["result"] = result
	}
	l.write(f)
}

func (l *Lines) write(f Fields) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.enc.Encode(f) // a driver that has gone away wants nothing
}

// Read gives the lines of in to take, one after another, until the input ends. Blank ones are left out.
func Read(in io.Reader, take func(line []byte)) {
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			take(line)
		}
		if err != nil {
			return
		}
	}
}
