package control

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// maxHex is the longest body that is shown in full, in bytes.
const maxHex = 64 << 10

// AddBody adds a body to an event or a result: in full, or its length and digest.
func AddBody(f Fields, body []byte) Fields {
	if len(body) <= maxHex {
		f["hex"] = hex.EncodeToString(body)
		return f
	}
	sum := sha256.Sum256(body)
	f["body"] = Fields{"len": len(body), "sha256": hex.EncodeToString(sum[:])}
	return f
}

// A Body is the bytes of a command: hex, or a pattern.
type Body struct {
	Hex  *string         `json:"hex"`
	Fill json.RawMessage `json:"fill"` // N, or {"fill":N,"seed":S}
	Seed int             `json:"seed"`
}

// Given says that the command has bytes.
func (b Body) Given() bool { return b.Fill != nil || b.Hex != nil }

// Bytes makes the bytes.
func (b Body) Bytes() ([]byte, error) {
	switch {
	case b.Fill != nil:
		var n int
		if json.Unmarshal(b.Fill, &n) == nil {
			return fill(n, b.Seed)
		}
		var inner struct{ Fill, Seed int }
		if err := json.Unmarshal(b.Fill, &inner); err != nil {
			return nil, BadCommand("fill: %v", err)
		}
		return fill(inner.Fill, inner.Seed)
	case b.Hex != nil:
		raw, err := hex.DecodeString(*b.Hex)
		if err != nil {
			return nil, BadCommand("hex: %v", err)
		}
		return raw, nil
	}
	return nil, BadCommand("needs hex or fill")
}

// fill makes the pattern of the control protocol.
func fill(n, seed int) ([]byte, error) {
	if n < 0 || n > 1<<30 {
		return nil, BadCommand("fill: %d bytes", n)
	}
	b := make([]byte, n)
	const period = 1 << 16
	for i := range b[:min(n, period)] {
		b[i] = byte(seed + i*31 + (i>>8)*7)
	}
	for i := period; i < n; i += period {
		copy(b[i:], b[:period])
	}
	return b, nil
}
