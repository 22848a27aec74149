package interop_test

import (
	"encoding/json"
	"testing"
	"time"
)

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
